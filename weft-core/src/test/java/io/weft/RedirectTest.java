package io.weft;

import static io.weft.RawServer.UPGRADE;
import static io.weft.RawServer.acceptOf;
import static io.weft.RawServer.readHead;
import static io.weft.RawServer.say;
import static io.weft.RawServer.sayHex;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.HandshakeException.Step;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Redirects: followed when asked for, and where it is safe.
@Timeout(120)
final class RedirectTest {

  private final BlockingQueue<String> heads = new LinkedBlockingQueue<>();

  /// Where each path is redirected, as `status location`. At `/end` somebody says hi.
  private final Map<String, String> answers = new ConcurrentHashMap<>();

  private final RawServer server = new RawServer(this::play);
  private final RawServer other = new RawServer(this::play);

  RedirectTest() throws Exception {}

  @BeforeEach
  void nothingIsThere() throws Exception {
    ClientRig.awaitNothing();
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    server.close();
    other.close();
    ClientRig.awaitNothing();
  }

  private void play(Socket socket) throws Exception {
    String head = readHead(socket.getInputStream());
    heads.add(head);
    if (head.startsWith("GET /end")) {
      say(socket, UPGRADE + acceptOf(head) + "\r\n");
      sayHex(socket, "81026869");
      socket.getInputStream().readNBytes(8); // the Close
      sayHex(socket, "880203e8");
      socket.close();
    } else {
      String[] said = answers.get(head.split("[ ?]", 3)[1]).split(" ", 2);
      say(socket, "HTTP/1.1 " + said[0] + " Away\r\nLocation: " + said[1] + "\r\n");
      say(socket, "Content-Length: 100\r\n\r\nnever whole");
    }
  }

  private void redirect(String path, String answer) {
    answers.put(
        path,
        answer
            .replace("SELF", "127.0.0.1:" + server.port())
            .replace("OTHER", "127.0.0.1:" + other.port()));
  }

  private String takeHead() throws InterruptedException {
    return String.valueOf(heads.poll(20, TimeUnit.SECONDS));
  }

  private static Conversation hears(Client client) throws Exception {
    try (Conversation ws = client.connect()) {
      assertEquals(new Message.Text("hi"), ws.receive(Probe.WAIT));
      return ws;
    }
  }

  private static HandshakeException fails(Client client) {
    HandshakeException failure = assertThrows(HandshakeException.class, client::connect);
    assertEquals(Step.UPGRADING, failure.step());
    return failure;
  }

  @ParameterizedTest
  @CsvSource({
    "301 /end, /end",
    "302 end?x=1, /end?x=1",
    "303 ./a/../end#top, /end",
    "307 //OTHER/end, /end",
    "308 ws://OTHER/end?q, /end?q",
    "302 http://OTHER/end, /end",
    "302 /end?C:\\dir&100%, /end?C:\\dir&100%",
    "302 /end?a b|c, /end?a%20b|c",
    "302 /end?\u00e6\u009d\u008e, /end?%E6%9D%8E",
    "302 /end?\u00e9, /end?%E9",
  })
  void followsWhenAskedTo(String says, String target) throws Exception {
    redirect("/part", says);
    Client client = server.client().subprotocols("chat").header("X-Seen", "always");
    HandshakeException notAsked =
        fails(client.limits(l -> l.handshakeTimeout(Duration.ofMillis(300))));
    assertEquals(Integer.parseInt(says.substring(0, 3)), notAsked.status());
    assertEquals("never whole", notAsked.bodyText());
    takeHead();
    Conversation ws = hears(client.followRedirects(1));
    String first = takeHead();
    String second = takeHead();
    assertTrue(second.startsWith("GET " + target + " HTTP/1.1\r\n"), second);
    assertTrue(second.contains("X-Seen: always") && second.contains("chat"), second);
    int port = says.contains("OTHER") ? other.port() : server.port();
    assertTrue(second.contains("Host: 127.0.0.1:" + port + "\r\n"), second);
    assertFalse(keyOf(first).equals(keyOf(second)), "a fresh key for each handshake");
    assertEquals("/end", ws.request().path());
    assertEquals(port, ws.remoteAddress().getPort());
  }

  private static String keyOf(String head) {
    return head.replaceAll("(?s).*Sec-WebSocket-Key: ([^\r]*)\r.*", "$1");
  }

  @Test
  void showsNoSecretsToAnotherOrigin() throws Exception {
    Client client =
        server
            .client()
            .header("authorization", "Bearer s3cret")
            .header("X-Api-Key", "s3cret")
            .header("X-Open", "open")
            .cookie("id", "s3cret")
            .sensitive("x-api-key")
            .followRedirects(3);
    redirect("/part", "302 /end");
    hears(client);
    takeHead();
    assertEquals(4, takeHead().split("s3cret", -1).length, "the same origin sees them");

    redirect("/part", "302 ws://OTHER/end");
    hears(client);
    takeHead();
    String foreign = takeHead();
    assertFalse(foreign.contains("s3cret"), foreign);
    assertTrue(foreign.contains("X-Open: open"), foreign);

    redirect("/part", "302 ws://OTHER/back");
    redirect("/back", "302 ws://SELF/end");
    hears(client);
    takeHead();
    takeHead();
    String back = takeHead();
    assertTrue(back.contains("Host: 127.0.0.1:" + server.port()), back);
    assertFalse(back.contains("s3cret"), "there and back again: what was left out stays out");
  }

