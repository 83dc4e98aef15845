package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Slow is not dead: peers that take or send all that their link carries, over links of their own.
/// Limits are set so small that the shape of a fault shows in seconds.
@Timeout(120)
final class SlowLinkTest {

  private static final String READS = "upgrade(); read()";

  @BeforeAll
  static void canMakeLinks() {
    String lacks = SlowLink.lacks();
    assumeTrue(lacks == null, lacks);
  }

  private static Server.Builder at(SlowLink link) {
    return Server.at(link.host(), 0).loops(1).closeAtShutdown(false);
  }

  /// The message fills the kernel's send buffer, and the ping stands behind it there.
  @Test
  void keepsAPeerThatTakesALargeMessageLongerThanAPongMayTake() throws Exception {
    Probe probe = new Probe();
    try (SlowLink link = new SlowLink("512kbit");
        Server server =
            at(link)
                .limits(l -> l.idlePing(ms(400)).pongTimeout(ms(800)).progressTimeout(ms(1500)))
                .route("/", probe)
                .start()) {
      SlowLink.Client client = link.client(server.port(), "/", READS);
      client.assertSays("HTTP/1.1 101 Switching Protocols");
      WebSocket ws = probe.awaitOpened();
      ws.send(new byte[300_000]); // about 5 s
      client.assertSays("got 300000");
      ws.close();
      client.assertSays("closed 1000");
      probe.assertClosed(1000, Close.By.SELF);
    }
  }

  @Test
  void waitsForRoomAsLongAsAnythingLeaves() throws Exception {
    CompletableFuture<String> ended = new CompletableFuture<>();
    try (SlowLink link = new SlowLink("1mbit");
        Server server =
            at(link)
                .limits(l ->
                    l.outboxSoftBytes(16 << 10).outboxHardBytes(128 << 10).progressTimeout(ms(800)))
                .converse(
                    "/",
                    ws -> {
                      try {
                        for (int at = 0; at < 10; at++) {
                          ws.send(new byte[100_000]); // about a second each
                        }
                        ended.complete("all taken");
                      } catch (RuntimeException e) {
                        ended.complete(e.toString());
                      }
                    })
                .start()) {
      SlowLink.Client client = link.client(server.port(), "/", READS);
      client.assertSays("HTTP/1.1 101 Switching Protocols");
      for (int at = 0; at < 10; at++) {
        client.assertSays("got 100000");
      }
      client.assertSays("closed 1000");
      assertEquals("all taken", ended.get(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void givesUpAPeerThatVanishesWithBytesInTheKernel() throws Exception {
    Probe probe = new Probe();
    try (SlowLink link = new SlowLink("512kbit");
        Server server =
            at(link)
                .limits(l -> l.idlePing(ms(400)).pongTimeout(ms(800)).progressTimeout(ms(800)))
                .route("/", probe)
                .start()) {
      SlowLink.Client client = link.client(server.port(), "/", READS);
      client.assertSays("HTTP/1.1 101 Switching Protocols");
      probe.awaitOpened().send(new byte[300_000]);
      link.cut();
      probe.assertClosed(1006, Close.By.NETWORK);
    }
  }

  /// 1 MiB at 128 kbit/s takes 70 s.
  @Test
  @Tag("full")
  void keepsThePeersOfSlowLinksAtDefaultLimits() throws Exception {
    Probe probe = new Probe();
    try (SlowLink link = new SlowLink("128kbit");
        Server server = at(link).route("/", probe).start()) {
      SlowLink.Client client = link.client(server.port(), "/", READS);
      client.assertSays("HTTP/1.1 101 Switching Protocols");
      assertTrue(probe.awaitOpened().send(new byte[1 << 20]).isTaken());
      client.assertSays("got 1048576");
      assertTrue(probe.closed.isEmpty());
    }
  }

  private static Duration ms(long ms) {
    return Duration.ofMillis(ms);
  }
}
