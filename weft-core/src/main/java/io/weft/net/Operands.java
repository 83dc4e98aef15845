package io.weft.net;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.weft.bytes.Outbox;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// What requests to send more than one range point to: slots of a `struct msghdr` each and its
/// array of `struct iovec`.
///
/// A slot belongs to one request from the time it is made to its last completion, whenever the
/// kernel takes it and however late it looks. Slots are used again last in, first out, so that a
/// turn touches few and warm ones; one costs memory only once it was used. There is a bound: a
/// request that gets no slot sends one range, for which it needs none.
final class Operands {

  static final int NONE = -1;

  /// Ranges in one gathered write: with the pool's chunks, 1 MiB.
  static final int RANGES = 64;

  /// Slots in all, in 4.4 MB: as many connections can be slow at once and still gather.
  static final int MOST = 4096;

  private static final int IOVEC_BYTES = 16;
  private static final int MSGHDR_BYTES = 56;

  /// In a `struct msghdr`: where the ranges are, and how many.
  private static final int IOV_AT = 16;

  private static final int IOVLEN_AT = 24;
  private static final int SLOT_BYTES = MSGHDR_BYTES + RANGES * IOVEC_BYTES;

  private final MemorySegment memory;
  private final int most;

  /// Slots below this one have been used, and those that are free again stand in `free`.
  private int unused;

  private int[] free = new int[16];
  private int freeCount;

  /// @param most slots, at most [#MOST]
  Operands(Linux linux, int most) throws IOException {
    this.memory = linux.map((long) most * SLOT_BYTES);
    this.most = most;
  }

  /// How many slots belong to a request.
  int taken() {
    return unused - freeCount;
  }

  /// Takes a slot.
  ///
  /// @return [#NONE] if every one is taken
  int take() {
    if (freeCount > 0) {
      return free[--freeCount];
    }
    return unused < most ? unused++ : NONE;
  }

  /// Gives a slot back, once its request has had its last completion.
  void give(int slot) {
    assert spoil(slot);
    if (freeCount == free.length) {
      free = Arrays.copyOf(free, 2 * freeCount);
    }
    free[freeCount++] = slot;
  }

  /// Has a kernel that still looks into a slot find nothing there.
  private boolean spoil(int slot) {
    memory.asSlice(at(slot), SLOT_BYTES).fill((byte) 0xEE);
    return true;
  }

  /// Writes down the oldest bytes that wait in `outbox`.
  ///
  /// @param oldest is given the first range, as an address and a length
  /// @return in how many ranges
  int fill(int slot, Outbox outbox, MemorySegment oldest) {
    long at = at(slot);
    int count = outbox.gather(memory, at + MSGHDR_BYTES, RANGES);
    MemorySegment.copy(memory, at + MSGHDR_BYTES, oldest, 0, IOVEC_BYTES);
    for (int field = 0; field < MSGHDR_BYTES; field += Long.BYTES) {
      memory.set(JAVA_LONG, at + field, 0);
    }
    memory.set(JAVA_LONG, at + IOV_AT, address(slot) + MSGHDR_BYTES);
    memory.set(JAVA_LONG, at + IOVLEN_AT, count);
    return count;
  }

  /// Where the `struct msghdr` of a slot is.
  long address(int slot) {
    return memory.address() + at(slot);
  }

  private static long at(int slot) {
    return (long) slot * SLOT_BYTES;
  }
}
