package io.weft.net;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// Reports a handler that blocks its loop: one warning a turn, with the stack of the loop's thread.
///
/// It looks at each loop four times in the span that it allows a turn, so a report comes at most a
/// quarter of that span late.
public final class Watchdog implements Runnable, AutoCloseable {

  private static final Logger LOG = System.getLogger("io.weft.loop");

  private final List<Loop> loops;
  private final long[] reportedNs;
  private final LongSupplier clock;
  private final long allowedNs;
  private final Thread thread;

  /// Starts to watch.
  ///
  /// @param clock the loops' own
  /// @param allowedNs how long a turn may last
  public Watchdog(String threadName, List<Loop> loops, LongSupplier clock, long allowedNs) {
    this.loops = List.copyOf(loops);
    this.reportedNs = new long[loops.size()];
    this.clock = clock;
    this.allowedNs = allowedNs;
    this.thread =
        Thread.ofPlatform()
            .name(threadName)
            .daemon()
            .inheritInheritableThreadLocals(false)
            .unstarted(this);
    thread.setContextClassLoader(Watchdog.class.getClassLoader());
    thread.start();
  }

  @Override
  public void run() {
    while (!Thread.currentThread().isInterrupted()) {
      try {
        TimeUnit.NANOSECONDS.sleep(Math.max(1, allowedNs / 4));
      } catch (InterruptedException stop) {
        return;
      }
      for (int at = 0; at < reportedNs.length; at++) {
        try {
          look(at);
        } catch (Throwable bug) {
          Report.error(LOG, "The watch over the loops failed; it goes on.", bug);
        }
      }
    }
  }

  private void look(int at) {
    Loop loop = loops.get(at);
    long since = loop.turnSinceNs();
    long lastedNs = clock.getAsLong() - since;
    Thread of = loop.thread();
    if (since == 0 || of == null || since == reportedNs[at] || lastedNs < allowedNs) {
      return;
    }
    StackTraceElement[] stack = of.getStackTrace();
    if (loop.turnSinceNs() != since || !loop.isHandling()) {
      return; // the stack of another turn, or a turn that is slow by no handler's fault
    }
    reportedNs[at] = since;
    StringBuilder report = new StringBuilder(1024);
    report
        .append(of.getName())
        .append(" has been busy for ")
        .append(TimeUnit.NANOSECONDS.toMillis(lastedNs))
        .append(" ms; all its connections wait. Handlers must not block: use converse(...) or")
        .append(" another thread. It is at");
    for (StackTraceElement frame : stack) {
      report.append(System.lineSeparator()).append("  at ").append(frame);
    }
    LOG.log(Level.WARNING, report.toString());
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
