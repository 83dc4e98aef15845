package io.weft;

import io.weft.net.Conn;
import io.weft.net.Loop;
import io.weft.net.Report;
import io.weft.ws.Engine;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// A client's connection that comes back: when it ends, or cannot be made, it is made again, until
/// it is closed or the server says that this is for good ([Reconnect]).
///
/// ```text
///               opened                 close(code, reason)            ended
///  CONNECTING ──────────> OPEN ─────────────────────────> CLOSING ──────────> CLOSED
///     │   ^                 │ ended                                             ^
///     │   └──── WAITING <───┤                                                   │
///     │ failed     ^ │      │ ended for good                                    │
///     └────────────┘ └──────┴── close(code, reason) while there is no connection┘
/// ```
///
/// What is sent is kept until it has left, also while there is no connection; see [Delivery]. The
/// endpoint hears of each connection as it would of one: `opened` may send first (subscribe again),
/// then what was kept follows. Messages given here arrive in the order given, also over several
/// connections; beside what an endpoint sends on its [WebSocket] they have no order.
///
/// Every method may be called from any thread, and none blocks.
public final class Live implements AutoCloseable {

  private static final Logger LOG = System.getLogger("io.weft");

  /// Between two pings that confirm.
  private static final long CONFIRM_NS = Duration.ofMillis(50).toNanos();

  /// Where it is.
  public sealed interface State {

    /// A connection is being made.
    ///
    /// @param attempt 1 at first, and after a connection that proved itself; one more each time
    record Connecting(int attempt) implements State {}

    /// There is a connection.
    record Open(WebSocket ws) implements State {}

    /// There is none until the next attempt.
    ///
    /// @param until when that begins, unless it is closed before
    /// @param why how the last connection or attempt ended
    record Waiting(Instant until, Ending why) implements State {}

    /// [#close] was called while there was a connection, which now ends.
    record Closing(WebSocket ws) implements State {}

    /// It is over.
    ///
    /// @param why the ending that was for good; our own close if there was no connection then
    /// @param dropped how many messages were kept, and were dropped by this
    record Closed(Ending why, int dropped) implements State {}
  }

  private final Client client;
  private final Limits limits;
  private final Endpoint endpoint;
  private final Reconnect reconnect;
  private final LiveOutbox outbox;
  private final CompletableFuture<State.Closed> closed = new CompletableFuture<>();

  /// The clients' loop. Should that fail, the next attempt moves to the one that replaces it, on
  /// the thread of the old one; what the old one still has for this is passed on by [#onLoop].
  private volatile Loop loop;

  /// What that is a part of, and is used until this is over; for the loop's thread.
  private ClientLoop shared;

  /// Changed on the loop's thread, by [#become].
  private volatile State state = new State.Connecting(1);

  /// Whether a mail is on its way that hands over what waits.
  private final AtomicBoolean pumps = new AtomicBoolean();

  // The rest belongs to the loop's thread.

  /// Of the present connection or attempt; null if there is none.
  private @Nullable Line line;

  private CompletableFuture<?> opening = CompletableFuture.completedFuture(null);

  /// Connections and attempts in a row that came to nothing.
  private int failures;

  /// What cancels the next attempt, and the next look for messages whose time is over.
  private Runnable cancelAttempt = () -> {};

  private Runnable cancelSweep = () -> {};

  Live(Client client, Limits limits, Endpoint endpoint, Reconnect reconnect) {
    this.client = client;
    this.limits = limits;
    this.endpoint = endpoint;
    this.reconnect = reconnect;
    this.shared = ClientLoop.use();
    this.loop = shared.loop;
    this.outbox = new LiveOutbox(limits, reconnect.confirms());
  }

  void begin() {
    onLoop(this::connect);
  }

  /// Runs something on the loop's thread, whichever loop it is when it comes to it.
  private void onLoop(Runnable task) {
    loop.execute(() -> {
      if (loop.isCurrent()) {
        task.run();
      } else {
        onLoop(task);
      }
    });
  }

