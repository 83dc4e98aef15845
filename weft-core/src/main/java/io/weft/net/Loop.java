package io.weft.net;

import io.weft.bytes.Pool;
import io.weft.tls.Scratch;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
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
public final class Loop implements Runnable {

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
  }

  /// How often a loop that ends polls without anything closing, and how long each time.
  private static final int CLOSE_POLLS = 100;

  private static final long CLOSE_POLL_NS = 10_000_000;

  /// How often memory that nobody needs is looked for, while there is much of it.
  private static final long TRIM_NS = 10_000_000_000L;

  private final Poller poller;
  private final LongSupplier clock;
  private final RandomGenerator chance;
  private final Pool pool;
  private final Wheel wheel;
  private final LateTurns lateTurns;
  private final Mailbox mailbox;
  private final Completion completion = new Completion();

  /// What TCP has told of the connection looked at last.
  final Tcp tcp = new Tcp();

  private List<Conn> toFlush = new ArrayList<>();
  private List<Conn> flushing = new ArrayList<>();
  private List<Conn> toGoOn = new ArrayList<>();
  private List<Conn> goingOn = new ArrayList<>();
  private List<Runnable> toWake = new ArrayList<>();
  private final Conns conns = new Conns();
  private final Books books;

  /// Connections that have ended and whose sockets the poller still has.
  private final Conns closing = new Conns();

  private @Nullable Listener listener;

  /// Whether the pool is to be trimmed.
  private boolean willTrim;

  /// What its TLS connections borrow; null until there is one.
  private @Nullable Scratch scratch;

  private long nowNs;

  private volatile @Nullable Thread thread;
  private volatile boolean asleep;
  private volatile boolean stopped;

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
    this.poller = poller;
    this.clock = clock;
    this.chance = chance;
    this.pool = pool;
    this.books = new Books(pool, conns);
    this.mailbox = new Mailbox(mailboxMails);
    this.nowNs = clock.getAsLong();
    this.lateTurns = new LateTurns();
    this.wheel = new Wheel(nowNs);
  }

  /// Turns until [#stop()], or until a turn fails; then closes every connection and the poller. One
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
    try {
      while (!stopped && failure == null) {
        turn();
      }
    } catch (Throwable bug) {
      LOG.log(Level.ERROR, "A turn failed; the loop's connections close.", bug);
      failure = bug;
    }
    close();
    if (failure != null) {
      if (listener != null) {
        listener.failed(this);
      }
      goOnWithout();
    }
  }

  /// Has the running turn be the last.
  void pollerFailed(IOException why) {
    LOG.log(Level.ERROR, "The poller failed; the loop's connections close.", why);
    failure = why;
  }

  /// Whether it has failed, and has no connections any more.
  public boolean hasFailed() {
    return failure != null;
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
    thread = Thread.currentThread();
  }

  /// Whether the current thread runs a loop, and so must not wait.
  public static boolean isOnAny() {
    return !Thread.currentThread().isVirtual() && CURRENT.get() != null;
  }

  /// Whether the current thread is this loop's.
  @SuppressWarnings("ReferenceEquality") // this very thread
  public boolean isCurrent() {
    return Thread.currentThread() == thread;
  }

  /// One turn.
  public void turn() {
    turnSinceNs = 0;
    poll();
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
    wakeAll();
    if (!willTrim && pool.isLarge()) {
      willTrim = true;
      after(TRIM_NS, this::trim);
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
      try {
        poller.poll(0);
      } catch (IOException e) {
        pollerFailed(e);
      }
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
      poller.poll(
          lateTurns.waits(
              idle && mailbox.isEmpty() ? lateTurns.delayNs(wheel, clock.getAsLong()) : 0));
    } catch (IOException e) {
      pollerFailed(e);
    }
    asleep = false;
    Thread.interrupted(); // a handler's interrupt must not keep the poller from waiting
  }

  /// @return whether there was anything
  private boolean deliver() {
    boolean any = false;
    while (poller.next(completion)) {
      any = true;
      switch (completion.kind) {
        case ACCEPTED -> listener().accepted(socket());
        case ACCEPT_FAILED -> listener().failed(completion.error);
        default -> {
          Conn conn = socket().conn;
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
    return any;
  }

  private void deliver(Conn conn) {
    try {
      switch (completion.kind) {
        case CONNECTED -> conn.connected();
        case READ -> conn.read(java.util.Objects.requireNonNull(completion.chunk));
        case WROTE -> conn.wrote(completion.bytes);
        case ENDED -> conn.ended();
        case FAILED -> conn.broke(completion.why());
        case CLOSED -> {
          closing.remove(conn);
          conn.gone();
        }
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
        LOG.log(Level.ERROR, "A mail to the loop failed.", bug);
      }
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

  /// Wakes the threads that wait for what this turn has brought. To wake a virtual thread from here
  /// may cost a system call, and it may run at once, alone, in the loop's stead; many are woken by
  /// one of their kind, and so run one after the other.
  private void wakeAll() {
    if (toWake.size() == 1) {
      toWake.removeLast().run();
    } else if (!toWake.isEmpty()) {
      List<Runnable> all = toWake;
      toWake = new ArrayList<>(all.size());
      Thread.ofVirtual().start(() -> all.forEach(Runnable::run));
    }
  }

  /// Closes a connection whose own code failed, so that it costs no other.
  static void abandon(Conn conn, Throwable bug) {
    LOG.log(Level.ERROR, "A connection's code failed; it is closed.", bug);
    try {
      conn.abort("internal error: " + bug);
    } catch (Throwable again) {
      LOG.log(Level.ERROR, "Closing it failed too.", again);
    }
  }

  /// Closes every connection and the poller; only where no thread turns the loop.
  public void close() {
    runMail(); // sockets that were on their way here are adopted, to be closed
    for (Conn conn = conns.first(); conn != null; conn = conns.first()) {
      try {
        conn.abort(failure == null ? "the server stopped" : "the loop failed: " + failure);
      } catch (Throwable bug) {
        LOG.log(Level.ERROR, "Closing a connection failed.", bug);
      }
    }
    deliver();
    awaitGone();
    poller.close();
    pool.received.close();
    pool.kept.close();
    for (Conn conn = closing.first(); conn != null; conn = closing.first()) {
      closing.remove(conn);
      try {
        conn.forgotten();
      } catch (Throwable bug) {
        LOG.log(Level.ERROR, "The end of a connection failed.", bug);
      }
    }
    turnSinceNs = 0;
  }

  /// Waits a moment for the poller to let go of what closes.
  private void awaitGone() {
    try {
      for (int left = CLOSE_POLLS; closing.count() > 0 && left > 0; ) {
        int before = closing.count();
        poller.poll(CLOSE_POLL_NS);
        deliver();
        left -= closing.count() == before ? 1 : 0;
      }
    } catch (IOException e) {
      LOG.log(Level.ERROR, "The poller failed while its connections closed.", e);
      deliver(); // what had come before
    }
  }

  /// Has the loop end after the running turn; from any thread.
  public void stop() {
    post(() -> stopped = true);
  }

  /// Runs `mail` on the loop's thread, soon, in the order posted; from any thread.
  public void post(Runnable mail) {
    mailbox.put(mail);
    wake();
  }

  /// Reserves room for one mail; from any thread.
  ///
  /// @return false if too many are waiting: do less
  public boolean reserveMail() {
    return mailbox.reserve();
  }

  /// Reserves room for one mail, and the memory for what it has to send. The loop's own thread is
  /// not refused for the number of mails: what waits for an answer in a callback cannot come back.
  ///
  /// @return false if too many are waiting, or the memory is lent out: do less. If true, whoever
  ///   reads the mail redeems the bytes from [#pool()]
  public boolean reserveMail(int bytes) {
    if (!pool.promise(bytes)) {
      return false;
    }
    if (isCurrent()) {
      mailbox.reserveAnyway();
    } else if (!mailbox.reserve()) {
      pool.redeem(bytes);
      return false;
    }
    return true;
  }

  /// Gives back what [#reserveMail()] reserved.
  public void unreserveMail() {
    mailbox.unreserve();
  }

  /// Posts a mail for which [#reserveMail()] made room.
  public void postReserved(Runnable mail) {
    mailbox.putReserved(mail);
    wake();
  }

  /// Posts a mail under a lock, where there is no time to wake the loop: [#wakeForMail()] has to
  /// follow. From any thread.
  ///
  /// @param reserved whether [#reserveMail()] made room for it; if not, it is posted all the same
  public void postQuietly(Runnable mail, boolean reserved) {
    if (reserved) {
      mailbox.putReserved(mail);
    } else {
      mailbox.put(mail);
    }
  }

  /// Has the loop look for what [#postQuietly] posted, if there is anything; from any thread.
  public void wakeForMail() {
    if (asleep && !mailbox.isEmpty()) {
      wake();
    }
  }

  /// Has `wake`, which wakes a virtual thread and neither blocks nor fails, run soon after the
  /// turn, on some thread; on the loop's thread.
  public void wakeAfterTurn(Runnable wake) {
    toWake.add(wake);
  }

  /// Runs `task` now if this is the loop's thread, else posts it.
  public void execute(Runnable task) {
    if (isCurrent()) {
      task.run();
    } else {
      post(task);
    }
  }

  /// Whether what this thread asks of the loop's connections is done at once: this is the loop's
  /// thread, and no mail waits, so that nothing is overtaken that was asked before. Else it goes by
  /// mail, which a turn runs behind what has arrived.
  public boolean isFree() {
    return isCurrent() && mailbox.waiting() == 0;
  }

  /// Runs `task` behind everything that was asked before, on whichever thread: now if the loop
  /// [#isFree()], else by mail; from any thread.
  public void inOrder(Runnable task) {
    if (isFree()) {
      task.run();
    } else {
      post(task);
    }
  }

  /// The same with a mail that [#reserveMail()] made room for.
  public void inOrderReserved(Runnable task) {
    if (isCurrent() && mailbox.waiting() == 1) {
      unreserveMail();
      task.run();
    } else {
      postReserved(task);
    }
  }

  private void wake() {
    if (asleep) {
      asleep = false; // two threads may both wake it; that costs a system call and nothing else
      poller.wake();
      if (failure != null) {
        LockSupport.unpark(thread);
      }
    }
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
              LOG.log(Level.ERROR, "A task of the loop failed.", bug);
            }
          }
        };
    wheel.schedule(timer, nowNs + delayNs);
    return () -> wheel.cancel(timer);
  }

  /// Adopts an accepted socket; on the loop's thread.
  ///
  /// @param begin gives the connection its first stage
  void adopt(Socket socket, Conn.Terms terms, Consumer<Conn> begin) {
    if (failure != null) {
      socket.discard();
      terms.gone().run();
      return;
    }
    try {
      poller.adopt(socket);
    } catch (IOException e) {
      terms.gone().run(); // the peer left between connecting and now
      return;
    }
    Conn conn = enter(new Conn(this, socket, terms, false));
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
  public Conn connect(InetSocketAddress to, Conn.Terms terms, Function<Conn, Stage> first)
      throws IOException {
    if (failure != null) {
      throw new IOException("the loop has failed: " + failure);
    }
    Conn conn = enter(new Conn(this, poller.connect(to), terms, true));
    conn.connecting(first.apply(conn));
    return conn;
  }

  private Conn enter(Conn conn) {
    conns.add(conn);
    return conn;
  }

  /// Counts a connection that closes no more.
  void leave(Conn conn) {
    wheel.cancel(conn);
    conns.remove(conn);
    closing.add(conn);
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
      conn.toFlush = true;
      toFlush.add(conn);
    }
  }

  void goOnLater(Conn conn) {
    if (!conn.toGoOn) {
      conn.toGoOn = true;
      toGoOn.add(conn);
    }
  }

  void listenWith(Listener with) {
    listener = with;
  }

  /// When the running turn began, by the clock; 0 between turns.
  long turnSinceNs() {
    return turnSinceNs;
  }

  /// Says that a handler of the application begins or has ended; on the loop's thread. It is one
  /// plain store: who looks may be late, and does not have to be in step.
  public void handling(boolean begins) {
    HANDLING.setOpaque(this, begins);
  }

  boolean isHandling() {
    return (boolean) HANDLING.getOpaque(this);
  }

  @Nullable Thread thread() {
    return thread;
  }

  private Listener listener() {
    return java.util.Objects.requireNonNull(listener, "nobody listens on this loop");
  }

  private Socket socket() {
    return java.util.Objects.requireNonNull(completion.socket);
  }
}
