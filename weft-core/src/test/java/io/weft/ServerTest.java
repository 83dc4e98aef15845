package io.weft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The public API of a server, seen from a socket: handshakes, messages, closes, plain requests.
@ParameterizedClass(name = "TLS: {0}")
@ValueSource(booleans = {false, true})
final class ServerTest {

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

  private Server.Builder server() {
    return Peer.speakingTls(Server.at("127.0.0.1", 0).hosts("a").route("/echo", probe).loops(2));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Hello", "你好啊", "一边玩去 找到女朋友了 分手了", "🧵 𝄞"})
  void echoesText(String text) throws Exception {
    try (Server server = server().start();
        Peer peer = Peer.open(server.port(), "/echo")) {
      peer.sendText(text);
      Peer.Frame echo = peer.read();
      assertEquals(Peer.TEXT, echo.opcode());
      assertEquals(text, echo.text());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 125, 126, 127, 65_535, 65_536, 131_072, 1 << 20})
  void echoesBinary(int bytes) throws Exception {
    byte[] data = new byte[bytes];
    for (int at = 0; at < bytes; at++) {
      data[at] = (byte) (at * 31);
    }
    try (Server server = server().start();
        Peer peer = Peer.open(server.port(), "/echo")) {
      CompletableFuture<Void> sending =
          CompletableFuture.runAsync(() -> unchecked(() -> peer.sendBinary(data)));
      Peer.Frame echo = peer.read();
      sending.join();
      assertEquals(Peer.BINARY, echo.opcode());
      assertArrayEquals(data, echo.payload());
    }
  }

  @Test
  void takesFramesRightBehindTheHandshake() throws Exception {
    try (Server server = server().start();
        Peer peer = Peer.tcp(server.port())) {
      byte[] head = Peer.handshake("/echo").getBytes(StandardCharsets.ISO_8859_1);
      byte[] frame = Peer.frame(true, Peer.TEXT, "early".getBytes(StandardCharsets.UTF_8));
      byte[] both = Arrays.copyOf(head, head.length + frame.length);
      System.arraycopy(frame, 0, both, head.length, frame.length);
      peer.send(both);
      assertTrue(peer.readHead().startsWith("HTTP/1.1 101 "));
      assertEquals("early", peer.read().text());
    }
  }

  @Test
  void takesAHandshakeAndAFrameByteByByte() throws Exception {
    try (Server server = server().start();
        Peer peer = Peer.tcp(server.port())) {
      for (byte one : Peer.handshake("/echo").getBytes(StandardCharsets.ISO_8859_1)) {
        peer.send(new byte[] {one});
      }
      assertTrue(peer.readHead().startsWith("HTTP/1.1 101 "));
      for (byte one : Peer.frame(true, Peer.TEXT, "分手了".getBytes(StandardCharsets.UTF_8))) {
        peer.send(new byte[] {one});
      }
      assertEquals("分手了", peer.read().text());
    }
  }

  @Test
  void showsTheRequest() throws Exception {
    try (Server server = server().route("/ws/{username}/", probe).start();
        Peer peer =
            Peer.open(
                server.port(),
                "/ws/J%C3%BCrgen/?room=a%20b&x=1",
                "Cookie: a=1; session=s=e; b=2",
                "X-Custom: one",
                "x-custom: two")) {
      WebSocket ws = probe.awaitOpened();
      assertEquals("Jürgen", ws.param("username"));
      assertThrows(IllegalArgumentException.class, () -> ws.param("nobody"));
      Request request = ws.request();
      assertEquals("GET", request.method());
      assertEquals("/ws/Jürgen/", request.path());
      assertEquals("room=a%20b&x=1", request.query());
      assertEquals("a b", request.query("room"));
      assertNull(request.query("none"));
      assertEquals("s=e", request.cookie("session"));
      assertNull(request.cookie("none"));
      assertEquals("one", request.header("X-CUSTOM"));
      assertEquals(List.of("one", "two"), request.headers("x-custom"));
      assertEquals("localhost", request.header("Host"));
      assertNull(request.header("Sec-WebSocket-Key"), "not kept");
      assertEquals(peer.socket.getLocalPort(), ws.remoteAddress().getPort());
      assertEquals(0, request.body().length);
    }
  }

  @Test
  void keepsAttributesAndTellsConnectionsApart() throws Exception {
    try (Server server = server().start();
        Peer one = Peer.open(server.port(), "/echo");
        Peer other = Peer.open(server.port(), "/echo")) {
      WebSocket first = probe.awaitOpened();
      WebSocket second = probe.awaitOpened();
      first.attributes().put("name", "ann");
      assertEquals("ann", first.attributes().get("name"));
      assertTrue(second.attributes().isEmpty());
      assertTrue(first.id() != second.id());
      assertTrue(first.isOpen() && one.socket.isConnected() && other.socket.isConnected());
      assertEquals(2, server.connections());
    }
  }

  // ---- Handshakes -------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "http://localhost, 101",
    "http://LOCALHOST:80, 101",
    "https://localhost, 101", // behind a proxy that ends TLS
    "http://localhost:8081, 403",
    "https://app.example, 101",
    "https://app.example:443, 101",
    "http://app.example, 403",
    "null, 403",
    "nonsense, 403",
  })
  void keepsTheOriginPolicy(String origin, int status) throws Exception {
    try (Server server = server().origins("https://app.example").start();
        Peer peer = Peer.tcp(server.port())) {
      peer.send(Peer.handshake("/echo", "Origin: " + origin));
      String head = peer.readHead();
      assertTrue(head.startsWith("HTTP/1.1 " + status + " "), head);
    }
  }

  @Test
  void allowsEveryOriginWhereAsked() throws Exception {
    try (Server server = server().origins("*").start();
        Peer peer = Peer.open(server.port(), "/echo", "Origin: null")) {
      peer.sendText("hi");
      assertEquals("hi", peer.read().text());
    }
    assertThrows(IllegalArgumentException.class, () -> server().origins("app.example"));
  }

  @ParameterizedTest
  @CsvSource({"'v1, v2', v2", "v1, v1", "'v3', ", "'', "})
  void choosesTheSubprotocolItPrefers(String offered, String chosen) throws Exception {
    String[] headers =
        offered.isEmpty() ? new String[0] : new String[] {"Sec-WebSocket-Protocol: " + offered};
    try (Server server = server().subprotocols("v2", "v1").start();
        Peer peer = Peer.open(server.port(), "/echo", headers)) {
      assertEquals(chosen, probe.awaitOpened().subprotocol());
      peer.sendText("still fine");
      assertEquals("still fine", peer.read().text());
    }
  }

  @Test
  void letsTheEndpointRefuseChooseAndAddHeaders() throws Exception {
    Endpoint picky =
        new Endpoint() {
          @Override
          public Handshake opening(Request request) {
            if (request.cookie("session") == null) {
              return Handshake.refuse(401, "log in first");
            }
            return Handshake.accept().subprotocol("b").header("Set-Cookie", "seen=1");
          }
        };
    try (Server server = server().route("/picky", picky).subprotocols("a").start()) {
      try (Peer peer = Peer.tcp(server.port())) {
        peer.send(Peer.handshake("/picky"));
        String answer = peer.readAll();
        assertTrue(answer.startsWith("HTTP/1.1 401 "), answer);
        assertTrue(answer.contains("Connection: close") && answer.endsWith("log in first"), answer);
      }
      try (Peer peer = Peer.tcp(server.port())) {
        peer.send(Peer.handshake("/picky", "Cookie: session=1", "Sec-WebSocket-Protocol: a, b"));
        String head = peer.readHead();
        assertTrue(head.startsWith("HTTP/1.1 101 "), head);
        assertTrue(head.contains("Sec-WebSocket-Protocol: b\r\n"), head);
        assertTrue(head.contains("Set-Cookie: seen=1\r\n"), head);
      }
      assertEquals(0, probe.opened.size());
    }
  }

  @Test
  void saysOnceThatARefusedConnectionCloses() throws Exception {
    try (Server server = server().start();
        Peer peer = Peer.tcp(server.port())) {
      peer.send(Peer.handshake("/echo").replace("Version: 13", "Version: 12"));
      String answer = peer.readAll();
      assertTrue(answer.startsWith("HTTP/1.1 426 "), answer);
      assertTrue(answer.contains("Sec-WebSocket-Version: 13\r\n"), answer);
      assertEquals(answer.indexOf(": close\r\n"), answer.lastIndexOf(": close\r\n"), answer);
    }
  }

  @Test
  void answersAHandshakeAtAPathWithoutEndpointWith404() throws Exception {
    try (Server server = server().start();
        Peer peer = Peer.tcp(server.port())) {
      peer.send(Peer.handshake("/nowhere"));
      assertTrue(peer.readAll().startsWith("HTTP/1.1 404 "));
    }
  }

  // ---- Closes -----------------------------------------------------------------------------------

  @Test
  void answersThePeersCloseWithItsCodeAndEndsTcpFirst() throws Exception {
    try (Server server = server().start();
        Peer peer = Peer.open(server.port(), "/echo")) {
      peer.sendText("before");
      peer.sendClose(4001, "再见");
      assertEquals("before", peer.read().text());
      Peer.Frame answer = peer.read();
      assertEquals(4001, answer.code());
      assertEquals("再见", answer.reason());
      peer.awaitEnd();
      peer.hangUp();
      Close close = probe.awaitClosed();
      assertEquals(new Close(4001, "再见", Close.By.PEER), close);
      assertTrue(close.isClean());
    }
  }

  @Test
  void answersACloseWithoutACode() throws Exception {
    try (Server server = server().start();
        Peer peer = Peer.open(server.port(), "/echo")) {
      peer.send(Peer.frame(true, Peer.CLOSE, new byte[0]));
      assertEquals(0, peer.read().payload().length);
      peer.awaitEnd();
      peer.hangUp();
      probe.assertClosed(1005, Close.By.PEER);
    }
  }

  @Test
  void closesBehindWhatWasSent() throws Exception {
    Probe closing =
        new Probe() {
          @Override
          public void opened(WebSocket ws) throws Exception {
            assertEquals(Send.SENT, ws.send("last words"));
            ws.close(3000, "bye");
            assertEquals(Send.REFUSED, ws.send("too late"));
            assertFalse(ws.isOpen());
          }
        };
    try (Server server = server().route("/closing", closing).start();
        Peer peer = Peer.open(server.port(), "/closing")) {
      assertEquals("last words", peer.read().text());
      Peer.Frame close = peer.read();
      assertEquals(3000, close.code());
      assertEquals("bye", close.reason());
      peer.sendText("crossing"); // not delivered any more, and no breach either
      peer.sendClose(3000, "");
      peer.awaitEnd();
      peer.hangUp();
      closing.assertClosed(3000, Close.By.SELF);
      assertEquals(0, closing.messages.get());
    }
  }

  @Test
  void reportsAnEndWithoutACloseAs1006() throws Exception {
    try (Server server = server().start()) {
      Peer.open(server.port(), "/echo").close();
      probe.assertClosed(1006, Close.By.NETWORK);
      Peer.open(server.port(), "/echo").reset();
      probe.assertClosed(1006, Close.By.NETWORK);
    }
  }

  @Test
  void refusesToSendAnIllegalClose() throws Exception {
    try (Server server = server().start();
        Peer peer = Peer.open(server.port(), "/echo")) {
      WebSocket ws = probe.awaitOpened();
      for (int code : new int[] {999, 1004, 1005, 1006, 1015, 2999, 5000}) {
        assertThrows(IllegalArgumentException.class, () -> ws.close(code, ""), "code " + code);
      }
      assertThrows(IllegalArgumentException.class, () -> ws.close(1000, "x".repeat(124)));
      ws.close(1000, "x".repeat(123));
      assertEquals("x".repeat(123), peer.read().reason());
    }
  }

  @Test
  void closesWith1003WhatAnEndpointDoesNotHandle() throws Exception {
    try (Server server = server().route("/deaf", new Endpoint() {}).start()) {
      try (Peer peer = Peer.open(server.port(), "/deaf")) {
        peer.sendText("anybody?");
        assertEquals(1003, peer.read().code());
      }
      try (Peer peer = Peer.open(server.port(), "/deaf")) {
        peer.sendBinary(new byte[1]);
        assertEquals(1003, peer.read().code());
      }
    }
  }

  // ---- Pings ------------------------------------------------------------------------------------

  @Test
  void answersPingsWithTheirPayload() throws Exception {
    try (Server server = server().start();
        Peer peer = Peer.open(server.port(), "/echo")) {
      for (String payload : List.of("", "x", "p".repeat(125))) {
        peer.send(Peer.frame(true, Peer.PING, payload.getBytes(StandardCharsets.UTF_8)));
        Peer.Frame pong = peer.read();
        assertEquals(Peer.PONG, pong.opcode());
        assertEquals(payload, pong.text());
      }
      peer.send(Peer.frame(true, Peer.PONG, new byte[8])); // unsolicited: ignored (§5.5.3)
      peer.sendText("on");
      assertEquals("on", peer.read().text());
    }
  }

  @Test
  void measuresTheRoundTripOfAPing() throws Exception {
    try (Server server = server().start();
        Peer peer = Peer.open(server.port(), "/echo")) {
      WebSocket ws = probe.awaitOpened();
      assertNull(ws.roundTrip());
      CompletableFuture<Duration> first = ws.ping();
      CompletableFuture<Duration> second = ws.ping();
      peer.read();
      Peer.Frame ping = peer.read();
      assertEquals(Peer.PING, ping.opcode());
      peer.send(Peer.frame(true, Peer.PONG, ping.payload())); // answers both (§5.5.3)
      assertTrue(first.get(20, TimeUnit.SECONDS).compareTo(second.get(20, TimeUnit.SECONDS)) >= 0);
      assertNotNull(ws.roundTrip());
      CompletableFuture<Duration> unanswered = ws.ping();
      peer.read();
      peer.hangUp();
      assertThrows(ExecutionException.class, () -> unanswered.get(20, TimeUnit.SECONDS));
    }
  }

  // ---- Sending from other threads ---------------------------------------------------------------

  @Test
  void keepsTheOrderOfEachThread() throws Exception {
    int threads = 4;
    int each = 2_000;
    try (Server server = server().start();
        Peer peer = Peer.open(server.port(), "/echo")) {
      WebSocket ws = probe.awaitOpened();
      List<Thread> senders = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        String name = t + ":";
        senders.add(
            Thread.ofVirtual()
                .start(() -> {
                  for (int n = 0; n < each; n++) {
                    while (!ws.send(name + n).isTaken()) {
                      Thread.onSpinWait();
                    }
                  }
                }));
      }
      int[] next = new int[threads];
      for (int n = 0; n < threads * each; n++) {
        String[] got = peer.read().text().split(":", 2);
        int thread = Integer.parseInt(got[0]);
        assertEquals(next[thread]++, Integer.parseInt(got[1]), "of thread " + thread);
      }
      for (Thread sender : senders) {
        sender.join();
      }
      Probe.until("all has left", () -> ws.bufferedBytes() == 0);
    }
  }

  @Test
  void sendsACopyOfWhatItIsGiven() throws Exception {
    try (Server server = server().start();
        Peer peer = Peer.open(server.port(), "/echo")) {
      WebSocket ws = probe.awaitOpened();
      byte[] data = {1, 2, 3, 4};
      ByteBuffer part = ByteBuffer.wrap(data).position(1).limit(3);
      assertEquals(Send.SENT, ws.send(part));
      assertEquals(2, part.remaining());
      assertEquals(1, part.position());
      data[1] = 99;
      assertArrayEquals(new byte[] {2, 3}, peer.read().payload());
    }
  }

  @Test
  void takesNothingBehindACloseOfTheSameThread() throws Exception {
    try (Server server = server().start();
        Peer peer = Peer.open(server.port(), "/echo")) {
      WebSocket ws = probe.awaitOpened();
      assertEquals(Send.SENT, ws.send("last"));
      ws.close(4000, "done");
      assertFalse(ws.isOpen());
      assertEquals(Send.REFUSED, ws.send("too late"));
      assertEquals("last", peer.read().text());
      assertEquals(4000, peer.read().code());
    }
  }

  @Test
  void refusesTextThatIsNoUnicode() throws Exception {
    try (Server server = server().start();
        Peer peer = Peer.open(server.port(), "/echo")) {
      WebSocket ws = probe.awaitOpened();
      assertThrows(IllegalArgumentException.class, () -> ws.send("half a pair: \uD83E"));
      ws.send("fine");
      assertEquals("fine", peer.read().text());
    }
  }

  // ---- Plain requests ---------------------------------------------------------------------------

  private Server.Builder site() {
    return server()
        .http("/health", request -> Response.json(200, "{\"ok\":true}"))
        .http("/hello/{name}", request -> Response.text(200, "Hello " + request.param("name")))
        .http(
            "/broken",
            request -> {
              throw new IllegalStateException("on purpose");
            });
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /health, 200, '{\"ok\":true}'",
    "HEAD, /health, 200, ''",
    "GET, /hello/J%C3%BCrgen, 200, Hello J\u00C3\u00BCrgen",
    "GET, /nowhere, 404, 'nothing is at this path\n'",
    "GET, /broken, 500, 'the server failed\n'",
    "GET, /echo, 426, 'a WebSocket endpoint is at this path: connect with ws://\n'",
    "DELETE, /health, 405, 'this path answers GET and HEAD\n'",
  })
  void answersPlainRequests(String method, String path, int status, String body) throws Exception {
    try (Server server = site().start();
        Peer peer = Peer.tcp(server.port())) {
      peer.send(method + " " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      String answer = peer.readAll();
      assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
      String expected = tls ? body.replace("ws://", "wss://") : body;
      assertEquals(expected, answer.substring(answer.indexOf("\r\n\r\n") + 4));
    }
  }

  /// As Debian's HAProxy 2.6 checks a server, and what else may be asked so.
  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      value = {
        "OPTIONS / HTTP/1.0|| > 204 > OPTIONS",
        "OPTIONS * HTTP/1.0|| > 204 > GET, HEAD, OPTIONS",
        "OPTIONS * HTTP/1.1|host: a|connection: close|| > 204 > GET, HEAD, OPTIONS",
        "OPTIONS http://a HTTP/1.1|Host: a|Connection: close|| > 204 > OPTIONS",
        "OPTIONS /echo HTTP/1.0|| > 204 > GET, OPTIONS",
        "OPTIONS /health HTTP/1.0|| > 204 > GET, HEAD, OPTIONS",
        "OPTIONS /hello/x HTTP/1.0|Content-Length: 2||hi > 204 > GET, HEAD, OPTIONS",
        "POST /health HTTP/1.0|| > 405 > GET, HEAD, OPTIONS",
        "OPTIONS /none HTTP/1.0|| > 404 >",
        "OPTIONS / HTTP/1.1|connection: close|| > 400 >",
        "OPTIONS /a//b HTTP/1.0|| > 400 >",
      })
  void saysWhatMayBeAsked(String request, int status, String allow) throws Exception {
    try (Server server = site().start();
        Peer peer = Peer.tcp(server.port())) {
      peer.send(request.replace("|", "\r\n"));
      String answer = peer.readAll();
      assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
      assertEquals(allow != null, answer.contains("\r\nAllow: " + allow + "\r\n"), answer);
      boolean isEmpty = answer.endsWith("\r\n\r\n") && !answer.contains("Content-");
      assertEquals(status == 204, isEmpty, answer);
    }
  }

  /// A proxy may have taken it for a tunnel, in which the next request would be a stranger's.
  @ParameterizedTest
  @ValueSource(strings = {"", "Connection: keep-alive\r\n", "Connection: x\r\n"})
  void closesBehindHalfAnUpgrade(String connection) throws Exception {
    try (Server server = site().start();
        Peer peer = Peer.tcp(server.port())) {
      String request = "GET /health HTTP/1.1\r\nHost: a\r\n";
      peer.send(request + "Upgrade: h2c, WebSocket\r\n" + connection + "\r\n" + request + "\r\n");
      String answer = peer.readAll();
      assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
      assertTrue(answer.contains("\r\nConnection: close\r\n"), answer);
      assertEquals(answer.indexOf("HTTP/1.1"), answer.lastIndexOf("HTTP/1.1"), answer);
    }
  }

  @Test
  void repeatsNoMoreThanAPieceOfWhatItRefuses() throws Exception {
    try (Server server = site().start()) {
      for (String line :
          new String[] {"Origin: http://" + "x".repeat(6000), "Origin: \u009b31m'\u0085"}) {
        try (Peer peer = Peer.tcp(server.port())) {
          peer.send(Peer.handshake("/echo", line));
          String answer = peer.readAll();
          assertTrue(answer.startsWith("HTTP/1.1 403 "), answer);
          assertTrue(answer.length() < 400, answer);
          assertTrue(answer.chars().allMatch(c -> c < 0x7F), answer);
        }
      }
      try (Peer peer = Peer.tcp(server.port())) {
        peer.send(Peer.handshake("/echo").replace("localhost", "x".repeat(250)));
        String answer = peer.readAll();
        assertTrue(answer.startsWith("HTTP/1.1 421 "), answer);
        assertTrue(answer.length() < 400 && answer.contains("x".repeat(80) + "...'"), answer);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {204, 304})
  void sendsNoBodyWhereNoneMayBe(int status) throws Exception {
    try (Server server = site().http("/none", request -> Response.text(status, "none")).start();
        Peer peer = Peer.tcp(server.port())) {
      peer.send("GET /none HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n");
      String head = peer.readHead();
      assertTrue(head.startsWith("HTTP/1.1 " + status + " "), head);
      assertFalse(head.contains("Content-Length"), head);
      assertTrue(peer.readHead().startsWith("HTTP/1.1 200 "));
    }
  }

  @Test
  void answersOneRequestAfterAnotherAndThenUpgrades() throws Exception {
    try (Server server = site().start();
        Peer peer = Peer.tcp(server.port())) {
      String request = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
      peer.send(request + request + Peer.handshake("/echo"));
      for (int n = 0; n < 2; n++) {
        assertTrue(peer.readHead().startsWith("HTTP/1.1 200 "));
        for (char expected : "{\"ok\":true}".toCharArray()) {
          assertEquals(expected, (char) peer.socket.getInputStream().read());
        }
      }
      assertTrue(peer.readHead().startsWith("HTTP/1.1 101 "));
      peer.sendText("after two requests");
      assertEquals("after two requests", peer.read().text());
    }
  }

  // ---- Starting and stopping --------------------------------------------------------------------

  @Test
  void drainsWith1001AndReports() throws Exception {
    try (Server server = server().start();
        Peer one = Peer.open(server.port(), "/echo");
        Peer other = Peer.open(server.port(), "/echo")) {
      CompletableFuture<Server.Drained> closing =
          CompletableFuture.supplyAsync(() -> server.close(Duration.ofSeconds(Long.MAX_VALUE)));
      for (Peer peer : List.of(one, other)) {
        assertEquals(1001, peer.read().code());
        peer.sendClose(1001, "");
        peer.awaitEnd();
        peer.hangUp();
        probe.assertClosed(1001, Close.By.SELF);
      }
      assertEquals(new Server.Drained(2, 0, 0), closing.get(20, TimeUnit.SECONDS));
      assertThrows(java.io.IOException.class, () -> Peer.tcp(server.port()));
    }
  }

  @Test
  void closesByForceWhoDoesNotAnswer() throws Exception {
    try (Server server = server().start();
        Peer silent = Peer.open(server.port(), "/echo")) {
      Server.Drained drained = server.close(Duration.ofMillis(200));
      assertEquals(1, drained.connections());
      assertEquals(1, drained.forced());
      silent.awaitEnd();
      probe.assertClosed(1006, Close.By.SELF);
      assertEquals(0, server.connections());
    }
  }

  @Test
  void saysWhichPortIsTaken() {
    try (Server server = server().start()) {
      UncheckedIOException taken =
          assertThrows(
              UncheckedIOException.class, () -> Server.at("127.0.0.1", server.port()).start());
      assertTrue(taken.getMessage().contains("port " + server.port()), taken.getMessage());
    }
  }

  @Test
  void mayNotBeClosedFromACallback() throws Exception {
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    Server[] self = new Server[1];
    Endpoint suicidal =
        new Endpoint() {
          @Override
          public void text(WebSocket ws, String text) {
            try {
              self[0].close();
            } catch (IllegalStateException e) {
              thrown.complete(e);
            }
          }
        };
    try (Server server = server().route("/s", suicidal).start();
        Peer peer = Peer.open(server.port(), "/s")) {
      self[0] = server;
      peer.sendText("die");
      assertTrue(thrown.get(20, TimeUnit.SECONDS).getMessage().contains("callback"));
    }
  }

  @Test
  void mayNotBeClosedFromACallbackWhileItCloses() throws Exception {
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    Server[] self = new Server[1];
    Endpoint last =
        new Endpoint() {
          @Override
          public void closed(WebSocket ws, Close close) {
            try {
              self[0].close();
            } catch (IllegalStateException e) {
              thrown.complete(e);
            }
          }
        };
    Server server = server().route("/s", last).start();
    self[0] = server;
    try (Peer peer = Peer.open(server.port(), "/s")) {
      CompletableFuture<Server.Drained> closing =
          CompletableFuture.supplyAsync(() -> server.close(Duration.ofSeconds(Long.MAX_VALUE)));
      assertEquals(1001, peer.readClose().code());
      peer.hangUp();
      assertTrue(thrown.get(10, TimeUnit.SECONDS).getMessage().contains("callback"));
      assertEquals(new Server.Drained(1, 0, 0), closing.get(10, TimeUnit.SECONDS));
    }
  }

  @Test
  void closesThoughAHandlerNeverReturns() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    Endpoint stuck =
        new Endpoint() {
          @Override
          public void text(WebSocket ws, String text) throws Exception {
            entered.countDown();
            release.await();
          }
        };
    Server server = server().loops(1).route("/s", stuck).start();
    try (Logged logged = new Logged();
        Peer peer = Peer.open(server.port(), "/s")) {
      peer.sendText("stay");
      assertTrue(entered.await(10, TimeUnit.SECONDS));
      CompletableFuture<Server.Drained> closing =
          CompletableFuture.supplyAsync(() -> server.close(Duration.ofMillis(100)));
      assertEquals(1, closing.get(10, TimeUnit.SECONDS).forced());
      assertEquals(1, logged.count("weft-loop-0 does not end"), logged.all());
      release.countDown();
      peer.awaitEnd(); // the loop ends as soon as it can
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"echo", "/a//b", "/{a}/{a}", "/{a b}", "/x{a}", "/a?b", "/echo", "/echo/"})
  void refusesABadOrTakenPath(String path) {
    assertThrows(IllegalArgumentException.class, () -> server().route(path, probe));
  }

  @Test
  void prefersTheLiteralPath() throws Exception {
    Probe any = new Probe();
    try (Server server =
            server().route("/{name}", any).route("/{name}/x", any).route("/echo/x", probe).start();
        Peer literal = Peer.open(server.port(), "/echo/x");
        Peer other = Peer.open(server.port(), "/ann/x/")) {
      probe.awaitOpened();
      assertEquals("ann", any.awaitOpened().param("name"));
      assertThrows(
          IllegalArgumentException.class, () -> server().route("/{a}", any).route("/{b}", any));
      assertTrue(literal.socket.isConnected() && other.socket.isConnected());
    }
  }

  private interface Action {
    void run() throws Exception;
  }

  private static void unchecked(Action action) {
    try {
      action.run();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