  // ---- What the application asks --------------------------------------------------------------

  /// Sends a text message, now or when there is a connection, within [Limits#keptTimeout()].
  ///
  /// @return what becomes of it
  /// @throws IllegalArgumentException if half a surrogate pair stands alone in it, or if it is
  ///   longer than [Limits#outboxHardBytes()] and so could never be sent
  public Delivery send(String text) {
    Objects.requireNonNull(text, "text");
    return send(new Message.Text(text), limits.keptTimeout());
  }

  /// Sends a binary message; as [#send(String)].
  ///
  /// @param data its payload, from position to limit, which stay; copied before this returns
  public Delivery send(ByteBuffer data) {
    Objects.requireNonNull(data, "data");
    return send(new Message.Binary(data), limits.keptTimeout());
  }

  /// Sends a binary message; as [#send(ByteBuffer)].
  public Delivery send(byte[] data) {
    Objects.requireNonNull(data, "data");
    return send(ByteBuffer.wrap(data));
  }

  /// Sends a message, if it can be handed to a connection in time; as [#send(String)].
  ///
  /// @param within how long it may wait; no more than [Limits#keptTimeout()] counts
  /// @throws IllegalArgumentException also if the time is not above zero
  public Delivery send(Message message, Duration within) {
    Objects.requireNonNull(message, "message");
    Objects.requireNonNull(within, "within");
    if (!within.isPositive()) {
      throw new IllegalArgumentException("a message that may wait " + within + " is never sent");
    }
    Message own =
        switch (message) {
          case Message.Text text -> text;
          case Message.Binary(ByteBuffer data) ->
              new Message.Binary(
                  ByteBuffer.allocate(data.remaining()).put(data.duplicate()).flip());
        };
    int bytes =
        switch (own) {
          case Message.Text(String text) -> Engine.utf8(text).length;
          case Message.Binary(ByteBuffer data) -> data.remaining();
        };
    Outgoing.checkSize(bytes, limits);
    Duration most = limits.keptTimeout();
    long waitsNs = (within.compareTo(most) < 0 ? within : most).toNanos();
    Delivery delivery = new Delivery(own, bytes, System.nanoTime() + waitsNs);
    outbox.add(delivery);
    if (delivery.outcome() == Delivery.Outcome.KEPT) {
      if (outbox.sweepsLateFor(delivery.expiresNs)) {
        onLoop(this::sweep);
      }
      if (state instanceof State.Open && pumps.compareAndSet(false, true)) {
        loop.post(() -> onLoop(this::pump));
      }
    }
    return delivery;
  }

  /// Where it is; to hear of changes, see [Reconnect#onState].
  public State state() {
    return state;
  }

  /// How many messages are kept.
  public int keptMessages() {
    return outbox.messages();
  }

  /// How many bytes of payload are kept.
  public long keptBytes() {
    return outbox.bytes();
  }

  /// Told when it is over, on a virtual thread: what hangs on it may block.
  public CompletableFuture<State.Closed> closed() {
    return closed.copy();
  }

  /// Closes with code 1000; as [#close(int, String)].
  @Override
  public void close() {
    close(Close.NORMAL, "");
  }

  /// Ends it, in any state, and takes no more messages. On an open connection what fits in its
  /// outbox goes out ahead of our Close. All that is kept beside that is dropped, and told
  /// ([Delivery.Outcome#CLOSED]): to have everything leave, wait for the deliveries before. Does
  /// nothing the second time.
  ///
  /// @throws IllegalArgumentException as [WebSocket#close(int, String)]
  public void close(int code, String reason) {
    Objects.requireNonNull(reason, "reason");
    WsStage.checkClose(code, reason);
    outbox.close();
    onLoop(() -> closeNow(code, reason));
  }

