package io.weft.zlib;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;

/// A raw DEFLATE stream that is being read. Holds native memory until it is closed, which must be
/// done once; for one thread at a time.
public interface Decompressor {

  /// Inflates until `in` is read, `out` is full, or a final block (RFC 1951 §3.2.3, BFINAL) has
  /// ended. In the last case it is reset: the next byte begins a new stream.
  ///
  /// @param in direct; its position moves behind what was taken
  /// @param out direct; its position moves behind what was written. If it is full now, there may be
  ///   more: call again with room in it, even if `in` is read
  /// @return whether a final block has ended
  /// @throws DataFormatException if no stream goes on so; then it must be reset or closed
  boolean inflate(ByteBuffer in, ByteBuffer out) throws DataFormatException;

  /// Forgets everything read: the next byte begins a new stream.
  void reset();

  /// Frees its memory. Nothing may be called afterwards.
  void close();
}
