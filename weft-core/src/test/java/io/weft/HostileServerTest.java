package io.weft;

import static io.weft.RawServer.SWITCH;
import static io.weft.RawServer.UPGRADE;
import static io.weft.RawServer.acceptOf;
import static io.weft.RawServer.readHead;
import static io.weft.RawServer.reset;
import static io.weft.RawServer.say;
import static io.weft.RawServer.sayHex;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.HandshakeException.Step;
import io.weft.RawServer.Part;
import io.weft.net.Loop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Servers that misbehave, over plain sockets: whatever they do, the client fails in a typed way
/// and in time, and has nothing left afterwards.
@Timeout(120)
final class HostileServerTest {

  private static final Duration SOON = Duration.ofMillis(300);

  @BeforeEach
  @AfterEach
  void nothingIsThere() throws Exception {
    ClientRig.awaitNothing();
  }

  /// What the client makes of a part.
  private static HandshakeException fails(Part part) throws IOException {
    try (RawServer server = new RawServer(part)) {
      return assertThrows(HandshakeException.class, server.client()::connect);
    }
  }

  private static void assertSays(String what, HandshakeException failure) {
    assertTrue(failure.getMessage().contains(what), failure.getMessage());
    assertEquals(Step.UPGRADING, failure.step());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "HTTP/1.1 101 Switching Protocols;Upgrade: websocket;Connection: Upgrade;Sec-WebSocket-Accept: wrong;; | Sec-WebSocket-Accept does not answer the key",
        "HTTP/1.1 101 Switching Protocols;Upgrade: websocket;Connection: Upgrade;; | Sec-WebSocket-Accept does not answer the key",
        "HTTP/1.1 101 Switching Protocols;ACCEPT;Upgrade: h2c;Connection: Upgrade;; | did not switch to WebSocket",
        "HTTP/1.1 101 Switching Protocols;ACCEPT;; | did not switch to WebSocket",
        "HTTP/1.1 101 S;ACCEPT;Upgrade: websocket;Connection: Upgrade;Sec-WebSocket-Protocol: v9;; | a subprotocol not offered",
        "HTTP/1.1 101 S;ACCEPT;Upgrade: websocket;Connection: Upgrade;Sec-WebSocket-Extensions: permessage-deflate;; | an extension not offered",
        "HTTP/1.1 200 OK;Content-Length: 2;;ok | the server answered 200 OK instead of 101",
        "HTTP/1.1 302 Found;Location: ws://other/;Content-Length: 0;; | the server answered 302 Found instead of 101",
        "HTTP/1.1 503;Content-Length: 0;; | malformed response",
        "SSH-2.0-OpenSSH_9.6;; | malformed response",
        "HTTP/1.1 200 OK;a b: c;; | malformed response",
      })
  void tellsWrongAnswersApart(String answer, String says) throws Exception {
    HandshakeException failure =
        fails((socket, accept) ->
            say(socket, answer.replace("ACCEPT;", accept).replace(";", "\r\n")));
    assertSays(says, failure);
  }

  /// What it says comes to people and into logs.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "HTTP/1.1 403 Forbidden;Content-Length: 10;;;; no  ;ERR | 403 Forbidden instead of 101: no",
        "HTTP/1.1 403 Forbidden;Content-Length: 6;;q\u001B[2Jq | instead of 101: q\\u{1b}[2Jq",
        "HTTP/1.1 403 Forbidden;Content-Length: 3;Content-Encoding: gzip;;abc | instead of 101",
        "HTTP/1.1 403 Forbidden;Content-Length: 2;;;; | 403 Forbidden instead of 101",
        "HTTP/1.1 403 a\u0085b;Content-Length: 0;; | answered 403 a\\u{85}b instead of 101",
      })
  void escapesWhatARefusalSays(String answer, String says) throws Exception {
    HandshakeException failure =
        fails((socket, accept) -> say(socket, answer.replace(";", "\r\n")));
    assertEquals(says, failure.getMessage().substring(failure.getMessage().indexOf(says)));
  }

  @Test
  void showsOnlySoMuchOfARefusal() throws Exception {
    String words = "w".repeat(7_000);
    HandshakeException failure =
        fails((socket, accept) ->
            say(socket, "HTTP/1.1 403 " + words + "\r\nContent-Length: 7000\r\n\r\n" + words));
    assertTrue(failure.getMessage().length() < 600, failure.getMessage());
    assertTrue(failure.getMessage().endsWith("www…"), failure.getMessage());
  }

  @Test
  void keepsTheBodyOfARefusalThatIsCut() throws Exception {
    HandshakeException chunked =
        fails((socket, accept) ->
            say(socket, "HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz"));
    assertEquals("abc", chunked.bodyText());
    HandshakeException ended =
        fails((socket, accept) -> {
          say(socket, "HTTP/1.1 500 Oh\r\n\r\nuntil the end");
          socket.close();
        });
    assertEquals("until the end", ended.bodyText());
    HandshakeException endless =
        fails((socket, accept) -> {
          say(socket, "HTTP/1.1 500 Oh\r\n\r\n");
          while (true) {
            say(socket, "x".repeat(1_000));
          }
        });
    assertEquals("x".repeat(4_096), endless.bodyText());
    assertEquals(500, endless.status());
  }

  @Test
  void givesUpOnEndlessHeaders() throws Exception {
    assertSays(
        "malformed response",
        fails((socket, accept) -> {
          say(socket, SWITCH);
          for (int n = 0; ; n++) {
            say(socket, "X-Header-" + n + ": " + "y".repeat(n % 100) + "\r\n");
          }
        }));
    assertSays(
        "malformed response",
        fails((socket, accept) -> {
          say(socket, "HTTP/1.1 101 ");
          while (true) {
            say(socket, "z".repeat(100));
          }
        }));
  }

  @Test
  void takesAFewInterimAnswersAndNoFlood() throws Exception {
    Part few =
        (socket, accept) -> {
          say(socket, "HTTP/1.1 100 Continue\r\n\r\n".repeat(3));
          say(socket, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + UPGRADE + accept + "\r\n");
          sayHex(socket, "81026869");
        };
    try (RawServer server = new RawServer(few);
        Conversation ws = server.client().limits(l -> l.closeTimeout(SOON)).connect()) {
      assertEquals(new Message.Text("hi"), ws.receive(Probe.WAIT));
    }
    HandshakeException flood =
        fails((socket, accept) -> {
          while (true) {
            say(socket, "HTTP/1.1 100 Continue\r\n\r\n");
          }
        });
    assertSays("over 8 interim responses", flood);
    assertEquals(100, flood.status());
  }

  @Test
  void takesFramesThatComeWithTheAnswerCutAnywhere() throws Exception {
    AtomicInteger cut = new AtomicInteger();
    Part part =
        (socket, accept) -> {
          String all = UPGRADE + accept + "\r\n\u0081\u0002hi\u0088\u0002\u0003\u00e8";
          int at = cut.get() % all.length();
          say(socket, all.substring(0, at));
          Thread.sleep(2);
          say(socket, all.substring(at));
          socket.getInputStream().readNBytes(8); // the answer to the Close
          socket.close();
        };
    try (RawServer server = new RawServer(part)) {
      for (; cut.get() < 140; cut.incrementAndGet()) {
        Conversation ws = server.client().limits(l -> l.closeTimeout(SOON)).connect();
        assertEquals(new Message.Text("hi"), ws.receive(Probe.WAIT), "cut at " + cut);
        var end = assertThrows(ConnectionClosedException.class, ws::receive);
        assertEquals(1000, end.close().code());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "H", "HTTP/1.1 101", SWITCH, UPGRADE, "HTTP/1.1 100 Continue\r\n\r\n"})
  void failsInTimeWhereverTheServerStalls(String beginning) throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    try (RawServer server =
        new RawServer((socket, accept) -> {
          say(socket, beginning);
          over.await();
        })) {
      long since = System.nanoTime();
      var failure =
          assertThrows(
              HandshakeException.class,
              server.client().limits(l -> l.handshakeTimeout(SOON))::connect);
      long ms = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
      assertSays("no answer within the handshakeTimeout of 300 ms", failure);
      assertTrue(ms >= 300 && ms < 3_000, ms + " ms");
    } finally {
      over.countDown();
    }
  }

  @Test
  void failsInTimeInTheBodyOfARefusal() throws Exception {
    try (RawServer server =
        new RawServer((socket, accept) ->
            say(socket, "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nhalf"))) {
      var failure =
          assertThrows(
              HandshakeException.class,
              server.client().limits(l -> l.handshakeTimeout(SOON))::connect);
      assertEquals(403, failure.status());
      assertEquals("half", failure.bodyText());
    }
  }

  /// A port where nobody accepts, and whose queue is full: it answers no SYN.
  private static ServerSocket blackHole(List<Socket> filling) throws IOException {
    ServerSocket hole = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    for (int n = 0; n < 8; n++) {
      Socket socket = new Socket();
      try {
        filling.add(socket);
        socket.connect(hole.getLocalSocketAddress(), 100);
      } catch (IOException full) {
        return hole;
      }
    }
    return hole;
  }

  @Test
  void failsInTimeIfNobodyAnswersTheConnect() throws Exception {
    List<Socket> filling = new ArrayList<>();
    try (ServerSocket hole = blackHole(filling)) {
      Client client = Client.to("ws://127.0.0.1:" + hole.getLocalPort() + "/").connectTimeout(SOON);
      var failure = assertThrows(HandshakeException.class, client::connect);
      assertTrue(
          failure.getMessage().contains("no answer (within the connectTimeout of 300 ms)"),
          failure.getMessage());
      assertEquals(Step.CONNECTING, failure.step());
    } finally {
      for (Socket socket : filling) {
        socket.close();
      }
    }
  }

  @Test
  void triesTheNextAddressBesideASilentOne() throws Exception {
    List<Socket> filling = new ArrayList<>();
    try (ServerSocket hole = blackHole(filling);
        ServerSocket good =
            new ServerSocket(hole.getLocalPort(), 10, InetAddress.ofLiteral("127.0.0.2"))) {
      ClientLoop shared = ClientLoop.shared();
      InetAddress[] addresses = {
        InetAddress.ofLiteral("127.0.0.1"), InetAddress.ofLiteral("127.0.0.2")
      };
      Client client =
          Client.to("ws://both.invalid:" + hole.getLocalPort() + "/").resolver(host -> addresses);
      long since = System.nanoTime();
      CompletableFuture<Conversation> opening = client.connectAsync();
      try (Socket socket = good.accept()) {
        long ms = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
        assertTrue(ms >= 240 && ms < 2_000, ms + " ms");
        say(socket, UPGRADE + acceptOf(readHead(socket.getInputStream())) + "\r\n");
        Conversation ws = opening.get(20, TimeUnit.SECONDS);
        assertEquals("127.0.0.2", ws.remoteAddress().getAddress().getHostAddress());
        Loop loop = shared.loop;
        assertEquals(1, ClientRig.onLoop(loop::connections), "the silent one is closed");
      }
    } finally {
      for (Socket socket : filling) {
        socket.close();
      }
    }
  }

  @Test
  void failsTypedWhenResetAtAnyByte() throws Exception {
    AtomicInteger at = new AtomicInteger();
    Part part =
        (socket, accept) -> {
          say(socket, (UPGRADE + accept + "\r\n").substring(0, at.get()));
          if (at.get() % 2 == 0) {
            reset(socket);
          } else {
            socket.close();
          }
        };
    int whole = (UPGRADE + "Sec-WebSocket-Accept: ............................\r\n\r\n").length();
    try (RawServer server = new RawServer(part)) {
      for (; at.get() < whole; at.incrementAndGet()) {
        var failure = assertThrows(HandshakeException.class, server.client()::connect, "" + at);
        assertEquals(0, failure.status());
        boolean told =
            failure.getMessage().contains("ended the connection without an answer")
                || failure.getMessage().contains("the connection broke");
        assertTrue(told, failure.getMessage());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "a masked frame, 8182000000006869, 1002",
    "RSV1 without an extension, c1026869, 1002",
    "an unknown opcode, 83026869, 1002",
    "a continuation of nothing, 80026869, 1002",
    "no UTF-8, 8101ff, 1007",
    "too large, 827f0000000040000000, 1009",
    "a code that is not for the wire, 880203ed, 1002",
  })
  void failsAConnectionThatBreaksTheProtocol(String what, String hex, int code) throws Exception {
    CompletableFuture<byte[]> answered = new CompletableFuture<>();
    Part part =
        (socket, accept) -> {
          say(socket, UPGRADE + accept + "\r\n");
          sayHex(socket, hex);
          answered.complete(socket.getInputStream().readAllBytes());
          socket.close();
        };
    try (RawServer server = new RawServer(part)) {
      Conversation ws = server.client().connect();
      var end = assertThrows(ConnectionClosedException.class, ws::receive, what);
      assertEquals(code, end.close().code(), what);
      assertEquals(Close.By.SELF, end.close().by(), what);
      byte[] close = answered.get(20, TimeUnit.SECONDS);
      assertEquals(0x88, close[0] & 0xFF, what);
      assertEquals(0x80, close[1] & 0x80, "a client masks each frame");
      int sent = (((close[6] ^ close[2]) & 0xFF) << 8) | ((close[7] ^ close[3]) & 0xFF);
      assertEquals(code, sent, what);
    }
  }

  @Test
  void waitsForTheServerToEndTcpFirstButNotForEver() throws Exception {
    CompletableFuture<Integer> endedEarly = new CompletableFuture<>();
    Part slow =
        (socket, accept) -> {
          say(socket, UPGRADE + accept + "\r\n");
          sayHex(socket, "880203e8");
          socket.getInputStream().readNBytes(8); // the answer
          socket.setSoTimeout(200);
          try {
            endedEarly.complete(socket.getInputStream().read());
          } catch (IOException silence) {
            endedEarly.complete(0);
          }
          Thread.sleep(60_000);
        };
    try (RawServer server = new RawServer(slow)) {
      Conversation ws =
          server.client().limits(l -> l.closeTimeout(Duration.ofMillis(500))).connect();
      long since = System.nanoTime();
      var end = assertThrows(ConnectionClosedException.class, ws::receive);
      assertEquals(new Close(1000, "", Close.By.PEER), end.close());
      assertEquals(0, endedEarly.get(20, TimeUnit.SECONDS), "no FIN of the client came first");
      assertTrue(System.nanoTime() - since < 5_000_000_000L);
    }
  }

  @Test
  void masksEachFrameWithAFreshKey() throws Exception {
    CompletableFuture<List<Integer>> keys = new CompletableFuture<>();
    int frames = 3_000;
    Part part =
        (socket, accept) -> {
          say(socket, UPGRADE + accept + "\r\n");
          List<Integer> seen = new ArrayList<>();
          for (int n = 0; n < frames; n++) {
            byte[] frame = socket.getInputStream().readNBytes(7);
            assertEquals(0x8181, ((frame[0] & 0xFF) << 8) | (frame[1] & 0xFF));
            assertEquals('x', frame[6] ^ frame[2]);
            seen.add(java.nio.ByteBuffer.wrap(frame).getInt(2));
          }
          keys.complete(seen);
          socket.close();
        };
    try (RawServer server = new RawServer(part);
        Conversation ws = server.client().connect()) {
      for (int n = 0; n < frames; n++) {
        ws.send("x");
      }
      List<Integer> seen = keys.get(20, TimeUnit.SECONDS);
      assertTrue(seen.stream().distinct().count() > frames - 5, "keys repeat");
    }
  }

  @Test
  void leavesNothingOverAThousandAttempts() throws Exception {
    leavesNothing(1_000);
  }

  @Test
  @Tag("full")
  void leavesNothingOverTenThousandAttempts() throws Exception {
    leavesNothing(10_000);
  }

  private static void leavesNothing(int attempts) throws Exception {
    AtomicInteger number = new AtomicInteger();
    Part part =
        (socket, accept) -> {
          switch (number.getAndIncrement() % 8) {
            case 0 -> say(socket, UPGRADE + "Sec-WebSocket-Accept: wrong\r\n\r\n");
            case 1 -> say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            case 2 -> say(socket, "nonsense\r\n\r\n");
            case 3 -> reset(socket);
            case 4 -> socket.close();
            case 5 -> say(socket, "HTTP/1.1 500 No\r\n\r\nhalf"); // and stalls
            case 6 -> {
              say(socket, UPGRADE + accept + "\r\n");
              reset(socket);
            }
            default -> {
              say(socket, UPGRADE + accept + "\r\n");
              sayHex(socket, "8182000000006869");
              socket.getInputStream().readAllBytes();
              socket.close();
            }
          }
        };
    try (RawServer server = new RawServer(part)) {
      Client client = server.client().limits(l -> l.handshakeTimeout(SOON));
      List<CompletableFuture<Conversation>> running = new ArrayList<>();
      for (int n = 0; n < attempts; n++) {
        running.add(client.connectAsync());
        if (running.size() == 50) {
          for (var each : running) {
            awaitEnd(each);
          }
          running.clear();
        }
      }
    }
    ClientRig.awaitNothing();
  }

  private static void awaitEnd(CompletableFuture<Conversation> opening)
      throws InterruptedException, TimeoutException {
    try {
      Conversation ws = opening.get(20, TimeUnit.SECONDS);
      assertThrows(ConnectionClosedException.class, ws::receive);
    } catch (ExecutionException e) {
      assertInstanceOf(HandshakeException.class, e.getCause());
    }
  }
}