  private void closeNow(int code, String reason) {
    Ending ours = new Ending.Ended(new Close(code, reason, Close.By.SELF));
    switch (state) {
      case State.Open _ when line != null && !line.isReady ->
          loop.post(() -> closeNow(code, reason)); // behind what `opened` sent
      case State.Open(WebSocket ws) -> {
        pump(ws);
        if (line != null && reconnect.confirms()) {
          line.confirm(ws);
        }
        outbox.drop();
        become(new State.Closing(ws));
        ws.close(code, reason);
      }
      case State.Connecting _ -> {
        line = null;
        opening.cancel(false);
        end(ours);
      }
      case State.Waiting _ -> end(ours);
      case State.Closing _, State.Closed _ -> {}
    }
  }

  // ---- On the loop's thread -------------------------------------------------------------------

  private void connect() {
    if (state instanceof State.Closed) {
      return; // before the loop came to begin
    }
    if (loop.hasFailed() && move()) {
      return; // to where the attempt is made
    }
    become(new State.Connecting(failures + 1));
    if (state instanceof State.Closed) {
      return; // by the listener
    }
    Line next = new Line();
    line = next;
    CompletableFuture<WebSocket> attempt;
    try {
      attempt = client.connect(next);
    } catch (RuntimeException e) {
      attempt = CompletableFuture.failedFuture(e);
    }
    opening = attempt;
    var _ =
        attempt.whenComplete((ws, failure) -> {
          if (failure != null) {
            onLoop(() -> failed(next, failure));
          }
        });
  }

  /// Goes on with the loop that is in the place of one that has failed.
  ///
  /// @return false if there is none; the old one still keeps time, for another attempt
  private boolean move() {
    ClientLoop other;
    try {
      other = ClientLoop.use();
    } catch (UncheckedIOException e) {
      LOG.log(Level.WARNING, "A live connection finds no loop to move to.", e);
      return false;
    }
    cancelSweep.run();
    cancelSweep = () -> {};
    cancelAttempt = () -> {};
    shared.release();
    shared = other;
    loop = other.loop;
    loop.post(() -> {
      sweep();
      connect();
    });
    return true;
  }

  @SuppressWarnings("ReferenceEquality") // this very attempt
  private void failed(Line which, Throwable failure) {
    if (line == which && state instanceof State.Connecting) {
      line = null;
      lost(
          new Ending.Failed(
              failure instanceof HandshakeException typed
                  ? typed
                  : new HandshakeException(
                      HandshakeException.Step.CONNECTING, "connecting failed: " + failure)),
          false);
    }
  }

  /// What hears of one connection.
  final class Line implements Endpoint {

    private long openedNs;

    /// Whether what `opened` sent is ahead of all that follows: what was kept may.
    private boolean isReady;

    /// How the connection ended; null as long as it has not.
    private @Nullable Close end;

    /// Whether a ping, or the time for one, is awaited that confirms what was handed over.
    private boolean confirming;

    /// When the last such ping went out; NEVER if none has.
    private long pingedNs = Conn.NEVER;

    @Override
    public void opened(WebSocket ws) throws Exception {
      openedNs = loop.nowNs();
      become(new State.Open(ws));
      try {
        endpoint.opened(ws);
      } finally {
        loop.inOrder(() -> {
          isReady = true;
          pump();
        });
      }
    }

    @Override
    public void text(WebSocket ws, String text) throws Exception {
      endpoint.text(ws, text);
    }

    @Override
    public void binary(WebSocket ws, ByteBuffer data) throws Exception {
      endpoint.binary(ws, data);
    }

    @Override
    public void writable(WebSocket ws) throws Exception {
      pump();
      endpoint.writable(ws);
    }

    /// The operating system has taken bytes of the connection.
    void left(long bytes) {
      outbox.left(bytes);
    }

    /// Has the first message of the connection confirmed at once, so that connections that do not
    /// live long get on all the same.
    void confirmFirst(WebSocket ws) {
      if (reconnect.confirms() && pingedNs == Conn.NEVER) {
        confirm(ws);
      }
    }

