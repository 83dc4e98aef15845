package io.weft;

import io.weft.bytes.Ascii;
import io.weft.bytes.Chunk;
import io.weft.bytes.Lent;
import io.weft.net.Conn;
import io.weft.net.Looks;
import io.weft.net.Loop;
import io.weft.net.Report;
import io.weft.net.Stage;
import io.weft.ws.CloseCode;
import io.weft.ws.Deflate;
import io.weft.ws.Engine;
import io.weft.ws.Event;
import io.weft.ws.ProtocolException;
import java.lang.System.Logger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// A connection that speaks WebSocket: what the engine finds goes to the endpoint, and the limits
/// that need a clock are kept here. What the application sends has its way in [Outgoing].
///
/// What holds only while a connection closes, or while pings wait, stands in objects that exist
/// only then: most connections are idle most of the time.
///
/// All fields belong to the loop's thread but those marked otherwise.
final class WsStage extends Outgoing implements Stage {

  private static final Logger LOG = System.getLogger("io.weft");

  static {
    new Ending().closeAtNs = Conn.NEVER; // loads it while there are files to load it from
  }

  /// The most that a reason shows of what a handler threw.
  private static final int SHOWN_CHARACTERS = 200;

  private static final String HANDLER_THREW = " threw; its connection is closed with 1011.";

  private final Endpoint endpoint;
  private final WebSocket ws;

  /// How the connection ends; null as long as nothing says that it will.
  private @Nullable Ending ending;

  /// When the peer was last heard of; or, if a keepalive ping waits for a sign of life, when that
  /// had left, or the peer last took bytes since.
  private long quietSinceNs;

  private boolean askedForLife;

  /// When the message that is arriving began; NEVER between messages.
  private long messageSinceNs = Conn.NEVER;

  /// When the control frames received so far would have been due, sent at the rate allowed.
  private long controlDueNs;

  private @Nullable Pings pings;

  /// What the newest ping carried that is not answered yet because the peer does not read.
  private byte @Nullable [] owedPong;

  /// Whether a conversation's inbox is full.
  private boolean inboxFull;

  private volatile long roundTripNs = -1;

  /// A connection that closes, or will in a drain.
  private static final class Ending {
    /// How it ended, once that is known; the end is told when TCP is closed.
    @Nullable Close how;

    /// When to give up waiting for the peer's Close, or when to send ours in a drain.
    long closeAtNs = Conn.NEVER;

    /// Whether the end is decided and waits behind mail.
    boolean isUnderWay;

    /// What has come since we closed, read and not delivered.
    long droppedBytes;

    /// What stood before our Close in the outbox, as far as it had not left when last looked at.
    int beforeCloseBytes;
  }

  /// @param deflate what was agreed on, which is this stage's from now on; null for no compression
  WsStage(
      Core core,
      Conn conn,
      Endpoint endpoint,
      Request request,
      @Nullable String subprotocol,
      @Nullable Deflate deflate) {
    super(core, conn, deflate);
    this.endpoint = endpoint;
    this.ws =
        endpoint instanceof Conversation.Inbox
            ? new Conversation(this, core.nextId(), request, subprotocol)
            : new WebSocket(this, core.nextId(), request, subprotocol);
  }

  /// Tells the endpoint that the connection is open, before any bytes are read.
  @Override
  public void begun() {
    long now = loop().nowNs();
    quietSinceNs = now;
    controlDueNs = now;
    conn.wakeAt(nextDeadlineNs());
    loop().handling(true);
    try {
      endpoint.opened(ws);
    } catch (Throwable thrown) {
      handlerFailed(thrown);
    } finally {
      loop().handling(false);
    }
  }

  // ---- What the peer sends --------------------------------------------------------------------

  @Override
  public Next read(Chunk in) {
    quietSinceNs = loop().nowNs();
    askedForLife = false;
    if (ending == null || engine.maySend()) {
      return pull(in);
    }
    if (ending.droppedBytes > core.limits.lingerBytes()) {
      return Next.PAUSE; // for good: whoever sends on and does not answer our Close
    }
    int before = in.remaining();
    Next next = pull(in);
    ending.droppedBytes += before - in.remaining();
    return next;
  }

