package io.weft.cli.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;

/// What all connections of a run have counted. Latencies are recorded by the clients' loop alone,
/// and read by another thread.
final class Tally {

  /// What is slower counts as this: a minute, in ns.
  private static final long SLOWEST_NS = 60_000_000_000L;

  private static final int SIGNIFICANT_DIGITS = 3;

  /// Kinds of failure that are told apart; servers choose the words of some.
  private static final int MAX_KINDS = 20;

  private final SingleWriterRecorder recorder =
      new SingleWriterRecorder(1, SLOWEST_NS, SIGNIFICANT_DIGITS);
  private final Map<String, Long> failures = new LinkedHashMap<>();

  void answered(long latencyNs) {
    recorder.recordValue(Math.clamp(latencyNs, 1, SLOWEST_NS));
  }

  synchronized void failed(String kind) {
    failed(kind, 1);
  }

  synchronized void failed(String kind, long times) {
    boolean known = failures.containsKey(kind) || failures.size() < MAX_KINDS;
    failures.merge(known ? kind : "other failures", times, Long::sum);
  }

  synchronized Map<String, Long> failures() {
    return new LinkedHashMap<>(failures);
  }

  /// The latencies in ns since this was last called; each is one message echoed.
  Histogram take() {
    return recorder.getIntervalHistogram();
  }

  /// An empty histogram that those of [#take] can be added to.
  static Histogram empty() {
    return new Histogram(1, SLOWEST_NS, SIGNIFICANT_DIGITS);
  }
}
