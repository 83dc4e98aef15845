package io.weft.net;

import org.jspecify.annotations.Nullable;

/// A timer wheel: each slot is a span of time and a list of the timers that fall due in it.
///
/// A timer whose deadline moves later stays where it is and is moved when its slot comes by, so the
/// commonest change of all, "it is alive, ask again later", is one store. A deadline beyond the
/// wheel's span waits in the farthest slot and is moved on from there. Timers fall due up to one
/// tick late, never early. Not for two threads.
final class Wheel {

  /// Nothing is scheduled.
  static final long NEVER = Long.MAX_VALUE;

  /// A slot spans 2^24 nanoseconds, about 17 ms.
  private static final int TICK_SHIFT = 24;

  private static final int SLOTS = 2048; // about 34 s, beyond the default keepalive

  private final @Nullable Timer[] slots = new @Nullable Timer[SLOTS];

  /// One bit a slot, set if its list is not empty.
  private final long[] filled = new long[SLOTS / Long.SIZE];

  /// The last tick whose slot was emptied.
  private long tick;

  /// Something that falls due once, and may then be scheduled again.
  abstract static class Timer {
    private @Nullable Timer next;
    private @Nullable Timer previous;

    /// Where it stands; -1 if nowhere. Every connection is a timer, and this is one of its
    /// smallest.
    private short slot = -1;

    private long deadlineNs = NEVER;

    /// It is due. Called on the loop's thread, after it was taken off the wheel.
    abstract void due(long nowNs);
  }

  /// @param nowNs where the wheel's time starts
  Wheel(long nowNs) {
    tick = nowNs >> TICK_SHIFT;
  }

  /// Makes `timer` fall due at `deadlineNs` and not before, whatever was scheduled for it until
  /// now.
  void schedule(Timer timer, long deadlineNs) {
    timer.deadlineNs = deadlineNs;
    if (timer.slot >= 0) {
      if (tickOf(timer.slot) <= tickFor(deadlineNs)) {
        return;
      }
      unlink(timer);
    }
    if (deadlineNs != NEVER) {
      link(timer);
    }
  }

  /// Takes `timer` off the wheel.
  void cancel(Timer timer) {
    timer.deadlineNs = NEVER;
    if (timer.slot >= 0) {
      unlink(timer);
    }
  }

  /// Makes all timers due whose deadline has passed.
  void advance(long nowNs) {
    long now = nowNs >> TICK_SHIFT;
    long passed = Math.min(now - tick, SLOTS);
    for (long step = passed; step > 0; step--) {
      tick = now - step + 1;
      int slot = slotOf(tick);
      if ((filled[slot / Long.SIZE] & 1L << slot) != 0) {
        empty(slot, nowNs);
      }
    }
  }

  /// How long until a slot with timers in it comes by.
  ///
  /// @return nanoseconds, 0 or more; [#NEVER] if the wheel is empty
  long delayNs(long nowNs) {
    int start = slotOf(tick + 1);
    for (int passed = 0; passed < SLOTS; ) {
      int slot = (start + passed) & (SLOTS - 1);
      long word = filled[slot / Long.SIZE] >>> slot;
      if (word != 0) {
        int ahead = passed + Long.numberOfTrailingZeros(word);
        if (ahead < SLOTS) {
          return Math.max(0, ((tick + 1 + ahead) << TICK_SHIFT) - nowNs);
        }
      }
      passed += Long.SIZE - slot % Long.SIZE;
    }
    return NEVER;
  }

  /// Makes due, or moves on, every timer of a slot; one that schedules itself again lands in a
  /// later one. The list stays in the slot meanwhile, since a timer may cancel another of the same
  /// slot.
  private void empty(int slot, long nowNs) {
    Timer timer = slots[slot];
    while (timer != null) {
      unlink(timer);
      if (timer.deadlineNs <= nowNs) {
        timer.deadlineNs = NEVER;
        timer.due(nowNs);
      } else if (timer.deadlineNs != NEVER) {
        link(timer);
      }
      timer = slots[slot];
    }
  }

  private void link(Timer timer) {
    int slot = slotOf(tickFor(timer.deadlineNs));
    Timer head = slots[slot];
    timer.slot = (short) slot;
    timer.previous = null;
    timer.next = head;
    if (head != null) {
      head.previous = timer;
    }
    slots[slot] = timer;
    filled[slot / Long.SIZE] |= 1L << slot;
  }

  private void unlink(Timer timer) {
    Timer next = timer.next;
    Timer previous = timer.previous;
    int slot = timer.slot;
    if (next != null) {
      next.previous = previous;
    }
    if (previous != null) {
      previous.next = next;
    } else {
      slots[slot] = next;
      if (next == null) {
        filled[slot / Long.SIZE] &= ~(1L << slot);
      }
    }
    timer.next = null;
    timer.previous = null;
    timer.slot = -1;
  }

  /// The first tick at whose end `deadlineNs` has passed, within what the wheel spans: never the
  /// slot that is being emptied, so that emptying ends.
  private long tickFor(long deadlineNs) {
    long due = (deadlineNs >> TICK_SHIFT) + 1;
    return Math.clamp(due, tick + 1, tick + SLOTS - 1);
  }

  private long tickOf(int slot) {
    return tick + 1 + ((slot - slotOf(tick + 1)) & (SLOTS - 1));
  }

  private static int slotOf(long tick) {
    return (int) tick & (SLOTS - 1);
  }
}