  private Next pull(Chunk in) {
    try {
      long inflatable = core.limits.turnBytes();
      for (int frames = 0; frames < core.limits.turnFrames() && inflatable > 0; frames++) {
        if (mustPause()) {
          return Next.PAUSE;
        }
        Event event = engine.next(in);
        if (event == null) {
          watchMessage();
          return Next.MORE;
        }
        if (deflate != null && (event == Event.TEXT || event == Event.BINARY)) {
          inflatable -= engine.payload().remaining(); // one read may hold many that inflate far
        }
        handle(event);
        if (!conn.isOpen()) {
          return Next.MORE;
        }
      }
    } catch (ProtocolException breach) {
      fail(breach.closeCode, breach.getMessage());
      return Next.MORE;
    }
    return mustPause() ? Next.PAUSE : Next.LATER;
  }

  /// Whether to leave what arrived unread: nothing is taken in whose answer could not be sent. What
  /// a conversation may take in is bounded by its inbox; should it pause for its outbox as well,
  /// two peers that send much to each other would wait for each other for ever.
  private boolean mustPause() {
    if (!(ws instanceof Conversation) && isHigh()) {
      conn.tellWhenLow();
      return true;
    }
    return inboxFull && isOpen();
  }

  private void handle(Event event) throws ProtocolException {
    switch (event) {
      case TEXT, BINARY -> {
        messageSinceNs = Conn.NEVER;
        if (isOpen()) {
          deliver(event);
        }
      }
      case PING -> {
        countControlFrame();
        answerPing(engine.payload());
      }
      case PONG -> {
        countControlFrame();
        pong(engine.payload());
      }
      case CLOSE -> peerClosed(engine.closeCode(), engine.closeReason());
    }
  }

  private void deliver(Event event) {
    loop().handling(true);
    try {
      if (event == Event.TEXT) {
        endpoint.text(ws, engine.text());
      } else if (endpoint instanceof Conversation.Inbox inbox) {
        inbox.binary(ws, engine.payload()); // which copies it
      } else if (Lent.IS_GUARDED) {
        try (Lent lent = new Lent(engine.payload())) {
          endpoint.binary(ws, lent.view());
        }
      } else {
        endpoint.binary(ws, engine.payload().slice());
      }
    } catch (Throwable thrown) {
      handlerFailed(thrown);
    } finally {
      loop().handling(false);
    }
  }

  private void countControlFrame() throws ProtocolException {
    controlDueNs = Math.max(controlDueNs, loop().nowNs()) + core.controlFrameNs;
    if (controlDueNs - loop().nowNs() > core.controlBurstNs) {
      throw new ProtocolException(
          CloseCode.POLICY_VIOLATION,
          "§10.4",
          "over "
              + core.limits.controlFramesPerSecond()
              + " control frames a second (burst "
              + core.limits.controlFrameBurst()
              + ")");
    }
  }

  /// Answers a ping. While a write waits for the peer only the newest ping is kept, to be answered
  /// when bytes have left (RFC 6455 §5.5.3): a peer that pings and does not read must not fill
  /// memory.
  private void answerPing(ByteBuffer payload) {
    if (!engine.maySend()) {
      return;
    }
    if (conn.isWriting()) {
      owedPong = new byte[payload.remaining()];
      payload.get(owedPong);
      conn.tellWhenLow();
    } else {
      engine.pong(payload, conn.outbox());
      conn.flush();
    }
  }

  private void pong(ByteBuffer payload) {
    if (pings != null) {
      long ns = pings.roundTripNs(payload, loop().nowNs());
      if (ns >= 0) {
        roundTripNs = ns;
        pings.answered(payload, loop().nowNs());
        pings = pings.isEmpty() ? null : pings;
      }
    }
  }

  private void peerClosed(int code, String reason) {
    takeNoMore();
    Ending now = ending();
    if (now.isUnderWay) {
      return;
    }
    if (now.how == null) {
      now.how = new Close(code, reason, Close.By.PEER);
    } else if (now.how.by() == Close.By.SELF) {
      now.how = new Close(code, reason, Close.By.SELF);
    }
    endInOrder(() -> {
      engine.close(code, reason, conn.outbox()); // if ours has not gone; a browser shows it
      conn.flush();
      if (core.isClient()) {
        conn.yieldEnd(); // the server ends TCP first (RFC 6455 §7.1.1)
      } else {
        conn.finish();
      }
    });
  }

