package io.weft.zlib;

/// What zlib's codecs allocate, as zconf.h says it, and the states themselves.
final class Formula {

  /// `deflate_state`, `z_stream` and what malloc adds.
  private static final long COMPRESSOR_BYTES = 6 << 10;

  /// `inflate_state` with its tables, `z_stream` and what malloc adds.
  private static final long DECOMPRESSOR_BYTES = 7 << 10;

  private Formula() {}

  static long compressorBytes(int windowBits, int memoryLevel) {
    return (1L << (windowBits + 2)) + (1L << (memoryLevel + 9)) + COMPRESSOR_BYTES;
  }

  static long decompressorBytes(int windowBits) {
    return (1L << windowBits) + DECOMPRESSOR_BYTES;
  }
}