    /// Has what was handed over confirmed, soon.
    void confirmSoon(WebSocket ws) {
      if (reconnect.confirms() && !confirming && outbox.end() > 0) {
        confirming = true;
        loop.after(Math.max(0, pingedNs + CONFIRM_NS - loop.nowNs()), () -> confirm(ws));
      }
    }

    /// Sends a ping behind what was handed over; its pong confirms that.
    @SuppressWarnings("ReferenceEquality") // this very connection
    void confirm(WebSocket ws) {
      long upTo = outbox.end();
      if (line != this || upTo == 0) {
        confirming = false;
        return;
      }
      confirming = true;
      pingedNs = loop.nowNs();
      var _ =
          ws.ping()
              .whenComplete((roundTrip, failure) -> {
                confirming = false;
                if (failure == null) {
                  outbox.sent(upTo);
                }
                confirmSoon(ws);
              });
    }

    @Override
    public void closed(WebSocket ws, Close close) throws Exception {
      end = close;
      endpoint.closed(ws, close);
    }

    /// All that has left of the connection was told to [#left]: the rest is to be sent again.
    void gone() {
      line = null;
      Close how = java.util.Objects.requireNonNull(end);
      lost(new Ending.Ended(how), loop.nowNs() - openedNs >= reconnect.provenNs());
    }
  }

  /// There is no connection any more, or none came about.
  ///
  /// @param proven whether it was open long enough to begin a new row of attempts
  private void lost(Ending why, boolean proven) {
    outbox.broke();
    sweep();
    boolean isLast = state instanceof State.Closing || givesUp(why);
    if (isLast) {
      end(why);
    }
    if (state instanceof State.Closed) {
      return; // perhaps by what hangs on a delivery
    }
    Instant now = Instant.now();
    long delayNs = reconnect.delayNs(proven ? 0 : failures, why, loop.chance(), now);
    failures = proven ? 0 : failures + 1;
    cancelAttempt = loop.after(delayNs, this::connect);
    become(new State.Waiting(now.plusNanos(delayNs), why));
  }

  private boolean givesUp(Ending why) {
    try {
      return reconnect.givesUp(why);
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "giveUpWhen threw at " + why.what() + "; that ends it.", e);
      return true;
    }
  }

  private void end(Ending why) {
    cancelAttempt.run();
    cancelSweep.run();
    outbox.close();
    outbox.drop();
    if (state instanceof State.Closed) {
      return; // by what hangs on a delivery
    }
    State.Closed last = new State.Closed(why, outbox.dropped());
    become(last);
    shared.release();
    Client.VIRTUAL.execute(() -> closed.complete(last));
  }

  private void become(State next) {
    state = next;
    try {
      reconnect.tell(next);
    } catch (Throwable e) {
      Report.error(LOG, "The listener of a live connection threw at ", next, ".", e);
    }
  }

  /// Drops the messages whose time is over, and comes back for the next.
  private void sweep() {
    cancelSweep.run();
    long next = outbox.sweep(loop.nowNs());
    cancelSweep = next == Conn.NEVER ? () -> {} : loop.after(next - loop.nowNs(), this::sweep);
  }

  /// Hands over what waits, as far as the connection takes it. For the rest it will say when there
  /// is room.
  private void pump() {
    pumps.set(false);
    if (state instanceof State.Open(WebSocket ws) && line != null && line.isReady) {
      pump(ws);
    }
  }

  private void pump(WebSocket ws) {
    for (Delivery next = outbox.next(); next != null; next = outbox.next()) {
      if (next.expiresNs <= loop.nowNs()) {
        sweep();
        continue;
      }
      Message message = java.util.Objects.requireNonNull(next.message());
      Send sent = ws.stage().ahead(message); // in the outbox at once, where its end is seen
      if (sent.isTaken()) {
        outbox.handedOver(ws.stage().outboxBytes());
        if (line != null) {
          line.confirmFirst(ws);
        }
      }
      if (sent != Send.SENT) {
        break;
      }
    }
    if (line != null) {
      line.confirmSoon(ws);
    }
  }
}
