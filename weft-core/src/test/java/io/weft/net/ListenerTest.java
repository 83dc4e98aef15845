package io.weft.net;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.weft.bytes.Chunk;
import io.weft.bytes.Pool;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Who is told that a connection is gone finds it counted no more: a server that waits for its last
/// connection counts once it is told, and would wait on.
@Timeout(60)
final class ListenerTest {

  /// Ends with its connection.
  private record Mute(Conn conn) implements Stage {
    @Override
    public Next read(Chunk in) {
      in.buffer.position(in.buffer.limit());
      return Next.MORE;
    }

    @Override
    public void ended() {
      conn.abort("the peer has ended");
    }

    @Override
    public void writable() {}

    @Override
    public long expired(long nowNs) {
      return Conn.NEVER;
    }

    @Override
    public void closed(String reason) {}
  }

  @Test
  void countsAConnectionNoMoreWhenItTellsThatItIsGone() throws Exception {
    Loop loop =
        new Loop(
            new Nio(1024),
            System::nanoTime,
            new SplittableRandom(1),
            new Pool(Pool.CHUNK_BYTES, 1 << 20),
            100);
    AtomicReference<Listener> listener = new AtomicReference<>();
    CompletableFuture<Integer> counted = new CompletableFuture<>();
    Conn.Terms terms =
        new Conn.Terms(
            1024,
            1024,
            TimeUnit.SECONDS.toNanos(10),
            TimeUnit.SECONDS.toNanos(5),
            Runnable::run,
            () -> counted.complete(listener.get().connections()));
    listener.set(new Listener(List.of(loop), 10, terms, conn -> conn.become(new Mute(conn))));
    Thread thread = Thread.ofPlatform().name("weft-loop-test").start(loop);
    try {
      InetAddress here = InetAddress.getLoopbackAddress();
      InetSocketAddress at =
          listener.get().open(new InetSocketAddress(here, 0)).get(20, TimeUnit.SECONDS);
      new Socket(at.getAddress(), at.getPort()).close();
      assertEquals(0, counted.get(20, TimeUnit.SECONDS));
    } finally {
      loop.stop();
      thread.join();
    }
  }
}
