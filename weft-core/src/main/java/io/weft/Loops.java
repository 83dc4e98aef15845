package io.weft;

import io.weft.bytes.Pool;
import io.weft.net.Loop;
import io.weft.net.Nio;
import io.weft.net.Watchdog;
import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;

/// Makes loops, and chooses how they talk to the operating system.
final class Loops {

  private Loops() {}

  /// Makes a loop that no thread runs yet.
  ///
  /// @param poolBytes native memory that it may lend
  /// @throws IOException if the system has no more selectors (file descriptors) to give
  static Loop open(Limits limits, long poolBytes) throws IOException {
    return new Loop(
        new Nio(limits.turnBytes()),
        System::nanoTime,
        new SplittableRandom(),
        new Pool(Pool.CHUNK_BYTES, poolBytes),
        limits.mailboxMails());
  }

  /// Watches loops for handlers that block.
  static Watchdog watch(String threadName, List<Loop> loops, Limits limits) {
    return new Watchdog(threadName, loops, System::nanoTime, limits.blockedLoopWarning().toNanos());
  }
}
