package io.weft.conformance;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/// What this process holds.
///
/// @param heapBytes after garbage collection
/// @param directBytes in direct buffers, outside the heap
/// @param files open file descriptors, sockets among them
/// @param threads live platform threads
record Footprint(long heapBytes, long directBytes, long files, int threads) {

  private static final Path OPEN_FILES = Path.of("/proc/self/fd");
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration GLANCE = Duration.ofMillis(100);

  static boolean isMeasurable() {
    return Files.isDirectory(OPEN_FILES);
  }

  /// What it holds now, after a full collection.
  static Footprint now() throws IOException {
    System.gc();
    long direct =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("direct"))
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum();
    try (Stream<Path> files = Files.list(OPEN_FILES)) {
      return new Footprint(
          ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
          direct,
          files.count(),
          ManagementFactory.getThreadMXBean().getThreadCount());
    }
  }

  /// What it holds as soon as that is within `bound`; or after a while, whatever it is.
  static Footprint settled(Footprint bound) throws IOException, InterruptedException {
    long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
    Footprint now = now();
    while (!now.isWithin(bound) && System.nanoTime() < deadlineNs) {
      Thread.sleep(GLANCE);
      now = now();
    }
    return now;
  }

  boolean isWithin(Footprint bound) {
    return heapBytes <= bound.heapBytes
        && directBytes <= bound.directBytes
        && files <= bound.files
        && threads <= bound.threads;
  }

  Footprint plus(Footprint tolerance) {
    return new Footprint(
        heapBytes + tolerance.heapBytes,
        directBytes + tolerance.directBytes,
        files + tolerance.files,
        threads + tolerance.threads);
  }
}
