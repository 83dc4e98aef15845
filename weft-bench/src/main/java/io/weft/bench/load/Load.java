package io.weft.bench.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import org.HdrHistogram.Histogram;

/// Connections under load, on the calling thread. A load stands still between two calls of
/// [#run(Duration)]; what it had under way then counts when it comes back.
public abstract class Load implements AutoCloseable {

  private static final long PATIENCE_NS = Duration.ofSeconds(10).toNanos();
  private static final long SETTLING_NS = Duration.ofSeconds(20).toNanos();

  final Selector selector = Selector.open();
  final ByteBuffer in = ByteBuffer.allocateDirect(256 << 10);

  /// How long each message took since [#reset()], in nanoseconds.
  private final Histogram latency = new Histogram(Duration.ofMinutes(1).toNanos(), 3);

  private long done;

  /// Whether nothing new is to be sent.
  boolean settling;

  Load() throws IOException {}

  /// One connection.
  static class Line {
    final Wire wire;
    final SelectionKey key;

    /// What is not written yet of that which is under way.
    ByteBuffer out = ByteBuffer.allocate(0);

    /// Bytes that have come back of what is under way.
    int received;

    Line(Wire wire, Selector selector) throws IOException {
      this.wire = wire;
      this.key = wire.channel.register(selector, SelectionKey.OP_READ, this);
    }

    /// Writes what it can, and asks to be told when it can more.
    void write() throws IOException {
      wire.write(out);
      boolean waits = (key.interestOps() & SelectionKey.OP_WRITE) != 0;
      boolean isLeft = out.hasRemaining() || wire.isPending();
      if (isLeft && !waits) {
        key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
      } else if (!isLeft && waits) {
        key.interestOps(SelectionKey.OP_READ);
      }
    }
  }

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

  /// What is done at each turn.
  ///
  /// @return whether the selector may sleep
  boolean turn(long nowNs) throws IOException {
    return true;
  }

  /// Something can be read or written.
  abstract void ready(SelectionKey key) throws IOException;

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
      try {
        if (turn(now)) {
          selector.select(this::check, 100);
        } else {
          selector.selectNow(this::check);
        }
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
    }
  }

  private void check(SelectionKey key) {
    try {
      ready(key);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Reads once, and holds it against the next bytes that `expected` still owes.
  final void receive(Line line, ByteBuffer expected) throws IOException {
    if (line.wire.read(in.clear()) < 0) {
      throw new IOException("the server closed a connection");
    }
    in.flip();
    if (line.received == 0) {
      answerPings(line);
    }
    int step = Math.min(in.remaining(), expected.limit() - line.received);
    int mismatch = in.slice(in.position(), step).mismatch(expected.slice(line.received, step));
    if (mismatch >= 0) {
      throw new IOException(
          "what came back is not what was sent: byte %d of %d is %d, not %d"
              .formatted(
                  line.received + mismatch,
                  expected.limit(),
                  in.get(in.position() + mismatch) & 0xFF,
                  expected.get(line.received + mismatch) & 0xFF));
    }
    in.position(in.position() + step);
    line.received += step;
    answerPings(line);
    if (in.hasRemaining()) {
      throw new IOException("more came back than was sent");
    }
  }

  /// A server may ping between two messages (RFC 6455 §5.5.2).
  private void answerPings(Line line) throws IOException {
    while (in.remaining() >= 2 && in.get(in.position()) == Frames.PING) {
      byte[] payload = new byte[Math.min(in.get(in.position() + 1), in.remaining() - 2)];
      in.position(in.position() + 2).get(payload);
      ByteBuffer pong = ByteBuffer.allocate(6 + payload.length);
      pong.put(Frames.PONG).put((byte) (0x80 | payload.length)).putInt(0).put(payload);
      line.wire.write(pong.flip());
    }
  }

  @Override
  public void close() throws IOException {
    for (SelectionKey key : selector.keys()) {
      key.channel().close();
    }
    selector.close();
  }
}
