package io.weft.net;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.weft.bytes.Chunk;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/// The buffers that a ring receives into: the kernel takes one when there is something to put into
/// it, and the loop gives it back when that was delivered.
///
/// They stand in a ring of their own, whose tail is ours. A buffer costs memory only as far as it
/// has ever been filled. The registration ends with the ring; the memory must stay until then, and
/// until every request that may fill some of it has had its last completion.
final class Provided {

  /// What two buffers' beginnings are apart, beyond a buffer's size, so that small messages do not
  /// meet in the same lines of the processor's caches.
  private static final int LINE_BYTES = 64;

  private static final int REGISTER_PBUF_RING = 22;
  private static final int REGISTRATION_BYTES = 40;
  private static final int ENTRY_BYTES = 16;

  /// The tail stands where the first entry has room.
  private static final int TAIL_AT = 14;

  private static final VarHandle SHORT =
      ValueLayout.JAVA_SHORT.varHandle().withInvokeExactBehavior();

  private final MemorySegment entries;
  private final Chunk[] chunks;
  private int tail;

  /// @param count how many, a power of two
  /// @param bytes size of each
  /// @throws IOException if the system refuses
  Provided(Linux linux, Ring ring, int count, int bytes) throws IOException {
    entries = linux.map((long) count * ENTRY_BYTES);
    try (Arena call = Arena.ofConfined()) {
      MemorySegment what = call.allocate(REGISTRATION_BYTES, Long.BYTES);
      what.set(JAVA_LONG, 0, entries.address());
      what.set(JAVA_INT, 8, count);
      long registered = ring.register(REGISTER_PBUF_RING, what, 1);
      if (registered < 0) {
        throw new Ring.Refused((int) -registered);
      }
    }
    long stride = (Math.ceilDiv(bytes, LINE_BYTES) + 1L) * LINE_BYTES;
    MemorySegment memory = linux.map(stride * count);
    chunks = new Chunk[count];
    for (int at = 0; at < count; at++) {
      chunks[at] = Chunk.over(memory.asSlice(at * stride, bytes));
      give(at);
    }
  }

  /// Gives a buffer to the kernel.
  void give(int number) {
    long at = (long) (tail & (chunks.length - 1)) * ENTRY_BYTES;
    entries.set(JAVA_LONG, at, chunks[number].address());
    entries.set(JAVA_INT, at + 8, chunks[number].capacity());
    entries.set(JAVA_SHORT, at + 12, (short) number);
    tail++;
    SHORT.setRelease(entries, (long) TAIL_AT, (short) tail);
  }

  /// Gives back the buffer that a completion brought, if it brought one.
  void giveBack(int completionFlags) {
    if ((completionFlags & Ring.BUFFER) != 0) {
      give(completionFlags >>> Ring.BUFFER_SHIFT);
    }
  }

  /// The buffer that a completion brought, with what was received.
  Chunk chunk(int completionFlags, int received) {
    Chunk chunk = chunks[completionFlags >>> Ring.BUFFER_SHIFT];
    chunk.buffer.limit(received).position(0);
    return chunk;
  }
}
