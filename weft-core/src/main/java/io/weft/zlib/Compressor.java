package io.weft.zlib;

import java.nio.ByteBuffer;

/// A raw DEFLATE stream that is being written. Holds native memory until it is closed, which must
/// be done once; for one thread at a time.
public interface Compressor {

  /// Compresses what is unread in `in`, and flushes it to a byte boundary (`Z_SYNC_FLUSH`): the
  /// last four bytes that a finished flush writes are `00 00 ff ff`.
  ///
  /// @param in its position moves behind what was taken
  /// @param out direct; its position moves behind what was written. If it is full now, there may be
  ///   more: call again with room in it, and more than six bytes of it. If it is not, everything is
  ///   out
  void deflate(ByteBuffer in, ByteBuffer out);

  /// Forgets everything written: what follows refers to nothing before.
  void reset();

  /// Forgets everything written, and takes it that `text` was written last, as the peer has had it
  /// by other ways: what follows may refer to its end.
  ///
  /// @param text what is unread; stays so
  void reset(ByteBuffer text);

  /// Frees its memory. Nothing may be called afterwards.
  void close();
}
