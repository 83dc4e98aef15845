package io.weft.cli.bench;

import io.weft.Close;
import io.weft.Endpoint;
import io.weft.Send;
import io.weft.WebSocket;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// One connection of a run: sends what it may, and checks what comes back.
///
/// Messages keep their order only if one thread sends them. A paced talker sends on the thread that
/// keeps the time; any other sends its first message there, and from the first echo on sends on the
/// clients' loop, where all callbacks run. Hence the lock.
final class Talker implements Endpoint {

  private final Plan plan;
  private final Tally tally;
  private final Payload payload;

  /// When each message on its way should have left, in a ring; at `number % length`.
  private final long[] dueNs;

  private final Object lock = new Object();

  // Guarded by the lock:
  private @Nullable WebSocket ws;
  private long sent;
  private long answered;
  private long nextNs;
  private long intervalNs;
  private boolean talking;
  private boolean hushed;
  private boolean wasOpened;

  Talker(Plan plan, Tally tally, int number) {
    this.plan = plan;
    this.tally = tally;
    this.payload = new Payload(plan.bytes(), plan.text(), number);
    this.dueNs = new long[plan.inFlight()];
  }

  /// Begins to send. A paced talker only makes ready, for [#tick].
  ///
  /// @param firstNs when the first message is due
  /// @param everyNs from one message to the next; 0 if this is not paced
  void talk(long firstNs, long everyNs) {
    synchronized (lock) {
      talking = true;
      nextNs = firstNs;
      intervalNs = everyNs;
      if (!plan.isPaced()) {
        pump(1);
      }
    }
  }

  /// Sends no more.
  void hush() {
    synchronized (lock) {
      talking = false;
      hushed = true;
    }
  }

  /// Sends what is due by now.
  void tick() {
    synchronized (lock) {
      pump(dueNs.length);
    }
  }

  long inFlight() {
    synchronized (lock) {
      return ws == null ? 0 : sent - answered;
    }
  }

  boolean isOpen() {
    synchronized (lock) {
      return ws != null;
    }
  }

  /// Whether there was a connection, whatever has become of it.
  boolean wasOpened() {
    synchronized (lock) {
      return wasOpened;
    }
  }

  /// Closes; what comes after that is nobody's fault.
  void close() {
    synchronized (lock) {
      WebSocket open = ws;
      ws = null;
      if (open != null) {
        open.close();
      }
    }
  }

  /// Sends until `most` are on their way, nothing more is due, or there is no room. What is late
  /// counts from the time it was due, or a slow server would hide how slow it is (coordinated
  /// omission).
  private void pump(int most) {
    while (talking && ws != null && sent - answered < most) {
      long now = System.nanoTime();
      if (intervalNs > 0 && nextNs - now > 0) {
        return;
      }
      if (send(ws) == Send.REFUSED) {
        return; // the next tick, or `writable`, goes on
      }
      dueNs[(int) (sent % dueNs.length)] = intervalNs > 0 ? nextNs : now;
      nextNs += intervalNs;
      sent++;
    }
  }

  private Send send(WebSocket open) {
    return plan.text() ? open.send(payload.text(sent)) : open.send(payload.binary(sent));
  }

  // ---- On the loop
  // --------------------------------------------------------------------------------

  @Override
  public void opened(WebSocket opened) {
    synchronized (lock) {
      ws = opened;
      wasOpened = true;
    }
  }

  @Override
  public void text(WebSocket from, String text) {
    synchronized (lock) {
      echoed(plan.text() && sent > answered && payload.isText(answered, text));
    }
  }

  @Override
  public void binary(WebSocket from, ByteBuffer data) {
    synchronized (lock) {
      echoed(!plan.text() && sent > answered && payload.isBinary(answered, data));
    }
  }

  private void echoed(boolean right) {
    if (ws == null) {
      return; // given up
    }
    if (!right) {
      tally.failed("an echo was not what was sent");
      ws.close(Close.NORMAL, "the echo is wrong");
      ws = null;
      return;
    }
    tally.answered(System.nanoTime() - dueNs[(int) (answered % dueNs.length)]);
    answered++;
    if (!plan.isPaced()) {
      pump(dueNs.length);
    }
  }

  @Override
  public void writable(WebSocket from) {
    if (!plan.isPaced()) {
      tick();
    }
  }

  @Override
  public void closed(WebSocket from, Close close) {
    synchronized (lock) {
      if (ws != null && (!hushed || sent > answered)) {
        String reason = close.reason().isEmpty() ? "" : " " + close.reason();
        tally.failed("closed with " + close.code() + reason);
      }
      ws = null;
    }
  }
}
