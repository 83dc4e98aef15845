package io.weft;

import io.weft.net.Conn;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The messages that a [Live] connection keeps, in the order in which they were given: first those
/// handed to the connection of which not all bytes have left, or that the peer has not confirmed,
/// then those that wait.
///
/// ```text
///  add ──> waiting ──> leaving ──> SENT
///             ^           │
///             └── broke ──┘
/// ```
///
/// Messages are added by any thread and handed over on the loop's; the monitor guards all fields.
/// Nothing is settled under it, since whatever hangs on a delivery runs with that.
final class LiveOutbox {

  private final int mostMessages;
  private final int mostBytes;

  private final ArrayDeque<Delivery> leaving = new ArrayDeque<>();
  private final ArrayDeque<Delivery> waiting = new ArrayDeque<>();
  private long bytes;
  private int dropped;

  /// Bytes that have left on the present connection.
  private long left;

  /// Whether nothing more is taken.
  private boolean closed;

  /// When the loop will look for messages whose time is over; NEVER if it will not.
  private long sweepsAtNs = Conn.NEVER;

  /// Whether a message is kept until the peer has confirmed it.
  private final boolean confirms;

  LiveOutbox(Limits limits, boolean confirms) {
    this.confirms = confirms;
    this.mostMessages = limits.keptMessages();
    this.mostBytes = limits.keptBytes();
  }

  /// Takes a message, or settles it at once. One that is alone is taken whatever its size.
  void add(Delivery delivery) {
    Delivery.Outcome refusal = null;
    synchronized (this) {
      if (closed) {
        refusal = Delivery.Outcome.CLOSED;
      } else if (messages() > 0
          && (messages() >= mostMessages || bytes + delivery.bytes > mostBytes)) {
        refusal = Delivery.Outcome.OVERFLOW;
      } else {
        waiting.add(delivery);
        bytes += delivery.bytes;
      }
    }
    if (refusal != null) {
      delivery.settle(refusal);
    }
  }

  /// How many are kept.
  synchronized int messages() {
    return leaving.size() + waiting.size();
  }

  /// How many bytes of payload are kept.
  synchronized long bytes() {
    return bytes;
  }

  /// The next message to hand over; null if none waits.
  synchronized @Nullable Delivery next() {
    return waiting.peek();
  }

  /// The next message is on its way.
  ///
  /// @param outboxBytes what waits in the connection's outbox now, this message last
  synchronized void handedOver(int outboxBytes) {
    Delivery delivery = waiting.remove();
    delivery.endsAt = left + outboxBytes;
    leaving.add(delivery);
  }

  /// The operating system has taken more bytes of the connection.
  void left(long more) {
    long upTo;
    synchronized (this) {
      left += more;
      upTo = left;
    }
    if (!confirms) {
      sent(upTo);
    }
  }

  /// Where the last message that was handed over ends, in bytes of its connection; 0 if none is on
  /// its way.
  synchronized long end() {
    return leaving.isEmpty() ? 0 : leaving.getLast().endsAt;
  }

  /// The messages that end within the first `upTo` bytes of the connection are kept no longer.
  void sent(long upTo) {
    List<Delivery> sent = List.of();
    synchronized (this) {
      while (!leaving.isEmpty() && leaving.getFirst().endsAt <= upTo) {
        sent = and(sent, leaving.remove());
      }
    }
    settle(sent, Delivery.Outcome.SENT);
  }

  /// The connection is gone: what has not all left waits again, ahead of the rest.
  synchronized void broke() {
    left = 0;
    while (!leaving.isEmpty()) {
      waiting.addFirst(leaving.removeLast());
    }
  }

  /// Whether the loop must look at the clock earlier than it will; if so, it will.
  synchronized boolean sweepsLateFor(long expiresNs) {
    if (expiresNs >= sweepsAtNs) {
      return false;
    }
    sweepsAtNs = expiresNs;
    return true;
  }

  /// Drops the messages whose time is over.
  ///
  /// @return when to look again; NEVER if nothing waits
  long sweep(long nowNs) {
    List<Delivery> expired = List.of();
    long next = Conn.NEVER;
    synchronized (this) {
      int count = waiting.size();
      for (int at = 0; at < count; at++) {
        Delivery delivery = waiting.remove();
        if (delivery.expiresNs <= nowNs) {
          expired = and(expired, delivery);
        } else {
          next = Math.min(next, delivery.expiresNs);
          waiting.add(delivery);
        }
      }
      sweepsAtNs = next;
    }
    settle(expired, Delivery.Outcome.EXPIRED);
    return next;
  }

  /// Takes nothing more.
  synchronized void close() {
    closed = true;
  }

  /// Drops what waits.
  void drop() {
    List<Delivery> all = List.of();
    synchronized (this) {
      assert closed;
      while (!waiting.isEmpty()) {
        all = and(all, waiting.remove());
      }
      dropped += all.size();
    }
    settle(all, Delivery.Outcome.CLOSED);
  }

  /// How many [#drop] has dropped.
  synchronized int dropped() {
    return dropped;
  }

  /// Adds one that is no longer kept to a list, under the monitor.
  private List<Delivery> and(List<Delivery> some, Delivery one) {
    List<Delivery> all = some.isEmpty() ? new ArrayList<>() : some;
    all.add(one);
    bytes -= one.bytes;
    return all;
  }

  private static void settle(List<Delivery> some, Delivery.Outcome outcome) {
    some.forEach(delivery -> delivery.settle(outcome));
  }
}
