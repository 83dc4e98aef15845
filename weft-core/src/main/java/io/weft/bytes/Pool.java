package io.weft.bytes;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// The chunks of one loop: all of one size, used again last in, first out, so that the memory a
/// turn touches stays small and warm. Beside them stand arrays for messages that must lie in one
/// piece. Not for two threads, but for [#promise] and [#redeem].
///
/// What comes back is kept, as long as it is used: [#trim], called now and then, lets go of what
/// nobody has needed since the last time.
///
/// A bound stands on what is lent to outboxes at once. It binds whoever asks [#hasSpare] first,
/// which is every message; the few bytes of a control frame are lent even above it, so the most
/// that can be out is the bound and a chunk a connection. What is kept of what arrived is lent by
/// [#keep] and counted apart.
///
/// It also has the loop's shares of the process's budget for what was received: [Budget].
public final class Pool {

  /// Free chunks kept whether they are used or not.
  private static final int KEPT_CHUNKS = 256;

  /// Arrays below this size are not kept: it costs little to make one.
  private static final int LEAST_KEPT_ARRAY = 16 << 10;

  /// The longest array that is kept.
  private static final int MOST_KEPT_ARRAY = 64 << 20;

  /// Bytes in a chunk by default: a 16 KiB message and its frame header fit in one.
  public static final int CHUNK_BYTES = (16 << 10) + 64;

  /// The loop's share of [Budget#RECEIVED].
  public final Budget.Share received;

  /// The loop's share of [Budget#KEPT].
  public final Budget.Share kept;

  private final int chunkBytes;
  private final int maxChunks;

  /// Bytes of spare arrays; what comes back beyond them goes to the garbage collector.
  private final long mostSpareBytes;

  /// Bytes that may be promised, if more than one message is.
  private final long mostPromisedBytes;

  private final List<Chunk> free = new ArrayList<>();
  private int lent;
  private int lentToKeep;

  /// The fewest free chunks there have been since the last trim.
  private int alwaysFree;

  /// Spare arrays, by the power of two that is their length.
  private final List<List<byte[]>> spares = new ArrayList<>();

  private long spareBytes;

  /// The fewest bytes of spare arrays there have been since the last trim.
  private long alwaysSpareBytes;

  /// Bytes that other threads were told they may send and that are not here yet.
  private final AtomicLong promisedBytes = new AtomicLong();

  /// Makes an empty pool; memory is allocated as it is asked for.
  ///
  /// @param chunkBytes size of each chunk
  /// @param maxBytes what may be lent at once; at least one chunk is. A quarter of it is the most
  ///   that spare arrays take
  public Pool(int chunkBytes, long maxBytes) {
    this(chunkBytes, maxBytes, unbounded(), unbounded());
  }

  private static Budget.Share unbounded() {
    return new Budget().open(Long.MAX_VALUE, 1);
  }

  /// Makes an empty pool with its loop's shares of the process's budget.
  ///
  /// @param chunkBytes as of the other
  /// @param maxBytes as of the other
  public Pool(int chunkBytes, long maxBytes, Budget.Share received, Budget.Share kept) {
    this.received = received;
    this.kept = kept;
    this.chunkBytes = chunkBytes;
    this.maxChunks = Math.clamp(maxBytes / chunkBytes, 1, Integer.MAX_VALUE);
    this.mostSpareBytes = maxBytes / 4;
    this.mostPromisedBytes = maxBytes / 2;
  }

  /// Size of each chunk, in bytes.
  public int chunkBytes() {
    return chunkBytes;
  }

  /// How many chunks are out.
  public int lentChunks() {
    return lent + lentToKeep;
  }

  /// Whether `bytes` more bytes can be lent within the bound, beside those promised.
  public boolean hasSpare(long bytes) {
    return lent + Math.ceilDiv(promisedBytes.get() + bytes, chunkBytes) <= maxChunks;
  }

  /// Whether a message that takes one chunk at most can be lent to an outbox that holds little:
  /// such have a quarter more than others, so that a few that hold much do not keep all from being
  /// served.
  public boolean hasSpareForSmall() {
    return lent + Math.ceilDiv(promisedBytes.get(), chunkBytes) < maxChunks + maxChunks / 4;
  }

  /// Whether more than three quarters are lent.
  public boolean isTight() {
    return lent > maxChunks - maxChunks / 4;
  }

  /// What is worth freeing at once, in bytes, where somebody has to pay.
  public long worthBytes() {
    return (long) maxChunks / 16 * chunkBytes;
  }

