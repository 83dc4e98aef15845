package io.weft.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Logged;
import io.weft.bytes.Chunk;
import io.weft.bytes.Pool;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
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

  private static Loop loop() throws IOException {
    return new Loop(
        new Nio(1024),
        System::nanoTime,
        new SplittableRandom(1),
        new Pool(Pool.CHUNK_BYTES, 1 << 20),
        100);
  }

  private static Terms terms(Runnable gone) {
    return new Terms(
        1024,
        1024,
        TimeUnit.SECONDS.toNanos(10),
        TimeUnit.SECONDS.toNanos(5),
        1 << 20,
        Runnable::run,
        gone);
  }

  @Test
  void countsAConnectionNoMoreWhenItTellsThatItIsGone() throws Exception {
    Loop loop = loop();
    AtomicReference<Listener> listener = new AtomicReference<>();
    CompletableFuture<Integer> counted = new CompletableFuture<>();
    Terms terms = terms(() -> counted.complete(listener.get().connections()));
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

  @Test
  void dealsNothingToALoopThatHasFailed() throws Exception {
    List<Loop> loops = List.of(loop(), loop(), loop());
    Map<Loop, AtomicInteger> dealt = new ConcurrentHashMap<>();
    Listener listener =
        new Listener(
            loops,
            1000,
            terms(() -> {}),
            conn -> {
              dealt.computeIfAbsent(conn.loop(), key -> new AtomicInteger()).incrementAndGet();
              conn.become(new Mute(conn));
            });
    List<Thread> threads =
        loops.stream().map(loop -> Thread.ofPlatform().name("weft-loop-test").start(loop)).toList();
    try (Logged logged = new Logged()) {
      InetSocketAddress at =
          listener
              .open(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .get(20, TimeUnit.SECONDS);
      connect(at, 6, dealt);
      loops.forEach(loop -> assertEquals(2, dealt.get(loop).get()));
      fail(loops.get(1));
      connect(at, 6, dealt);
      assertEquals(2, dealt.get(loops.get(1)).get(), "it gets nothing more");

      fail(loops.get(0)); // which accepts
      until("another accepts", () -> logged.count("another accepts at " + at) == 1);
      connect(at, 4, dealt);
      assertEquals(9, dealt.get(loops.get(2)).get(), "2, 3 and 4");

      fail(loops.get(2));
      until("it is told", () -> logged.count("Every loop has failed") == 1);
      assertThrows(ConnectException.class, () -> new Socket(at.getAddress(), at.getPort()).close());
      until("none is counted", () -> listener.connections() == 0);
      listener.close().get(20, TimeUnit.SECONDS);
    } finally {
      loops.forEach(Loop::stop);
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }

  private static void fail(Loop loop) throws InterruptedException {
    Fault.failPoller(loop);
    until("it has failed", loop::hasFailed);
    CompletableFuture<Boolean> over = new CompletableFuture<>();
    loop.post(() -> over.complete(true)); // runs when its connections are closed
    over.join();
  }

  /// Makes so many connections, one after the other, which end again.
  private static void connect(InetSocketAddress at, int count, Map<Loop, AtomicInteger> dealt)
      throws Exception {
    int before = total(dealt);
    for (int left = count; left > 0; left--) {
      new Socket(at.getAddress(), at.getPort()).close();
    }
    until("all were dealt", () -> total(dealt) == before + count);
  }

  private static int total(Map<Loop, AtomicInteger> dealt) {
    return dealt.values().stream().mapToInt(AtomicInteger::get).sum();
  }

  private static void until(String what, BooleanSupplier isSo) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!isSo.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, what);
      Thread.sleep(1);
    }
  }
}
