package io.weft.bench.micro;

import io.weft.bench.load.JsonMessages;
import io.weft.ws.Codecs;
import io.weft.ws.Encoding;
import io.weft.zlib.CodecMemory;
import io.weft.zlib.Decompressor;
import io.weft.zlib.Zlib;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// Messages of JSON compressed and inflated, each by itself, at the same level: ours with a window
/// and a memory level of our own, and with those of `java.util.zip`, beside `java.util.zip`.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DeflateBenchmark {

  private static final int MESSAGES = 16;
  private static final int LEVEL = 6;

  /// Of each message.
  @Param({"300", "2048", "65536"})
  public int bytes;

  private final Codecs small = codecs(5);
  private final Codecs wide = codecs(8);
  private final Decompressor inflater = Zlib.system().decompressor(15);
  private final Deflater jdkDeflater = new Deflater(LEVEL, true);
  private final Inflater jdkInflater = new Inflater(true);
  private final ByteBuffer[] texts = new ByteBuffer[MESSAGES];
  private final ByteBuffer[] deflated = new ByteBuffer[MESSAGES];
  private final ByteBuffer out = ByteBuffer.allocateDirect(1 << 17);

  private static Codecs codecs(int memoryLevel) {
    return new Codecs(
        Zlib.system(),
        new CodecMemory(),
        new Codecs.Settings(LEVEL, memoryLevel, memoryLevel, 0, 100, Long.MAX_VALUE));
  }

  /// Makes the messages.
  @Setup
  public void write() {
    JsonMessages feed = new JsonMessages(bytes);
    for (int n = 0; n < MESSAGES; n++) {
      byte[] text = feed.next(bytes);
      texts[n] = ByteBuffer.allocateDirect(text.length).put(text).flip();
      ByteBuffer small = wide.encode(texts[n].duplicate(), Encoding.ALWAYS, 15);
      if (small == null) {
        throw new IllegalStateException("there is no memory for a compressor");
      }
      deflated[n] =
          ByteBuffer.allocateDirect(small.remaining() + 4).put(small).putInt(0xFFFF).flip();
    }
  }

  /// Frees what is native.
  @TearDown
  public void free() {
    small.close();
    wide.close();
    inflater.close();
    jdkDeflater.end();
    jdkInflater.end();
  }

  /// Ours, with a window of 12 bits and a memory level of 5.
  @Benchmark
  @OperationsPerInvocation(MESSAGES)
  public int weftDeflate() {
    return deflate(small, 12);
  }

  /// Ours, with 15 bits and 8.
  @Benchmark
  @OperationsPerInvocation(MESSAGES)
  public int weftDeflateWide() {
    return deflate(wide, 15);
  }

  private int deflate(Codecs codecs, int bits) {
    int size = 0;
    for (ByteBuffer text : texts) {
      ByteBuffer small = codecs.encode(text.position(0), Encoding.ALWAYS, bits);
      size += small == null ? 0 : small.remaining();
    }
    return size;
  }

  /// That of `java.util.zip`.
  @Benchmark
  @OperationsPerInvocation(MESSAGES)
  public int jdkDeflate() {
    int size = 0;
    for (ByteBuffer text : texts) {
      jdkDeflater.reset();
      jdkDeflater.setInput(text.position(0));
      size += jdkDeflater.deflate(out.clear(), Deflater.SYNC_FLUSH);
    }
    return size;
  }

  /// Ours.
  @Benchmark
  @OperationsPerInvocation(MESSAGES)
  public int weftInflate() throws DataFormatException {
    int size = 0;
    for (ByteBuffer each : deflated) {
      inflater.reset();
      inflater.inflate(each.position(0), out.clear());
      size += out.position();
    }
    return size;
  }

  /// That of `java.util.zip`.
  @Benchmark
  @OperationsPerInvocation(MESSAGES)
  public int jdkInflate() throws DataFormatException {
    int size = 0;
    for (ByteBuffer each : deflated) {
      jdkInflater.reset();
      jdkInflater.setInput(each.position(0));
      size += jdkInflater.inflate(out.clear());
    }
    return size;
  }
}
