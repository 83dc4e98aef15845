package io.weft;

import io.weft.net.Listener;
import io.weft.net.Loop;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// How a server closes: it accepts no more, lets its connections close, and ends its loops. It has
/// an end whatever the loops do: one whose handler does not return is left behind, and so, without
/// waiting for it, is one whose handler ends the process and stands in `System.exit`.
final class Drain {

  private static final Logger LOG = System.getLogger("io.weft");

  /// How long a loop may take to answer while the server closes, beyond the time given for that;
  /// one whose handler does not return never does.
  private static final long DEAD_LOOP_MS = 5_000;

  /// How long the others wait for a port to be let go of.
  private static final long UNLISTEN_MS = 1_000;

  /// How often it is looked whether a loop's thread stands in `System.exit`.
  private static final long LOOK_MS = 100;

  private final List<Loop> loops;
  private final List<Thread> threads;
  private final Listener listener;
  private final Limits limits;

  // Guarded by the monitor:
  private boolean begun;
  private long deadlineNs;
  private Server.@Nullable Drained drained;

  /// @param threads of the loops, in the same order
  Drain(List<Loop> loops, List<Thread> threads, Listener listener, Limits limits) {
    this.loops = loops;
    this.threads = threads;
    this.listener = listener;
    this.limits = limits;
  }

  /// Whether it has begun.
  synchronized boolean hasBegun() {
    return begun;
  }

  /// A connection is gone; from any thread.
  synchronized void connectionGone() {
    notifyAll();
  }

  /// Drains, and returns when that is over. Only the first call drains; another one that is in more
  /// of a hurry hurries it, as when the process is asked to end meanwhile.
  ///
  /// @param end ends everything but the loops
  Server.Drained close(Duration wait, Runnable end) {
    long untilNs = System.nanoTime() + wait.toNanos();
    if (!begin(untilNs)) {
      return awaitOther(untilNs);
    }
    int connections = listener.connections();
    Server.Drained how = new Server.Drained(connections, connections, 0);
    try {
      listener.close().completeOnTimeout(null, exits() ? LOOK_MS : UNLISTEN_MS, MS).join();
      connections = listener.connections();
      spreadCloses(connections, wait);
      awaitNone();
      int forced = listener.connections();
      how = new Server.Drained(connections, forced, forced == 0 ? 0 : unsentBytes());
    } finally {
      stop(end);
      end(how);
    }
    return how;
  }

  private static final TimeUnit MS = TimeUnit.MILLISECONDS;

  private synchronized boolean begin(long untilNs) {
    if (begun) {
      deadlineNs = deadlineNs - untilNs > 0 ? untilNs : deadlineNs;
      notifyAll();
      return false;
    }
    begun = true;
    deadlineNs = untilNs;
    return true;
  }

  private synchronized void end(Server.Drained how) {
    drained = how;
    notifyAll();
  }

  private synchronized Server.Drained awaitOther(long untilNs) {
    boolean interrupted = false;
    while (drained == null && graceMs(untilNs) > LEAST_MS && !interrupted) {
      interrupted = awaitMs(graceMs(untilNs));
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    int left = listener.connections();
    return drained == null ? new Server.Drained(left, left, 0) : drained;
  }

  /// Waits for a change; callers look again whether it is theirs.
  ///
  /// @return whether it was interrupted
  @SuppressWarnings("WaitNotInLoop")
  private boolean awaitMs(long ms) {
    try {
      wait(ms);
      return false;
    } catch (InterruptedException e) {
      return true;
    }
  }

  private void spreadCloses(int connections, Duration wait) {
    long spreadNs =
        Math.min(
            Math.min(limits.drainSpread().toNanos(), wait.toNanos() / 2),
            Duration.ofMillis(connections).toNanos());
    for (Loop loop : loops) {
      loop.post(() ->
          loop.forEach(conn -> {
            if (conn.stage() instanceof WsStage ws) {
              ws.drain(loop.chance().nextLong(spreadNs + 1));
            } else {
              conn.finish();
            }
          }));
    }
  }

  private synchronized void awaitNone() {
    boolean interrupted = false;
    while (!isEmpty() && deadlineNs - System.nanoTime() > 0 && !interrupted) {
      interrupted = awaitMs(Math.clamp((deadlineNs - System.nanoTime()) / 1_000_000, 1, LOOK_MS));
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /// Whether nothing is left to wait for: no connection, or only those of loops that will not turn
  /// any more.
  private boolean isEmpty() {
    if (listener.connections() == 0) {
      return true;
    }
    boolean exits = false;
    int left = 0;
    for (int at = 0; at < loops.size(); at++) {
      if (exits(threads.get(at))) {
        exits = true;
      } else {
        left += loops.get(at).connections();
      }
    }
    return exits && left == 0;
  }

  private boolean exits() {
    return threads.stream().anyMatch(Drain::exits);
  }

  /// Whether a thread waits for the end of the process in `System.exit`, which waits for whoever
  /// closes this server.
  private static boolean exits(Thread thread) {
    for (StackTraceElement frame : thread.getStackTrace()) {
      if (frame.getClassName().equals("java.lang.Shutdown")) {
        return true;
      }
    }
    return false;
  }

  private static final long LEAST_MS = 10;

  /// What is left for the loops to answer, when `untilNs` may be past; at least a moment.
  private static long graceMs(long untilNs) {
    return Math.max(
        LEAST_MS, TimeUnit.NANOSECONDS.toMillis(untilNs - System.nanoTime()) + DEAD_LOOP_MS);
  }

  private synchronized long graceMs(Thread thread) {
    return exits(thread) ? LEAST_MS : graceMs(deadlineNs);
  }

  private long unsentBytes() {
    List<CompletableFuture<Long>> all = new ArrayList<>();
    for (int at = 0; at < loops.size(); at++) {
      Loop loop = loops.get(at);
      all.add(
          CompletableFuture.supplyAsync(
                  () -> {
                    AtomicLong bytes = new AtomicLong();
                    loop.forEach(conn -> bytes.addAndGet(conn.outbox().bytes()));
                    return bytes.get();
                  },
                  loop::post)
              .completeOnTimeout(0L, graceMs(threads.get(at)), MS));
    }
    return all.stream().mapToLong(CompletableFuture::join).sum();
  }

  /// Ends the loops, and what there is beside them.
  void stop(Runnable end) {
    loops.forEach(Loop::stop);
    boolean interrupted = Thread.interrupted();
    for (Thread thread : threads) {
      try {
        if (!thread.join(Duration.ofMillis(graceMs(thread)))) {
          leaveBehind(thread);
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    end.run();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void leaveBehind(Thread thread) {
    if (exits(thread)) {
      return; // it ends with the process
    }
    StringBuilder stack = new StringBuilder();
    for (StackTraceElement frame : thread.getStackTrace()) {
      stack.append(System.lineSeparator()).append("  at ").append(frame);
    }
    LOG.log(
        Level.ERROR,
        thread.getName() + " does not end; the server closes without it. It is at" + stack);
  }
}
