package io.weft.net;

import java.lang.System.Logger;
import java.util.ArrayList;
import java.util.List;

/// The threads that wait for what a turn has brought, as far as they were noted.
final class Waiters {

  private static final Logger LOG = System.getLogger("io.weft.loop");

  private List<Runnable> toWake = new ArrayList<>();

  /// Notes one.
  ///
  /// @param wake wakes it, and neither blocks nor fails
  void add(Runnable wake) {
    toWake.add(wake);
  }

  /// Wakes all of them. To wake a virtual thread from here may cost a system call, and it may run
  /// at once, alone, in the loop's stead; many are woken by one of their kind, and so run one after
  /// the other.
  void wakeAll() {
    if (toWake.size() == 1) {
      wake(toWake.removeLast());
    } else if (!toWake.isEmpty()) {
      List<Runnable> all = toWake;
      toWake = new ArrayList<>(all.size());
      try {
        Thread.ofVirtual().start(() -> all.forEach(Waiters::wake));
      } catch (OutOfMemoryError noMemory) {
        all.forEach(Waiters::wake);
      }
    }
  }

  private static void wake(Runnable one) {
    try {
      one.run();
    } catch (Throwable bug) {
      Report.error(LOG, "A thread could not be woken.", bug);
    }
  }
}
