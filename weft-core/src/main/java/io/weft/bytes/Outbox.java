package io.weft.bytes;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The bytes that wait to be sent on one connection, in order.
///
/// They lie in chunks of the loop's pool. The connection's own bytes are copied into the last chunk
/// that only it fills; a shared chunk (a published message) is held by reference. An empty outbox
/// holds no memory.
///
/// ```text
///  first                                            last
///  [....sent|waiting] -> [shared, waiting] -> [waiting|room...]
/// ```
///
/// Two marks stand on it. Above the soft mark it is *high*: whoever writes should wait until it is
/// *low* again, at half the mark. While it is high, a message that would take it over the hard mark
/// is not taken; the few bytes of a control frame always are. So whoever waits while it is high is
/// never refused, and it never holds more than both marks together. Belongs to one thread.
public final class Outbox {

  private final Pool pool;
  private final int softBytes;
  private final int hardBytes;
  private @Nullable Piece first;
  private @Nullable Piece last;
  private int bytes;

  /// Where what is taken from here stands, sealed, until it leaves; null if it leaves from here.
  private @Nullable Outbox wire;

  /// A range of a chunk that waits to be sent.
  static final class Piece {
    private final Chunk chunk;
    private int from;
    private int to;
    private @Nullable Piece next;

    Piece(Chunk chunk) {
      this.chunk = chunk;
    }
  }

  /// Makes an empty outbox.
  ///
  /// @param pool where its chunks come from and go back to
  /// @param softBytes above this it is high; at or under half of it, low
  /// @param hardBytes what no message takes it over while it is high
  public Outbox(Pool pool, int softBytes, int hardBytes) {
    this.pool = pool;
    this.softBytes = softBytes;
    this.hardBytes = hardBytes;
  }

  /// Counts what waits in `sealed` as waiting here too: what is [#sent] from here goes there, and
  /// leaves from there.
  public void leavesBy(Outbox sealed) {
    wire = sealed;
  }

  /// How many bytes wait.
  public int bytes() {
    Outbox beyond = wire;
    return beyond == null ? bytes : bytes + beyond.bytes;
  }

  /// Whether nothing waits.
  public boolean isEmpty() {
    return bytes() == 0;
  }

  /// Whether more than the soft mark waits.
  public boolean isHigh() {
    return bytes() > softBytes;
  }

  /// Whether no more than half the soft mark waits.
  public boolean isLow() {
    return bytes() <= softBytes / 2;
  }

  /// Whether a message of `messageBytes` would stand in one chunk with all that waits.
  public boolean isSmallWith(long messageBytes) {
    return bytes() + messageBytes <= pool.chunkBytes();
  }

  /// Whether a message of `messageBytes` is taken, beside `promisedBytes` that others were told
  /// they may send: it fits under the hard mark, or no more than the soft mark waits. Whether there
  /// is memory for it is up to the loop.
  public boolean fits(long messageBytes, long promisedBytes) {
    long waiting = bytes() + promisedBytes;
    return waiting <= softBytes || waiting + messageBytes <= hardBytes;
  }

  /// A place for `room` bytes in a row, at most [Pool#chunkBytes()]: write at the position, then
  /// call [#wrote].
  public ByteBuffer room(int room) {
    Piece tail = last;
    if (tail == null || tail.chunk.piece != tail || tail.chunk.capacity() - tail.to < room) {
      tail = grow();
    }
    ByteBuffer buffer = tail.chunk.buffer;
    return buffer.limit(buffer.capacity()).position(tail.to);
  }

  /// Takes what was written since [#room].
  public void wrote() {
    Piece tail = tail();
    int to = tail.chunk.buffer.position();
    bytes += to - tail.to;
    tail.to = to;
  }

  /// Appends a copy of `source` from index `from` to index `to`. Its position and limit are neither
  /// looked at nor moved, so that many threads may send one buffer at a time.
  ///
  /// @param key each byte is combined with its four bytes in turn, the highest first; 0 for none
  public void put(ByteBuffer source, int from, int to, int key) {
    int turn = key;
    int at = from;
    while (at < to) {
      ByteBuffer room = room(1);
      int start = room.position();
      int step = Math.min(room.remaining(), to - at);
      room.put(start, source, at, step).position(start + step);
      at += step;
      if (turn != 0) {
        tail().chunk.xor(start, start + step, turn);
        turn = Integer.rotateLeft(turn, step * Byte.SIZE);
      }
      wrote();
    }
  }

