package io.weft.net;

import java.lang.System.Logger;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// How a loop outlives turns that fail: it tries again, a little later each time, and gives up only
/// if nothing but failures come of it. For want of memory it lets go of what it keeps for that
/// case, and then closes connections, the one that holds the most first.
final class Survival {

  private static final Logger LOG = System.getLogger("io.weft.loop");

  /// Why a connection is told of its end later than it ended, or in place of a longer reason.
  static final String NO_MEMORY = "no memory is left";

  /// How many turns in a row may fail; with the waits between them 200 ms.
  static final int MOST_FAILED_TURNS = 16;

  /// How often, and with which pauses, something is tried that must not be given up for want of
  /// memory: for about a minute.
  private static final int SURE_TRIES = 1_200;

  private static final long SURE_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(50);

  private static final long FIRST_WAIT_NS = TimeUnit.MICROSECONDS.toNanos(100);
  private static final long MOST_WAIT_NS = TimeUnit.MILLISECONDS.toNanos(20);

  /// What closing some connections, and a line in the log, take.
  private static final int RESERVE_BYTES = 64 << 10;

  /// How long memory has to be there before some of it is kept again, and between two lines in the
  /// log.
  private static final long CALM_NS = TimeUnit.SECONDS.toNanos(1);

  private final Conns conns;
  private byte @Nullable [] reserve = new byte[RESERVE_BYTES];
  private int failedTurns;
  private long failedNs;
  private long reportedNs;
  private boolean reported;

  /// @param conns the loop's connections
  Survival(Conns conns) {
    this.conns = conns;
  }

  /// A turn has come to its end.
  void turned(long nowNs) {
    failedTurns = 0;
    if (reserve == null && nowNs - failedNs > CALM_NS) {
      failedNs = nowNs;
      try {
        reserve = new byte[RESERVE_BYTES];
      } catch (OutOfMemoryError notYet) {
        reserve = null;
      }
    }
  }

  /// A turn has failed.
  ///
  /// @return whether to try again, after a moment that has passed here
  boolean outlives(Throwable why, long nowNs) {
    failedNs = nowNs;
    if (++failedTurns >= MOST_FAILED_TURNS) {
      return false;
    }
    if (why instanceof OutOfMemoryError) {
      relieve();
    }
    if (failedTurns > 1) {
      LockSupport.parkNanos(this, Math.min(MOST_WAIT_NS, FIRST_WAIT_NS << failedTurns));
    }
    return true;
  }

  /// Whether a failure is to be logged; at most one a second is.
  boolean reports(long nowNs) {
    if (reported && nowNs - reportedNs < CALM_NS) {
      return false;
    }
    reported = true;
    reportedNs = nowNs;
    return true;
  }

  /// Gets memory back, without asking for any.
  void relieve() {
    if (reserve != null) {
      reserve = null;
      return;
    }
    Conn largest = null;
    long mostBytes = 0;
    for (Conn conn = conns.first(); conn != null; conn = conn.next) {
      long bytes = conn.heldBytes;
      if (bytes > mostBytes) {
        mostBytes = bytes;
        largest = conn;
      }
    }
    if (largest != null) {
      largest.abort(NO_MEMORY + ", and this connection holds the most");
    }
  }

  /// Does what must not be left undone for want of memory, or gives it up after a minute; it may
  /// wait.
  ///
  /// @param pointless whether nobody needs it any more
  static void surely(Runnable task, BooleanSupplier pointless) {
    Throwable last = null;
    for (int tries = SURE_TRIES; tries > 0 && !pointless.getAsBoolean(); tries--) {
      try {
        task.run();
        return;
      } catch (Throwable why) {
        last = why;
        LockSupport.parkNanos(SURE_PAUSE_NS);
      }
    }
    if (last != null) {
      Report.error(LOG, "What was tried again and again for a minute is given up.", last);
    }
  }

  /// A reason with what was thrown, or a shorter one if there is no memory for that.
  static String reason(String before, Throwable why) {
    try {
      return before + why;
    } catch (Throwable again) {
      return NO_MEMORY;
    }
  }
}
