package io.weft;

import static io.weft.RawServer.UPGRADE;
import static io.weft.RawServer.acceptOf;
import static io.weft.RawServer.readHead;
import static io.weft.RawServer.reset;
import static io.weft.RawServer.say;
import static io.weft.RawServer.sayHex;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.HandshakeException.Step;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Proxies that misbehave, over plain sockets: whatever they do, the client fails in a typed way
/// and in time, and has nothing left afterwards.
@Timeout(120)
final class HostileProxyTest {

  private static final Duration SOON = Duration.ofMillis(300);
  private static final String ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";
  private static final String CONNECTED = "\5\0\0\1\0\0\0\0\0\0";

  @BeforeEach
  @AfterEach
  void nothingIsThere() throws Exception {
    ClientRig.awaitNothing();
  }

  private static Client through(RawServer proxy, String scheme) {
    return Client.to("ws://server.test:9001/part")
        .proxy(scheme + "://127.0.0.1:" + proxy.port())
        .limits(l -> l.handshakeTimeout(Duration.ofSeconds(20)));
  }

  /// Reads what the client says first.
  private static void readFirst(Socket socket, String scheme) throws IOException {
    InputStream in = socket.getInputStream();
    if (scheme.equals("http")) {
      readHead(in);
    } else {
      assertEquals("\5\1\0", new String(in.readNBytes(3), ISO_8859_1));
    }
  }

  private static HandshakeException fails(String scheme, String answer) throws IOException {
    try (RawServer proxy =
        new RawServer(socket -> {
          readFirst(socket, scheme);
          say(socket, answer);
        })) {
      return assertThrows(HandshakeException.class, through(proxy, scheme)::connect);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "http, HTTP/1.1 407 No;Proxy-Authenticate: Basic;;, 407, answered 407 No to CONNECT",
    "http, HTTP/1.1 403 Forbidden;Content-Length: 5;;hello, 403, answered 403 Forbidden",
    "http, HTTP/1.1 301 Moved;Location: ws://127.0.0.1/;;, 301, answered 301 Moved",
    "http, HTTP/1.1 101 Switching;;, 101, answered 101",
    "http, SSH-2.0-OpenSSH_9.6;;, 0, malformed response",
    "http, '\5\0', 0, malformed response",
    "socks5, HTTP/1.1 400 Bad Request;;, 0, does not speak SOCKS5",
    "socks5, '\0\132', 0, does not speak SOCKS5: its answer begins with 0",
    "socks5, '\5\u00ff', 0, the proxy wants credentials",
    "socks5, '\5\0\5\2', 0, not allowed by its rules",
  })
  void tellsRefusalsApart(String scheme, String answer, int status, String says) throws Exception {
    HandshakeException failure = fails(scheme, answer.replace(";", "\r\n"));
    assertTrue(failure.getMessage().contains(says), failure.getMessage());
    assertEquals(Step.TUNNELLING, failure.step());
    assertEquals(status, failure.status());
  }

  @Test
  void givesUpOnEndlessHeaders() throws Exception {
    try (RawServer proxy =
        new RawServer(socket -> {
          readHead(socket.getInputStream());
          say(socket, "HTTP/1.1 200 OK\r\n");
          for (int n = 0; ; n++) {
            say(socket, "X-Header-" + n + ": " + "y".repeat(n % 100) + "\r\n");
          }
        })) {
      var failure = assertThrows(HandshakeException.class, through(proxy, "http")::connect);
      assertTrue(failure.getMessage().contains("malformed response"), failure.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "http, ''",
    "http, H",
    "http, HTTP/1.1 200",
    "http, 'HTTP/1.1 200 OK\r\nX: '",
    "http, 'HTTP/1.1 100 Continue\r\n\r\n'",
    "socks5, ''",
    "socks5, '\5'",
    "socks5, '\5\0'",
    "socks5, '\5\0\5\0\0\3'",
    "socks5, '\5\0\5\0\0\3\377abc'",
  })
  void failsInTimeWhereverTheProxyStalls(String scheme, String beginning) throws Exception {
    stalls(scheme, beginning, Step.TUNNELLING, "the proxy gave no answer within");
  }

  @ParameterizedTest
  @CsvSource({"http, ''", "http, 'HTTP/1.1 400 No\r\n\r\n'", "socks5, ''", "socks5, '\26\3\3'"})
  void failsInTimeWhereTlsBehindItDoesNotCome(String scheme, String beginning) throws Exception {
    String tunnel = scheme.equals("http") ? ESTABLISHED : "\5\0" + CONNECTED;
    CountDownLatch over = new CountDownLatch(1);
    try (RawServer proxy =
        new RawServer(socket -> {
          readFirst(socket, scheme);
          say(socket, tunnel + beginning);
          over.await();
        })) {
      Client client =
          Client.to("wss://server.test/part")
              .proxy(scheme + "://127.0.0.1:" + proxy.port())
              .limits(l -> l.handshakeTimeout(SOON));
      var failure = assertThrows(HandshakeException.class, client::connect);
      assertEquals(Step.SECURING, failure.step(), failure.getMessage());
    } finally {
      over.countDown();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "H", UPGRADE})
  void failsInTimeWhereverTheServerBehindItStalls(String beginning) throws Exception {
    stalls("http", ESTABLISHED + beginning, Step.UPGRADING, ": no answer within");
    stalls("socks5", "\5\0" + CONNECTED + beginning, Step.UPGRADING, ": no answer within");
  }

  private static void stalls(String scheme, String beginning, Step step, String says)
      throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    try (RawServer proxy =
        new RawServer(socket -> {
          readFirst(socket, scheme);
          say(socket, beginning);
          over.await();
        })) {
      long since = System.nanoTime();
      Client client = through(proxy, scheme).limits(l -> l.handshakeTimeout(SOON));
      var failure = assertThrows(HandshakeException.class, client::connect);
      long ms = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
      assertEquals(step, failure.step(), failure.getMessage());
      assertTrue(failure.getMessage().contains(says), failure.getMessage());
      assertTrue(
          failure.getMessage().endsWith("the handshakeTimeout of 300 ms"), failure.getMessage());
      assertTrue(ms >= 300 && ms < 3_000, ms + " ms");
    } finally {
      over.countDown();
    }
  }

