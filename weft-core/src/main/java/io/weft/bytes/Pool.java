package io.weft.bytes;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/// The chunks of one loop: all of one size, used again last in, first out, so that the memory a
/// turn touches stays small and warm. Not for two threads, but for [#promise] and [#redeem].
///
/// A bound stands on what is out at once. It binds whoever asks [#hasSpare] first, which is every
/// message; the few bytes of a control frame or of a half-read turn are lent even above it, so the
/// most that can be out is the bound and those few chunks a connection.
public final class Pool {

  /// Free chunks kept for the next use; more than these go to the garbage collector.
  private static final int KEPT_CHUNKS = 256;

  /// Bytes in a chunk by default: a 16 KiB message and its frame header fit in one.
  public static final int CHUNK_BYTES = (16 << 10) + 64;

  private final int chunkBytes;
  private final int maxChunks;
  private final List<Chunk> free = new ArrayList<>();
  private int lent;

  /// Bytes that other threads were told they may send and that are not here yet.
  private final AtomicLong promisedBytes = new AtomicLong();

  /// Makes an empty pool; memory is allocated as it is asked for.
  ///
  /// @param chunkBytes size of each chunk
  /// @param maxBytes what may be lent at once; at least one chunk is
  public Pool(int chunkBytes, long maxBytes) {
    this.chunkBytes = chunkBytes;
    this.maxChunks = Math.clamp(maxBytes / chunkBytes, 1, Integer.MAX_VALUE);
  }

  /// Size of each chunk, in bytes.
  public int chunkBytes() {
    return chunkBytes;
  }

  /// How many chunks are out.
  public int lentChunks() {
    return lent;
  }

  /// Whether `bytes` more bytes can be lent within the bound, beside those promised.
  public boolean hasSpare(long bytes) {
    return lent + Math.ceilDiv(promisedBytes.get() + bytes, chunkBytes) <= maxChunks;
  }

  /// Promises memory for `bytes` bytes that another thread hands over later; from any thread, which
  /// may see what is lent a moment late.
  ///
  /// @return false if they do not fit within the bound; if they do, [#redeem] follows
  public boolean promise(int bytes) {
    long others = promisedBytes.getAndAdd(bytes);
    if (lent + Math.ceilDiv(others + bytes, chunkBytes) > maxChunks) {
      promisedBytes.getAndAdd(-bytes);
      return false;
    }
    return true;
  }

  /// Ends a promise: the bytes are here, or will not come; from any thread.
  public void redeem(int bytes) {
    promisedBytes.getAndAdd(-bytes);
  }

  /// Lends a chunk, empty and with nothing to read. It comes back by [#give].
  public Chunk take() {
    lent++;
    return free.isEmpty() ? Chunk.ofSize(chunkBytes) : free.removeLast();
  }

  /// Lends a chunk of at least `bytes` bytes; one larger than the pool's own size is made for this
  /// use alone.
  public Chunk take(int bytes) {
    if (bytes <= chunkBytes) {
      return take();
    }
    lent += chunksIn(bytes);
    return Chunk.ofSize(bytes);
  }

  /// Takes back a chunk that came from this pool and that nobody holds any more.
  public void give(Chunk chunk) {
    assert chunk.holders == 0;
    lent -= chunksIn(chunk.capacity());
    assert lent >= 0;
    if (chunk.capacity() == chunkBytes && free.size() < KEPT_CHUNKS) {
      chunk.buffer.position(0).limit(0);
      free.add(chunk);
    }
  }

  /// Takes back a chunk that was offered to outboxes, if none of them holds it; else the last to
  /// send it gives it back.
  public void giveUnlessHeld(Chunk chunk) {
    if (chunk.holders == 0) {
      give(chunk);
    }
  }

  private int chunksIn(int bytes) {
    return Math.ceilDiv(bytes, chunkBytes);
  }
}