  /// Ends the connection behind the messages that were taken and are in the loop's mail.
  private void endInOrder(Runnable end) {
    Ending now = ending();
    now.isUnderWay = true;
    loop()
        .inOrder(() -> {
          now.isUnderWay = false;
          if (conn.isOpen()) {
            end.run();
          }
        });
  }

  @Override
  public void ended() {
    if (ending != null && ending.isUnderWay) {
      return; // what is to be sent before the end still is
    }
    conn.abort(
        ending == null || ending.how == null
            ? "the peer ended the connection without a Close frame"
            : "the peer ended the connection without answering Close");
  }

  /// Fails the connection (RFC 6455 §7.1.7): what was sent so far leaves, then our Close, then TCP
  /// ends without waiting for the peer's.
  private void fail(int code, @Nullable String why) {
    String reason = why == null ? CloseCode.name(code) : why;
    fail(code, reason, reason);
  }

  /// The same with less for the peer to read than what the application hears.
  private void fail(int code, String told, String reason) {
    if (ending().isUnderWay) {
      return;
    }
    takeNoMore();
    ending().how = new Close(code, reason, Close.By.SELF);
    ending().closeAtNs = Conn.NEVER;
    endInOrder(() -> {
      engine.close(code, fitReason(told), conn.outbox());
      conn.flush();
      conn.finish();
    });
  }

  /// As much of a reason as a Close frame holds, whole code points.
  private static String fitReason(String reason) {
    String fit = reason;
    while (Engine.utf8(fit).length > Engine.MAX_REASON_BYTES) {
      fit = fit.substring(0, fit.offsetByCodePoints(fit.length(), -1));
    }
    return fit;
  }

  private void handlerFailed(Throwable thrown) {
    try {
      if (conn.isOpen() && isOpen()) {
        String told = core.isClient() ? "the client failed" : "the server failed";
        String what = ": a handler threw " + Ascii.printable("" + thrown, SHOWN_CHARACTERS);
        fail(CloseCode.INTERNAL_ERROR, told, told + what);
      }
    } finally {
      Report.error(LOG, "A handler of ", ws.request(), HANDLER_THREW, thrown);
    }
  }

  // ---- Time -----------------------------------------------------------------------------------

  /// Starts the clock of a message when its first bytes have come and its last have not.
  private void watchMessage() {
    if (!engine.isMidMessage()) {
      messageSinceNs = Conn.NEVER;
    } else if (messageSinceNs == Conn.NEVER) {
      messageSinceNs = loop().nowNs();
      conn.wakeAt(nextDeadlineNs());
    }
  }

  private long nextDeadlineNs() {
    if (ending != null && !engine.maySend()) {
      return Looks.nextNs(ending.closeAtNs, core.closeNs, loop().nowNs());
    }
    long life = lifeDeadlineNs();
    if (askedForLife) {
      life = Looks.nextNs(life, core.pongNs, loop().nowNs());
    }
    long next = ending == null ? life : Math.min(ending.closeAtNs, life);
    if (inboxFull) {
      next = Math.min(next, ((Conversation) ws).lookAtNs());
    }
    return Math.min(next, messageDeadlineNs());
  }

  /// When the message that is arriving has to be whole: what has come of it adds to its time, as
  /// much as it may take.
  private long messageDeadlineNs() {
    return messageSinceNs == Conn.NEVER
        ? Conn.NEVER
        : messageSinceNs + core.messageNs + engine.messageBytes() * core.byteNs;
  }

  /// When to ask for a sign of life, or to give up waiting for one.
  private long lifeDeadlineNs() {
    return quietSinceNs + (askedForLife ? core.pongNs : idlePingNs());
  }

  /// The idle time of this connection: connections opened together are spread over ±10 %, by
  /// number.
  private long idlePingNs() {
    long thousandths = 900 + (ws.id() * 79 & 0xFF) * 200 / 0xFF;
    return core.idlePingNs / 1000 * thousandths;
  }