  /// Everything that a proxy and the server behind it say, to be cut anywhere.
  private static String all(Socket socket, String scheme) throws Exception {
    readFirst(socket, scheme);
    if (scheme.equals("http")) {
      return ESTABLISHED;
    }
    return "\5\0" + CONNECTED;
  }

  @ParameterizedTest
  @ValueSource(strings = {"http", "socks5"})
  void failsTypedWhenResetAtAnyByte(String scheme) throws Exception {
    AtomicInteger at = new AtomicInteger();
    int whole = scheme.equals("http") ? ESTABLISHED.length() : 2 + CONNECTED.length();
    try (RawServer proxy =
        new RawServer(socket -> {
          say(socket, all(socket, scheme).substring(0, at.get()));
          if (at.get() % 2 == 0) {
            reset(socket);
          } else {
            socket.close();
          }
        })) {
      for (; at.get() <= whole; at.incrementAndGet()) {
        var failure =
            assertThrows(HandshakeException.class, through(proxy, scheme)::connect, "" + at);
        assertEquals(0, failure.status());
        boolean told =
            failure.getMessage().contains("ended the connection without an answer")
                || failure.getMessage().contains("the connection broke");
        assertTrue(told, failure.getMessage());
        assertTrue(failure.step().compareTo(Step.TUNNELLING) >= 0, failure.toString());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"http", "socks5"})
  void takesWhatComesWithTheAnswerCutAnywhere(String scheme) throws Exception {
    AtomicInteger cut = new AtomicInteger();
    try (RawServer proxy =
        new RawServer(socket -> {
          String tunnel = all(socket, scheme);
          int at = cut.get();
          say(socket, tunnel.substring(0, Math.min(at, tunnel.length())));
          Thread.sleep(2);
          if (at < tunnel.length()) {
            say(socket, tunnel.substring(at));
          }
          InputStream in = socket.getInputStream();
          if (scheme.equals("socks5")) {
            in.readNBytes("\5\1\0\3\13server.test\43\51".length());
          }
          String accept = acceptOf(readHead(in));
          say(socket, UPGRADE + accept + "\r\n");
          sayHex(socket, "81026869880203e8");
          in.readNBytes(8);
          socket.close();
        })) {
      for (; cut.get() <= ESTABLISHED.length(); cut.incrementAndGet()) {
        Conversation ws = through(proxy, scheme).limits(l -> l.closeTimeout(SOON)).connect();
        assertEquals(new Message.Text("hi"), ws.receive(Probe.WAIT), "cut at " + cut);
        var end = assertThrows(ConnectionClosedException.class, ws::receive);
        assertEquals(1000, end.close().code());
      }
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
    String[] answers = {
      "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n",
      "HTTP/1.1 403 No\r\nContent-Length: 10\r\n\r\nhalf",
      "nonsense\r\n\r\n",
      "",
      ESTABLISHED,
      ESTABLISHED + "HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\n",
      ESTABLISHED + "HTTP/1.1 500 No\r\n\r\nhalf",
    };
    try (RawServer proxy =
        new RawServer(socket -> {
          readHead(socket.getInputStream());
          int n = number.getAndIncrement();
          say(socket, answers[n % answers.length]);
          if (n % 3 == 0) {
            reset(socket);
          } else if (n % 3 == 1) {
            socket.close();
          }
        })) {
      Client client =
          through(proxy, "http").followRedirects(2).limits(l -> l.handshakeTimeout(SOON));
      List<CompletableFuture<Conversation>> running = new ArrayList<>();
      for (int n = 0; n < attempts; n++) {
        running.add(client.connectAsync());
        if (running.size() == 50) {
          for (var each : running) {
            var failed =
                assertThrows(ExecutionException.class, () -> each.get(20, TimeUnit.SECONDS));
            assertInstanceOf(HandshakeException.class, failed.getCause());
          }
          running.clear();
        }
      }
    }
    ClientRig.awaitNothing();
  }
}
