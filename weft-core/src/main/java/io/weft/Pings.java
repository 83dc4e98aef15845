package io.weft;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// The pings of a connection that wait for their pongs. There is one only while some do.
///
/// Each carries a number, so that a pong says which one it answers; it answers those before it too,
/// since a peer need answer only the latest (RFC 6455 §5.5.3).
final class Pings {

  static final int MAX_WAITING = 16;

  private record Ping(long number, long sentNs, @Nullable CompletableFuture<Duration> answer) {}

  private final ArrayDeque<Ping> waiting = new ArrayDeque<>(2);
  private long lastNumber;

  /// What stands before the end of the last keepalive ping and has not left.
  private int aheadBytes;

  /// Notes what has to leave for the keepalive ping that was just sent to have left.
  void leavesBehind(int bytes) {
    aheadBytes = bytes;
  }

  /// Whether the keepalive ping has left.
  boolean haveLeft() {
    return aheadBytes == 0;
  }

  /// Bytes have left.
  ///
  /// @return whether the keepalive ping has left with them
  boolean left(long bytes) {
    boolean waited = aheadBytes > 0;
    aheadBytes -= (int) Math.min(aheadBytes, bytes);
    return waited && aheadBytes == 0;
  }

  boolean isFull() {
    return waiting.size() >= MAX_WAITING;
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /// Remembers a ping.
  ///
  /// @return what it carries
  ByteBuffer sent(long nowNs, @Nullable CompletableFuture<Duration> answer) {
    waiting.add(new Ping(++lastNumber, nowNs, answer));
    return ByteBuffer.allocate(Long.BYTES).putLong(lastNumber).flip();
  }

  /// How long the ping took that a pong answers.
  ///
  /// @return nanoseconds, or -1 if the pong is none of ours
  long roundTripNs(ByteBuffer pong, long nowNs) {
    if (pong.remaining() == Long.BYTES) {
      long number = pong.getLong(pong.position());
      for (Ping ping : waiting) {
        if (ping.number == number) {
          return nowNs - ping.sentNs;
        }
      }
    }
    return -1;
  }

  /// Answers the ping that a pong of ours answers, and those before it.
  void answered(ByteBuffer pong, long nowNs) {
    long number = pong.getLong(pong.position());
    Ping ping;
    do {
      ping = waiting.remove();
      if (ping.answer != null) {
        ping.answer.complete(Duration.ofNanos(nowNs - ping.sentNs));
      }
    } while (ping.number != number);
  }

  /// Fails all of them.
  void end(String why) {
    for (Ping ping : waiting) {
      if (ping.answer != null) {
        ping.answer.completeExceptionally(new IllegalStateException(why));
      }
    }
    waiting.clear();
  }
}