  @Override
  public long expired(long nowNs) {
    if (conn.isPaused()) {
      // We do not listen, so silence says nothing, and a message that waits for us is not late.
      quietSinceNs = nowNs;
      messageSinceNs = messageSinceNs == Conn.NEVER ? Conn.NEVER : nowNs;
      if (inboxFull && engine.maySend()) {
        ((Conversation) ws).standsFull(nowNs);
      }
    }
    if (!conn.isOpen()) {
      return Conn.NEVER;
    }
    settle();
    if (ending != null && !engine.maySend()) {
      awaitClose(ending, nowNs);
    } else if (ending != null && nowNs >= ending.closeAtNs) {
      closeNow(Close.GOING_AWAY, "the server stops");
    } else if (nowNs >= messageDeadlineNs()) {
      fail(
          CloseCode.POLICY_VIOLATION,
          String.format(
              Locale.ROOT,
              "a message took over %d ms, and comes at less than %d bytes a second",
              core.limits.messageTimeout().toMillis(),
              core.limits.leastBytesPerSecond()));
    } else if (askedForLife) {
      awaitLife(nowNs);
    } else if (nowNs >= lifeDeadlineNs()) {
      askForLife(nowNs);
    }
    return conn.isOpen() ? nextDeadlineNs() : Conn.NEVER;
  }

  /// Waits for the peer's Close. It cannot answer ours before it has had it: so bytes that leave,
  /// or that it acknowledges, give it time.
  private void awaitClose(Ending now, long nowNs) {
    int waitingBytes = conn.outbox().bytes();
    if (waitingBytes < now.beforeCloseBytes || conn.peerTook()) {
      now.beforeCloseBytes = Math.min(waitingBytes, now.beforeCloseBytes);
      now.closeAtNs = nowNs + core.closeNs;
    } else if (nowNs >= now.closeAtNs) {
      conn.abort("the peer did not answer Close in time");
    }
  }

  private Ending ending() {
    if (ending == null) {
      ending = new Ending();
    }
    return ending;
  }

  private void askForLife(long nowNs) {
    quietSinceNs = nowNs;
    askedForLife = true;
    if (engine.maySend()) {
      Pings all = pings();
      if (!all.isFull()) {
        engine.ping(all.sent(nowNs, null), conn.outbox());
        all.leavesBehind(conn.waitingBytes());
        conn.flush();
      }
    }
  }

  /// Waits for a sign of life: that the peer takes bytes is one too, and it cannot answer a ping
  /// that it has not had. While that waits behind others here, it is for `progressTimeout` to say
  /// whether they leave. Where the system does not tell what was taken, what it may hold has the
  /// time it needs.
  private void awaitLife(long nowNs) {
    if ((pings != null && !pings.haveLeft()) || conn.peerTook()) {
      quietSinceNs = nowNs;
    } else if (nowNs >= lifeDeadlineNs() + conn.mayHoldBytes() * core.byteNs) {
      conn.abort(
          "no sign of life within " + core.limits.pongTimeout().toMillis() + " ms of a ping");
    }
  }

  /// Has the connection close with 1001 in a while; for a server that stops.
  void drain(long inNs) {
    if (engine.maySend()) {
      ending().closeAtNs = loop().nowNs() + inNs;
      conn.wakeAt(nextDeadlineNs());
    }
  }

  // ---- Room to send, closing, pings -----------------------------------------------------------

  void closeAsSlow() {
    closeNow(Close.TRY_AGAIN_LATER, "too slow for a group: the outbox is full");
  }

  @Override
  public void wrote(long bytes) {
    if (pings != null && pings.left(bytes)) {
      quietSinceNs = loop().nowNs();
    }
    if (endpoint instanceof Live.Line line) {
      line.left(bytes);
    }
  }

  @Override
  public void gone() {
    if (endpoint instanceof Live.Line line) {
      line.gone();
    }
  }

  /// What waits in the outbox; on the loop's thread.
  int outboxBytes() {
    return conn.waitingBytes();
  }

  @Override
  public void writable() {
    if (owedPong != null && engine.maySend()) {
      engine.pong(ByteBuffer.wrap(owedPong), conn.outbox());
      conn.flush();
    }
    owedPong = null;
    if (takeOwedWritable()) {
      loop().handling(true);
      try {
        endpoint.writable(ws);
      } catch (Throwable thrown) {
        handlerFailed(thrown);
      } finally {
        loop().handling(false);
      }
    }
    if (!inboxFull) {
      conn.resume();
    }
  }

