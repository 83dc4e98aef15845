package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Client;
import io.weft.Close;
import io.weft.ConnectionClosedException;
import io.weft.Conversation;
import io.weft.HandshakeException;
import io.weft.HandshakeException.Step;
import io.weft.Message;
import io.weft.Tls;
import java.net.Authenticator;
import java.net.PasswordAuthentication;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The client through tinyproxy (HTTP) and microsocks (SOCKS5), to Undertow.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ClientThroughProxyTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Map<String, ForeignProxy> proxies = new HashMap<>();
  private final Authority authority;
  private final UndertowServer server;

  ClientThroughProxyTest() throws Exception {
    Path folder = Tools.target().resolve("authority").resolve("ClientThroughProxyTest");
    authority = Authority.in(folder);
    server =
        new UndertowServer(
            authority.issue("localhost", "DNS:localhost"),
            authority.issue("elsewhere", "DNS:elsewhere.test"));
  }

  @BeforeAll
  void start() throws Exception {
    proxies.put("http", ForeignProxy.tinyproxy());
    proxies.put("socks5", ForeignProxy.microsocks());
  }

  @AfterAll
  void stop() {
    proxies.values().forEach(ForeignProxy::close);
    server.close();
  }

  private ForeignProxy proxy(String kind) {
    ForeignProxy proxy = proxies.get(kind);
    if (proxy == null) {
      throw new IllegalArgumentException(kind);
    }
    return proxy;
  }

  private int port(String scheme) {
    return server.ports().getOrDefault(scheme, 0);
  }

  private Client to(String scheme, int port, String path) {
    return Client.to(scheme + "://localhost:" + port + path)
        .tls(Tls.system().trust(authority.certificate()));
  }

  private Client through(String kind, String scheme, String path) {
    return to(scheme, port(scheme), path).proxy(proxy(kind).url());
  }

  private static void verifyEcho(Conversation ws, String text) throws Exception {
    ws.send(text);
    assertEquals(new Message.Text(text), ws.receive(PATIENCE));
  }

  private static HandshakeException fails(Client client, Step step) {
    var failure = assertThrows(HandshakeException.class, client::connect);
    assertEquals(step, failure.step(), failure::getMessage);
    String message = String.valueOf(failure.getMessage());
    assertTrue(!message.contains("secret") && !message.contains("wrong"), message);
    return failure;
  }

  @ParameterizedTest
  @CsvSource({"http, ws", "http, wss", "socks5, ws", "socks5, wss"})
  void echoes(String kind, String scheme) throws Exception {
    try (Conversation ws = through(kind, scheme, "/echo").connect()) {
      proxy(kind).awaitRequestFor(port(scheme));
      assertEquals(proxy(kind).port(), ws.remoteAddress().getPort());
      verifyEcho(ws, "你好啊 😀");
      byte[] noise = new byte[1 << 20];
      new Random(1).nextBytes(noise);
      ws.send(ByteBuffer.wrap(noise));
      var echo = assertInstanceOf(Message.Binary.class, ws.receive(PATIENCE));
      assertEquals(ByteBuffer.wrap(noise), echo.data());
    }
  }

  @ParameterizedTest
  @CsvSource({"http, ws", "http, wss", "socks5, ws", "socks5, wss"})
  void closesBothWays(String kind, String scheme) throws Exception {
    String reason = "再见 over " + kind + " and " + scheme;
    Conversation closing = through(kind, scheme, "/echo").connect();
    closing.close(4003, reason);
    server.awaitClose(4003, reason);
    try (Conversation ws = through(kind, scheme, "/close").connect()) {
      ws.send("close me");
      var end = assertThrows(ConnectionClosedException.class, () -> ws.receive(PATIENCE));
      assertEquals(new Close(4001, "再见", Close.By.PEER), end.close());
    }
  }

  @ParameterizedTest
  @CsvSource({"http, ws", "http, wss", "socks5, ws", "socks5, wss"})
  void tellsHowTheServerRefuses(String kind, String scheme) {
    var failure = fails(through(kind, scheme, "/refused"), Step.UPGRADING);
    assertEquals(403, failure.status());
    assertEquals("members only", failure.bodyText());
  }

  @ParameterizedTest
  @ValueSource(strings = {"http", "socks5"})
  void refusesACertificateForAnotherHost(String kind) {
    fails(to("wss", port("other"), "/echo").proxy(proxy(kind).url()), Step.SECURING);
  }

  /// tinyproxy asks for credentials with 407, and says 401 to wrong ones.
  @ParameterizedTest
  @CsvSource({
    "http, ws, weft:wrong@", "http, wss, weft:wrong@", "http, ws, ''",
    "socks5, ws, weft:wrong@", "socks5, wss, weft:wrong@", "socks5, ws, ''",
  })
  void failsWithoutTheRightCredentials(String kind, String scheme, String credentials) {
    Client client = to(scheme, port(scheme), "/echo").proxy(proxy(kind).url(credentials));
    int status = fails(client, Step.TUNNELLING).status();
    Set<Integer> refusals = kind.equals("http") ? Set.of(401, 407) : Set.of(0);
    assertTrue(refusals.contains(status), () -> "status " + status);
  }

  @ParameterizedTest
  @CsvSource({"http, ws", "socks5, wss"})
  void tellsThatTheProxyCannotReachTheServer(String kind, String scheme) throws Exception {
    Client client = to(scheme, Tools.freePort(), "/echo").proxy(proxy(kind).url());
    fails(client, Step.TUNNELLING);
  }

  @ParameterizedTest
  @CsvSource({"http, ws", "http, wss", "socks5, ws", "socks5, wss"})
  void hearsThatTheProxyIsGone(String kind, String scheme) throws Exception {
    ForeignProxy doomed =
        kind.equals("http") ? ForeignProxy.tinyproxy() : ForeignProxy.microsocks();
    Client client = to(scheme, port(scheme), "/echo").proxy(doomed.url());
    try (Conversation ws = client.connect()) {
      verifyEcho(ws, "still there?");
      doomed.close();
      var end = assertThrows(ConnectionClosedException.class, () -> ws.receive(PATIENCE));
      assertEquals(Close.ABNORMAL, end.close().code());
    } finally {
      doomed.close();
    }
    fails(client, Step.CONNECTING);
  }

  /// The JVM's settings, as somebody who starts it gives them; its Authenticator has the password.
  @ParameterizedTest
  @CsvSource({"http, ws", "http, wss", "socks, ws", "socks, wss"})
  void goesWhereTheJvmSays(String setting, String scheme) throws Exception {
    ForeignProxy proxy = proxy(setting.equals("http") ? "http" : "socks5");
    Map<String, String> settings =
        setting.equals("http")
            ? Map.of(
                "http.proxyHost", "127.0.0.1",
                "http.proxyPort", "" + proxy.port(),
                "https.proxyHost", "127.0.0.1",
                "https.proxyPort", "" + proxy.port(),
                "http.nonProxyHosts", "")
            : Map.of(
                "socksProxyHost", "127.0.0.1",
                "socksProxyPort", "" + proxy.port(),
                "http.nonProxyHosts", "");
    Map<String, @Nullable String> before = new HashMap<>();
    settings.forEach((name, value) -> before.put(name, System.setProperty(name, value)));
    AtomicReference<@Nullable String> asked = new AtomicReference<>();
    Authenticator.setDefault(
        new Authenticator() {
          @Override
          protected PasswordAuthentication getPasswordAuthentication() {
            asked.set(getRequestingHost() + ":" + getRequestingPort());
            return new PasswordAuthentication(
                ForeignProxy.USER, ForeignProxy.PASSWORD.toCharArray());
          }
        });
    try (Conversation ws = to(scheme, port(scheme), "/echo").connect()) {
      assertEquals(proxy.port(), ws.remoteAddress().getPort());
      assertEquals("127.0.0.1:" + proxy.port(), asked.get());
      verifyEcho(ws, "as the JVM was told");
    } finally {
      Authenticator.setDefault(null);
      before.forEach((name, value) -> {
        if (value == null) {
          System.clearProperty(name);
        } else {
          System.setProperty(name, value);
        }
      });
    }
  }
}
