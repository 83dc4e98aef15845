package io.weft.bytes;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A fixed piece of native memory with its views, each made once.
///
/// [#buffer] is for what takes a `ByteBuffer` (channels, `SSLEngine`, `Inflater`); its position and
/// limit are the chunk's own: between them stand the bytes not yet read. The bounded segment behind
/// it is for masking and UTF-8, where C2 vectorises over a bounded segment but not over a direct
/// buffer. The memory goes when the chunk is unreachable. One thread at a time owns a chunk.
public final class Chunk {

  private static final ValueLayout.OfLong LITTLE_ENDIAN_LONG =
      JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /// The whole chunk, big-endian. A reader moves its position; a writer its limit.
  public final ByteBuffer buffer;

  /// A second, read-only view for handing a range to an application; see [#view(int, int)].
  private final ByteBuffer view;

  private final MemorySegment memory;

  /// Where it lies; for the operating system.
  private final long address;

  /// This chunk's place in the one outbox that fills it.
  final Outbox.Piece piece = new Outbox.Piece(this);

  /// How many pieces of outboxes hold it; the pool has it back at 0.
  int holders;

  private Chunk(MemorySegment memory) {
    this.memory = memory;
    this.address = memory.address();
    this.buffer = memory.asByteBuffer().order(ByteOrder.BIG_ENDIAN).limit(0);
    this.view = memory.asByteBuffer().asReadOnlyBuffer().order(ByteOrder.BIG_ENDIAN);
  }

  /// Makes a chunk with nothing to read in it.
  ///
  /// @param bytes its size for life
  public static Chunk ofSize(int bytes) {
    return new Chunk(Arena.ofAuto().allocate(bytes, Long.BYTES));
  }

  /// Makes a chunk of memory that somebody has; the chunk keeps it.
  public static Chunk over(MemorySegment memory) {
    return new Chunk(memory);
  }

  /// Makes a chunk whose unread bytes are a copy of `bytes`.
  public static Chunk copyOf(byte[] bytes) {
    Chunk chunk = ofSize(Math.max(1, bytes.length));
    chunk.buffer.limit(bytes.length).put(0, bytes);
    return chunk;
  }

  /// The address of its first byte, for the operating system; good while somebody has the chunk.
  public long address() {
    return address;
  }

  /// Its size, in bytes.
  public int capacity() {
    return buffer.capacity();
  }

  /// How many bytes are still unread.
  public int remaining() {
    return buffer.remaining();
  }

  /// Shows the bytes from index `from` to index `to`, without a copy and without an allocation.
  ///
  /// @return the chunk's one read-only view, big-endian; good until the next call or the next write
  public ByteBuffer view(int from, int to) {
    return view.order(ByteOrder.BIG_ENDIAN).limit(to).position(from);
  }

  /// Combines each byte from index `from` to index `to` with the four bytes of `key` in turn, the
  /// highest first, by exclusive or. Eight bytes a step, in place.
  public void xor(int from, int to, int key) {
    long pair = (key & 0xFFFF_FFFFL) << Integer.SIZE | (key & 0xFFFF_FFFFL);
    long pattern = ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? pair : Long.reverseBytes(pair);
    int wholeTo = from + ((to - from) & -Long.BYTES);
    for (int at = from; at < wholeTo; at += Long.BYTES) {
      memory.set(JAVA_LONG_UNALIGNED, at, memory.get(JAVA_LONG_UNALIGNED, at) ^ pattern);
    }
    for (int at = wholeTo; at < to; at++) {
      byte of = (byte) (key >>> (Integer.SIZE - Byte.SIZE * (1 + ((at - from) & 3))));
      memory.set(JAVA_BYTE, at, (byte) (memory.get(JAVA_BYTE, at) ^ of));
    }
  }

  /// The eight bytes at index `at`, the first of them lowest.
  long longAt(int at) {
    return memory.get(LITTLE_ENDIAN_LONG, at);
  }

  /// The byte at index `at`, 0 to 255.
  int byteAt(int at) {
    return memory.get(JAVA_BYTE, at) & 0xFF;
  }
}