  /// Promises memory for `bytes` bytes that another thread hands over later; from any thread, which
  /// may see what is lent a moment late.
  ///
  /// @return false if they do not fit within the bound, or within half of it together with others
  ///   that are promised, since they wait in the heap; if they do, [#redeem] follows
  public boolean promise(int bytes) {
    long others;
    do {
      others = promisedBytes.get();
      boolean first = others == 0;
      if (lent + Math.ceilDiv(others + bytes, chunkBytes) > maxChunks
          || (!first && others + bytes > mostPromisedBytes)) {
        return false;
      }
    } while (!promisedBytes.compareAndSet(others, others + bytes));
    return true;
  }

  /// Ends a promise: the bytes are here, or will not come; from any thread.
  public void redeem(int bytes) {
    promisedBytes.getAndAdd(-bytes);
  }

  /// Lends a chunk, empty and with nothing to read. It comes back by [#give].
  public Chunk take() {
    lent++;
    return free();
  }

  private Chunk free() {
    if (free.isEmpty()) {
      return Chunk.ofSize(chunkBytes);
    }
    Chunk warmest = free.removeLast();
    alwaysFree = Math.min(alwaysFree, free.size());
    return warmest;
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

  /// Lends a chunk of at least `bytes` bytes for what arrived and cannot be taken yet. It comes
  /// back by [#giveKept].
  public Chunk keep(int bytes) {
    lentToKeep += chunksIn(bytes);
    return bytes <= chunkBytes ? free() : Chunk.ofSize(bytes);
  }

  /// Takes back a chunk of [#keep].
  public void giveKept(Chunk chunk) {
    lentToKeep -= chunksIn(chunk.capacity());
    assert lentToKeep >= 0;
    giveFree(chunk);
  }

  /// Takes back a chunk that came from this pool and that nobody holds any more.
  public void give(Chunk chunk) {
    assert chunk.holders == 0;
    lent -= chunksIn(chunk.capacity());
    assert lent >= 0;
    giveFree(chunk);
  }

  private void giveFree(Chunk chunk) {
    if (chunk.capacity() == chunkBytes) {
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

  /// Gives an array away, whose contents are anything. It may come back by [#giveArray], and counts
  /// for no bound meanwhile.
  ///
  /// @param least bytes that it must hold; a new one is less than twice as long
  /// @param wished bytes that it would better hold; it does if there is such an array to spare
  public byte[] takeArray(int least, int wished) {
    byte[] spare = wished > least ? takeSpare(logOf(wished)) : null;
    if (spare == null) {
      spare = takeSpare(logOf(least));
    }
    if (spare != null) {
      return spare;
    }
    return new byte[arrayBytes(least)];
  }

  /// How long an array is that [#takeArray] makes to hold `least` bytes.
  public static int arrayBytes(int least) {
    return least > MOST_KEPT_ARRAY ? least : 1 << logOf(least);
  }

  private byte @Nullable [] takeSpare(int log) {
    if (log >= spares.size() || spares.get(log).isEmpty()) {
      return null;
    }
    spareBytes -= 1 << log;
    alwaysSpareBytes = Math.min(alwaysSpareBytes, spareBytes);
    return spares.get(log).removeLast();
  }

  /// Takes back an array of [#takeArray] that nobody looks at any more.
  public void giveArray(byte[] array) {
    if (array.length < LEAST_KEPT_ARRAY
        || array.length > MOST_KEPT_ARRAY
        || array.length > mostSpareBytes - spareBytes) {
      return;
    }
    assert Integer.bitCount(array.length) == 1;
    int log = logOf(array.length);
    while (spares.size() <= log) {
      spares.add(new ArrayList<>());
    }
    spares.get(log).add(array);
    spareBytes += array.length;
  }

  /// The least power of two that is enough for so many bytes.
  private static int logOf(int bytes) {
    return Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(1, bytes) - 1);
  }

  /// Whether something is kept that [#trim] may let go of.
  public boolean isLarge() {
    return free.size() > KEPT_CHUNKS || spareBytes > 0;
  }

  /// Lets go of half of what nobody has needed since the last call. To be called every few seconds
  /// while the pool [#isLarge()].
  public void trim() {
    int chunks = Math.clamp((alwaysFree + 1) / 2, 0, Math.max(0, free.size() - KEPT_CHUNKS));
    free.subList(0, chunks).clear(); // the coldest
    long keepBytes = spareBytes - (alwaysSpareBytes + 1) / 2;
    for (int log = spares.size() - 1; log >= 0 && spareBytes > keepBytes; log--) {
      while (!spares.get(log).isEmpty() && spareBytes > keepBytes) {
        spareBytes -= spares.get(log).removeLast().length;
      }
    }
    alwaysFree = free.size();
    alwaysSpareBytes = spareBytes;
  }

  private int chunksIn(int bytes) {
    return Math.ceilDiv(bytes, chunkBytes);
  }
}
