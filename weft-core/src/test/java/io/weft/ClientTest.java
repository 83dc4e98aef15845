package io.weft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The client against Weft's own server; after each test the clients' loop has nothing left.
@Timeout(60)
final class ClientTest {

  private static final Duration WAIT = Probe.WAIT;

  private final Probe probe = new Probe();
  private final Server server =
      Server.at("127.0.0.1", 0)
          .loops(1)
          .closeAtShutdown(false)
          .subprotocols("v1", "v2")
          .origins("https://app.example")
          .route("/echo", probe)
          .route("/user/{name}", new About())
          .route("/closes/{code}", new Closes())
          .route("/guarded", new Guarded())
          .start();

  /// Says what it knows of the request.
  private static final class About implements Endpoint {
    @Override
    public void opened(WebSocket ws) {
      Request request = ws.request();
      ws.send(
          String.join(
              "|",
              List.of(
                  ws.param("name"),
                  String.valueOf(request.query("q")),
                  String.valueOf(request.header("Authorization")),
                  String.valueOf(request.header("Host")),
                  String.valueOf(request.cookie("a")),
                  String.valueOf(request.cookie("b")),
                  "" + request.headers("Cookie").size(),
                  String.valueOf(request.origin()),
                  String.valueOf(ws.subprotocol()))));
    }
  }

  private static final class Closes implements Endpoint {
    @Override
    public void opened(WebSocket ws) {
      ws.send("last words");
      ws.close(Integer.parseInt(ws.param("code")), "因为");
    }
  }

  private static final class Guarded implements Endpoint {
    @Override
    public Handshake opening(Request request) {
      return Handshake.refuse(
          Response.text(401, "log in first" + ".".repeat(5_000))
              .header("WWW-Authenticate", "Bearer"));
    }
  }

  @BeforeEach
  void nothingIsThere() throws Exception {
    ClientRig.awaitNothing();
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    server.close(Duration.ofSeconds(5));
    ClientRig.awaitNothing();
  }

  private String url(String path) {
    return "ws://127.0.0.1:" + server.port() + path;
  }

  private Client to(String path) {
    return Client.to(url(path));
  }

