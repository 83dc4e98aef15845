package io.weft.cli;

import io.weft.Compression;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/// The options of permessage-deflate.
final class CompressionOptions {

  private static final Compression DEFAULTS = Compression.off();

  @Option(
      names = "--compression",
      paramLabel = "off|on|takeover",
      description =
          "Agree on permessage-deflate (RFC 7692) if it is offered: on compresses each message by"
              + " itself, takeover in the context of those before it, which shrinks small messages"
              + " more and takes memory for each connection. Default: ${DEFAULT-VALUE}")
  private Modes.Compressing mode = Modes.Compressing.OFF;

  @Option(
      names = "--compression-level",
      paramLabel = "1..9",
      converter = Level.class,
      description = "How much work that is: 1 fast, 9 small. Default: ${DEFAULT-VALUE}")
  private int level = DEFAULTS.level();

  @Option(
      names = "--compression-memory",
      paramLabel = "1..9",
      converter = Level.class,
      description =
          "The memory level of a compressor, which takes 2^(BITS+2) + 2^(this+9) bytes and 6KiB;"
              + " with takeover, that of a connection."
              + " Default: 5, with takeover 3")
  private @Nullable Integer memoryLevel;

  @Option(
      names = "--window-bits",
      paramLabel = "9..15",
      converter = Bits.class,
      description =
          "The largest window, 2^BITS bytes, in both directions as far as the client allows."
              + " Default: ${DEFAULT-VALUE}")
  private int windowBits = DEFAULTS.windowBits();

  @Option(
      names = "--compression-threshold",
      paramLabel = "SIZE",
      converter = Threshold.class,
      description = "Shorter messages go uncompressed. Default: ${DEFAULT-VALUE}")
  private int thresholdBytes = DEFAULTS.thresholdBytes();

  Compression value() {
    Compression usual = Compression.of(mode.mode);
    return new Compression(
        mode.mode,
        windowBits,
        level,
        memoryLevel == null ? usual.memoryLevel() : memoryLevel,
        thresholdBytes);
  }

  static final class Level implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return Serve.whole(text, 1, 9, "level", "6");
    }
  }

  static final class Bits implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return Serve.whole(text, 9, 15, "number of window bits", "12");
    }
  }

  static final class Threshold implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) Sizes.parse(text, Integer.MAX_VALUE);
    }
  }
}
