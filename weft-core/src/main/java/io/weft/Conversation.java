package io.weft;

import io.weft.net.Loop;
import io.weft.net.Report;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A connection in the straight-line style: code on a virtual thread of its own that waits for
/// messages and for room to send.
///
/// ```java
/// Server.at(8080).converse("/echo", ws -> { for (Message m : ws) ws.send(m); }).start();
/// ```
///
/// On a client it is what [Client#connect()] gives, and any thread may hold it.
///
/// Messages that arrive wait in its inbox; while more than [Limits#inboxMessages()] or
/// [Limits#inboxBytes()] do, nothing is read from the peer. `send` waits for room as long as the
/// peer takes anything: [Limits#progressTimeout()] after it last did, the connection ends. When the
/// code returns, the connection is closed with 1000; when it throws, with 1011.
public final class Conversation extends WebSocket implements Iterable<Message>, AutoCloseable {

  /// Code that talks on a connection.
  @FunctionalInterface
  public interface Talk {
    /// Talks until it is done; runs on a virtual thread, one for each connection.
    void talk(Conversation ws) throws Exception;
  }

  private static final long FOREVER_NS = Long.MAX_VALUE;

  /// How much later than it should a wait ends that ends late.
  private static final long LATE_NS = 200_000_000L;

  /// How long an inbox stands full until it is looked ahead, and how often it is looked at then.
  private static final long FIRST_LOOK_NS = 1_000_000_000L;

  private static final long LATER_LOOK_NS = 5_000_000_000L;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Guarded by the lock:
  private final ArrayDeque<Message> inbox = new ArrayDeque<>(4);
  private int inboxBytes;

  /// What the connection is charged for the inbox; of the loop's thread.
  private int chargedBytes;

  private boolean full;
  private @Nullable Close end;

  /// Whether as much again as the inbox holds may come in, since it has stood full for a moment.
  private boolean ahead;

  /// How many messages were taken, and how many of them when last looked at.
  private int taken;

  private int seenTaken;

  /// How often the loop has answered [#awaitTurn()].
  private long turns;

  /// Made when first asked for.
  private @Nullable CompletableFuture<Close> whenClosed;

  /// Who talks, until it has done so; null on a client.
  private @Nullable Thread talker;

  /// Takes back that the one who talks is interrupted in a while; null if it is not to be.
  private @Nullable Runnable spare;

  /// Whether it was.
  private boolean interrupted;

  // Of the loop's thread: since when a full inbox stands as it is, and when to look at it next.
  private long untouchedSinceNs;
  private long lookAtNs;

  /// Whether [#wake] is to run soon, because a message has come.
  private boolean toWake;

  /// How often there was room again; written under the lock.
  private volatile long roomNumber;

  /// Wakes whoever waits for a message.
  private final Runnable wake = this::wake;

  Conversation(WsStage stage, long id, Request request, @Nullable String subprotocol) {
    super(stage, id, request, subprotocol);
  }

  /// Waits for the next message.
  ///
  /// @throws IllegalStateException if it would wait on a loop's thread (in a callback), as every
  ///   method here that waits for messages
  /// @throws ConnectionClosedException if the connection has ended and all its messages were taken
  /// @throws InterruptedException if the thread was interrupted while it waited
  public Message receive() throws InterruptedException {
    Message message = await(FOREVER_NS);
    if (message == null) {
      throw new ConnectionClosedException(Objects.requireNonNull(closed()));
    }
    return message;
  }

  /// Waits for the next message, not longer than `wait`.
  ///
  /// @param wait zero to take what is there
  /// @throws IllegalArgumentException if it is negative
  /// @throws TimeoutException if none came in time
  /// @throws ConnectionClosedException if the connection has ended and all its messages were taken
  /// @throws InterruptedException if the thread was interrupted while it waited
  public Message receive(Duration wait) throws InterruptedException, TimeoutException {
    Objects.requireNonNull(wait, "wait");
    if (wait.isNegative()) {
      throw new IllegalArgumentException(
          "wait is " + wait + "; it must be zero, to take what is there, or above");
    }
    Message message = await(TimeUnit.NANOSECONDS.convert(wait)); // a near eternity is one
    if (message == null) {
      Close how = closed();
      if (how != null) {
        throw new ConnectionClosedException(how);
      }
      throw new TimeoutException("no message came within " + wait.toMillis() + " ms");
    }
    return message;
  }

