package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/// The echo of a small binary message allocates nothing on the loop's thread, by the JVM's counter.
final class AllocationTest {

  private static final int DEPTH = 16;
  private static final int ROUNDS = 4_000;

  @Test
  void echoAllocatesNothing() throws Exception {
    CompletableFuture<Thread> loop = new CompletableFuture<>();
    Endpoint echo =
        new Endpoint() {
          @Override
          public void opened(WebSocket ws) {
            loop.complete(Thread.currentThread());
          }

          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            ws.send(data);
          }
        };
    try (Server server = Server.at("127.0.0.1", 0).loops(1).route("/echo", echo).start();
        Peer peer = Peer.open(server.port(), "/echo")) {
      byte[] one = Peer.frame(true, Peer.BINARY, new byte[20]);
      ByteBuffer burst = ByteBuffer.allocate(DEPTH * one.length);
      for (int n = 0; n < DEPTH; n++) {
        burst.put(one);
      }
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long id = loop.get().threadId();
      long least = Long.MAX_VALUE;
      long end = System.nanoTime() + Probe.WAIT.toNanos();
      while (least > 0 && System.nanoTime() < end) { // until C2 has seen it all
        long before = threads.getThreadAllocatedBytes(id);
        for (int round = 0; round < ROUNDS; round++) {
          peer.send(burst.array());
          for (int n = 0; n < DEPTH; n++) {
            assertEquals(20, peer.read().payload().length);
          }
        }
        least = Math.min(least, threads.getThreadAllocatedBytes(id) - before);
      }
      assertTrue(least < ROUNDS * DEPTH, least + " bytes for " + ROUNDS * DEPTH + " messages");
    }
  }
}
