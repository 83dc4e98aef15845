package io.weft.conformance;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Client;
import io.weft.Close;
import io.weft.Compression;
import io.weft.ConnectionClosedException;
import io.weft.Conversation;
import io.weft.HandshakeException;
import io.weft.HandshakeException.Step;
import io.weft.Message;
import io.weft.Tls;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The client against a server of another maker, over ws and over wss, with a certificate of an
/// authority that it is told to trust.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ForeignServerTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /// Text of one to four bytes a character.
  private static final String WORDS = "你好啊, мир: 𝄞 and 😀, and a";

  @SuppressWarnings("NullAway.Init")
  private Authority authority;

  private Authority.@Nullable Issued own;
  private Authority.@Nullable Issued other;
  private @Nullable ForeignServer server;

  /// Starts the server.
  ///
  /// @param localhost its certificate
  /// @param elsewhere a certificate for another host
  abstract ForeignServer start(Authority.Issued localhost, Authority.Issued elsewhere)
      throws Exception;

  @BeforeAll
  void serve() throws Exception {
    Path folder = Tools.target().resolve("authority").resolve(getClass().getSimpleName());
    authority = Authority.in(folder);
    own = authority.issue("localhost", "DNS:localhost,IP:127.0.0.1");
    other = authority.issue("elsewhere", "DNS:elsewhere.test");
    server = another();
  }

  private ForeignServer another() throws Exception {
    if (own == null || other == null) {
      throw new IllegalStateException("no certificates");
    }
    return start(own, other);
  }

  @AfterAll
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  private ForeignServer server() {
    if (server == null) {
      throw new IllegalStateException("no server");
    }
    return server;
  }

  private Client to(String scheme, String path) {
    return to(server().ports(), scheme, path);
  }

  private Client to(Map<String, Integer> ports, String scheme, String path) {
    return Client.to(scheme + "://localhost:" + ports.get(scheme) + path)
        .noProxy()
        .tls(Tls.system().trust(authority.certificate()));
  }

  private static String text(Conversation ws) throws Exception {
    return assertInstanceOf(Message.Text.class, ws.receive(PATIENCE)).text();
  }

  private static Close end(Conversation ws) {
    return assertThrows(ConnectionClosedException.class, () -> ws.receive(PATIENCE)).close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ws", "wss"})
  void echoesText(String scheme) throws Exception {
    try (Conversation ws = to(scheme, "/echo").connect()) {
      assertEquals("", ws.extensions());
      for (String text : List.of("Hello world", "", "你好啊", "\uD834\uDD1E😀", WORDS.repeat(4000))) {
        ws.send(text);
        assertEquals(text, text(ws));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ws", "wss"})
  void echoesBinaryOfEverySizeOfHeader(String scheme) throws Exception {
    try (Conversation ws = to(scheme, "/echo").connect()) {
      Random random = new Random(1);
      for (int bytes : List.of(0, 1, 125, 126, 65_535, 65_536, 1 << 20)) {
        byte[] payload = new byte[bytes];
        random.nextBytes(payload);
        ws.send(ByteBuffer.wrap(payload));
        var echo = assertInstanceOf(Message.Binary.class, ws.receive(PATIENCE));
        assertEquals(ByteBuffer.wrap(payload), echo.data());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "ws, ON, 12",
    "ws, ON, 15",
    "ws, TAKEOVER, 9",
    "ws, TAKEOVER, 12",
    "ws, TAKEOVER, 15",
    "wss, ON, 12",
    "wss, TAKEOVER, 12",
  })
  void echoesCompressed(String scheme, Compression.Mode mode, int windowBits) throws Exception {
    Compression how = Compression.of(mode).windowBits(windowBits).thresholdBytes(0);
    try (Conversation ws = to(scheme, "/echo").compression(how).connect()) {
      assertTrue(ws.extensions().startsWith("permessage-deflate"), ws.extensions());
      Random random = new Random(windowBits);
      for (int number = 0; number < 100; number++) {
        String text = number + WORDS.repeat(random.nextInt(1 << random.nextInt(10)));
        ws.send(text);
        assertEquals(text, text(ws));
        byte[] noise = new byte[random.nextInt(20_000)];
        random.nextBytes(noise);
        ws.send(ByteBuffer.wrap(noise));
        var echo = assertInstanceOf(Message.Binary.class, ws.receive(PATIENCE));
        assertEquals(ByteBuffer.wrap(noise), echo.data());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"ws, false", "wss, false", "ws, true", "wss, true"})
  void putsFragmentsTogether(String scheme, boolean compressed) throws Exception {
    Compression how = compressed ? Compression.takeover().thresholdBytes(0) : Compression.off();
    try (Conversation ws = to(scheme, "/fragments").compression(how).connect()) {
      for (String text : List.of("你好啊 𝄞", WORDS)) {
        ws.send(text);
        assertEquals(text, text(ws));
      }
      ByteBuffer bytes = UTF_8.encode(WORDS);
      ws.send(bytes.duplicate());
      assertEquals(bytes, assertInstanceOf(Message.Binary.class, ws.receive(PATIENCE)).data());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ws", "wss"})
  void pingsAndIsPinged(String scheme) throws Exception {
    try (Conversation ws = to(scheme, "/ping").connect()) {
      Duration roundTrip = ws.ping().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertEquals(roundTrip, ws.roundTrip());
      ws.send("ping me");
      assertEquals("answered are you there", text(ws));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ws", "wss"})
  void takesTheSubprotocolThatTheServerChooses(String scheme) throws Exception {
    Client client = to(scheme, "/echo");
    try (Conversation ws = client.subprotocols("v0.chat", "v1.chat", "v2.chat").connect()) {
      assertEquals("v2.chat", ws.subprotocol());
    }
    try (Conversation ws = client.connect()) {
      assertNull(ws.subprotocol());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ws", "wss"})
  void closesWithCodeAndReason(String scheme) throws Exception {
    Conversation ws = to(scheme, "/echo").connect();
    ws.close(4002, "再见 over " + scheme);
    assertEquals(4002, end(ws).code());
    server().awaitClose(4002, "再见 over " + scheme);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ws", "wss"})
  void hearsWithWhatTheServerCloses(String scheme) throws Exception {
    try (Conversation ws = to(scheme, "/close").connect()) {
      ws.send("close me");
      assertEquals(new Close(4001, "再见", Close.By.PEER), end(ws));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ws", "wss"})
  void hearsThatTheConnectionIsGone(String scheme) throws Exception {
    try (Conversation ws = to(scheme, "/gone").connect()) {
      ws.send("go away");
      Close close = end(ws);
      assertEquals(Close.ABNORMAL, close.code(), close::toString);
      assertEquals(Close.By.NETWORK, close.by(), close::toString);
    }
  }

  @Test
  void hearsThatTheServerIsGone() throws Exception {
    ForeignServer doomed = another();
    try (Conversation plain = to(doomed.ports(), "ws", "/echo").connect();
        Conversation secure = to(doomed.ports(), "wss", "/echo").connect()) {
      doomed.close();
      assertEquals(Close.ABNORMAL, end(plain).code());
      assertEquals(Close.ABNORMAL, end(secure).code());
    } finally {
      doomed.close();
    }
    var failure =
        assertThrows(HandshakeException.class, to(doomed.ports(), "ws", "/echo")::connect);
    assertEquals(Step.CONNECTING, failure.step());
  }

  @ParameterizedTest
  @ValueSource(strings = {"ws", "wss"})
  void tellsHowAHandshakeIsRefused(String scheme) {
    var refused = assertThrows(HandshakeException.class, to(scheme, "/refused")::connect);
    assertEquals(Step.UPGRADING, refused.step());
    assertEquals(403, refused.status());
    assertEquals("members only", refused.header("X-Why"));
    assertEquals("members only", refused.bodyText());
    var unknown = assertThrows(HandshakeException.class, to(scheme, "/nobody/here")::connect);
    assertEquals(404, unknown.status());
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void speaksBothVersionsOfTls(String version) throws Exception {
    Tls tls = Tls.system().trust(authority.certificate()).protocols(version);
    try (Conversation ws = to("wss", "/echo").tls(tls).connect()) {
      ws.send(version);
      assertEquals(version, text(ws));
    }
  }

  @Test
  void refusesACertificateForAnotherHost() {
    Client client =
        Client.to("wss://localhost:" + server().ports().get("other") + "/echo")
            .noProxy()
            .tls(Tls.system().trust(authority.certificate()));
    var failure = assertThrows(HandshakeException.class, client::connect);
    assertEquals(Step.SECURING, failure.step());
    assertTrue(failure.getMessage().contains("localhost"), failure::getMessage);
  }

  @Test
  void refusesAnAuthorityThatItIsNotToldToTrust() {
    Client client = to("wss", "/echo").tls(Tls.system());
    var failure = assertThrows(HandshakeException.class, client::connect);
    assertEquals(Step.SECURING, failure.step());
  }
}