  /// The messages as they come, until the connection ends, however it does: [#closed()] says how.
  /// An interrupt ends the iteration with an [IllegalStateException], and stays set.
  @Override
  public Iterator<Message> iterator() {
    return new Iterator<>() {
      private @Nullable Message next;

      @Override
      public boolean hasNext() {
        try {
          next = next == null ? await(FOREVER_NS) : next;
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IllegalStateException("interrupted while waiting for a message", e);
        }
        return next != null;
      }

      @Override
      public Message next() {
        if (!hasNext() || next == null) {
          throw new NoSuchElementException("the connection has ended");
        }
        Message taken = next;
        next = null;
        return taken;
      }
    };
  }

  /// How the connection ended: what a loop over its messages came to its end by, 1000 or 1006 or
  /// whatever it was.
  ///
  /// @return null if it has not ended; messages that came before the end may still wait
  public @Nullable Close closed() {
    lock.lock();
    try {
      return end;
    } finally {
      lock.unlock();
    }
  }

  /// Sends a text message, waiting for room; but not on a loop's thread (in a callback, be it of
  /// another connection), where nothing may wait.
  ///
  /// @return [Send#SENT] or [Send#QUEUED]: it was taken; on a loop's thread also [Send#REFUSED]
  /// @throws ConnectionClosedException if the connection has ended, or closes; so also if the peer
  ///   takes nothing for [Limits#progressTimeout()]
  /// @throws IllegalStateException if the memory or the mail of the loop was taken by others for
  ///   [Limits#progressTimeout()], or the thread was interrupted
  @Override
  public Send send(String text) {
    Objects.requireNonNull(text, "text");
    return send(text, Compress.AUTO);
  }

  /// Sends a text message, waiting for room; as [#send(String)].
  @Override
  public Send send(String text, Compress compress) {
    Objects.requireNonNull(text, "text");
    Objects.requireNonNull(compress, "compress");
    return untilTaken(() -> super.send(text, compress));
  }

  /// Sends a binary message, waiting for room; otherwise as [#send(String)].
  @Override
  public Send send(ByteBuffer data) {
    Objects.requireNonNull(data, "data");
    return send(data, Compress.AUTO);
  }

  /// Sends a binary message, waiting for room; as [#send(String)].
  @Override
  public Send send(ByteBuffer data, Compress compress) {
    Objects.requireNonNull(data, "data");
    Objects.requireNonNull(compress, "compress");
    return untilTaken(() -> super.send(data, compress));
  }

  /// Closes with code 1000, behind everything sent so far.
  ///
  /// On a client, but not on a loop's thread, it waits until the connection has ended, at most
  /// twice [Limits#closeTimeout()], so that a process that ends next has sent all it had to send;
  /// an interrupt ends the wait, and stays set.
  @Override
  public void close() {
    super.close();
    if (stage().core().isClient() && !Loop.isOnAny()) {
      awaitEnd(2 * stage().core().closeNs);
    }
  }

  /// How the connection ended, once it has: for code that waits for something else than messages,
  /// as for a queue whose elements it sends. Nothing interrupts such code before
  /// [Limits#inboxTimeout()] has passed since, for an interrupt would hit whatever it does, such as
  /// a call to a database; so it chooses itself what is to end:
  ///
  /// ```java
  /// Thread me = Thread.currentThread();
  /// ws.whenClosed().thenRun(me::interrupt);
  /// while (true) ws.send(queue.take());
  /// ```
  ///
  /// @return a future of its own at each call; completed on a virtual thread, so what hangs on it
  ///   may block
  public CompletableFuture<Close> whenClosed() {
    lock.lock();
    try {
      if (whenClosed == null) {
        whenClosed =
            end == null ? new CompletableFuture<>() : CompletableFuture.completedFuture(end);
      }
      return whenClosed.copy();
    } finally {
      lock.unlock();
    }
  }

