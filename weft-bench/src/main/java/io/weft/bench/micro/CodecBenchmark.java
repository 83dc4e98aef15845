package io.weft.bench.micro;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder;
import io.netty.util.ReferenceCountUtil;
import io.weft.bytes.Chunk;
import io.weft.bytes.Holder;
import io.weft.bytes.Outbox;
import io.weft.bytes.Pool;
import io.weft.ws.Bounds;
import io.weft.ws.Engine;
import io.weft.ws.Event;
import io.weft.ws.ProtocolException;
import io.weft.ws.Role;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/// A server's way from bytes to messages and back, without a socket: the engine, beside Netty's
/// frame codec in an `EmbeddedChannel`, whose own cost is in its figures. Eight binary messages
/// come in one read, which both copy first, as a kernel would.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CodecBenchmark {

  private static final int MESSAGES = 8;
  private static final int KEY = 0x5A3C_1E77;

  /// Of each message.
  @Param({"20", "126", "1024", "16384"})
  public int bytes;

  private final Pool pool = new Pool(Pool.CHUNK_BYTES, 64 << 20);
  private final Outbox out = new Outbox(pool, 1 << 20, 1 << 20);
  private final Engine server =
      new Engine(
          new Engine.Terms(Role.SERVER, new Bounds(1 << 20, 1, 0), () -> KEY),
          Holder.uncounted(pool),
          null);
  private final EmbeddedChannel decoder =
      new EmbeddedChannel(new WebSocket13FrameDecoder(true, false, 1 << 20));
  private final EmbeddedChannel encoder = new EmbeddedChannel(new WebSocket13FrameEncoder(false));
  private ByteBuffer wire = ByteBuffer.allocate(0);
  private ByteBuffer payload = ByteBuffer.allocate(0);
  private Chunk chunk = Chunk.ofSize(1);
  private ByteBuf frame = Unpooled.EMPTY_BUFFER;

  /// Makes what a client sends.
  @Setup
  public void prepare() {
    Engine client =
        new Engine(
            new Engine.Terms(Role.CLIENT, new Bounds(1 << 20, 1, 0), () -> KEY),
            Holder.uncounted(pool),
            null);
    payload = ByteBuffer.allocateDirect(bytes);
    for (int n = 0; n < MESSAGES; n++) {
      client.binary(payload.position(0), out);
    }
    wire = ByteBuffer.allocateDirect(out.bytes());
    ByteBuffer[] pieces = new ByteBuffer[64];
    for (int n = 0, count = out.gather(pieces); n < count; n++) {
      wire.put(pieces[n]);
    }
    out.clear();
    wire.flip();
    chunk = Chunk.ofSize(wire.remaining());
    frame = Unpooled.directBuffer(bytes).writeZero(bytes);
  }

  /// Ours: bytes to messages.
  @Benchmark
  @OperationsPerInvocation(MESSAGES)
  public int weftDecode() throws ProtocolException {
    chunk.buffer.clear().put(wire.position(0)).flip();
    int messages = 0;
    for (Event event = server.next(chunk); event != null; event = server.next(chunk)) {
      messages += server.payload().remaining();
    }
    return messages;
  }

  /// Netty's: bytes to messages.
  @Benchmark
  @OperationsPerInvocation(MESSAGES)
  public void nettyDecode(Blackhole hole) {
    wire.position(0);
    decoder.writeInbound(decoder.alloc().directBuffer(wire.remaining()).writeBytes(wire));
    for (Object message = decoder.readInbound(); message != null; message = decoder.readInbound()) {
      hole.consume(message);
      ReferenceCountUtil.release(message);
    }
  }

  /// Ours: messages to bytes.
  @Benchmark
  @OperationsPerInvocation(MESSAGES)
  public int weftEncode() {
    for (int n = 0; n < MESSAGES; n++) {
      server.binary(payload.position(0), out);
    }
    int written = out.bytes();
    out.clear();
    return written;
  }

  /// Netty's: messages to bytes.
  @Benchmark
  @OperationsPerInvocation(MESSAGES)
  public void nettyEncode(Blackhole hole) {
    for (int n = 0; n < MESSAGES; n++) {
      var _ = encoder.writeOneOutbound(new BinaryWebSocketFrame(frame.retainedDuplicate()));
    }
    encoder.flushOutbound();
    for (Object written = encoder.readOutbound();
        written != null;
        written = encoder.readOutbound()) {
      hole.consume(written);
      ReferenceCountUtil.release(written);
    }
  }
}
