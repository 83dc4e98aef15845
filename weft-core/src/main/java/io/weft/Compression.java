package io.weft;

import io.weft.ws.DeflateOffer;
import io.weft.zlib.Zlib;
import java.util.Objects;

/// Whether and how messages are compressed: permessage-deflate (RFC 7692). Off unless asked for.
///
/// ```java
/// Server.at(8080).compression(Compression.on())
/// Client.to(url).compression(Compression.takeover().windowBits(11))
/// ```
///
/// A value. What is agreed on with each peer is in [WebSocket#extensions()]; each message may be
/// excepted ([Compress]).
///
/// | | `on()` | `takeover()` |
/// |---|---|---|
/// | a message refers to | itself | those before it, as far as the window reaches |
/// | good for | everything | many small, similar messages |
/// | an idle connection holds | nothing | a decompressor of 2^windowBits bytes and 7 KiB |
/// | an active one | nothing between messages | and a compressor: see [#memoryLevel()] |
///
/// The system's zlib compresses if it can be called, which needs `--enable-native-access`;
/// otherwise `java.util.zip` does, which knows a window of 15 bits and a memory level of 8 only:
/// then these two options are without effect, and a peer that asks for a smaller window gets none.
///
/// @param mode off, on, or on with context takeover
/// @param windowBits of the window that is compressed with at most, and that the peer is asked to
///   compress with, if it allows that: 9 to 15, 12 by default. The memory of both directions
///   follows from it, unless the peer keeps to its own window, of 15 bits
/// @param level 1 (fast) to 9 (small), as of zlib; 6 by default
/// @param memoryLevel 1 to 9, as of zlib; 5 by default, 3 with context takeover, where each active
///   connection has a compressor. That takes `2^(windowBits + 2) + 2^(memoryLevel + 9)` bytes and 6
///   KiB: 26 KiB by default. With context takeover a published message, and one of 16 KiB and four
///   windows or more, goes by a compressor of the loop's, whose memory level is 5 at least
/// @param thresholdBytes messages shorter than this go as they are ([Compress#AUTO]); 128 by
///   default
public record Compression(
    Mode mode, int windowBits, int level, int memoryLevel, int thresholdBytes) {

  /// Whether messages are compressed, and what they may refer to.
  public enum Mode {
    /// No message is compressed.
    OFF,
    /// Each message by itself, in both directions: between two of them nothing is held.
    ON,
    /// Each message in the context of those before it, in both directions, where the peer agrees
    /// and there is memory ([Limits#codecBytes()]).
    TAKEOVER
  }

  private static final int LEAST_BITS = 9;
  private static final int MOST_BITS = 15;

  /// Of a compressor that few share, so that only speed counts.
  static final int SHARED_MEMORY_LEVEL = 5;

  /// Of a compressor that each active connection has: with a decompressor, less than 40 KiB.
  private static final int OWN_MEMORY_LEVEL = 3;

  /// Checks the numbers.
  ///
  /// @throws IllegalArgumentException naming the one that is out of its range
  public Compression {
    Objects.requireNonNull(mode, "mode");
    within("windowBits", windowBits, LEAST_BITS, MOST_BITS);
    within("level", level, 1, 9);
    within("memoryLevel", memoryLevel, 1, 9);
    within("thresholdBytes", thresholdBytes, 0, Integer.MAX_VALUE);
  }

  private static void within(String name, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          name + " is " + value + "; it must be " + least + " to " + most);
    }
  }

  /// No compression; the default.
  public static Compression off() {
    return of(Mode.OFF);
  }

  /// Each message by itself.
  public static Compression on() {
    return of(Mode.ON);
  }

  /// Each message in the context of those before it.
  public static Compression takeover() {
    return of(Mode.TAKEOVER);
  }

  /// The defaults of a mode.
  public static Compression of(Mode mode) {
    int memoryLevel = mode == Mode.TAKEOVER ? OWN_MEMORY_LEVEL : SHARED_MEMORY_LEVEL;
    return new Compression(mode, 12, 6, memoryLevel, 128);
  }

  /// The same with windows of another size.
  ///
  /// @param bits 9 to 15
  /// @throws IllegalArgumentException if it is not
  public Compression windowBits(int bits) {
    return new Compression(mode, bits, level, memoryLevel, thresholdBytes);
  }

  /// The same with another level.
  ///
  /// @param other 1 (fast) to 9 (small)
  /// @throws IllegalArgumentException if it is not
  public Compression level(int other) {
    return new Compression(mode, windowBits, other, memoryLevel, thresholdBytes);
  }

  /// The same with another memory level.
  ///
  /// @param other 1 to 9
  /// @throws IllegalArgumentException if it is not
  public Compression memoryLevel(int other) {
    return new Compression(mode, windowBits, level, other, thresholdBytes);
  }

  /// The same with another threshold.
  ///
  /// @param bytes 0 or more
  /// @throws IllegalArgumentException if it is not
  public Compression thresholdBytes(int bytes) {
    return new Compression(mode, windowBits, level, memoryLevel, bytes);
  }

  /// What these options mean with a library, which may have its own smallest window.
  DeflateOffer.Terms terms(Zlib zlib) {
    int bits = Math.max(windowBits, zlib.leastBits());
    return new DeflateOffer.Terms(mode == Mode.TAKEOVER, bits, zlib.leastBits());
  }
}
