package io.weft.net;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// What other threads ask of a loop: many producers, one consumer, in order.
///
/// Its bound binds those who reserve first, which is everyone who sends messages. The loop's own
/// business (a connection to adopt, a close) is taken even when it is full.
final class Mailbox {

  private final ConcurrentLinkedQueue<Runnable> queue = new ConcurrentLinkedQueue<>();
  private final AtomicInteger waiting = new AtomicInteger();
  private final int maxWaiting;

  /// @param maxWaiting how many mails may wait before [#reserve] says no
  Mailbox(int maxWaiting) {
    this.maxWaiting = maxWaiting;
  }

  /// Makes room for one mail, to be used by [#putReserved] or given back by [#unreserve].
  ///
  /// @return false if the mailbox is full
  boolean reserve() {
    int before = waiting.get();
    while (before < maxWaiting) { // one that is refused never counts, or it would refuse others
      int now = waiting.compareAndExchange(before, before + 1);
      if (now == before) {
        return true;
      }
      before = now;
    }
    return false;
  }

  /// Makes room for one mail, full or not.
  void reserveAnyway() {
    waiting.incrementAndGet();
  }

  /// Gives back what [#reserve] got.
  void unreserve() {
    waiting.decrementAndGet();
  }

  /// Posts a mail for which there is room; if there is no memory for it, gives the room back.
  void putReserved(Runnable mail) {
    try {
      queue.add(mail);
    } catch (OutOfMemoryError noMemory) {
      waiting.decrementAndGet();
      throw noMemory;
    }
  }

  /// Posts a mail, full or not.
  void put(Runnable mail) {
    reserveAnyway();
    putReserved(mail);
  }

  boolean isEmpty() {
    return queue.isEmpty();
  }

  /// Takes the oldest mail, or nothing.
  @Nullable Runnable take() {
    Runnable mail = queue.poll();
    if (mail != null) {
      waiting.decrementAndGet();
    }
    return mail;
  }

  /// How many mails wait or are being posted.
  int waiting() {
    return waiting.get();
  }
}
