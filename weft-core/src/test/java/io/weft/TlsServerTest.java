package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.tls.TestAuthority;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A server that speaks TLS, seen by blocking sockets of the JDK.
final class TlsServerTest {

  static final TestAuthority AUTHORITY = TestAuthority.named("servers");
  static final TestAuthority.Issued LOCALHOST =
      AUTHORITY.issue("localhost", "127.0.0.1", "0:0:0:0:0:0:0:1");
  private static final char[] PASSWORD = "x".toCharArray();

  @TempDir private Path folder;

  /// They have a certificate, for servers that ask for one.
  @BeforeAll
  static void peersSpeakTls() throws GeneralSecurityException {
    Peer.tls = context(AUTHORITY.issue("peer"));
  }

  @AfterAll
  static void peersSpeakTlsNoMore() {
    Peer.tls = null;
  }

  static Tls localhost() {
    return Tls.ofKeyStore(LOCALHOST.keyStore("x"), PASSWORD);
  }

  /// A context that trusts the tests' authority.
  static SSLContext context(TestAuthority.@Nullable Issued own) throws GeneralSecurityException {
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(AUTHORITY.trust());
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(own == null ? null : own.keyStore("x"), PASSWORD);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  private static SSLSocket socket(SSLContext context, int port, String host, String... protocols)
      throws IOException {
    Socket tcp = new Socket(InetAddress.getLoopbackAddress(), port);
    SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(tcp, host, port, true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setServerNames(List.of(new SNIHostName(host)));
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    if (protocols.length > 0) {
      parameters.setProtocols(protocols);
    }
    socket.setSSLParameters(parameters);
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static Peer open(Rig rig, String... protocols) throws Exception {
    Peer peer = new Peer(socket(context(null), rig.port(), "localhost", protocols));
    peer.shakeHands(Rig.PATH);
    return peer;
  }

  private static Rig rig(Tls tls) throws Exception {
    return Rig.alone(new Rig.Watched(), builder -> builder.tls(tls));
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
  void echoesEverySize(String protocol) throws Exception {
    try (Rig rig = rig(localhost());
        Peer peer = open(rig, protocol)) {
      for (int bytes : new int[] {0, 1, 125, 126, 16_383, 16_384, 16_385, 65_536, 1 << 20}) {
        byte[] payload = new byte[bytes];
        java.util.Arrays.fill(payload, (byte) bytes);
        peer.sendBinary(payload);
        assertEquals(bytes, peer.read().payload().length);
      }
      peer.sendText("分手了");
      assertEquals("分手了", peer.read().text());
      SSLSession session = rig.endpoint.awaitOpened().request().tls();
      assertNotNull(session);
      assertEquals(protocol, session.getProtocol());
      peer.sendClose(1000, "");
      assertEquals(1000, peer.readClose().code());
      assertEquals(-1, peer.socket.getInputStream().read(), "close_notify, not a cut");
    }
  }

  @Test
  void reassemblesWhatArrivesByteByByte() throws Exception {
    try (Rig rig = rig(localhost());
        Peer peer = open(rig)) {
      for (byte one : Peer.frame(true, Peer.TEXT, new byte[] {'h', 'i'})) {
        peer.send(new byte[] {one});
      }
      assertEquals("hi", peer.read().text());
    }
  }

  @Test
  void servesManyClientsAtOnce() throws Exception {
    try (Rig rig = rig(localhost())) {
      List<Peer> peers = new ArrayList<>();
      for (int at = 0; at < 50; at++) {
        peers.add(rig.keep(open(rig)));
      }
      for (int round = 0; round < 3; round++) {
        for (Peer peer : peers) {
          peer.sendText("round " + round);
        }
        for (Peer peer : peers) {
          assertEquals("round " + round, peer.read().text());
        }
      }
    }
  }

  @Test
  void holdsNoBufferWhileNothingHappens() throws Exception {
    try (Rig rig = rig(localhost());
        Peer peer = open(rig)) {
      peer.sendBinary(new byte[100_000]);
      peer.read();
      rig.awaitNoChunks();
    }
  }

  @Test
  void stopsReadingFromAPeerThatDoesNotRead() throws Exception {
    try (Rig rig = rig(localhost());
        Peer peer = open(rig)) {
      byte[] payload = new byte[60_000];
      Thread sender =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  for (int at = 0; at < 400; at++) {
                    peer.sendBinary(payload);
                  }
                } catch (IOException e) {
                  // The test has failed, and says why elsewhere.
                }
              });
      for (int at = 0; at < 400; at++) {
        assertEquals(payload.length, peer.read().payload().length, "echo " + at);
        if (at == 100) {
          Limits limits = rig.server.limits();
          long most = 2L * (limits.outboxSoftBytes() + limits.outboxHardBytes()) / (16 << 10);
          assertTrue(rig.lentChunks() < most, "what waits is bounded");
        }
      }
      sender.join();
    }
  }

  @Test
  void saysThatACutIsOne() throws Exception {
    try (Rig rig = rig(localhost())) {
      Socket tcp = new Socket(InetAddress.getLoopbackAddress(), rig.port());
      Peer peer =
          new Peer(context(null).getSocketFactory().createSocket(tcp, "localhost", 1, false));
      peer.shakeHands(Rig.PATH);
      rig.endpoint.awaitOpened();
      tcp.shutdownOutput(); // a FIN without a close_notify before it
      Close close = rig.endpoint.awaitClosed();
      assertEquals(Close.ABNORMAL, close.code());
      assertTrue(close.reason().contains("close_notify"), close.reason());
      tcp.close();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "a.test, CN=a.test",
    "b.test, CN=b.test",
    "x.b.test, CN=*.b.test",
    "c.test, CN=a.test"
  })
  void showsTheCertificateOfTheHostAskedFor(String host, String shown) throws Exception {
    Tls tls =
        Tls.ofPem(AUTHORITY.issue("a.test").write(folder, "a.pem"), folder.resolve("a.pem.key"))
            .and(
                Tls.ofPem(
                    AUTHORITY.issue("RSA", Duration.ofDays(1), "b.test").write(folder, "b.pem"),
                    folder.resolve("b.pem.key")))
            .and(
                Tls.ofKeyStore(
                    AUTHORITY.issue("Ed25519", Duration.ofDays(1), "*.b.test").keyStore("x"),
                    PASSWORD));
    try (Rig rig = rig(tls);
        SSLSocket socket = socket(context(null), rig.port(), host)) {
      SSLParameters unverified = socket.getSSLParameters();
      unverified.setEndpointIdentificationAlgorithm("");
      socket.setSSLParameters(unverified);
      X509Certificate certificate = (X509Certificate) socket.getSession().getPeerCertificates()[0];
      assertEquals(shown, certificate.getSubjectX500Principal().getName());
    }
  }

  @Test
  void renewsItsCertificateUnderOpenConnections() throws Exception {
    Tls tls = Tls.ofPem(LOCALHOST.write(folder, "chain.pem"), folder.resolve("chain.pem.key"));
    try (Rig rig = rig(tls);
        Peer before = open(rig)) {
      TestAuthority.Issued renewed = AUTHORITY.issue("localhost");
      renewed.write(folder, "chain.pem");
      rig.server.reload(tls.reread());
      try (Peer after = open(rig)) {
        for (Peer each : new Peer[] {before, after, before}) {
          each.sendText("still here");
          assertEquals("still here", each.read().text());
        }
        assertEquals(LOCALHOST.chain()[0], shown(before));
        assertEquals(renewed.chain()[0], shown(after));
      }
      assertThrows(IllegalArgumentException.class, () -> rig.server.reload(Tls.system()));
    }
  }

  private static java.security.cert.Certificate shown(Peer peer) throws SSLException {
    return ((SSLSocket) peer.socket).getSession().getPeerCertificates()[0];
  }

  @Test
  void asksForAClientsCertificate() throws Exception {
    Tls tls = localhost().trust(AUTHORITY.trust());
    TestAuthority.Issued ann = AUTHORITY.issue("ann");
    try (Rig rig = rig(tls.clientAuth(Tls.ClientAuth.WANT))) {
      try (Peer nobody = open(rig)) {
        assertNull(peerOf(rig.endpoint.awaitOpened()));
        nobody.sendText("hi");
        assertEquals("hi", nobody.read().text());
      }
      rig.endpoint.awaitClosed();
    }
    try (Rig rig = rig(tls.clientAuth(Tls.ClientAuth.NEED))) {
      try (Peer peer = new Peer(socket(context(ann), rig.port(), "localhost"))) {
        peer.shakeHands(Rig.PATH);
        assertEquals("CN=ann", peerOf(rig.endpoint.awaitOpened()));
      }
      rig.endpoint.awaitClosed();
      assertThrows(IOException.class, () -> open(rig, "TLSv1.2"));
      assertThrows(IOException.class, () -> open(rig, "TLSv1.3"));
      TestAuthority.Issued stranger = TestAuthority.named("others").issue("ann");
      assertThrows(
          IOException.class,
          () -> new Peer(socket(context(stranger), rig.port(), "localhost")).shakeHands("/"));
    }
  }

  private static @Nullable String peerOf(WebSocket ws) {
    try {
      SSLSession session = ws.request().tls();
      return session == null ? null : session.getPeerPrincipal().getName();
    } catch (SSLException e) {
      return null;
    }
  }

  @Test
  void refusesWhatIsRetired() throws Exception {
    try (Rig rig = rig(localhost());
        SSLSocket socket = socket(context(null), rig.port(), "localhost", "TLSv1.1")) {
      assertThrows(SSLException.class, socket::startHandshake);
    }
    assertThrows(IllegalArgumentException.class, () -> localhost().protocols("TLSv1.1"));
    assertThrows(IllegalArgumentException.class, () -> localhost().protocols());
  }

  @Test
  void speaksTheVersionsItIsTold() throws Exception {
    try (Rig rig = rig(localhost().protocols("TLSv1.3"));
        SSLSocket socket = socket(context(null), rig.port(), "localhost", "TLSv1.2")) {
      assertThrows(SSLException.class, socket::startHandshake);
    }
  }

  @Test
  void agreesOnHttpWhenTheClientOffersMore() throws Exception {
    try (Rig rig = rig(localhost());
        SSLSocket socket = socket(context(null), rig.port(), "localhost")) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      assertEquals("http/1.1", socket.getApplicationProtocol());
    }
  }

