package io.weft.ws;

import io.weft.zlib.Compressor;
import io.weft.zlib.Decompressor;
import io.weft.zlib.Zlib;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;

/// Another library, and how many bytes it inflates.
final class Counting implements Zlib {

  private final Zlib zlib;
  long inflatedBytes;

  Counting(Zlib zlib) {
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
    return zlib.compressor(windowBits, level, memoryLevel);
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
