package io.weft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.weft.bytes.Lent;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What a callback is shown of a binary message: the message and not a byte beside it, however it
/// came; with assertions on, for no longer than the callback lasts.
@Timeout(120)
final class MessageViewTest {

  private static final int[] LENGTHS = {0, 1, 20, 125, 126, 1_000, 20_000, 65_536, 300_000};

  /// Every message of it is its length in bytes, each of them so.
  private static byte[] message(int length) {
    byte[] message = new byte[length];
    Arrays.fill(message, (byte) (length % 251 + 1));
    return message;
  }

  /// Looks at a view as applications do, the careless among them.
  static final class Looking implements Endpoint {

    /// What was seen of each message: its length, or what was wrong.
    final BlockingQueue<Object> seen = new LinkedBlockingQueue<>();

    volatile ByteBuffer last = ByteBuffer.allocate(0);

    @Override
    public void text(WebSocket ws, String text) {
      ws.send("heard " + text);
    }

    @Override
    public void binary(WebSocket ws, ByteBuffer data) {
      try {
        look(data);
        last = data;
        seen.add(data.capacity());
      } catch (Throwable wrong) {
        seen.add(wrong);
      }
      if (ws.stage().core().groups != null) {
        data.clear();
        ws.send(data);
      }
    }

    private static void look(ByteBuffer data) {
      byte[] expected = message(data.capacity());
      assertEquals(0, data.position());
      assertEquals(data.capacity(), data.limit());
      assertTrue(data.isReadOnly());
      assertFalse(data.hasArray());
      assertEquals(ByteOrder.BIG_ENDIAN, data.order());
      for (int at = 0; at < expected.length; at += 1 + expected.length / 100) {
        assertEquals(expected[at], data.get(at), "byte " + at);
      }
      byte[] copy = new byte[data.remaining()];
      data.get(copy);
      assertArrayEquals(expected, copy);
      assertEquals(copy.length, data.rewind().remaining(), "rewind");
      assertEquals(copy.length, data.position(copy.length).clear().remaining(), "clear");
      assertEquals(ByteBuffer.wrap(expected), data);
      assertEquals(ByteBuffer.wrap(expected), data.duplicate().clear());
      assertThrows(IndexOutOfBoundsException.class, () -> data.get(-1));
      assertThrows(IndexOutOfBoundsException.class, () -> data.get(copy.length));
      data.order(ByteOrder.LITTLE_ENDIAN); // and the next is big-endian again
    }

    void awaitSeen(int length) throws InterruptedException {
      Object what = seen.poll(Probe.WAIT.toSeconds(), TimeUnit.SECONDS);
      assertNotNull(what, "a message of " + length + " bytes");
      if (what instanceof Throwable wrong) {
        fail("a message of " + length + " bytes", wrong);
      }
      assertEquals(length, what);
    }
  }

  /// Both ends are ours: whole frames, frames in several reads, and inflated ones.
  private static void atBothEnds(boolean tls, Compression compression) throws Exception {
    Looking here = new Looking();
    Looking there = new Looking();
    Server.Builder builder =
        Server.at("127.0.0.1", 0)
            .loops(1)
            .closeAtShutdown(false)
            .limits(limits -> limits.inflateRatio(10_000))
            .compression(compression);
    if (tls) {
      builder.tls(TlsServerTest.localhost());
    }
    try (Server server = builder.route("/look", there).start()) {
      String url = (tls ? "wss" : "ws") + "://localhost:" + server.port() + "/look";
      Client client =
          Client.to(url)
              .compression(compression)
              .limits(limits -> limits.inflateRatio(10_000))
              .tls(tls ? Tls.system().insecurelyTrustingAnybody() : Tls.system());
      WebSocket ws = client.connect(here).get();
      try (Conversation talk = client.connect()) {
        for (int length : LENGTHS) {
          ByteBuffer message = ByteBuffer.wrap(message(length));
          ws.send(message, Compress.YES);
          there.awaitSeen(length);
          here.awaitSeen(length);
          talk.send(message);
          there.awaitSeen(length);
          ByteBuffer own = ((Message.Binary) talk.receive(Probe.WAIT)).data();
          assertEquals(0, own.position());
          assertEquals(length, own.capacity());
          assertEquals(message, own);
        }
      }
      ws.close();
    }
  }

