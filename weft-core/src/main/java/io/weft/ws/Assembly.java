package io.weft.ws;

import io.weft.bytes.Chunk;
import io.weft.bytes.Holder;
import io.weft.bytes.Pool;
import io.weft.bytes.Utf8;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// A message that is being put together, because it comes in several fragments (§5.4), in several
/// reads, or encoded. Its memory follows the bytes that have come, and is less than twice as much;
/// only of what the pool has to spare it takes as much as was announced. Whoever holds it is
/// charged for all of it, before it is allocated.
///
/// A text is judged as it comes, so that the first impossible byte fails it (§8.1).
public final class Assembly {

  private static final byte[] NOTHING = {};

  /// Over every bound, and small enough to be added to.
  private static final long ANY_BOUND_BYTES = 1L << 40;

  /// Whether the message is text.
  final boolean isText;

  private final Bounds bounds;
  private final Holder holder;

  /// What its payload is encoded by; null if it is plain.
  private final @Nullable Extension encoding;

  private byte[] bytes = NOTHING;
  private int size;
  private boolean whole;

  /// What [Utf8] knows so far; stays at the boundary if the message is binary.
  private int utf8 = Utf8.BOUNDARY;

  private int fragments;
  private int emptyFragments;

  /// Payload bytes announced so far, before decoding.
  private long wireBytes;

  /// Makes an empty message.
  ///
  /// @param first what its first frame is
  /// @param encoding what its payload is encoded by; null if it is plain
  Assembly(Bounds bounds, Holder holder, Opcode first, @Nullable Extension encoding) {
    assert first.beginsMessage();
    this.bounds = bounds;
    this.holder = holder;
    this.isText = first == Opcode.TEXT;
    this.encoding = encoding;
  }

  /// Judges one more frame of the message by its header, before its payload is waited for.
  ///
  /// @param payloadBytes the length it has
  /// @throws ProtocolException with close code 1008 or 1009, if a bound is crossed
  void admit(long payloadBytes) throws ProtocolException {
    fragments++;
    if (payloadBytes == 0) {
      emptyFragments++;
    }
    bounds.checkFragments(fragments, emptyFragments);
    wireBytes += Math.min(payloadBytes, ANY_BOUND_BYTES);
    if (encoding != null) {
      bounds.checkEncoded(wireBytes);
    } else {
      bounds.checkMessage(wireBytes);
    }
  }

  /// Takes more of the payload: the bytes of `in` from index `from` to index `to`, unmasked.
  ///
  /// @param last whether the message ends here
  /// @throws ProtocolException with close code 1007 if a text does not go on or end so, 1009 if the
  ///   message is too large, or as the extension says
  void take(Chunk in, int from, int to, boolean last) throws ProtocolException {
    if (encoding == null) {
      append(in, from, to);
    } else {
      encoding.decode(in, from, to, last, this);
    }
    if (last && utf8 != Utf8.BOUNDARY) {
      throw new ProtocolException(
          CloseCode.INVALID_DATA, "§8.1", "a text ends inside a code point");
    }
    whole = last;
  }

  /// Appends the bytes of `in` from index `from` to index `to`.
  ///
  /// @throws ProtocolException with close code 1007 if no text goes on so, 1009 if the message is
  ///   too large
  public void append(Chunk in, int from, int to) throws ProtocolException {
    judge(isText ? Utf8.judge(utf8, in, from, to) : utf8);
    reserve(to - from);
    in.buffer.get(from, bytes, size, to - from);
    size += to - from;
  }

  private void judge(int state) throws ProtocolException {
    if (state == Utf8.MALFORMED) {
      throw new ProtocolException(CloseCode.INVALID_DATA, "§8.1", "a text is not UTF-8");
    }
    utf8 = state;
  }

  private void reserve(int more) throws ProtocolException {
    bounds.checkMessage((long) size + more);
    int needed = size + more;
    if (needed > bytes.length) {
      long announced = encoding == null ? wireBytes : bounds.messageBytes();
      int least = (int) Math.max(needed, Math.min(2L * bytes.length, announced));
      byte[] larger = take(least, encoding == null ? (int) wireBytes : least);
      System.arraycopy(bytes, 0, larger, 0, size);
      giveBack();
      bytes = larger;
    }
  }

  private byte[] take(int least, int wished) throws ProtocolException {
    int length = Pool.arrayBytes(least);
    if (!holder.hold(length)) {
      throw new ProtocolException(
          CloseCode.TRY_AGAIN_LATER,
          "§10.4",
          "no memory for a message of over "
              + size
              + " bytes: all that was received is at its bound");
    }
    byte[] array = holder.pool().takeArray(least, wished);
    if (array.length > length && !holder.hold(array.length - length)) {
      holder.pool().giveArray(array);
      return holder.pool().takeArray(least, least);
    }
    return array;
  }

  private void giveBack() {
    holder.pool().giveArray(bytes);
    holder.letGo(bytes.length);
  }

  /// Payload bytes announced so far, before decoding.
  long wireBytes() {
    return wireBytes;
  }

  /// Whether all of it has come.
  boolean isWhole() {
    return whole;
  }

  /// Gives its memory back; nobody may look at the payload any more.
  void release() {
    giveBack();
    bytes = NOTHING;
    size = 0;
  }

  /// How many bytes more it takes.
  int room() {
    return bounds.messageBytes() - size;
  }

  /// The bytes so far, without a copy, and nothing of what the array has held before.
  ByteBuffer payload() {
    return ByteBuffer.wrap(bytes, 0, size).slice();
  }

  /// How many bytes of memory stand behind it.
  int capacity() {
    return bytes.length;
  }
}