  @Test
  void talksInStraightLines() throws Exception {
    try (Conversation ws = Client.connect(url("/echo"))) {
      assertTrue(ws.isOpen());
      ws.send("hi");
      assertEquals(new Message.Text("hi"), ws.receive(WAIT));
      ws.send("你好，世界 🎏");
      assertEquals(new Message.Text("你好，世界 🎏"), ws.receive(WAIT));
    }
    probe.assertClosed(1000, Close.By.PEER);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 200_000, 1 << 20})
  void echoesEverySize(int bytes) throws Exception {
    byte[] data = new byte[bytes];
    new Random(bytes).nextBytes(data);
    try (Conversation ws = Client.connect(url("/echo"))) {
      ws.send(data);
      ws.send("x".repeat(bytes));
      assertEquals(new Message.Binary(ByteBuffer.wrap(data)), ws.receive(WAIT));
      assertEquals(new Message.Text("x".repeat(bytes)), ws.receive(WAIT));
    }
  }

  @Test
  void callsAnEndpoint() throws Exception {
    BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    Endpoint endpoint =
        new Endpoint() {
          @Override
          public Handshake opening(Request request) {
            throw new AssertionError("a client decides on no handshake");
          }

          @Override
          public void opened(WebSocket ws) {
            ws.send("from opened");
          }

          @Override
          public void text(WebSocket ws, String text) {
            heard.add(text);
          }

          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            heard.add(data.remaining() + " bytes");
          }

          @Override
          public void closed(WebSocket ws, Close close) {
            heard.add(close.code() + " " + close.by());
          }
        };
    WebSocket ws = to("/echo").connect(endpoint).get(20, TimeUnit.SECONDS);
    ws.send(new byte[3]);
    assertEquals("from opened", heard.poll(20, TimeUnit.SECONDS));
    assertEquals("3 bytes", heard.poll(20, TimeUnit.SECONDS));
    assertEquals("/echo", ws.request().path());
    assertEquals(server.port(), ws.remoteAddress().getPort());
    assertTrue(ws.toString().contains(" to "), ws.toString());
    assertThrows(IllegalStateException.class, () -> ws.group("room"));
    ws.close();
    assertEquals("1000 SELF", heard.poll(20, TimeUnit.SECONDS));
    assertEquals(Send.REFUSED, ws.send("too late"));
  }

  @Test
  void endsItsOwnConnectionWhenAHandlerThrows() throws Exception {
    try (Logged logged = new Logged()) {
      Endpoint thrower =
          new Endpoint() {
            @Override
            public void text(WebSocket ws, String text) {
              throw new IllegalStateException("on purpose");
            }
          };
      WebSocket ws = to("/echo").connect(thrower).get(20, TimeUnit.SECONDS);
      ws.send("go");
      probe.assertClosed(1011, Close.By.PEER);
      assertEquals(1, logged.count("threw"), logged.all());
    }
  }

  @Test
  void refusesToBlockItsOwnLoop() throws Exception {
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    Endpoint endpoint =
        new Endpoint() {
          @Override
          public void opened(WebSocket ws) {
            thrown.complete(
                assertThrows(IllegalStateException.class, () -> Client.connect(url("/echo"))));
            ws.close();
          }
        };
    assertTrue(to("/echo").connect(endpoint).get(20, TimeUnit.SECONDS).id() > 0);
    assertTrue(thrown.get(20, TimeUnit.SECONDS).getMessage().contains("connectAsync"));
    probe.awaitClosed();
  }

  /// Every connection of that loop would wait for this one.
  @Test
  void refusesToBlockALoopOfAServer() throws Exception {
    CompletableFuture<Throwable> connecting = new CompletableFuture<>();
    CompletableFuture<Throwable> closing = new CompletableFuture<>();
    try (Server other = Server.at("127.0.0.1", 0).loops(1).start()) {
      Endpoint gateway =
          new Endpoint() {
            @Override
            public void text(WebSocket ws, String text) {
              connecting.complete(
                  assertThrows(IllegalStateException.class, () -> Client.connect(url("/echo"))));
              closing.complete(assertThrows(IllegalStateException.class, other::close));
              ws.send("still here");
            }
          };
      try (Server front = Server.at("127.0.0.1", 0).loops(1).route("/", gateway).start();
          Conversation ws = Client.connect("ws://127.0.0.1:" + front.port() + "/")) {
        ws.send("go");
        assertEquals(new Message.Text("still here"), ws.receive(WAIT));
      }
    }
    assertTrue(connecting.get(20, TimeUnit.SECONDS).getMessage().contains("connectAsync"));
    assertTrue(closing.get(20, TimeUnit.SECONDS).getMessage().contains("another thread"));
  }

  @Test
  void mayBlockInWhatHangsOnItsFuture() throws Exception {
    String answer =
        to("/echo")
            .connectAsync()
            .thenApply(ws -> {
              try (ws) {
                ws.send("deep");
                return ((Message.Text) ws.receive(WAIT)).text();
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            })
            .get(20, TimeUnit.SECONDS);
    assertEquals("deep", answer);
  }

  @Test
  void showsTheServerItsRequest() throws Exception {
    Client client =
        to("/user/J%C3%B6rg?q=1%2B1")
            .header("Authorization", "Bearer s3cret")
            .cookie("a", "1")
            .cookie("b", "2=2")
            .origin("https://app.example")
            .subprotocols("v2", "v1");
    try (Conversation ws = client.connect()) {
      String host = "127.0.0.1:" + server.port();
      String about = "Jörg|1+1|Bearer s3cret|" + host + "|1|2=2|1|https://app.example|v1";
      assertEquals(new Message.Text(about), ws.receive(WAIT));
      assertEquals("v1", ws.subprotocol());
      assertEquals("/user/Jörg", ws.request().path());
      assertEquals("q=1%2B1", ws.request().query());
    }
    try (Conversation plain = to("/user/ann").subprotocols("other").connect()) {
      String about = plain.receive(WAIT).toString();
      assertTrue(
          about.contains("ann|null|null|") && about.endsWith("|null|null|0|null|null]"), about);
      assertNull(plain.subprotocol());
    }
  }

  @ParameterizedTest
  @CsvSource({"1000", "1001", "1011", "3000", "4999"})
  void hearsTheServersClose(int code) throws Exception {
    try (Conversation ws = Client.connect(url("/closes/" + code))) {
      assertEquals(new Message.Text("last words"), ws.receive(WAIT));
      var end = assertThrows(ConnectionClosedException.class, ws::receive);
      assertEquals(new Close(code, "因为", Close.By.PEER), end.close());
    }
  }

  @Test
  void closesWithACodeOfItsOwn() throws Exception {
    Conversation ws = Client.connect(url("/echo"));
    ws.send("first");
    ws.close(4321, "再见");
    assertEquals(new Close(4321, "再见", Close.By.PEER), probe.awaitClosed());
    ws.close();
    var end = assertThrows(ConnectionClosedException.class, () -> drain(ws));
    assertEquals(new Close(4321, "再见", Close.By.SELF), end.close());
  }

  private static void drain(Conversation ws) throws InterruptedException {
    while (true) {
      ws.receive();
    }
  }

  @Test
  void measuresTheRoundTrip() throws Exception {
    try (Conversation ws = Client.connect(url("/echo"))) {
      assertTrue(ws.ping().get(20, TimeUnit.SECONDS).toNanos() > 0);
      assertTrue(ws.roundTrip() != null);
      assertTrue(probe.awaitOpened().ping().get(20, TimeUnit.SECONDS).toNanos() > 0);
    }
  }

  @Test
  void asksForASignOfLife() throws Exception {
    try (Conversation ws = to("/echo").limits(l -> l.idlePing(Duration.ofMillis(50))).connect()) {
      Probe.until("its keepalive was answered", () -> ws.roundTrip() != null);
      assertTrue(ws.isOpen());
    }
  }

  @Test
  void keepsItsLimits() throws Exception {
    Client small = to("/echo").limits(l -> l.messageBytes(1_000));
    Conversation ws = small.connect();
    ws.send("x".repeat(1_000));
    assertEquals(new Message.Text("x".repeat(1_000)), ws.receive(WAIT));
    ws.send("x".repeat(1_001));
    var end = assertThrows(ConnectionClosedException.class, ws::receive);
    assertEquals(1009, end.close().code());
    assertEquals(Close.By.SELF, end.close().by());
    probe.assertClosed(1009, Close.By.PEER);
    Client outbox = to("/echo").limits(l -> l.outboxSoftBytes(10).outboxHardBytes(100));
    try (Conversation narrow = outbox.connect()) {
      assertThrows(IllegalArgumentException.class, () -> narrow.send("x".repeat(101)));
    }
  }

  /// The server reads nothing more while its answers are not taken, and must not wait for a client
  /// that takes none while its questions are not read.
  @Test
  void readsWhileItHasMuchToSend() throws Exception {
    try (Conversation ws = to("/echo").connect()) {
      byte[] question = new byte[300_000];
      int questions = 200;
      Thread sender =
          Thread.startVirtualThread(() -> {
            for (int sent = 0; sent < questions; sent++) {
              ws.send(question);
            }
          });
      for (int heard = 0; heard < questions; heard++) {
        Message.Binary answer = (Message.Binary) ws.receive(WAIT);
        assertEquals(question.length, answer.data().remaining());
      }
      sender.join();
    }
  }

  @Test
  void readsNoMoreThanItsInboxHolds() throws Exception {
    Client client = to("/echo").limits(l -> l.inboxMessages(2));
    try (Conversation ws = client.connect()) {
      for (int n = 0; n < 500; n++) {
        ws.send("message " + n);
      }
      for (int n = 0; n < 500; n++) {
        assertEquals(new Message.Text("message " + n), ws.receive(WAIT));
      }
    }
  }

  @Test
  void saysWhyItWasRefused() throws Exception {
    var refused =
        assertThrows(HandshakeException.class, () -> Client.connect(url("/guarded?k=pw")));
    assertEquals(401, refused.status());
    assertEquals("Bearer", refused.header("www-authenticate"));
    assertEquals(List.of("Bearer"), refused.headers("WWW-Authenticate"));
    assertTrue(refused.bodyText().startsWith("log in first..."), refused.bodyText());
    assertEquals(4_096, refused.body().length);
    assertEquals(HandshakeException.Step.UPGRADING, refused.step());
    String message = refused.getMessage();
    assertEquals(
        url("/guarded")
            + ": the server answered 401 Unauthorized instead of 101: "
            + refused.bodyText().substring(0, 200)
            + "…",
        message);
    assertEquals("saysWhyItWasRefused", caller(refused));

    var missing = assertThrows(HandshakeException.class, () -> Client.connect(url("/nowhere")));
    assertEquals(404, missing.status());
    assertTrue(missing.bodyText().contains("no WebSocket endpoint"), missing.bodyText());
    assertTrue(missing.getMessage().endsWith("101: no WebSocket endpoint is at this path"));

    Client foreign = to("/echo").origin("https://evil.example");
    assertEquals(403, assertThrows(HandshakeException.class, foreign::connect).status());
  }

  /// The method of this class in which it was thrown, as its stack has it.
  private static String caller(Throwable thrown) {
    return Arrays.stream(thrown.getStackTrace())
        .filter(frame -> frame.getClassName().equals(ClientTest.class.getName()))
        .map(StackTraceElement::getMethodName)
        .filter(name -> !name.startsWith("lambda"))
        .findFirst()
        .orElse("none");
  }

  @Test
  void saysWhyItCannotConnect() throws Exception {
    int closed;
    try (var socket = new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = socket.getLocalPort();
    }
    var refused =
        assertThrows(HandshakeException.class, () -> Client.connect("ws://127.0.0.1:" + closed));
    assertEquals(
        "ws://127.0.0.1:%1$d/: cannot connect: 127.0.0.1:%1$d: Connection refused"
            .formatted(closed),
        refused.getMessage());
    assertEquals(HandshakeException.Step.CONNECTING, refused.step());
    assertEquals(0, refused.status());
    assertNull(refused.header("Server"));
    assertEquals(List.of(), refused.headers("Server"));

    var unknown =
        assertThrows(HandshakeException.class, () -> Client.connect("ws://no-such-host.invalid/"));
    assertEquals(
        "ws://no-such-host.invalid/: the host no-such-host.invalid is not known",
        unknown.getMessage());
    assertEquals(HandshakeException.Step.RESOLVING, unknown.step());

    var async = to("/nowhere").connectAsync();
    var failed = assertThrows(ExecutionException.class, () -> async.get(20, TimeUnit.SECONDS));
    assertEquals(404, ((HandshakeException) failed.getCause()).status());
  }

  @Test
  void reachesANameWithAddressesOfBothFamilies() throws Exception {
    // localhost may be ::1 too, where this server does not listen
    try (Conversation ws = Client.connect("ws://localhost:" + server.port() + "/echo")) {
      ws.send("found");
      assertEquals(new Message.Text("found"), ws.receive(WAIT));
    }
  }

  @Test
  void reachesAnIpv6Address() throws Exception {
    assumeTrue(hasIpv6(), "this machine has no IPv6");
    try (Server six =
            Server.at("::1", 0).loops(1).closeAtShutdown(false).route("/echo", probe).start();
        Conversation ws = Client.connect("ws://[::1]:" + six.port() + "/echo")) {
      ws.send("six");
      assertEquals(new Message.Text("six"), ws.receive(WAIT));
    }
  }

  private static boolean hasIpv6() {
    try (var socket = new java.net.ServerSocket(0, 1, InetAddress.ofLiteral("::1"))) {
      return socket.isBound();
    } catch (java.io.IOException e) {
      return false;
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "http://host/",
        "ws:/host",
        "ws://",
        "ws://u:p@host/",
        "ws://host/#top",
        "ws://host:0/",
        "ws://host/a\\b",
        "ws://127.1/",
        "ws://0x7f.0.0.1/",
        "ws://fa\u00df.de/"
      })
  void refusesWhatIsNoUrl(String url) {
    var refused = assertThrows(IllegalArgumentException.class, () -> Client.to(url));
    assertSame(IllegalArgumentException.class, refused.getClass(), "an exported one");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      quoteCharacter = '^',
      value = {
        "localhost:8080/e > 'localhost:8080/e' is no URL of a WebSocket: at index 9 > lacks ws:// or",
        "host > 'host' is no URL > it lacks ws:// or wss:// in front",
        "http://a/b?s3cret > 'http://a/b?...' is no URL > begins with ws:// or wss://, not http://",
        "ws://ann:s3cret@host/x > 'ws://...@host/x' is no URL > user information is not allowed",
        "ann:s3cret@host/x > '...@host/x' is no URL > it lacks ws:// or wss:// in front",
        "ws://127.1/x?s3cret > 'ws://127.1/x?...' is no URL > four numbers",
      })
  void saysWhatAUrlLacks(String url, String quote, String why) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Client.to(url)).getMessage();
    assertTrue(message.startsWith(quote), message);
    assertTrue(message.contains(why), message);
    assertFalse(message.contains("s3cret"), message);
  }

  @Test
  void repeatsNoLongUrlAndNothingThatATerminalObeys() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Client.to("x".repeat(90) + "\u001b[31m"))
            .getMessage();
    assertTrue(message.length() < 250, message);
    message =
        assertThrows(IllegalArgumentException.class, () -> Client.to("\u001b[31m'\u00e9'\\"))
            .getMessage();
    assertTrue(message.startsWith("'\\u{1b}[31m\\u{27}\u00e9\\u{27}\\u{5c}' is no"), message);
  }

  /// As a browser's `new WebSocket(url)` would ask.
  @ParameterizedTest
  @CsvSource({
    "/user/李雷?q=北京 b, 李雷|北京 b",
    "/user/a b?q=C:\\dir, a b|C:\\dir",
    "/user/%E6%9D%8E?q=100%, 李|100%",
    "/user/x?q=caf%E9, x|caf%E9",
  })
  void asksAsBrowsersDo(String target, String told) throws Exception {
    try (Conversation ws = Client.connect(url(target))) {
      String all = ((Message.Text) ws.receive(WAIT)).text();
      assertTrue(all.startsWith(told + "|"), all);
    }
  }

  @Test
  void refusesWhatMayNotBeSent() {
    Client client = Client.to("ws://host/");
    illegal(() -> client.header("Sec-WebSocket-Key", "mine"));
    illegal(() -> client.header("Host", "other"));
    illegal(() -> client.header("X", "a\r\nY: b"));
    illegal(() -> client.origin("a\nb"));
    illegal(() -> client.cookie("a b", "1"));
    illegal(() -> client.cookie("a", "1;b=2"));
    illegal(() -> client.cookie("a", "ü"));
    illegal(() -> client.subprotocols("not a token"));
    illegal(() -> client.subprotocols("twice", "twice"));
    illegal(() -> client.connectTimeout(Duration.ZERO));
    illegal(() -> client.connectTimeout(Duration.ofDays(2)));
    illegal(() -> client.limits(l -> l.messageBytes(0)));
  }

  private static void illegal(org.junit.jupiter.api.function.Executable what) {
    assertThrows(IllegalArgumentException.class, what);
  }

  @Test
  void leavesNothingOfAnAttemptThatIsCancelled() throws Exception {
    for (int n = 0; n < 50; n++) {
      CompletableFuture<Conversation> opening = to("/echo").connectAsync();
      if (n % 2 == 1) {
        Thread.sleep(n % 10);
      }
      if (!opening.cancel(true)) {
        opening.join().close();
      }
    }
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> Client.connect(url("/echo")));
    assertFalse(Thread.interrupted());
    Probe.until("the server has nobody", () -> server.connections() == 0);
  }

  @Test
  void holdsManyConnections() throws Exception {
    int many = 2_000;
    Client client = to("/echo");
    List<CompletableFuture<Conversation>> opening = new ArrayList<>();
    for (int n = 0; n < many; n++) {
      opening.add(client.connectAsync());
      if (n % 200 == 199) {
        opening.getLast().get(20, TimeUnit.SECONDS);
      }
    }
    List<Conversation> all = new ArrayList<>();
    for (var each : opening) {
      all.add(each.get(20, TimeUnit.SECONDS));
    }
    for (int n = 0; n < many; n++) {
      all.get(n).send("number " + n);
    }
    for (int n = 0; n < many; n++) {
      assertEquals(new Message.Text("number " + n), all.get(n).receive(WAIT));
    }
    long threads =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().equals("weft-client"))
            .peek(thread -> assertTrue(thread.isDaemon()))
            .count();
    assertEquals(1, threads);
    all.forEach(ws -> ws.close(1000, "done"));
  }

  @Test
  void asksIpv6First() throws Exception {
    InetAddress[] found = {
      InetAddress.ofLiteral("10.0.0.1"),
      InetAddress.ofLiteral("10.0.0.2"),
      InetAddress.ofLiteral("10.0.0.3"),
      InetAddress.ofLiteral("::1"),
      InetAddress.ofLiteral("::2")
    };
    List<InetAddress> order = Connecting.alternating(found);
    assertArrayEquals(
        new InetAddress[] {found[3], found[0], found[4], found[1], found[2]},
        order.toArray(new InetAddress[0]));
  }
}
