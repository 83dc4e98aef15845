package io.weft.cli.bench;

import java.util.Map;
import org.HdrHistogram.Histogram;

/// What a run measured.
///
/// @param opened connections that were opened
/// @param seconds that were counted
/// @param latencies in ns, of each message whose echo came within that time
/// @param failures by kind, over the whole run
/// @param processorShare how much of one processor this process took meanwhile
public record Result(
    int opened,
    double seconds,
    Histogram latencies,
    Map<String, Long> failures,
    double processorShare) {

  /// Echoes that came, and were right.
  public long messages() {
    return latencies.getTotalCount();
  }

  /// A second.
  public double messagesPerSecond() {
    return seconds == 0 ? 0 : messages() / seconds;
  }

  /// Everything that went wrong.
  public long failureCount() {
    return failures.values().stream().mapToLong(Long::longValue).sum();
  }
}