  @ParameterizedTest
  @CsvSource({
    "302 /part, has come back in a circle to SELF/part",
    "302 /two, has come back in a circle to SELF/part",
    "302 /a, over 3 redirects are not followed; here to SELF/d",
    "302 ftp://x/, its Location is no URL of a WebSocket: at index 0",
    "302 ws://ann:s3cret@127.0.0.1/, its Location is no URL of a WebSocket: at index 5",
    "302 /s3cret\\path, its Location is no URL",
    "302 ws://127.1/, its Location is no URL of a WebSocket: at index 5",
    "302 /a?s3cret, over 3 redirects are not followed; here to SELF/d",
  })
  void givesUpOn(String says, String why) throws Exception {
    redirect("/part", says);
    redirect("/two", "301 /part");
    redirect("/a", "301 /b?s3cret");
    redirect("/b", "301 /c?s3cret");
    redirect("/c", "301 /d?s3cret");
    HandshakeException failure = fails(server.client().followRedirects(3));
    String text = failure.getMessage().replace("ws://127.0.0.1:" + server.port(), "SELF");
    assertTrue(text.contains("the server redirects (30"), text);
    assertTrue(text.contains(why.replace(';', ',')), text);
    assertTrue(text.startsWith("SELF/"), text);
    assertFalse(text.contains("s3cret"), text);
    assertTrue(failure.header("Location") != null, text);
  }

  @Test
  void goesFromWsToWssAndNeverBack() throws Exception {
    String plain = "ws://127.0.0.1:" + server.port() + "/end";
    Endpoint away =
        new Endpoint() {
          @Override
          public Handshake opening(Request request) {
            return Handshake.refuse(Response.text(302, "").header("Location", plain));
          }
        };
    Probe probe = new Probe();
    try (Server secure =
        Server.at("127.0.0.1", 0)
            .loops(1)
            .closeAtShutdown(false)
            .tls(TlsServerTest.localhost())
            .route("/away", away)
            .route("/echo", probe)
            .start()) {
      Client client =
          server
              .client()
              .followRedirects(3)
              .cookie("id", "s3cret")
              .tls(Tls.system().trust(TlsServerTest.AUTHORITY.trust()));
      redirect("/part", "308 https://localhost:" + secure.port() + "/echo");
      try (Conversation ws = client.connect()) {
        ws.send("hi");
        assertEquals(new Message.Text("hi"), ws.receive(Probe.WAIT));
        assertEquals("TLSv1.3", ws.request().tls().getProtocol());
        assertEquals(null, probe.awaitOpened().request().cookie("id"));
      }
      heads.clear();
      redirect("/part", "302 wss://localhost:" + secure.port() + "/away");
      HandshakeException failure = fails(client);
      String text = failure.getMessage();
      assertTrue(text.endsWith("a redirect from wss to " + plain + " is not followed"), text);
      assertEquals(1, heads.size(), "the plain server heard nothing more");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"300 /end", "304 /end", "305 /end", "200 /end", "401 /end"})
  void takesNothingElseForARedirect(String says) throws Exception {
    redirect("/part", says);
    Client client =
        server.client().followRedirects(3).limits(l -> l.handshakeTimeout(Duration.ofMillis(300)));
    HandshakeException failure = fails(client);
    assertTrue(failure.getMessage().contains("instead of 101"), failure.getMessage());
    assertEquals(1, heads.size());
  }

  @Test
  void takesTwoLocationsOrNoneForARefusal() throws Exception {
    for (String location : new String[] {"", "Location: /a\r\nLocation: /b\r\n"}) {
      try (RawServer odd =
          new RawServer((socket, accept) ->
              say(socket, "HTTP/1.1 302 Found\r\n" + location + "Content-Length: 0\r\n\r\n"))) {
        assertEquals(302, fails(odd.client().followRedirects(3)).status());
      }
    }
  }

  @Test
  void namesWhereItCameFrom() throws Exception {
    redirect("/part", "302 ws://no-such-host.invalid/x");
    Client client = server.client().followRedirects(1);
    HandshakeException failure = assertThrows(HandshakeException.class, client::connect);
    assertEquals(Step.RESOLVING, failure.step());
    assertEquals(
        "ws://no-such-host.invalid/x (redirected from ws://127.0.0.1:"
            + server.port()
            + "/part): the host no-such-host.invalid is not known",
        failure.getMessage());
  }

  @Test
  void asksForTheWayToEachHostAnew() throws Exception {
    redirect("/part", "302 ws://server.test:" + other.port() + "/end");
    try (TestProxy proxy = new TestProxy(null)) {
      hears(server.client().followRedirects(1).proxy(proxy.url("http", "")));
      assertEquals("127.0.0.1:" + server.port(), proxy.asked.take());
      assertEquals("server.test:" + other.port(), proxy.asked.take());
    }
  }

  @Test
  void followsNoRedirectForEver() throws Exception {
    try (RawServer slow =
        new RawServer(socket -> {
          String head = readHead(socket.getInputStream());
          Thread.sleep(150);
          int n = Integer.parseInt(head.replaceAll("(?s)GET /(part)?(\\d*) .*", "0$2"));
          say(socket, "HTTP/1.1 302 Found\r\nLocation: /" + (n + 1) + "\r\n\r\n");
        })) {
      Client client =
          slow.client()
              .connectTimeout(Duration.ofMillis(200))
              .limits(l -> l.handshakeTimeout(Duration.ofMillis(400)))
              .followRedirects(20);
      long since = System.nanoTime();
      HandshakeException failure = assertThrows(HandshakeException.class, client::connect);
      long ms = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
      assertTrue(ms >= 550 && ms < 2_500, ms + " ms");
      assertTrue(failure.getMessage().contains("within "), failure.getMessage());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 21})
  void followsASoundNumber(int most) {
    Client client = Client.to("ws://host/");
    assertThrows(IllegalArgumentException.class, () -> client.followRedirects(most));
  }
}
