package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Nobody is immortal: a conversation that only sends, `ws.send(queue.take())`, is ended by its
/// peer although nothing of that is ever received.
@Timeout(60)
final class ImmortalTest {

  private final BlockingQueue<String> queue = new LinkedBlockingQueue<>();
  private final CompletableFuture<Conversation> talking = new CompletableFuture<>();
  private final CompletableFuture<Throwable> thrown = new CompletableFuture<>();

  private void pushes(Conversation ws) throws InterruptedException {
    talking.complete(ws);
    try {
      while (true) {
        ws.send(queue.take());
      }
    } catch (InterruptedException | RuntimeException e) {
      thrown.complete(e);
      throw e;
    }
  }

  private Rig rig(Duration inboxTimeout) throws Exception {
    return Rig.of(
        new Rig.Watched(),
        builder ->
            builder
                .limits(limits ->
                    limits
                        .inboxMessages(4)
                        .pongTimeout(Duration.ofMillis(500))
                        .inboxTimeout(inboxTimeout))
                .converse("/talk", this::pushes));
  }

  /// Ends by itself, soon after the inbox is full.
  @ParameterizedTest
  @ValueSource(strings = {"closes", "ends", "resets", "floods and ends", "floods and resets"})
  void noticesTheEndOfAPeerOfWhichNothingIsReceived(String how) throws Exception {
    try (Rig rig = rig(Duration.ofMinutes(5));
        Peer peer = Peer.open(rig.port(), "/talk")) {
      CompletableFuture<Close> closed = talking.get(20, TimeUnit.SECONDS).whenClosed();
      for (int at = how.startsWith("floods") ? 0 : 994; at < 1_000; at++) {
        peer.sendText("hi");
      }
      if (how.equals("closes")) {
        peer.sendClose(4001, "bye");
        assertEquals(4001, peer.readClose().code());
        assertEquals(new Close(4001, "bye", Close.By.PEER), closed.get(20, TimeUnit.SECONDS));
      } else {
        if (how.endsWith("resets")) {
          peer.socket.setSoLinger(true, 0);
        }
        peer.socket.close();
        assertEquals(1006, closed.get(20, TimeUnit.SECONDS).code());
      }
      rig.awaitNobody();
      queue.add("too late");
      assertTrue(thrown.get(20, TimeUnit.SECONDS) instanceof ConnectionClosedException);
    }
  }

  /// A second is a long time for a peer to hear nothing of its pings; so it is no cause to end.
  @Test
  void keepsAPeerThatIsOnlyNotReceivedFrom() throws Exception {
    try (Rig rig = rig(Duration.ofMinutes(5));
        Peer peer = rig.keep(Peer.open(rig.port(), "/talk"))) {
      Conversation ws = talking.get(20, TimeUnit.SECONDS);
      for (int at = 0; at < 1_000; at++) {
        peer.sendText("hi");
      }
      assertThrows(TimeoutException.class, () -> ws.whenClosed().get(3, TimeUnit.SECONDS));
      queue.add("still here");
      assertEquals("still here", peer.read().text());
      for (int at = 0; at < 1_000; at++) {
        assertEquals("hi", ((Message.Text) ws.receive()).text(), "message " + at);
      }
    }
  }

  @Test
  void interruptsCodeThatGoesOnLongAfterTheEnd() throws Exception {
    try (Logged logged = new Logged();
        Rig rig = rig(Duration.ofMillis(300));
        Peer peer = Peer.open(rig.port(), "/talk")) {
      talking.get(20, TimeUnit.SECONDS);
      peer.socket.close();
      assertTrue(thrown.get(20, TimeUnit.SECONDS) instanceof InterruptedException);
      Probe.until(
          "it is said in the log",
          () -> logged.count("goes on 300 ms after its connection has") == 1);
    }
  }

  @Test
  void interruptsNobodyWhoReturnsInTime() throws Exception {
    var ended = new CountDownLatch(1);
    var ran = new CompletableFuture<Boolean>();
    try (Rig rig =
            Rig.of(
                new Rig.Watched(),
                builder ->
                    builder
                        .limits(limits -> limits.inboxTimeout(Duration.ofSeconds(30)))
                        .converse(
                            "/talk",
                            ws -> {
                              ws.forEach(message -> {});
                              ended.countDown();
                              Thread.sleep(100);
                              ran.complete(Thread.currentThread().isInterrupted());
                            }));
        Peer peer = Peer.open(rig.port(), "/talk")) {
      peer.socket.close();
      assertTrue(ended.await(20, TimeUnit.SECONDS));
      assertFalse(ran.get(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void tellsHowItEndedToWhoeverAsksWhenever() throws Exception {
    try (Rig rig = rig(Duration.ofSeconds(5));
        Peer peer = Peer.open(rig.port(), "/talk")) {
      Conversation ws = talking.get(20, TimeUnit.SECONDS);
      CompletableFuture<Close> cancelled = ws.whenClosed();
      assertTrue(cancelled.cancel(false));
      CompletableFuture<Close> before = ws.whenClosed();
      peer.sendClose(1000, "done");
      Close close = before.get(20, TimeUnit.SECONDS);
      assertEquals(new Close(1000, "done", Close.By.PEER), close);
      assertSame(close, ws.whenClosed().join());
      queue.add("so that it returns");
    }
  }
}
