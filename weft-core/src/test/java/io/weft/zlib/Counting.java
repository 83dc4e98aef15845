package io.weft.zlib;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;

/// Another library, how many bytes it inflates, and how often it compresses.
public final class Counting implements Zlib {

  private final Zlib zlib;
  public long inflatedBytes;
  public int compressions;

  public Counting(Zlib zlib) {
    this.zlib = zlib;
  }

  @Override
  public String name() {
    return zlib.name();
  }

  @Override
  public int leastBits() {
    return zlib.leastBits();
  }

  @Override
  public Compressor compressor(int windowBits, int level, int memoryLevel) {
    Compressor of = zlib.compressor(windowBits, level, memoryLevel);
    return new Compressor() {
      @Override
      public void deflate(ByteBuffer in, ByteBuffer out) {
        compressions++;
        of.deflate(in, out);
      }

      @Override
      public void reset() {
        of.reset();
      }

      @Override
      public void reset(ByteBuffer text) {
        of.reset(text);
      }

      @Override
      public void close() {
        of.close();
      }
    };
  }

  @Override
  public Decompressor decompressor(int windowBits) {
    Decompressor of = zlib.decompressor(windowBits);
    return new Decompressor() {
      @Override
      public boolean inflate(ByteBuffer in, ByteBuffer out) throws DataFormatException {
        int from = out.position();
        boolean ended = of.inflate(in, out);
        inflatedBytes += out.position() - from;
        return ended;
      }

      @Override
      public void reset() {
        of.reset();
      }

      @Override
      public void close() {
        of.close();
      }
    };
  }

  @Override
  public long compressorBytes(int windowBits, int memoryLevel) {
    return zlib.compressorBytes(windowBits, memoryLevel);
  }

  @Override
  public long decompressorBytes(int windowBits) {
    return zlib.decompressorBytes(windowBits);
  }
}