  /// Refuses what may not stand in a Close frame.
  static void checkClose(int code, String reason) {
    if (!CloseCode.isLegalOnWire(code)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "close code %d may not be sent: 1000 to 1003, 1007 to 1014, 3000 to 4999 (RFC 6455 §7.4)",
              code));
    }
    int bytes = Engine.utf8(reason).length;
    if (bytes > Engine.MAX_REASON_BYTES) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a close reason of %d bytes is over %d (RFC 6455 §5.5.1)",
              bytes,
              Engine.MAX_REASON_BYTES));
    }
  }

  void close(int code, String reason) {
    checkClose(code, reason);
    takeNoMore(); // at once, so that the caller's next send is not taken and then not sent
    onLoop(() -> closeNow(code, reason));
  }

  void closeNow(int code, String reason) {
    if (maySend() && (ending == null || ending.how == null)) {
      takeNoMore();
      Ending now = ending();
      now.how = new Close(code, reason, Close.By.SELF);
      now.beforeCloseBytes = conn.outbox().bytes();
      engine.close(code, reason, conn.outbox());
      conn.flush();
      now.closeAtNs = loop().nowNs() + core.closeNs;
      conn.wakeAt(nextDeadlineNs());
      conn.resume();
    }
  }

  CompletableFuture<Duration> ping() {
    CompletableFuture<Duration> answer = new CompletableFuture<>();
    if (!isOpen()) {
      answer.completeExceptionally(new IllegalStateException("the connection is closing"));
    } else if (loop().reserveMail()) {
      loop().inOrderReserved(() -> ping(answer));
    } else {
      answer.completeExceptionally(new IllegalStateException("too much waits for the loop"));
    }
    return answer;
  }

  private void ping(CompletableFuture<Duration> answer) {
    if (!maySend()) {
      answer.completeExceptionally(new IllegalStateException("the connection is closing"));
    } else if (pings().isFull()) {
      answer.completeExceptionally(
          new IllegalStateException(Pings.MAX_WAITING + " pings wait for an answer already"));
    } else {
      engine.ping(pings().sent(loop().nowNs(), answer), conn.outbox());
      conn.flush();
    }
  }

  private Pings pings() {
    if (pings == null) {
      pings = new Pings();
    }
    return pings;
  }

  // ---- Memory ---------------------------------------------------------------------------------

  @Override
  public boolean pay(String why) {
    engine.release();
    if (!maySend()) {
      return !conn.isOpen();
    }
    fail(CloseCode.TRY_AGAIN_LATER, why); // behind what was taken
    return true;
  }

  /// There is no memory for the message that was delivered last.
  void outOfMemory() {
    boolean _ = pay("no memory for a message: all that was received is at its bound");
  }

  @Override
  public void settle() {
    if (ws instanceof Conversation conversation) {
      conversation.settle();
    }
  }

  // ---- For a conversation ---------------------------------------------------------------------

  /// Pauses reads while the conversation owes; on the loop's thread.
  void inboxIsFull() {
    inboxFull = true;
    conn.wakeAt(nextDeadlineNs());
  }

  /// The conversation has caught up; from any thread.
  void inboxHasRoom() {
    onLoop(() -> {
      inboxFull = false;
      conn.resume();
    });
  }

  // ---- The end --------------------------------------------------------------------------------

  @Override
  public void closed(String reason) {
    takeNoMore();
    engine.release();
    Ending now = ending();
    Close how = now.how;
    if (how == null) {
      how = new Close(Close.ABNORMAL, reason, Close.By.NETWORK);
    } else if (now.closeAtNs != Conn.NEVER && how.by() == Close.By.SELF && !engine.isClosed()) {
      how = new Close(Close.ABNORMAL, reason + ", after our Close " + how.code(), Close.By.SELF);
    }
    if (core.groups != null) {
      core.groups.leaveAll(ws);
    }
    if (pings != null) {
      pings.end("the connection ended before the pong: " + reason);
      pings = null;
    }
    owedPong = null;
    Refusals.ended(ws, how);
    loop().handling(true);
    try {
      endpoint.closed(ws, how);
    } catch (Throwable thrown) {
      Report.error(LOG, "closed() of ", ws.request(), " threw.", thrown);
    } finally {
      loop().handling(false);
    }
  }

  // ---- What the application asks --------------------------------------------------------------

  Loop loop() {
    return conn.loop();
  }

  /// The extensions agreed on, as the header has them; on any thread.
  String extensions() {
    return deflate == null ? "" : deflate.agreed().element().toString();
  }

  WebSocket webSocket() {
    return ws;
  }

  Core core() {
    return core;
  }

  @Nullable Duration roundTrip() {
    long ns = roundTripNs;
    return ns < 0 ? null : Duration.ofNanos(ns);
  }
}