  @Test
  void resumesASession() throws Exception {
    SSLContext context = context(null);
    try (Rig rig = rig(localhost())) {
      long first = 0;
      for (int times = 0; times < 2; times++) {
        try (Peer peer = new Peer(socket(context, rig.port(), "localhost", "TLSv1.2"))) {
          peer.shakeHands(Rig.PATH);
          long made = ((SSLSocket) peer.socket).getSession().getCreationTime();
          assertTrue(first == 0 || first == made, "the second is the first one's");
          first = made;
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "\r\n", "hello"})
  void tellsAClientThatSpeaksPlainHttp(String first) throws Exception {
    try (Rig rig = rig(localhost());
        Peer peer = Peer.bare(rig.port())) {
      peer.send(first);
      String answer = peer.readAll();
      assertTrue(answer.startsWith("HTTP/1.1 400 "), answer);
      assertTrue(answer.endsWith("this port speaks TLS: ask with https:// or wss://\n"), answer);
    }
  }

  @Test
  void refusesTlsWhereItSpeaksPlainHttp() throws Exception {
    try (Server server = Server.at("127.0.0.1", 0).closeAtShutdown(false).start();
        SSLSocket socket = socket(context(null), server.port(), "localhost")) {
      assertThrows(SSLException.class, socket::startHandshake);
      assertThrows(IllegalStateException.class, () -> server.reload(localhost()));
      assertFalse(server.isSecure());
    }
  }

  @Test
  void givesUpOnAHandshakeThatTakesTooLong() throws Exception {
    Duration most = Duration.ofMillis(700);
    try (Rig rig =
            Rig.alone(
                new Rig.Watched(),
                builder -> builder.tls(localhost()).limits(l -> l.handshakeTimeout(most)));
        Peer silent = Peer.bare(rig.port());
        Peer slow = Peer.bare(rig.port())) {
      long start = System.nanoTime();
      byte[] hello = {22, 3, 1, 2, 0, 1, 0, 1, (byte) 0xFC, 3, 3};
      Thread drip =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  for (byte one : hello) {
                    slow.send(new byte[] {one});
                    Thread.sleep(100);
                  }
                } catch (IOException | InterruptedException e) {
                  // It is closed, as it should be.
                }
              });
      silent.awaitEnd();
      slow.awaitEnd();
      assertTrue(System.nanoTime() - start >= most.toNanos() * 9 / 10);
      drip.join();
      rig.awaitNobody();
      assertEquals(0, rig.lentChunks());
    }
  }

  @Test
  void countsTheHandshakeOfTlsAndHttpTogether() throws Exception {
    Duration most = Duration.ofMillis(1500);
    try (Rig rig =
            Rig.alone(
                new Rig.Watched(),
                builder -> builder.tls(localhost()).limits(l -> l.handshakeTimeout(most)));
        Socket tcp = new Socket(InetAddress.getLoopbackAddress(), rig.port())) {
      long start = System.nanoTime();
      Thread.sleep(1000);
      SSLSocket socket =
          (SSLSocket) context(null).getSocketFactory().createSocket(tcp, "localhost", 1, true);
      socket.startHandshake();
      socket.setSoTimeout(20_000);
      assertEquals(-1, socket.getInputStream().read(), "no request came");
      long tookMs = (System.nanoTime() - start) / 1_000_000;
      assertTrue(tookMs >= 1400 && tookMs < 2400, "it took " + tookMs + " ms");
    }
  }

  @Test
  void leavesNothingOfHandshakesThatBreak() throws Exception {
    try (Rig rig = Rig.of(new Rig.Watched(), builder -> builder.tls(localhost()))) {
      byte[] hello = clientHello();
      for (int cut = 0; cut < hello.length; cut += 1 + cut / 20) {
        try (Peer peer = Peer.bare(rig.port())) {
          peer.send(java.util.Arrays.copyOf(hello, cut));
          if (cut % 3 == 0) {
            peer.reset();
          }
        }
      }
      rig.awaitNobody();
      rig.assertHealthy();
    }
  }

  /// An action that may take its time.
  interface Pause {
    void run() throws Exception;
  }

  /// The certificate of localhost, chosen after a pause.
  static Tls choosing(Pause pause) throws GeneralSecurityException {
    var keys =
        new X509ExtendedKeyManager() {
          @Override
          public String chooseEngineServerAlias(
              String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
            try {
              pause.run();
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
            return "own";
          }

          @Override
          public X509Certificate[] getCertificateChain(String alias) {
            return LOCALHOST.chain();
          }

          @Override
          public PrivateKey getPrivateKey(String alias) {
            return LOCALHOST.key();
          }

          @Override
          public String @Nullable [] getClientAliases(String type, Principal @Nullable [] issuers) {
            return null;
          }

          @Override
          public String @Nullable [] getServerAliases(String type, Principal @Nullable [] issuers) {
            return null;
          }

          @Override
          public @Nullable String chooseClientAlias(
              String[] types, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return null;
          }

          @Override
          public @Nullable String chooseServerAlias(
              String type, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return null;
          }
        };
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(new KeyManager[] {keys}, null, null);
    return Tls.of(context);
  }

  static byte[] clientHello() throws Exception {
    var engine = context(null).createSSLEngine("localhost", 1);
    engine.setUseClientMode(true);
    var hello = java.nio.ByteBuffer.allocate(20_000);
    engine.wrap(java.nio.ByteBuffer.allocate(0), hello);
    return java.util.Arrays.copyOf(hello.array(), hello.position());
  }

  @Test
  void wantsACertificateAndSaysWhatIsWrongWithIt() throws Exception {
    Path chain = LOCALHOST.write(folder, "chain.pem");
    Path key = folder.resolve("chain.pem.key");
    Path other = AUTHORITY.issue("other").write(folder, "other.pem");
    Path none = java.nio.file.Files.writeString(folder.resolve("none.pem"), "nothing\n");
    Set.of(chain, key, other).forEach(file -> assertTrue(file.toFile().exists()));
    assertThrows(IllegalArgumentException.class, () -> Server.at(0).tls(Tls.system()));
    assertThrows(
        IllegalArgumentException.class,
        () -> Server.at(0).tls(localhost().clientAuth(Tls.ClientAuth.NEED)),
        "whom does it trust?");
    assertSays("not that of the first certificate", () -> Tls.ofPem(other, key));
    assertSays("none.pem", () -> Tls.ofPem(none, key));
    assertSays("none.pem", () -> Tls.ofPem(chain, none));
    assertSays("none.pem", () -> localhost().trust(none));
    assertThrows(
        java.io.UncheckedIOException.class, () -> Tls.ofPem(folder.resolve("absent"), key));
    assertThrows(IllegalArgumentException.class, () -> Tls.of(context(null)).and(localhost()));
  }

  private static void assertSays(String what, org.junit.jupiter.api.function.Executable made) {
    var thrown = assertThrows(IllegalArgumentException.class, made);
    assertTrue(thrown.getMessage().contains(what), thrown.getMessage());
  }
}
