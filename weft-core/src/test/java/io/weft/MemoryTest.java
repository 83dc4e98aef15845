package io.weft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Who holds memory of what was received or is to be sent, and who pays when there is no more. The
/// healthy client of the [Rig] echoes all the time, and all that was charged comes back.
@Timeout(60)
final class MemoryTest {

  private static final int GIB = 1 << 30;
  private static final int KIB = 1 << 10;

  /// Two messages of 1 GiB do not fit together, and what does not fit takes no room.
  @Test
  void promisesNoMoreThanTheMarksTogether() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.outboxHardBytes(GIB))) {
      rig.keep(rig.open());
      Outgoing out = rig.endpoint.awaitOpened().stage();
      assertTrue(out.promise(GIB) >= GIB);
      assertEquals(-1, out.promise(GIB));
      assertEquals(-1, out.promise(1_000));
      assertTrue(out.bufferedBytes() >= GIB);
      rig.assertHealthy();
    }
  }

  // ---- What was received ----------------------------------------------------------------------

  /// Of those that hold back as much of a message, the newcomers pay, and the first gets through.
  @Test
  void closesNewcomersThatHoldBackAMessage() throws Exception {
    byte[] message = new byte[60 * KIB];
    byte[] frame = Peer.frame(true, Peer.BINARY, message);
    try (Rig rig = Rig.with(limits -> limits.receivedBytes(512 * KIB))) {
      List<Peer> crowd = new ArrayList<>();
      for (int at = 0; at < 20; at++) {
        Peer peer = rig.keep(rig.open());
        peer.send(Arrays.copyOf(frame, frame.length - 1));
        crowd.add(peer);
        rig.assertHealthy();
      }
      for (Peer late : crowd.subList(8, 20)) {
        Peer.Frame close = late.readClose();
        assertEquals(1013, close.code());
        assertTrue(close.reason().contains("no memory"), close.reason());
      }
      for (Peer early : crowd.subList(0, 4)) {
        early.send(new byte[] {frame[frame.length - 1]});
        assertArrayEquals(message, early.read().payload());
      }
      rig.assertHealthy();
    }
  }

  /// One that asks for little is served, and those pay for it that hold much, the newest first.
  @Test
  void hasTheLargestPayForTheSmall() throws Exception {
    byte[] frame = Peer.frame(true, Peer.BINARY, new byte[250 * KIB]);
    try (Rig rig = Rig.with(limits -> limits.receivedBytes(KIB * KIB))) {
      List<Peer> crowd = new ArrayList<>();
      for (int at = 0; at < 3; at++) {
        Peer peer = rig.keep(rig.open());
        peer.send(Arrays.copyOf(frame, frame.length - 1));
        crowd.add(peer);
      }
      Probe.until("all of it has come", () -> rig.receivedBytes() >= 3 * 256 * KIB);
      for (int at = 0; at < 130; at++) {
        Peer small = rig.keep(rig.open("Cookie: " + "c".repeat(5 * KIB)));
        small.sendText("served");
        assertEquals("served", small.read().text());
      }
      Peer.Frame close = crowd.get(2).readClose();
      assertEquals(1013, close.code());
      assertTrue(close.reason().contains("memory is short"), close.reason());
      assertEquals(1013, crowd.get(1).readClose().code());
      crowd.get(0).send(new byte[] {frame[frame.length - 1]});
      assertEquals(250 * KIB, crowd.get(0).read().payload().length);
    }
  }

  /// Requests that do not end make room for those that come later; what they hold is given back.
  @Test
  void answersStrangersThatHoldBackARequest() throws Exception {
    int count = 200;
    try (Rig rig = Rig.with(limits -> limits.receivedBytes(256 * KIB))) {
      List<Peer> crowd = new ArrayList<>();
      for (int at = 0; at < count; at++) {
        Peer peer = rig.keep(Peer.tcp(rig.port()));
        peer.send("GET /test HTTP/1.1\r\nHost: a\r\nX: " + "x".repeat(7_000));
        crowd.add(peer);
      }
      for (Peer early : crowd.subList(0, count / 2)) {
        String answer = early.readAll();
        assertTrue(answer.startsWith("HTTP/1.1 503 "), answer);
        assertTrue(answer.contains("Connection: close\r\n"), answer);
        assertTrue(answer.contains("receivedBytes"), answer);
      }
      Peer newcomer = rig.keep(rig.open());
      newcomer.sendText("served");
      assertEquals("served", newcomer.read().text());
      assertTrue(rig.receivedBytes() <= 256 * KIB, rig.receivedBytes() + " bytes");
    }
  }

  /// A connection keeps its request for life; when there is no memory for another like it, that is
  /// refused, and a small one is not.
  @Test
  void refusesRequestsThatWouldBeKept() throws Exception {
    String cookie = "Cookie: " + "c".repeat(15_000);
    try (Rig rig = Rig.with(limits -> limits.receivedBytes(256 * KIB))) {
      int open = 0;
      int refused = 0;
      while (refused < 20) {
        Peer peer = rig.keep(Peer.tcp(rig.port()));
        peer.send(Peer.handshake(Rig.PATH, cookie));
        String head = peer.readHead();
        if (head.startsWith("HTTP/1.1 101 ")) {
          open++;
        } else {
          assertTrue(head.startsWith("HTTP/1.1 503 "), head);
          refused++;
        }
        assertTrue(open <= 256 / 15, open + " are open");
      }
      assertTrue(open >= 10, open + " are open");
      assertTrue(rig.receivedBytes() <= 256 * KIB, rig.receivedBytes() + " bytes");
      for (int at = 0; at < 20; at++) {
        rig.keep(rig.open());
      }
    }
  }

  /// What cannot be answered is known at the head, and no body is waited for.
  @ParameterizedTest
  @CsvSource({
    "POST /nothing, Content-Length: 1000, 404",
    "POST /nothing, Transfer-Encoding: chunked, 404",
    "POST /page, Content-Length: 1000, 405",
    "GET /test, Content-Length: 1000, 426",
    "GET /page, Content-Length: 1000001, 413",
  })
  void judgesARequestAtItsHead(String request, String length, int status) throws Exception {
    try (Rig rig =
            Rig.of(
                new Rig.Watched(),
                server ->
                    server
                        .limits(limits -> limits.bodyBytes(1_000_000))
                        .http("/page", asked -> Response.text(200, "hello")));
        Peer peer = Peer.tcp(rig.port())) {
      peer.send(request + " HTTP/1.1\r\nHost: a\r\n" + length + "\r\n\r\n");
      String answer = peer.readAll();
      assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
      assertTrue(answer.contains("Connection: close\r\n"), answer);
    }
  }

  /// A body grows with what has come of it, in one array if its length was said.
  @ParameterizedTest
  @CsvSource({"100000, true", "100000, false", "1, true", "700, false"})
  void givesABodyWhole(int bytes, boolean sized) throws Exception {
    byte[] body = new byte[bytes];
    Arrays.fill(body, (byte) 'b');
    try (Rig rig =
            Rig.of(
                new Rig.Watched(),
                server ->
                    server.http(
                        "/count", asked -> Response.text(200, asked.body().length + " bytes")));
        Peer peer = Peer.tcp(rig.port())) {
      for (int time = 0; time < 2; time++) {
        peer.send("GET /count HTTP/1.1\r\nHost: a\r\n");
        if (sized) {
          peer.send("Content-Length: " + bytes + "\r\n\r\n");
          peer.send(body);
        } else {
          peer.send("Transfer-Encoding: chunked\r\n\r\n");
          for (int at = 0; at < bytes; at += 100) {
            peer.send("64\r\n" + "b".repeat(100) + "\r\n");
          }
          peer.send("0\r\n\r\n");
        }
        assertTrue(peer.readHead().startsWith("HTTP/1.1 200 "));
        String text = bytes + " bytes";
        for (int at = 0; at < text.length(); at++) {
          assertEquals(text.charAt(at), peer.readByte());
        }
      }
      assertEquals(0, rig.receivedBytes() / KIB, "nothing is held between two requests");
    }
  }

  /// Bodies that do not end: the first to come pay for the next, and who asks for little is served.
  @Test
  void answersWhoHoldsBackABody() throws Exception {
    try (Rig rig =
        Rig.of(
            new Rig.Watched(),
            server ->
                server
                    .limits(limits ->
                        limits.receivedBytes(512 * KIB).closeTimeout(Duration.ofMillis(300)))
                    .http("/page", asked -> Response.text(200, "hello")))) {
      List<Peer> crowd = new ArrayList<>();
      for (int at = 0; at < 20; at++) {
        Peer peer = rig.keep(Peer.tcp(rig.port()));
        peer.send("GET /page HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
        peer.send(new byte[99_999]);
        crowd.add(peer);
      }
      Probe.until("most are answered, and gone", () -> rig.connections() <= 8);
      for (Peer peer : crowd) {
        sendLast(peer);
      }
      int answered = 0;
      for (Peer peer : crowd) {
        String head = readHead(peer);
        answered += head.startsWith("HTTP/1.1 200 ") ? 1 : 0;
        assertTrue(head.isEmpty() || head.startsWith("HTTP/1.1 200 ") || head.contains(" 503 "));
      }
      assertTrue(answered >= 2 && answered <= 8, answered + " of 20 were answered");
    }
  }

  private static void sendLast(Peer peer) {
    try {
      peer.send(new byte[1]);
    } catch (IOException reset) {
      // It has been answered, and is gone.
    }
  }

  private static String readHead(Peer peer) {
    try {
      return peer.readHead();
    } catch (IOException reset) {
      return ""; // it went on sending behind the answer
    }
  }

  /// Conversations whose code does not take what comes: what waits for it is charged, and given
  /// back when it is taken.
  @Test
  void chargesAnInbox() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    byte[] message = new byte[40 * KIB];
    try (Rig rig =
        Rig.of(
            new Rig.Watched(),
            server ->
                server
                    .limits(limits -> limits.receivedBytes(512 * KIB).inboxBytes(1 << 20))
                    .converse(
                        "/slow",
                        ws -> {
                          go.await();
                          for (Message m : ws) {
                            ws.send(m);
                          }
                        }))) {
      Peer first = rig.keep(Peer.open(rig.port(), "/slow"));
      for (int at = 0; at < 5; at++) {
        first.sendBinary(message);
      }
      Probe.until("they are charged", () -> rig.receivedBytes() >= 5 * 40 * KIB);
      Peer second = rig.keep(Peer.open(rig.port(), "/slow"));
      for (int at = 0; at < 12; at++) {
        second.sendBinary(message);
      }
      assertEquals(1013, second.readClose().code());
      go.countDown();
      for (int at = 0; at < 5; at++) {
        assertEquals(message.length, first.read().payload().length);
      }
      for (int at = 0; at < 50; at++) {
        first.sendBinary(message);
        assertEquals(message.length, first.read().payload().length);
      }
    }
  }

  /// A message grows in time that goes with its length, whatever that is, and its memory too.
  @Test
  void copiesALongMessageAFewTimes() throws Exception {
    int bytes = 80 << 20;
    var endpoint =
        new Rig.Watched() {
          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            ws.send(data.remaining() + " bytes");
          }
        };
    try (Rig rig =
            Rig.of(
                endpoint,
                server ->
                    server.limits(limits -> limits.messageBytes(1 << 28).receivedBytes(1L << 30)));
        Peer peer = rig.open()) {
      peer.send(ByteBuffer.allocate(14).put((byte) 0x82).put((byte) 0xFF).putLong(bytes).array());
      for (int left = bytes; left > 0; left -= 1 << 20) {
        peer.send(new byte[1 << 20]);
      }
      assertEquals(bytes + " bytes", peer.read().text());
    }
  }

  // ---- What is to be sent ---------------------------------------------------------------------

  /// HTTP answers to clients that do not read keep to the memory of the loop, and small ones are
  /// still given.
  @Test
  void answersNoMoreThanThereIsMemoryFor() throws Exception {
    byte[] page = new byte[1_000 * KIB];
    try (Rig rig =
        Rig.of(
            new Rig.Watched(),
            server ->
                server
                    .limits(limits -> limits.poolBytes(4L << 20))
                    .http("/big", asked -> Response.of(200, "text/plain", page))
                    .http("/small", asked -> Response.text(200, "small")))) {
      for (int at = 0; at < 40; at++) {
        Peer peer = rig.keep(narrowTcp(rig.port()));
        peer.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n".repeat(4));
        rig.assertHealthy();
      }
      String head = "";
      while (!head.startsWith("HTTP/1.1 503 ")) {
        assertTrue(rig.lentChunks() <= (4 << 20) / (16 << 10) + 60, "chunks are lent");
        Peer peer = rig.keep(narrowTcp(rig.port()));
        peer.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
        head = peer.readHead();
      }
      Peer small = rig.keep(Peer.tcp(rig.port()));
      small.send("GET /small HTTP/1.1\r\nHost: a\r\n\r\n");
      assertTrue(small.readHead().startsWith("HTTP/1.1 200 "));
    }
  }

  private static Peer narrowTcp(int port) throws IOException {
    var socket = new java.net.Socket();
    socket.setReceiveBufferSize(4096);
    socket.connect(new java.net.InetSocketAddress(java.net.InetAddress.getLoopbackAddress(), port));
    return new Peer(socket);
  }
}
