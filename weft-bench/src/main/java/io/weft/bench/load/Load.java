package io.weft.bench.load;

import java.io.IOException;
import java.time.Duration;
import org.HdrHistogram.Histogram;

/// Connections under load, on the calling thread. A load stands still between two calls of
/// [#run(Duration)]; what it had under way then counts when it comes back.
public abstract class Load implements AutoCloseable {

  static final long PATIENCE_NS = Duration.ofSeconds(10).toNanos();
  private static final long SETTLING_NS = Duration.ofSeconds(20).toNanos();

  /// How long each message took since [#reset()], in nanoseconds.
  private final Histogram latency = new Histogram(Duration.ofMinutes(1).toNanos(), 3);

  private long done;

  /// Whether nothing new is to be sent.
  boolean settling;

  /// Goes on for a while.
  ///
  /// @return how many messages came back in that time
  public final long run(Duration time) throws IOException {
    long before = done;
    long end = System.nanoTime() + time.toNanos();
    settling = false;
    begin();
    until(end, () -> false);
    return done - before;
  }

  /// How long the messages took that came back since the last [#reset()], in nanoseconds.
  public final Histogram latency() {
    return latency;
  }

  /// Forgets the latencies so far.
  public void reset() {
    latency.reset();
  }

  /// Waits for what is under way, so that nothing is cut off by closing.
  public final void settle() throws IOException {
    settling = true;
    until(System.nanoTime() + SETTLING_NS, this::isSettled);
    if (!isSettled()) {
      throw new IOException("not all came back within 20 s");
    }
  }

  /// Whether nothing is under way.
  abstract boolean isSettled();

  /// What is done before the first turn of a run.
  void begin() throws IOException {}

  /// Waits a moment at most for something to come back, and goes on with it.
  abstract void step(long nowNs) throws IOException;

  /// Counts messages that came back.
  final void count(int messages, long tookNs) {
    done += messages;
    latency.recordValueWithCount(Math.max(1, tookNs), messages);
  }

  /// A condition that ends a run early.
  interface Until {
    boolean holds();
  }

  final void until(long endNs, Until until) throws IOException {
    long progressed = done;
    long sinceNs = System.nanoTime();
    for (long now = sinceNs; now < endNs && !until.holds(); now = System.nanoTime()) {
      if (done != progressed) {
        progressed = done;
        sinceNs = now;
      } else if (now - sinceNs > PATIENCE_NS) {
        throw new IOException("nothing came back for 10 s");
      }
      step(now);
    }
  }

  @Override
  public abstract void close() throws IOException;
}
