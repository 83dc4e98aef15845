package io.weft.ws;

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

/// Reading the header of a client's frame, at the sizes where its form changes (RFC 6455 §5.2).
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class HeaderBenchmark {

  /// Of the payload, in bytes: lengths in 7, 16 and 64 bits.
  @Param({"125", "126", "65536"})
  public int payloadBytes;

  private final ByteBuffer wire = ByteBuffer.allocateDirect(FrameHeader.MAX_BYTES);

  /// Writes the header to be read.
  @Setup
  public void write() {
    FrameHeader.write(wire, Role.CLIENT, Opcode.BINARY, false, payloadBytes, 0x5A3C_1E77);
    wire.flip();
  }

  /// Ours.
  @Benchmark
  public long weft() throws ProtocolException {
    wire.position(0);
    int bytes = FrameHeader.judge(wire, Role.CLIENT);
    return FrameHeader.payloadBytes(wire) ^ FrameHeader.maskingKey(wire, bytes);
  }
}
