package io.weft;

import io.weft.bytes.Budget;
import io.weft.bytes.Pool;
import io.weft.net.Loop;
import io.weft.net.Nio;
import io.weft.net.Poller;
import io.weft.net.Uring;
import io.weft.net.Watchdog;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Makes loops, and chooses how they talk to the operating system.
final class Loops {

  private static final Logger LOG = System.getLogger("io.weft");
  private static final AtomicBoolean TOLD = new AtomicBoolean();

  /// How long a thread for handshakes stays when there are none.
  private static final long TASK_THREAD_IDLE_S = 10;

  /// What part of receivedBytes may be kept in native memory beside it.
  private static final int KEPT_PART = 2;

  private Loops() {}

  /// Makes a loop that no thread runs yet.
  ///
  /// @param loops how many share the limits of memory
  /// @param transport NIO or IO_URING
  /// @throws IOException if the system has no more file descriptors to give
  static Loop open(Limits limits, int loops, Transport transport) throws IOException {
    return new Loop(
        poller(transport, limits.turnBytes()),
        System::nanoTime,
        new SplittableRandom(),
        new Pool(
            Pool.CHUNK_BYTES,
            limits.poolBytes() / loops,
            Budget.RECEIVED.open(limits.receivedBytes(), loops),
            Budget.KEPT.open(limits.receivedBytes() / KEPT_PART, loops)),
        limits.mailboxMails());
  }

  /// Says so if a message that may come in could never be sent on, for want of a loop's memory.
  static void warnIfTooNarrow(Limits limits, int loops) {
    long share = limits.poolBytes() / loops;
    if (share < limits.messageBytes()) {
      LOG.log(
          Level.WARNING,
          String.format(
              Locale.ROOT,
              "Messages above %d bytes will always be REFUSED: that is each loop's share of poolBytes (%d over %d loops), and messageBytes allows %d. Set poolBytes to %d or more, take fewer loops, or lower messageBytes.",
              share,
              limits.poolBytes(),
              loops,
              limits.messageBytes(),
              (long) loops * limits.messageBytes()));
    }
  }

  /// Says so if a message that may come in could not be taken even while nothing else is received:
  /// its memory grows by doubling, and a quarter of receivedBytes is divided over the loops.
  static void warnIfTooLittle(Limits limits) {
    long most = limits.receivedBytes() / 4;
    if (most < limits.messageBytes()) {
      LOG.log(
          Level.WARNING,
          String.format(
              Locale.ROOT,
              "Messages above %d bytes may be closed with 1013 for want of memory: that is a quarter of receivedBytes (%d), and messageBytes allows %d. Set receivedBytes to %d or more, or lower messageBytes.",
              most,
              limits.receivedBytes(),
              limits.messageBytes(),
              4L * limits.messageBytes()));
    }
  }

  /// Makes what runs the long pieces of TLS handshakes, beside the loops: as many threads as there
  /// are processors, which begin with the first piece and end when there are none for a while.
  static ThreadPoolExecutor tasks(String threadName, Limits limits) {
    AtomicInteger number = new AtomicInteger();
    int threads = Runtime.getRuntime().availableProcessors();
    ThreadPoolExecutor tasks =
        new ThreadPoolExecutor(
            threads,
            threads,
            TASK_THREAD_IDLE_S,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(limits.tlsTasks()),
            task -> thread(threadName + "-" + number.getAndIncrement(), task));
    tasks.allowCoreThreadTimeOut(true);
    return tasks;
  }

  /// Makes a thread that belongs to nobody but Weft: it does not keep the process alive, and keeps
  /// nothing of whoever happens to need it first, such as a context class loader.
  static Thread thread(String name, Runnable task) {
    Thread made =
        Thread.ofPlatform()
            .name(name)
            .daemon()
            .inheritInheritableThreadLocals(false)
            .unstarted(task);
    made.setContextClassLoader(Loops.class.getClassLoader());
    return made;
  }

  private static Poller poller(Transport transport, int readBytes) throws IOException {
    return transport == Transport.IO_URING ? new Uring(readBytes) : new Nio(readBytes);
  }

  /// Why this process cannot have io_uring; null if it can.
  static @Nullable String refusal() {
    return Uring.refusal();
  }

  /// Says which transport it will be.
  ///
  /// @return NIO or IO_URING
  /// @throws IOException if io_uring is asked for and the system refuses it; says why
  static Transport choose(Transport asked) throws IOException {
    String refusal = asked == Transport.NIO ? "" : refusal();
    if (refusal == null) {
      return Transport.IO_URING;
    }
    if (asked == Transport.IO_URING) {
      throw new IOException("the transport io_uring cannot be had: " + refusal);
    }
    if (asked == Transport.AUTO && TOLD.compareAndSet(false, true)) {
      LOG.log(Level.INFO, "No io_uring, the transport is NIO: " + refusal + ".");
    }
    return Transport.NIO;
  }

  /// Watches loops for handlers that block.
  static Watchdog watch(String threadName, List<Loop> loops, Limits limits) {
    return new Watchdog(threadName, loops, System::nanoTime, limits.blockedLoopWarning().toNanos());
  }
}