  private void awaitEnd(long mostNs) {
    lock.lock();
    try {
      long leftNs = mostNs;
      while (end == null && leftNs > 0) {
        leftNs = changed.awaitNanos(leftNs);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  private interface Sending {
    Send attempt();
  }

  private Send untilTaken(Sending sending) {
    long seen = roomNumber;
    Send sent = sending.attempt();
    if (sent.isTaken() || Loop.isOnAny()) {
      return sent;
    }
    while (!sent.isTaken()) {
      awaitRoom(seen);
      seen = roomNumber;
      sent = sending.attempt();
    }
    return sent;
  }

  /// Waits until there may be room. While bytes of this connection wait, it is for the connection
  /// to say whether the peer takes any, and it ends if the peer does not; if none do, the room that
  /// is missing is the loop's.
  private void awaitRoom(long seen) {
    long waitNs = stage().core().limits.progressTimeout().toNanos();
    lock.lock();
    try {
      long leftNs = waitNs;
      while (roomNumber == seen) {
        if (end != null) {
          throw new ConnectionClosedException(end);
        }
        if (!isOpen()) {
          throw new ConnectionClosedException(
              new Close(Close.NO_STATUS, "it is closing", Close.By.SELF));
        }
        if (leftNs <= 0) {
          if (bufferedBytes() == 0) {
            throw new IllegalStateException(
                String.format(
                    Locale.ROOT,
                    "no room to send within the progressTimeout of %d ms: the memory (poolBytes) or the mail (mailboxMails) of the connection's loop is taken by others",
                    TimeUnit.NANOSECONDS.toMillis(waitNs)));
          }
          leftNs = waitNs;
        }
        leftNs = changed.awaitNanos(leftNs);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for room to send", e);
    } finally {
      lock.unlock();
    }
  }

  /// Waits for a message.
  ///
  /// @return null if the connection has ended, or the time is over
  private @Nullable Message await(long waitNs) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long leftNs = waitNs;
      while (inbox.isEmpty() && end == null && leftNs > 0) {
        if (Loop.isOnAny()) {
          throw new IllegalStateException(
              "receiving waits for a message, and a callback must not: receive on another thread, or connect with an Endpoint");
        }
        if (waitNs == FOREVER_NS) {
          changed.await(); // a wait with an end would set a timer and cancel it, for each message
        } else {
          leftNs = changed.awaitNanos(leftNs);
        }
      }
      if (leftNs < -LATE_NS && inbox.isEmpty() && end == null) {
        awaitTurn();
      }
      Message message = inbox.poll();
      if (message != null) {
        inboxBytes -= bytes(message);
        taken++;
        Limits limits = stage().core().limits;
        if (full
            && inbox.size() <= limits.inboxMessages() / 2
            && inboxBytes <= limits.inboxBytes() / 2) {
          full = false;
          ahead = false;
          stage().inboxHasRoom();
        }
      }
      return message;
    } finally {
      lock.unlock();
    }
  }

  /// Charges the connection for what the inbox will hold: the thread that talks takes messages out
  /// of it, and cannot say so itself. On the loop's thread, under the lock.
  private boolean charge(int bytes) {
    int more = bytes - chargedBytes;
    if (more > 0 && !stage().conn.hold(more)) {
      return false;
    }
    if (more < 0) {
      stage().conn.letGo(-more);
    }
    chargedBytes = bytes;
    return true;
  }

  /// Ends the charge for what has been taken; on the loop's thread.
  void settle() {
    lock.lock();
    try {
      boolean _ = charge(inboxBytes);
    } finally {
      lock.unlock();
    }
  }

  /// Waits until the loop has delivered what had arrived; for one who comes late, as after a pause
  /// of the process, and has the loop's time to thank for that nothing is there.
  private void awaitTurn() throws InterruptedException {
    long seen = turns;
    stage().loop().post(this::turned);
    long leftNs = FIRST_LOOK_NS;
    while (turns == seen && leftNs > 0) {
      leftNs = changed.awaitNanos(leftNs);
    }
  }

  private void turned() {
    lock.lock();
    try {
      turns++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void arrived(Message message) {
    boolean isFirst;
    lock.lock();
    try {
      if (!charge(inboxBytes + bytes(message))) {
        stage().outOfMemory();
        return;
      }
      inbox.add(message);
      inboxBytes += bytes(message);
      Limits limits = stage().core().limits;
      int times = ahead ? 2 : 1;
      if (inbox.size() >= (long) times * limits.inboxMessages()
          || inboxBytes >= (long) times * limits.inboxBytes()) {
        fills();
      }
      isFirst = !toWake;
      toWake = true;
    } finally {
      lock.unlock();
    }
    if (isFirst) {
      stage().loop().wakeAfterTurn(wake);
    }
  }

  private void fills() {
    long nowNs = stage().loop().nowNs();
    if (!full) {
      full = true;
      untouchedSinceNs = nowNs;
      seenTaken = taken;
    }
    lookAtNs = nowNs + lookNs();
    stage().inboxIsFull();
  }

  private long lookNs() {
    Core core = stage().core();
    long mostNs = ahead ? LATER_LOOK_NS : FIRST_LOOK_NS;
    return Math.min(mostNs, Math.min(core.pongNs, core.inboxNs) / 4);
  }

  /// Sees to it that a peer can end a connection of which nothing is received; on the loop's
  /// thread. As much again as the inbox holds is taken in once, to find its Close or its end there;
  /// behind more than that its end is seen by the state of TCP; and whoever does not end it has
  /// `inboxTimeout`.
  void standsFull(long nowNs) {
    WsStage stage = stage();
    Limits limits = stage.core().limits;
    long untouchedNs = untouchedNs(nowNs);
    if (untouchedNs >= stage.core().inboxNs) {
      stage.closeNow(
          Close.TRY_AGAIN_LATER,
          "nothing was received for the inboxTimeout of "
              + limits.inboxTimeout().toMillis()
              + " ms");
    } else if (untouchedNs >= stage.core().pongNs && stage.conn.hasPeerEnded()) {
      stage.conn.abort(
          "the peer ended the connection, and nothing of it was received for the pongTimeout of "
              + limits.pongTimeout().toMillis()
              + " ms");
    } else if (looksAhead()) {
      stage.inboxHasRoom();
    }
  }

  /// How long nothing was taken of an inbox that is full; on the loop's thread.
  private long untouchedNs(long nowNs) {
    lock.lock();
    try {
      if (taken != seenTaken) {
        seenTaken = taken;
        untouchedSinceNs = nowNs;
      }
      lookAtNs = nowNs + lookNs();
      return nowNs - untouchedSinceNs;
    } finally {
      lock.unlock();
    }
  }

  /// When to ask for that next; on the loop's thread.
  long lookAtNs() {
    return lookAtNs;
  }

  /// Lets as much again come in as the inbox holds, once until it is read again; on the loop's
  /// thread.
  ///
  /// @return false if it was let already, or there is room
  private boolean looksAhead() {
    lock.lock();
    try {
      boolean first = full && !ahead;
      ahead |= first;
      return first;
    } finally {
      lock.unlock();
    }
  }

  private void wake() {
    lock.lock();
    try {
      toWake = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // under the lock
  private void hasRoom() {
    lock.lock();
    try {
      roomNumber++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void ended(Close close) {
    CompletableFuture<Close> waited;
    lock.lock();
    try {
      end = close;
      changed.signalAll();
      waited = whenClosed;
      if (talker != null) {
        spare = stage().loop().after(stage().core().inboxNs, this::interrupt);
      }
    } finally {
      lock.unlock();
    }
    if (waited != null) {
      Client.VIRTUAL.execute(() -> waited.complete(close));
    }
  }

  /// Interrupts the one who talks although nobody is there any more.
  private void interrupt() {
    lock.lock();
    try {
      if (talker != null) {
        interrupted = true;
        Adapter.LOG.log(
            System.Logger.Level.WARNING,
            "A conversation on "
                + request().path()
                + " goes on "
                + stage().core().limits.inboxTimeout().toMillis()
                + " ms after its connection has ended (inboxTimeout); its thread is interrupted. It can learn of the end by whenClosed().");
        talker.interrupt();
      }
    } finally {
      lock.unlock();
    }
  }

  private void talks(Thread thread) {
    lock.lock();
    try {
      talker = thread;
    } finally {
      lock.unlock();
    }
  }

  /// The one who talks has returned.
  ///
  /// @return whether it was interrupted
  private boolean talked() {
    Runnable interrupts;
    lock.lock();
    try {
      talker = null;
      interrupts = spare;
      if (interrupted) {
        return true;
      }
    } finally {
      lock.unlock();
    }
    if (interrupts != null) {
      stage().loop().execute(interrupts);
    }
    return false;
  }

  /// What a message counts for in the inbox: a text its UTF-16 length, which is near enough.
  private static int bytes(Message message) {
    return switch (message) {
      case Message.Text(String text) -> text.length();
      case Message.Binary(ByteBuffer data) -> data.remaining();
    };
  }

  /// The callbacks of a conversation: they hand over to the thread that talks.
  static sealed class Inbox implements Endpoint permits Adapter {

    @Override
    public void text(WebSocket ws, String text) {
      ((Conversation) ws).arrived(new Message.Text(text));
    }

    @Override
    public void binary(WebSocket ws, ByteBuffer data) {
      ByteBuffer copy = ByteBuffer.allocate(data.remaining()).put(data).flip();
      ((Conversation) ws).arrived(new Message.Binary(copy));
    }

    @Override
    public void writable(WebSocket ws) {
      ((Conversation) ws).hasRoom();
    }

    @Override
    public void closed(WebSocket ws, Close close) {
      ((Conversation) ws).ended(close);
    }
  }

  /// Makes an endpoint of a talk, which has a virtual thread of its own.
  static final class Adapter extends Inbox {

    private static final System.Logger LOG = System.getLogger("io.weft");

    /// Between two attempts to close for which there was no memory.
    private static final long NO_MEMORY_NS = TimeUnit.MILLISECONDS.toNanos(50);

    private final Talk talk;

    Adapter(Talk talk) {
      this.talk = talk;
    }

    @Override
    public void opened(WebSocket ws) {
      Conversation conversation = (Conversation) ws;
      Thread thread =
          Thread.ofVirtual().name("weft-talk-", ws.id()).unstarted(() -> run(conversation));
      conversation.talks(thread);
      thread.start();
    }

    private void run(Conversation ws) {
      try {
        talk.talk(ws);
        ws.talked();
        ws.close();
      } catch (Throwable thrown) {
        if (ws.talked()) {
          return; // it has been told to end
        }
        if (thrown instanceof ConnectionClosedException && !ws.isOpen()) {
          return; // it tried to go on after the end, which is a usual way to learn of it
        }
        Report.error(
            LOG, "A conversation on ", ws.request(), " threw; it is closed with 1011.", thrown);
        closeSurely(ws);
      }
    }

    /// Closes a connection that nobody talks on any more, though there may be no memory for it yet.
    private static void closeSurely(Conversation ws) {
      while (ws.closed() == null) {
        try {
          ws.close(Close.INTERNAL_ERROR, "the server failed");
          return;
        } catch (OutOfMemoryError noMemory) {
          LockSupport.parkNanos(NO_MEMORY_NS);
        }
      }
    }
  }
}
