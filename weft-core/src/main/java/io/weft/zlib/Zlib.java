package io.weft.zlib;

import org.jspecify.annotations.Nullable;

/// A library that speaks DEFLATE, and what its codecs cost.
///
/// | | compresses with windows of | memory level |
/// |---|---|---|
/// | the system's zlib or zlib-ng | 2^9 to 2^15 bytes | 1 to 9 |
/// | `java.util.zip` | 2^15 bytes | 8 |
///
/// A window of 2^8 bytes is offered by neither: zlib's raw DEFLATE refuses it, and older versions
/// silently took 2^9. Whatever the window, both read a stream made with a smaller one.
public interface Zlib {

  /// The system property that says which one [#system()] is: `native`, `jdk`, or `auto`, which is
  /// the default and means native if that works.
  String PROPERTY = "io.weft.zlib";

  /// Window bits of the largest window (RFC 1951 §2).
  int MOST_BITS = 15;

  /// The best there is, found once for the process.
  static Zlib system() {
    return Probe.FOUND;
  }

  /// Why [#system()] is not the native one although that was wanted; null if it is, or was not.
  static @Nullable String refusal() {
    return Probe.REFUSAL;
  }

  /// The one that is always there.
  static Zlib jdk() {
    return JdkZlib.INSTANCE;
  }

  /// Its name and version.
  String name();

  /// The smallest window it compresses with and keeps to, in bits: 9 to 15.
  int leastBits();

  /// Makes a compressor.
  ///
  /// @param windowBits [#leastBits()] to 15: no distance it writes is above 2^windowBits
  /// @param level 1 (fast) to 9 (small)
  /// @param memoryLevel 1 to 9; see [#compressorBytes]
  Compressor compressor(int windowBits, int level, int memoryLevel);

  /// Makes a decompressor.
  ///
  /// @param windowBits 8 to 15: no distance it will read is above 2^windowBits
  Decompressor decompressor(int windowBits);

  /// What a compressor costs, in bytes (zconf.h: twice the window and two bytes a place in it for
  /// chains; hash heads and pending output by the memory level), its own few KiB included.
  long compressorBytes(int windowBits, int memoryLevel);

  /// What a decompressor costs, in bytes (zconf.h), its own few KiB included.
  long decompressorBytes(int windowBits);
}