  /// Appends a copy of `source` from index `from` to index `to`.
  ///
  /// @param key as in [#put(ByteBuffer, int, int, int)]
  public void put(byte[] source, int from, int to, int key) {
    int turn = key;
    int at = from;
    while (at < to) {
      ByteBuffer room = room(1);
      int start = room.position();
      int step = Math.min(room.remaining(), to - at);
      room.put(source, at, step);
      at += step;
      if (turn != 0) {
        tail().chunk.xor(start, start + step, turn);
        turn = Integer.rotateLeft(turn, step * Byte.SIZE);
      }
      wrote();
    }
  }

  /// Appends the bytes of `chunk` from index `from` to index `to` by reference. They must stay as
  /// they are until every outbox that holds them has sent them; the last to do so gives the chunk
  /// back to the pool.
  public void share(Chunk chunk, int from, int to) {
    Piece piece = new Piece(chunk);
    piece.from = from;
    piece.to = to;
    append(piece);
    bytes += to - from;
  }

  /// Shows the oldest waiting bytes as buffers for one gathered write.
  ///
  /// @param into filled from index 0
  /// @return how many buffers were set
  public int gather(ByteBuffer[] into) {
    int count = 0;
    for (Piece piece = first; piece != null && count < into.length; piece = piece.next) {
      into[count++] = piece.chunk.buffer.limit(piece.to).position(piece.from);
    }
    return count;
  }

  /// Writes down where the oldest waiting bytes lie, as an array of `struct iovec` of a 64-bit
  /// machine: an address and a length, 8 bytes each.
  ///
  /// @param into filled from byte `at` on
  /// @param most ranges to write down
  /// @return how many were
  public int gather(MemorySegment into, long at, int most) {
    int count = 0;
    long to = at;
    for (Piece piece = first; piece != null && count < most; piece = piece.next) {
      into.set(JAVA_LONG, to, piece.chunk.address() + piece.from);
      into.set(JAVA_LONG, to + Long.BYTES, piece.to - piece.from);
      to += 2 * Long.BYTES;
      count++;
    }
    return count;
  }

  /// Forgets the oldest `sent` bytes, which have left, and frees the memory that this empties.
  public void sent(long sent) {
    assert sent >= 0 && sent <= bytes;
    bytes -= (int) sent;
    long left = sent;
    Piece piece = first;
    while (piece != null && left >= piece.to - piece.from) {
      left -= piece.to - piece.from;
      Piece next = piece.next;
      release(piece);
      piece = next;
    }
    first = piece;
    if (piece == null) {
      last = null;
    } else {
      piece.from += (int) left;
    }
  }

  /// Drops everything that waits and frees its memory.
  public void clear() {
    sent(bytes);
  }

  /// Has the memory of everything that waits never go back to the pool, because somebody who does
  /// not answer may still read it.
  ///
  /// @return what has to stay reachable
  public List<Chunk> keepForGood() {
    List<Chunk> kept = new ArrayList<>();
    for (Piece piece = first; piece != null; piece = piece.next) {
      piece.chunk.holders++;
      kept.add(piece.chunk);
    }
    return kept;
  }

  private Piece tail() {
    Piece tail = last;
    if (tail == null) {
      throw new IllegalStateException("nothing was reserved: call room(n) first");
    }
    return tail;
  }

  private Piece grow() {
    Piece piece = pool.take().piece;
    piece.from = 0;
    piece.to = 0;
    append(piece);
    return piece;
  }

  private void append(Piece piece) {
    piece.chunk.holders++;
    if (last == null) {
      first = piece;
    } else {
      last.next = piece;
    }
    last = piece;
  }

  private void release(Piece piece) {
    piece.next = null;
    if (--piece.chunk.holders == 0) {
      pool.give(piece.chunk);
    }
  }
}
