package io.weft;

import io.weft.bytes.Chunk;
import io.weft.bytes.Holder;
import io.weft.http.Http1;
import io.weft.http.HttpException;
import java.util.Arrays;

/// The body of a request, put together as it comes. Its memory follows the bytes that have come,
/// and is less than twice as much; the connection is charged for it before it is allocated.
final class Body {

  private static final byte[] NOTHING = {};

  /// What is allocated first, if as much is announced, in bytes.
  private static final int FIRST_BYTES = 1 << 10;

  private final Holder holder;
  private byte[] bytes = NOTHING;
  private int size;

  /// @param holder who is charged
  Body(Holder holder) {
    this.holder = holder;
  }

  /// Takes the piece that was read last.
  ///
  /// @throws HttpException with status 503, if there is no memory for it
  void take(Http1 http, Chunk in) throws HttpException {
    int more = http.bodyTo() - http.bodyFrom();
    int needed = size + more;
    if (needed > bytes.length) {
      long wished = Math.max(needed, Math.max(FIRST_BYTES, 2L * bytes.length));
      grow((int) (http.isSized() ? Math.min(wished, needed + http.announcedBytes()) : wished));
    }
    in.view(http.bodyFrom(), http.bodyTo()).get(bytes, size, more);
    size = needed;
  }

  private void grow(int length) throws HttpException {
    if (!holder.hold(length)) {
      throw new HttpException(
          503,
          "RFC 9110 §15.6.4",
          "no memory for more of a body: all that was received is at its bound");
    }
    holder.letGo(bytes.length);
    bytes = Arrays.copyOf(bytes, length);
  }

  /// All that has come, without a copy if its length was known.
  byte[] whole() {
    return size == bytes.length ? bytes : Arrays.copyOf(bytes, size);
  }

  /// Ends the charge.
  void letGo() {
    holder.letGo(bytes.length);
    bytes = NOTHING;
    size = 0;
  }
}
