package io.weft.net;

import io.weft.bytes.Pool;
import io.weft.tls.Scratch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// One thread, one poller, one pool, and the connections that belong to them.
///
/// All of its work is a turn after another: see what came, deliver it, run what other threads
/// mailed, go on with connections that had spent their share, expire timers, and send all that this
/// produced, in one gathered write a connection. The clock is read once a turn; clock and chance
/// are arguments, so that a simulation can drive the very same code. A turn that comes late first
/// delivers all that has arrived meanwhile.
///
/// It outlives whatever is thrown, an `OutOfMemoryError` too: what a connection's code throws costs
/// that connection, what else is thrown costs the turn. Only if turn after turn fails it gives up;
/// see [Survival].
public final class Loop extends Mailed implements Runnable {

  private static final Logger LOG = System.getLogger("io.weft.loop");
  private static final VarHandle HANDLING;

  /// The loop that runs on a thread.
  private static final ThreadLocal<Loop> CURRENT = new ThreadLocal<>();

  static {
    try {
      HANDLING = MethodHandles.lookup().findVarHandle(Loop.class, "handling", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
    Report.prepare();
  }

  /// How long the poller may wait while a connection's end is to be tried again.
  private static final long END_AGAIN_NS = 10_000_000;

  /// How often memory that nobody needs is looked for, while there is much of it.
  private static final long TRIM_NS = 10_000_000_000L;

  private final LongSupplier clock;
  private final RandomGenerator chance;
  private final Wheel wheel;
  private final LateTurns lateTurns;
  private final Completion completion = new Completion();

  /// What TCP has told of the connection looked at last.
  final Tcp tcp = new Tcp();

  private List<Conn> toFlush = new ArrayList<>();
  private List<Conn> flushing = new ArrayList<>();
  private List<Conn> toGoOn = new ArrayList<>();
  private List<Conn> goingOn = new ArrayList<>();
  private final Waiters waiters = new Waiters();
  private final Conns conns = new Conns();
  private final Books books;

  private final Ends ends = new Ends();

  private final Survival survival = new Survival(conns);

  /// Whether completions of the poller are left, since their turn failed.
  private boolean untaken;

  /// The context class loader of the loop's thread.
  private @Nullable ClassLoader contextLoader;

  private @Nullable Listener listener;

  /// Hears that it has failed, and why.
  private Consumer<Throwable> whenFailed = why -> {};

  /// Whether the pool is to be trimmed.
  private boolean willTrim;

  /// What its TLS connections borrow; null until there is one.
  private @Nullable Scratch scratch;

  private long nowNs;

  /// Why it can go on no more; null as long as it can.
  private volatile @Nullable Throwable failure;

  /// When the running turn began, by the clock; 0 between turns. For the [Watchdog].
  private volatile long turnSinceNs;

  /// Whether a handler of the application runs; by HANDLING. For the [Watchdog].
  @SuppressWarnings("unused")
  private boolean handling;

  /// @param clock nanoseconds since any moment, never backwards; as `System::nanoTime`
  /// @param chance for jitter; never for keys
  /// @param mailboxMails how many mails other threads may have waiting
  public Loop(
      Poller poller, LongSupplier clock, RandomGenerator chance, Pool pool, int mailboxMails) {
    super(poller, pool, mailboxMails);
    this.clock = clock;
    this.chance = chance;
    this.books = new Books(pool, conns);
    this.nowNs = clock.getAsLong();
    this.lateTurns = new LateTurns();
    this.wheel = new Wheel(nowNs);
  }

  /// Turns until [#stop()], or until it fails; then closes every connection and the poller. One
  /// that has failed takes no more connections, and goes on with mail and timers alone until it is
  /// stopped: so whoever counts on it hears what has become of it.
  @Override
  public void run() {
    attach();
    mindLateTurns();
    CURRENT.set(this);
    try {
      runToTheEnd();
    } finally {
      CURRENT.remove();
    }
  }

  private void runToTheEnd() {
    while (!stopped && failure == null) {
      tryTurn();
    }
    close();
    if (failure != null) {
      Listener with = listener;
      if (with != null) {
        surely(() -> with.failed(this));
      }
      surely(() -> whenFailed.accept(Objects.requireNonNull(failure)));
      while (!stopped) {
        surely(this::goOnWithout);
      }
    }
  }

  /// One turn, and what follows if it fails.
  void tryTurn() {
    try {
      turn();
      survival.turned(nowNs);
    } catch (Throwable why) {
      turnFailed(why);
    }
  }

  private void turnFailed(Throwable why) {
    turnSinceNs = 0;
    long now = clock.getAsLong();
    if (!survival.outlives(why, now)) {
      giveUp(why);
    } else if (survival.reports(now)) {
      Report.error(LOG, "A turn of the loop failed; it tries again.", why);
    }
  }

  /// Has the running turn be the last.
  void giveUp(Throwable why) {
    failure = why;
    Report.error(LOG, "The loop cannot go on; its connections close.", why);
  }

  /// Whether it has failed, and has no connections any more.
  public boolean hasFailed() {
    return failure != null;
  }

  private void surely(Runnable task) {
    Survival.surely(task, () -> stopped);
  }

  private void goOnWithout() {
    while (!stopped) {
      asleep = true;
      if (mailbox.isEmpty()) {
        LockSupport.parkNanos(this, wheel.delayNs(clock.getAsLong()));
      }
      asleep = false;
      Thread.interrupted();
      nowNs = clock.getAsLong();
      runMail();
      wheel.advance(nowNs);
    }
  }

  /// Makes the current thread the one that this loop belongs to.
  public void attach() {
    Thread here = Thread.currentThread();
    contextLoader = here.getContextClassLoader();
    thread = here;
  }

  /// Whether the current thread runs a loop, and so must not wait.
  public static boolean isOnAny() {
    return !Thread.currentThread().isVirtual() && CURRENT.get() != null;
  }

  /// One turn; it may throw, if there is no memory or the poller fails.
  public void turn() {
    turnSinceNs = 0;
    if (!untaken) {
      poll();
    }
    long beforeNs = nowNs;
    nowNs = clock.getAsLong();
    turnSinceNs = nowNs == 0 ? 1 : nowNs;
    deliver();
    if (lateTurns.isLate(beforeNs, nowNs)) {
      catchUp();
    }
    runMail();
    goOn();
    if (lateTurns.mayTellTimers(nowNs)) {
      wheel.advance(nowNs);
    }
    books.collect();
    flush();
    deliver(); // what the writes have already come to
    waiters.wakeAll();
    if (ends.isDue()) {
      ends.again();
    }
    if (!willTrim && pool.isLarge()) {
      after(TRIM_NS, this::trim);
      willTrim = true;
    }
  }

  /// Has late turns minded: from now on the clock runs by itself.
  void mindLateTurns() {
    nowNs = clock.getAsLong();
    lateTurns.mind();
  }

  /// Delivers all that arrived while the loop stood still, before any timer may say that it did
  /// not.
  private void catchUp() {
    boolean more = true;
    for (int looks = 0; LateTurns.looksOn(looks, more); looks++) {
      goOn();
      poll(0);
      more = deliver() || !toGoOn.isEmpty();
    }
  }

  private void trim() {
    willTrim = false;
    pool.trim();
  }

  private void poll() {
    boolean idle = toFlush.isEmpty() && toGoOn.isEmpty() && !stopped;
    asleep = idle;
    try {
      poll(lateTurns.waits(idle && mailbox.isEmpty() ? idleNs() : 0));
    } finally {
      asleep = false;
    }
    Thread.interrupted(); // a handler's interrupt must not keep the poller from waiting
  }

  private void poll(long waitNs) {
    try {
      poller.poll(waitNs);
    } catch (IOException e) {
      throw new UncheckedIOException("the poller failed", e);
    }
  }

  private long idleNs() {
    long delayNs = lateTurns.delayNs(wheel, clock.getAsLong());
    return ends.isDue() ? Math.min(END_AGAIN_NS, delayNs) : delayNs;
  }

  /// @return whether there was anything
  private boolean deliver() {
    untaken = true;
    boolean any = false;
    while (poller.next(completion)) {
      any = true;
      switch (completion.kind) {
        case ACCEPTED -> listener().accepted(completion.socket());
        case ACCEPT_FAILED -> listener().failed(completion.error);
        default -> {
          Conn conn = completion.socket().conn;
          if (conn != null) {
            deliver(conn);
          }
        }
      }
      books.collect();
      if (pool.isTight()) {
        flush(); // what one turn has to say to many would take more than the pool has
      }
    }
    untaken = false;
    return any;
  }

  private void deliver(Conn conn) {
    try {
      switch (completion.kind) {
        case CONNECTED -> conn.connected();
        case READ -> conn.read(Objects.requireNonNull(completion.chunk));
        case WROTE -> conn.wrote(completion.bytes);
        case ENDED -> conn.ended();
        case FAILED -> conn.broke(completion.why());
        case CLOSED -> ends.socketClosed(conn);
        case ACCEPTED, ACCEPT_FAILED -> throw new AssertionError(completion.kind);
      }
    } catch (Throwable bug) {
      abandon(conn, bug);
    }
  }

  private void runMail() {
    for (int left = mailbox.waiting(); left > 0; left--) {
      Runnable mail = mailbox.take();
      if (mail == null) {
        return;
      }
      try {
        mail.run();
      } catch (Throwable bug) {
        Report.error(LOG, "A mail to the loop failed.", bug);
      }
      tidy();
      books.collect();
    }
  }

  private void goOn() {
    List<Conn> now = toGoOn;
    toGoOn = goingOn;
    goingOn = now;
    for (int at = 0; at < now.size(); at++) {
      Conn conn = now.get(at);
      conn.toGoOn = false;
      try {
        conn.goOn();
      } catch (Throwable bug) {
        abandon(conn, bug);
      }
      books.collect();
    }
    now.clear();
  }

  private void flush() {
    List<Conn> now = toFlush;
    toFlush = flushing;
    flushing = now;
    for (int at = 0; at < now.size(); at++) {
      Conn conn = now.get(at);
      conn.toFlush = false;
      try {
        conn.write();
      } catch (Throwable bug) {
        abandon(conn, bug);
      }
    }
    now.clear();
  }

  /// Closes a connection whose own code failed, so that it costs no other.
  static void abandon(Conn conn, Throwable bug) {
    conn.abort(Survival.reason("internal error: ", bug));
    if (bug instanceof OutOfMemoryError) {
      conn.loop().survival.relieve();
    }
    Report.error(LOG, "A connection's code failed; it is closed.", bug);
  }

  // ---- The end of connections, and its own ------------------------------------------------------

  Ends ends() {
    return ends;
  }

  /// Closes every connection and the poller; only where no thread turns the loop.
  public void close() {
    runMail(); // sockets that were on their way here are adopted, to be closed
    Throwable why = failure;
    String reason = why == null ? "the server stopped" : Survival.reason("the loop failed: ", why);
    for (Conn conn = conns.first(); conn != null; conn = conns.first()) {
      conn.abort(reason);
    }
    try {
      deliver();
      ends.awaitSockets(poller, this::deliver);
    } catch (Throwable bug) {
      Report.error(LOG, "The poller failed while its connections closed.", bug);
    }
    try {
      poller.close();
    } catch (Throwable bug) {
      Report.error(LOG, "The poller could not be closed.", bug);
    }
    ends.forgetAll();
    pool.received.close();
    pool.kept.close();
    turnSinceNs = 0;
  }

  /// Has the loop end after the running turn; from any thread.
  public void stop() {
    try {
      post(() -> stopped = true);
    } catch (OutOfMemoryError noMemory) {
      stopped = true;
      asleep = true;
      wake();
    }
  }

  /// Has `wake`, which wakes a virtual thread and neither blocks nor fails, run soon after the
  /// turn, on some thread; on the loop's thread.
  public void wakeAfterTurn(Runnable wake) {
    waiters.add(wake);
  }

  /// Runs `task` after `delayNs`, unless the loop stops before; on the loop's thread.
  ///
  /// @return what cancels it, on the loop's thread as well
  public Runnable after(long delayNs, Runnable task) {
    Wheel.Timer timer =
        new Wheel.Timer() {
          @Override
          void due(long now) {
            try {
              task.run();
            } catch (Throwable bug) {
              Report.error(LOG, "A task of the loop failed.", bug);
            }
            tidy();
          }
        };
    wheel.schedule(timer, nowNs + delayNs);
    return () -> wheel.cancel(timer);
  }

  /// Adopts an accepted socket, or closes it if that cannot be; on the loop's thread.
  ///
  /// @param begin gives the connection its first stage
  void adopt(Socket socket, Terms terms, Consumer<Conn> begin) {
    Conn conn;
    try {
      if (failure != null) {
        socket.discard();
        terms.gone().accept(socket);
        return;
      }
      conn = new Conn(this, socket, terms, false);
      poller.adopt(socket);
    } catch (IOException e) {
      terms.gone().accept(socket); // the peer left between connecting and now
      return;
    } catch (Throwable bug) {
      socket.conn = null;
      socket.discard();
      terms.gone().accept(socket);
      Report.error(LOG, "A connection could not be taken over; it is closed.", bug);
      return;
    }
    enter(conn);
    try {
      begin.accept(conn);
    } catch (Throwable bug) {
      abandon(conn, bug);
    }
  }

  /// Begins to connect; on the loop's thread.
  ///
  /// @param to an address that is resolved
  /// @param first makes the first stage, which begins when the connection is there
  /// @throws IOException if the system has no more sockets (file descriptors) to give, or the loop
  ///   has failed
  public Conn connect(InetSocketAddress to, Terms terms, Function<Conn, Stage> first)
      throws IOException {
    if (failure != null) {
      throw new IOException("the loop has failed: " + failure);
    }
    Socket socket = poller.connect(to);
    try {
      Conn conn = new Conn(this, socket, terms, true);
      conn.connecting(first.apply(conn));
      return enter(conn);
    } catch (Throwable bug) {
      socket.conn = null;
      poller.close(socket);
      throw bug;
    }
  }

  private Conn enter(Conn conn) {
    conns.add(conn);
    return conn;
  }

  /// Counts a connection that closes no more.
  void leave(Conn conn) {
    wheel.cancel(conn);
    conns.remove(conn);
    ends.add(conn);
  }

  /// Does `action` with each connection; on the loop's thread. It may close them.
  public void forEach(Consumer<Conn> action) {
    List<Conn> all = new ArrayList<>(conns.count());
    for (Conn conn = conns.first(); conn != null; conn = conn.next) {
      all.add(conn);
    }
    all.forEach(action);
  }

  /// How many connections it has; exact on the loop's thread only.
  public int connections() {
    return conns.count();
  }

  /// The loop's clock, read once a turn; on the loop's thread.
  public long nowNs() {
    return nowNs;
  }

  /// Where jitter comes from; on the loop's thread.
  public RandomGenerator chance() {
    return chance;
  }

  /// The loop's memory; on the loop's thread.
  public Pool pool() {
    return pool;
  }

  /// What TLS connections borrow for a call; on the loop's thread.
  Scratch scratch() {
    if (scratch == null) {
      scratch = new Scratch(pool);
    }
    return scratch;
  }

  /// What its connections hold of what they received.
  Books books() {
    return books;
  }

  /// Whether there is memory for a message that is to be sent; on the loop's thread. If there is
  /// none, those that hold much and read nothing are closed, a moment later.
  ///
  /// @param small whether the message is short, and nothing much waits in front of it: it is taken
  ///   if anybody is closed
  public boolean hasRoomFor(long bytes, boolean small) {
    return (small ? pool.hasSpareForSmall() : pool.hasSpare(bytes))
        || (books.relieve(bytes) && small);
  }

  Poller poller() {
    return poller;
  }

  Wheel wheel() {
    return wheel;
  }

  void flushLater(Conn conn) {
    if (!conn.toFlush) {
      toFlush.add(conn);
      conn.toFlush = true;
    }
  }

  void goOnLater(Conn conn) {
    if (!conn.toGoOn) {
      toGoOn.add(conn);
      conn.toGoOn = true;
    }
  }

  void listenWith(Listener with) {
    listener = with;
  }

  /// Sets what hears, on the loop's thread, that it has failed and has no connections any more;
  /// before its thread begins.
  public void whenFailed(Consumer<Throwable> hears) {
    whenFailed = hears;
  }

  /// When the running turn began, by the clock; 0 between turns.
  long turnSinceNs() {
    return turnSinceNs;
  }

  /// Says that a handler of the application begins or has ended; on the loop's thread. It is one
  /// plain store: who looks may be late, and does not have to be in step.
  public void handling(boolean begins) {
    HANDLING.setOpaque(this, begins);
    if (!begins) {
      tidy();
    }
  }

  /// Takes from the thread what an application's code may have left on it, so that the next finds
  /// nothing of it: an interrupt, a context class loader.
  @SuppressWarnings("ReferenceEquality") // this very loader
  private void tidy() {
    Thread here = Thread.currentThread();
    if (here.isInterrupted()) {
      Thread.interrupted();
    }
    if (here.getContextClassLoader() != contextLoader) {
      here.setContextClassLoader(contextLoader);
    }
  }

  boolean isHandling() {
    return (boolean) HANDLING.getOpaque(this);
  }

  @Nullable Thread thread() {
    return thread;
  }

  private Listener listener() {
    return Objects.requireNonNull(listener, "nobody listens on this loop");
  }
}
