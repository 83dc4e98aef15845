package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/// The echo of a small binary message allocates, on the loop's thread and by the JVM's counter, the
/// view that the callback is shown of it, and nothing else.
final class AllocationTest {

  /// What one `ByteBuffer` takes.
  private static final int VIEW_BYTES = 64;

  private static final int DEPTH = 16;
  private static final int ROUNDS = 4_000;

  @Test
  void echoAllocatesOneView() throws Exception {
    String said = ChildJvm.run(List.of("-da"), Unguarded.class);
    assertTrue(said.lines().anyMatch(line -> line.matches("\\d+ of \\d+ bytes")), said);
  }

  /// In a process without assertions, with which the view is a copy.
  static final class Unguarded {
    public static void main(String[] args) throws Exception {
      long most = ROUNDS * DEPTH * (VIEW_BYTES + 1L);
      long least = leastAllocated(most);
      assertTrue(least < most, least + " bytes for " + ROUNDS * DEPTH + " messages");
      System.out.println(least + " of " + most + " bytes");
    }
  }

  /// What the loop allocated for all messages of a round of rounds, once it was below `enough`, or
  /// at least.
  private static long leastAllocated(long enough) throws Exception {
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
      while (least >= enough && System.nanoTime() < end) { // until C2 has seen it all
        long before = threads.getThreadAllocatedBytes(id);
        for (int round = 0; round < ROUNDS; round++) {
          peer.send(burst.array());
          for (int n = 0; n < DEPTH; n++) {
            assertEquals(20, peer.read().payload().length);
          }
        }
        least = Math.min(least, threads.getThreadAllocatedBytes(id) - before);
      }
      return least;
    }
  }
}
