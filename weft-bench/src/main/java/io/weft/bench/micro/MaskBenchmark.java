package io.weft.bench.micro;

import io.weft.bytes.Chunk;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/// Masking in place (RFC 6455 §5.3), beside the loop that others use: a direct `ByteBuffer`, eight
/// bytes a step.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MaskBenchmark {

  private static final int KEY = 0x5A3C_1E77;

  /// Of the payload.
  @Param({"20", "1024", "16384"})
  public int bytes;

  private Chunk chunk = Chunk.ofSize(1);
  private ByteBuffer buffer = ByteBuffer.allocate(0);

  /// Makes the memory.
  @Setup
  public void allocate() {
    chunk = Chunk.ofSize(bytes);
    buffer = ByteBuffer.allocateDirect(bytes);
  }

  /// Ours.
  @Benchmark
  public Chunk weft() {
    chunk.xor(0, bytes, KEY);
    return chunk;
  }

  /// The usual way.
  @Benchmark
  public ByteBuffer byteBuffer() {
    long pattern = (KEY & 0xFFFF_FFFFL) << 32 | (KEY & 0xFFFF_FFFFL);
    int at = 0;
    for (; at + Long.BYTES <= bytes; at += Long.BYTES) {
      buffer.putLong(at, buffer.getLong(at) ^ pattern);
    }
    for (; at < bytes; at++) {
      buffer.put(at, (byte) (buffer.get(at) ^ (KEY >>> (24 - 8 * (at & 3)))));
    }
    return buffer;
  }
}
