package io.weft.zlib;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/// `java.util.zip`, whose window and memory cannot be chosen.
final class JdkZlib implements Zlib {

  static final JdkZlib INSTANCE = new JdkZlib();

  /// What `java.util.zip` asks of zlib (DEF_MEM_LEVEL).
  private static final int MEMORY_LEVEL = 8;

  private JdkZlib() {}

  @Override
  public String name() {
    return "java.util.zip";
  }

  @Override
  public int leastBits() {
    return MOST_BITS;
  }

  @Override
  public Compressor compressor(int windowBits, int level, int memoryLevel) {
    if (windowBits != MOST_BITS) {
      throw new IllegalArgumentException(
          "java.util.zip compresses with a window of 15 bits, not " + windowBits);
    }
    return new JdkCompressor(new Deflater(level, true));
  }

  @Override
  public Decompressor decompressor(int windowBits) {
    return new JdkDecompressor(new Inflater(true));
  }

  @Override
  public long compressorBytes(int windowBits, int memoryLevel) {
    return Formula.compressorBytes(MOST_BITS, MEMORY_LEVEL);
  }

  @Override
  public long decompressorBytes(int windowBits) {
    return Formula.decompressorBytes(MOST_BITS);
  }

  private record JdkCompressor(Deflater deflater) implements Compressor {

    @Override
    public void deflate(ByteBuffer in, ByteBuffer out) {
      deflater.setInput(in);
      deflater.deflate(out, Deflater.SYNC_FLUSH);
      deflater.setInput(NOTHING); // holds on to nobody's memory
    }

    @Override
    public void reset() {
      deflater.reset();
    }

    @Override
    public void reset(ByteBuffer text) {
      deflater.reset();
      int bytes = Math.min(text.remaining(), 1 << MOST_BITS);
      deflater.setDictionary(text.slice(text.limit() - bytes, bytes));
    }

    @Override
    public void close() {
      deflater.end();
    }
  }

  private record JdkDecompressor(Inflater inflater) implements Decompressor {

    @Override
    public boolean inflate(ByteBuffer in, ByteBuffer out) throws DataFormatException {
      inflater.setInput(in);
      inflater.inflate(out);
      boolean ended = inflater.finished();
      if (ended) {
        inflater.reset();
      } else {
        inflater.setInput(NOTHING);
      }
      return ended;
    }

    @Override
    public void reset() {
      inflater.reset();
    }

    @Override
    public void close() {
      inflater.end();
    }
  }

  private static final byte[] NOTHING = {};
}
