package io.weft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/// Groups over several loops: who gets what, in which order, and what becomes of the slow.
@ParameterizedClass(name = "TLS: {0}")
@ValueSource(booleans = {false, true})
final class GroupTest {

  @Parameter boolean tls;

  @BeforeEach
  void speakTls() throws GeneralSecurityException {
    Peer.speakTls(tls);
  }

  @AfterEach
  void speakTlsNoMore() throws GeneralSecurityException {
    Peer.speakTls(false);
  }

  private final Probe probe = new Probe();

  private Server server() {
    return Peer.speakingTls(Server.at("127.0.0.1", 0).loops(2).route("/echo", probe)).start();
  }

  /// Clients that are closed before the server is, so that it need not wait for them.
  private static final class Peers extends ArrayList<Peer> implements AutoCloseable {
    @Override
    public void close() throws IOException {
      for (Peer peer : this) {
        peer.close();
      }
    }
  }

  private List<WebSocket> open(Server server, Peers peers, int count) throws Exception {
    List<WebSocket> sockets = new ArrayList<>();
    for (int n = 0; n < count; n++) {
      peers.add(Peer.open(server.port(), "/echo"));
      sockets.add(probe.awaitOpened());
    }
    return sockets;
  }

  @Test
  void reachesEveryMemberInOrderAndNobodyElse() throws Exception {
    try (Server server = server();
        Peers peers = new Peers()) {
      List<WebSocket> sockets = open(server, peers, 6);
      Group room = server.group("room:42");
      assertEquals(room, sockets.getFirst().group("room:42"));
      for (WebSocket ws : sockets.subList(0, 5)) {
        assertTrue(room.join(ws));
        assertTrue(room.join(ws), "joining twice is joining once");
      }
      assertEquals(5, room.size());
      for (int n = 0; n < 100; n++) {
        assertEquals(Send.SENT, room.publish("message " + n));
      }
      assertEquals(Send.SENT, room.publish(ByteBuffer.wrap(new byte[] {1, 2})));
      for (Peer peer : peers.subList(0, 5)) {
        for (int n = 0; n < 100; n++) {
          assertEquals("message " + n, peer.read().text());
        }
        assertArrayEquals(new byte[] {1, 2}, peer.read().payload());
      }
      sockets.getLast().send("alone");
      assertEquals("alone", peers.getLast().read().text(), "not a member");
    }
  }

  @Test
  void forgetsWhoLeavesAndWhoCloses() throws Exception {
    try (Server server = server();
        Peers peers = new Peers()) {
      List<WebSocket> sockets = open(server, peers, 3);
      Group room = server.group("r");
      sockets.forEach(room::join);
      room.leave(sockets.get(0));
      room.leave(sockets.get(0));
      peers.get(1).close();
      Probe.until("the closed one left", () -> room.size() == 1);
      room.publish("only you");
      assertEquals("only you", peers.get(2).read().text());
      sockets.get(0).send("not you");
      assertEquals("not you", peers.get(0).read().text());
      assertFalse(room.join(sockets.get(1)), "it is gone");
      peers.get(2).close();
      Probe.until("the last one left", () -> room.size() == 0);
      assertEquals(Send.SENT, room.publish("nobody"));
    }
  }

  @Test
  void publishesLargeMessagesFromOneCopy() throws Exception {
    byte[] data = new byte[100_000];
    new SplittableRandom(7).nextBytes(data);
    try (Server server = server();
        Peers peers = new Peers()) {
      open(server, peers, 4).forEach(server.group("r")::join);
      for (int n = 0; n < 5; n++) {
        server.group("r").publish(ByteBuffer.wrap(data));
      }
      for (Peer peer : peers) {
        for (int n = 0; n < 5; n++) {
          assertArrayEquals(data, peer.read().payload());
        }
      }
    }
  }

  @Test
  void closesASlowMemberWith1013AndServesTheOthers() throws Exception {
    byte[] data = new byte[64 << 10];
    int messages = tls ? 150 : 400; // more than the kernel buffers and the outbox hold
    try (Server server = server();
        Peer slow = Peer.narrow(server.port(), "/echo");
        Peer fast = Peer.open(server.port(), "/echo")) {
      WebSocket first = probe.awaitOpened();
      WebSocket second = probe.awaitOpened();
      Group room = server.group("r");
      assertTrue(room.join(first) && room.join(second));
      for (int n = 0; n < messages; n++) {
        data[0] = (byte) n;
        while (second.bufferedBytes() > 512 << 10) {
          Thread.onSpinWait(); // the fast one is not to be slow because of this test
        }
        room.publish(ByteBuffer.wrap(data));
        assertEquals((byte) n, fast.read().payload()[0], "message " + n);
      }
      assertEquals(1013, slow.readClose().code());
      slow.hangUp();
      assertEquals(Close.By.SELF, probe.awaitClosed().by());
      Probe.until("the slow one left", () -> room.size() == 1);
    }
  }

  @Test
  void settlesJoinsAndLeavesOfManyThreads() throws Exception {
    try (Server server = server();
        Peers peers = new Peers()) {
      List<WebSocket> sockets = open(server, peers, 4);
      Group room = server.group("r");
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        SplittableRandom random = new SplittableRandom(t);
        threads.add(
            Thread.ofVirtual()
                .start(() -> {
                  for (int n = 0; n < 2_000; n++) {
                    WebSocket ws = sockets.get(random.nextInt(sockets.size()));
                    if (random.nextBoolean()) {
                      room.join(ws);
                    } else {
                      room.leave(ws);
                    }
                  }
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      sockets.forEach(room::leave);
      assertEquals(0, room.size());
      room.join(sockets.get(1));
      assertEquals(1, room.size());
      room.publish("one");
      assertEquals("one", peers.get(1).read().text());
      for (int at : new int[] {0, 2, 3}) {
        sockets.get(at).send("own");
        assertEquals("own", peers.get(at).read().text());
      }
    }
  }

  @Test
  void reachesAMemberThatIsMadeToLeaveRightBehindIt() throws Exception {
    try (Server server = server();
        Peers peers = new Peers()) {
      WebSocket ws = open(server, peers, 1).getFirst();
      Group room = server.group("r");
      for (int n = 0; n < 500; n++) {
        assertTrue(room.join(ws));
        assertEquals(Send.SENT, room.publish("message " + n));
        room.leave(ws);
        room.publish("nobody is there for " + n);
      }
      for (int n = 0; n < 500; n++) {
        assertEquals("message " + n, peers.getFirst().read().text());
      }
    }
  }

  @Test
  void belongsToItsServer() throws Exception {
    try (Server server = server();
        Server other = server();
        Peer peer = Peer.open(server.port(), "/echo")) {
      WebSocket ws = probe.awaitOpened();
      assertThrows(IllegalArgumentException.class, () -> other.group("r").join(ws));
      assertEquals(0, other.group("r").size());
      assertTrue(peer.socket.isConnected());
    }
  }
}