  /// Frames as others cut them: in fragments, and many in one read.
  private static void inPieces() throws Exception {
    Looking looking = new Looking();
    try (Server server =
            Peer.speakingTls(Server.at("127.0.0.1", 0).loops(1).closeAtShutdown(false))
                .route("/look", looking)
                .start();
        Peer peer = Peer.open(server.port(), "/look")) {
      for (int length : LENGTHS) {
        byte[] message = message(length);
        int half = length / 2;
        peer.send(Peer.frame(false, Peer.BINARY, Arrays.copyOf(message, half)));
        peer.send(Peer.frame(true, 0, Arrays.copyOfRange(message, half, length)));
        looking.awaitSeen(length);
        assertArrayEquals(message, peer.read().payload());
      }
      ByteBuffer burst = ByteBuffer.allocate(10_000);
      for (int length = 0; length < 100; length++) {
        burst.put(Peer.frame(true, Peer.BINARY, message(length)));
      }
      peer.send(Arrays.copyOf(burst.array(), burst.position()));
      for (int length = 0; length < 100; length++) {
        looking.awaitSeen(length);
      }
    }
  }

  private static void allWays() throws Exception {
    for (boolean tls : new boolean[] {false, true}) {
      atBothEnds(tls, Compression.off());
      atBothEnds(tls, Compression.on());
      atBothEnds(tls, Compression.takeover());
    }
    inPieces();
  }

  @Test
  void isTheMessageAndNoByteBeside() throws Exception {
    assertTrue(Lent.IS_GUARDED, "the tests run with assertions on");
    allWays();
  }

  /// The same in a process without assertions, where it is a slice of what was received.
  static final class Unguarded {
    public static void main(String[] args) throws Exception {
      assertFalse(Lent.IS_GUARDED);
      allWays();
    }
  }

  @Test
  void isItToWithoutAssertions() throws Exception {
    ChildJvm.run(List.of("-da"), Unguarded.class);
  }

  @Test
  void cannotBeLookedAtAfterTheCallbackWithAssertionsOn() throws Exception {
    BlockingQueue<Object> told = new LinkedBlockingQueue<>();
    Endpoint keeps =
        new Endpoint() {
          private ByteBuffer kept = ByteBuffer.allocate(1);

          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            try {
              told.add(ByteBuffer.allocate(10).put(kept.clear()).get(0));
            } catch (IllegalStateException gone) {
              told.add(String.valueOf(gone.getMessage()));
            }
            kept = data;
          }
        };
    try (Rig rig = Rig.of(new Rig.Watched(), server -> server.route("/keeps", keeps));
        Peer peer = Peer.open(rig.port(), "/keeps")) {
      for (String expected : new String[] {"0", "Already closed", "Already closed"}) {
        peer.send(Peer.frame(false, Peer.BINARY, message(5))); // in pieces, and then whole
        peer.send(Peer.frame(true, 0, message(5)));
        assertEquals(expected, awaitTold(told));
        peer.sendBinary(message(10));
        assertEquals("Already closed", awaitTold(told));
      }
    }
  }

  private static String awaitTold(BlockingQueue<Object> told) throws InterruptedException {
    return String.valueOf(told.poll(Probe.WAIT.toSeconds(), TimeUnit.SECONDS));
  }

  @Test
  void isNoOtherThreadsWithAssertionsOn() throws Exception {
    BlockingQueue<Object> told = new LinkedBlockingQueue<>();
    Endpoint handsOn =
        new Endpoint() {
          @Override
          public void binary(WebSocket ws, ByteBuffer data) throws Exception {
            Thread other =
                Thread.ofVirtual()
                    .start(() -> {
                      try {
                        told.add(data.get(0));
                      } catch (WrongThreadException wrong) {
                        told.add("told");
                      }
                    });
            assertTrue(other.join(Duration.ofSeconds(10)));
          }
        };
    try (Rig rig = Rig.of(new Rig.Watched(), server -> server.route("/hands-on", handsOn));
        Peer peer = Peer.open(rig.port(), "/hands-on")) {
      peer.sendBinary(message(10));
      assertEquals("told", awaitTold(told));
    }
  }
}
