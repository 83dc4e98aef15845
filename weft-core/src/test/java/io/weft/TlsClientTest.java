package io.weft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.HandshakeException.Step;
import io.weft.tls.TestAuthority;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The client over `wss`: against Weft's own server, and against servers that will not do.
@Timeout(120)
final class TlsClientTest {

  private static final TestAuthority AUTHORITY = TlsServerTest.AUTHORITY;
  private static final char[] PASSWORD = "x".toCharArray();
  private static final Tls TRUSTING = Tls.system().trust(AUTHORITY.trust());

  @TempDir private Path folder;

  @AfterEach
  void nothingIsLeft() throws Exception {
    ClientRig.awaitNothing();
  }

  private static Server server(Tls tls, Endpoint endpoint) {
    return Server.at("127.0.0.1", 0)
        .hosts("*")
        .loops(1)
        .closeAtShutdown(false)
        .tls(tls)
        .route("/echo", endpoint)
        .start();
  }

  private static Tls of(TestAuthority.Issued identity) {
    return Tls.ofKeyStore(identity.keyStore("x"), PASSWORD);
  }

  private static Client to(Server server, String host) {
    return Client.to("wss://" + host + ":" + server.port() + "/echo").tls(TRUSTING);
  }

  private static HandshakeException failure(Client client) {
    return assertThrows(HandshakeException.class, client::connect);
  }

  private static void assertFails(String why, Client client) {
    HandshakeException failure = failure(client);
    assertEquals(Step.SECURING, failure.step(), failure.getMessage());
    assertTrue(failure.getMessage().contains(why), failure.getMessage());
    assertTrue(failure.getMessage().startsWith("wss://"), failure.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
  void talksInStraightLines(String protocol) throws Exception {
    Probe probe = new Probe();
    try (Server server = server(TlsServerTest.localhost().protocols(protocol), probe)) {
      for (String host : new String[] {"localhost", "127.0.0.1"}) {
        try (Conversation ws = to(server, host).connect()) {
          for (int bytes : new int[] {0, 1, 16_384, 100_000, 1 << 20}) {
            byte[] payload = new byte[bytes];
            java.util.Arrays.fill(payload, (byte) bytes);
            ws.send(ByteBuffer.wrap(payload));
            Message.Binary back = (Message.Binary) ws.receive(Probe.WAIT);
            byte[] data = new byte[back.data().remaining()];
            back.data().get(data);
            assertArrayEquals(payload, data);
          }
          SSLSession session = ws.request().tls();
          assertNotNull(session);
          assertEquals(protocol, session.getProtocol());
          assertEquals(
              TlsServerTest.LOCALHOST.chain()[0],
              session.getPeerCertificates()[0],
              "the server's certificate");
        }
        probe.assertClosed(1000, Close.By.PEER);
      }
    }
  }

  @Test
  void carriesManyConnections() throws Exception {
    Probe probe = new Probe();
    try (Server server = server(TlsServerTest.localhost(), probe)) {
      List<Conversation> all = new ArrayList<>();
      for (int at = 0; at < 40; at++) {
        all.add(to(server, "localhost").connect());
      }
      for (Conversation each : all) {
        each.send("hi");
        assertEquals(new Message.Text("hi"), each.receive(Probe.WAIT));
      }
      for (Conversation each : all) {
        each.close();
      }
    }
  }

  @Test
  void refusesACertificateForAnotherHost() {
    try (Server server = server(of(AUTHORITY.issue("a.example", "b.example")), new Probe())) {
      assertFails(
          "the certificate is for a.example, b.example, not for localhost",
          to(server, "localhost"));
      assertFails("not for 127.0.0.1", to(server, "127.0.0.1"));
    }
  }

  @Test
  void refusesACertificateThatIsOutOfDate() {
    var expired = AUTHORITY.issue("EC", Duration.ofDays(-2), "localhost");
    try (Server server = server(of(expired), new Probe())) {
      assertFails("the certificate of localhost expired on 20", to(server, "localhost"));
    }
  }

  @Test
  void refusesWhomItDoesNotTrust() {
    try (Server server = server(of(TestAuthority.selfSigned("localhost")), new Probe())) {
      assertFails("is signed by itself", to(server, "localhost"));
    }
    try (Server server =
        server(of(TestAuthority.named("somebody").issue("localhost")), new Probe())) {
      assertFails("leads to no trusted authority", to(server, "localhost"));
      assertFails("leads to no trusted authority", to(server, "localhost").tls(Tls.system()));
    }
  }

  @Test
  void verifiesTheHostWithAContextOfTheApplicationToo() throws Exception {
    try (Server server = server(of(AUTHORITY.issue("a.example")), new Probe())) {
      Tls given = Tls.of(TlsServerTest.context(null));
      assertEquals(Step.SECURING, failure(to(server, "localhost").tls(given)).step());
    }
  }

  @Test
  void verifiesNothingWhenToldSo() throws Exception {
    try (Server server = server(of(TestAuthority.selfSigned("a.example")), new Probe())) {
      Tls anybody = Tls.system().insecurelyTrustingAnybody();
      try (Conversation ws = to(server, "localhost").tls(anybody).connect()) {
        ws.send("hi");
        assertEquals(new Message.Text("hi"), ws.receive(Probe.WAIT));
      }
    }
  }

  @Test
  void showsItsCertificate() throws Exception {
    Probe probe = new Probe();
    Tls asking = TlsServerTest.localhost().trust(AUTHORITY.trust()).clientAuth(Tls.ClientAuth.NEED);
    try (Server server = server(asking, probe)) {
      Path chain = AUTHORITY.issue("ann").write(folder, "ann.pem");
      Path authority = AUTHORITY.write(folder, "ca.pem");
      Tls ann = Tls.ofPem(chain, folder.resolve("ann.pem.key")).trust(authority);
      try (Conversation ws = to(server, "localhost").tls(ann).connect()) {
        SSLSession session = probe.awaitOpened().request().tls();
        assertNotNull(session);
        assertEquals("CN=ann", session.getPeerPrincipal().getName());
        assertTrue(ws.isOpen());
      }
      // In TLS 1.3 the server judges it when the client is done with its part.
      HandshakeException none = failure(to(server, "localhost"));
      assertTrue(none.step() == Step.SECURING || none.step() == Step.UPGRADING, none.getMessage());
      assertTrue(none.getMessage().contains("certificate_required"), none.getMessage());
    }
  }

  /// Sockets of the JDK with the contexts of both ends: each shows what it has, and is verified.
  @Test
  void givesItsContextToOtherSoftware() throws Exception {
    Tls ends = TlsServerTest.localhost().and(of(AUTHORITY.issue("ann"))).trust(AUTHORITY.trust());
    try (var listener =
        (SSLServerSocket)
            ends.context()
                .getServerSocketFactory()
                .createServerSocket(0, 0, InetAddress.getLoopbackAddress())) {
      listener.setNeedClientAuth(true);
      CompletableFuture<String> whoCame =
          CompletableFuture.supplyAsync(() -> {
            try (SSLSocket socket = (SSLSocket) listener.accept()) {
              socket.startHandshake();
              return socket.getSession().getPeerPrincipal().getName();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      Tls ann = of(AUTHORITY.issue("ann")).trust(AUTHORITY.trust());
      try (SSLSocket socket =
          (SSLSocket)
              ann.context().getSocketFactory().createSocket("localhost", listener.getLocalPort())) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        assertEquals("CN=localhost", socket.getSession().getPeerPrincipal().getName());
        assertEquals("CN=ann", whoCame.get(10, TimeUnit.SECONDS));
      }
    }
  }

  @Test
  void saysInPlainWordsToOtherSoftwareWhatIsWrongWithACertificate() throws Exception {
    try (Server server = server(of(AUTHORITY.issue("elsewhere")), new Probe());
        SSLSocket socket =
            (SSLSocket)
                TRUSTING.context().getSocketFactory().createSocket("localhost", server.port())) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      var refused = assertThrows(IOException.class, socket::startHandshake);
      assertTrue(
          refused.getMessage().contains("is for elsewhere, not for localhost"),
          refused.getMessage());
    }
  }

  @Test
  void resumesASession() throws Exception {
    try (Server server = server(TlsServerTest.localhost().protocols("TLSv1.2"), new Probe())) {
      byte @Nullable [] first = null;
      for (int times = 0; times < 3; times++) {
        try (Conversation ws = to(server, "localhost").connect()) {
          SSLSession session = ws.request().tls();
          assertNotNull(session);
          byte[] id = session.getId();
          if (first != null) {
            assertArrayEquals(first, id, "the session of the first connection");
          }
          first = id;
        }
      }
    }
  }

  /// A server made of a blocking socket, which does one thing to the first that connects.
  private static AutoCloseable blocking(ServerSocket listener, Handling handling) {
    Thread thread =
        Thread.ofVirtual()
            .start(() -> {
              try (Socket socket = listener.accept()) {
                handling.handle(socket);
              } catch (IOException e) {
                // The client has gone, as it may.
              }
            });
    return () -> {
      listener.close();
      thread.join();
    };
  }

  /// What a server does to a client.
  private interface Handling {
    void handle(Socket socket) throws IOException;
  }

  private static ServerSocket plain() throws IOException {
    return new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
  }

  private static Client to(ServerSocket listener) {
    return Client.to("wss://localhost:" + listener.getLocalPort() + "/echo").tls(TRUSTING);
  }

  private static void answer(Socket socket, byte[] bytes) throws IOException {
    InputStream in = socket.getInputStream();
    assertTrue(in.read() >= 0);
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
    in.readAllBytes();
  }

  @Test
  void saysThatAServerDoesNotSpeakTls() throws Exception {
    ServerSocket listener = plain();
    byte[] http = "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    try (AutoCloseable server = blocking(listener, socket -> answer(socket, http))) {
      assertNotNull(server);
      assertFails("does not speak TLS", to(listener));
    }
  }

  @Test
  void saysThatAServerEndsInTheHandshake() throws Exception {
    ServerSocket listener = plain();
    try (AutoCloseable server =
        blocking(
            listener, socket -> assertTrue(socket.getInputStream().read(new byte[4096]) > 0))) {
      assertNotNull(server);
      assertFails("in the TLS handshake", to(listener));
    }
  }

  @Test
  void countsTlsInTheHandshakeTimeout() throws Exception {
    ServerSocket listener = plain();
    try (AutoCloseable server =
        blocking(listener, socket -> socket.getInputStream().readAllBytes())) {
      assertNotNull(server);
      Client client = to(listener).limits(l -> l.handshakeTimeout(Duration.ofMillis(400)));
      assertFails("TLS was not agreed on within the handshakeTimeout of 400 ms", client);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "15030300020228, handshake_failure",
    "150303000202, in the TLS handshake",
    "1603030004, in the TLS handshake",
    "160303ffff, over 18432 bytes",
    "ffffffffff, does not speak TLS"
  })
  void failsOnWhateverElseAServerSays(String hex, String why) throws Exception {
    byte[] bytes = java.util.HexFormat.of().parseHex(hex);
    ServerSocket listener = plain();
    try (AutoCloseable server =
        blocking(
            listener,
            socket -> {
              assertTrue(socket.getInputStream().read(new byte[4096]) > 0);
              socket.getOutputStream().write(bytes);
            })) {
      assertNotNull(server);
      assertFails(why, to(listener));
    }
  }

  private static Conversation connect(Server server, String host) throws InterruptedException {
    return to(server, host)
        .noProxy()
        .resolver(any -> new InetAddress[] {InetAddress.getLoopbackAddress()})
        .connect();
  }

  /// What docker-compose and Kubernetes call a host, and what DNS may: each is asked for by SNI if
  /// that can carry it, and the certificate has to be for it all the same.
  @ParameterizedTest
  @CsvSource({
    "localhost, localhost, localhost",
    "node1, node1, node1",
    "kafka-0, kafka-0, kafka-0",
    "kafka-0., kafka-0, kafka-0",
    "a.kafka-0, *.kafka-0, a.kafka-0",
    "my_service, my_service, none",
    "MY_service, my_SERVICE, none",
    "chat_api.internal., chat_api.internal, none",
    "chat_api.a.internal, *.a.internal, none",
    "chat.my_ns.internal, *.my_ns.internal, none",
    "Bücher.example, xn--bcher-kva.example, xn--bcher-kva.example",
    "127.0.0.1, 127.0.0.1, none",
    "[::1], ::1, none",
  })
  void asksForAnyHostAndVerifiesIt(String host, String certified, String asked) throws Exception {
    Endpoint tells =
        new Endpoint() {
          @Override
          public void opened(WebSocket ws) {
            var names = ((ExtendedSSLSession) ws.request().tls()).getRequestedServerNames();
            ws.send(names.isEmpty() ? "none" : ((SNIHostName) names.getFirst()).getAsciiName());
          }
        };
    try (Server server = server(of(AUTHORITY.issue(certified)), tells);
        Conversation ws = connect(server, host)) {
      assertEquals(new Message.Text(asked), ws.receive(Probe.WAIT));
    }
    for (String other : List.of("elsewhere", "x." + certified.replaceAll("[*:.]+", "x"))) {
      try (Server server = server(of(AUTHORITY.issue(other)), new Probe())) {
        var failure = assertThrows(HandshakeException.class, () -> connect(server, host));
        assertEquals(Step.SECURING, failure.step(), failure.getMessage());
        assertTrue(failure.getMessage().contains(" not for "), failure.getMessage());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "my_service, *",
    "my_service, *.my_service",
    "a.b_c.internal, *.internal",
    "a_b.internal, a_b.*",
    "a_b.internal, *_b.internal",
    "a_b.internal, internal",
  })
  void takesNoOtherNameForAHost(String host, String certified) throws Exception {
    try (Server server = server(of(AUTHORITY.issue(certified)), new Probe())) {
      var failure = assertThrows(HandshakeException.class, () -> connect(server, host));
      assertEquals(Step.SECURING, failure.step(), failure.getMessage());
    }
  }

  /// A label of more than 63 bytes: no host that a name server knows, and yet one.
  @Test
  void connectsWithoutSniWhereANameIsTooLong() throws Exception {
    String host = "a".repeat(64);
    Probe probe = new Probe();
    try (Server server = server(of(AUTHORITY.issue(host)), probe);
        Conversation ws = connect(server, host)) {
      assertTrue(ws.isOpen());
      SSLSession session = probe.awaitOpened().request().tls();
      assertTrue(((ExtendedSSLSession) session).getRequestedServerNames().isEmpty());
    }
    try (Server server = server(of(AUTHORITY.issue("b.example")), new Probe())) {
      var failure = assertThrows(HandshakeException.class, () -> connect(server, host));
      assertEquals(Step.SECURING, failure.step(), failure.getMessage());
      Client trusting = to(server, host).tls(Tls.system().insecurelyTrustingAnybody());
      try (Conversation ws =
          trusting
              .noProxy()
              .resolver(any -> new InetAddress[] {InetAddress.getLoopbackAddress()})
              .connect()) {
        assertTrue(ws.isOpen());
      }
    }
  }

  @Test
  void asksForTheHostByName() throws Exception {
    var context = TlsServerTest.context(TlsServerTest.LOCALHOST);
    SSLServerSocket listener =
        (SSLServerSocket)
            context
                .getServerSocketFactory()
                .createServerSocket(0, 5, InetAddress.getLoopbackAddress());
    var asked = new java.util.concurrent.CompletableFuture<String>();
    try (AutoCloseable server =
        blocking(
            listener,
            socket -> {
              ExtendedSSLSession session = (ExtendedSSLSession) ((SSLSocket) socket).getSession();
              SNIHostName name = (SNIHostName) session.getRequestedServerNames().getFirst();
              asked.complete(name.getAsciiName());
            })) {
      assertNotNull(server);
      assertEquals(Step.UPGRADING, failure(to(listener)).step(), "it ends behind TLS");
      assertEquals("localhost", asked.get(20, java.util.concurrent.TimeUnit.SECONDS));
    }
  }

  @Test
  void doesNotTakeACutForAnEnd() throws Exception {
    Probe probe =
        new Probe() {
          @Override
          public void text(WebSocket ws, String text) {} // not back again: it is to be silent
        };
    try (Server server = server(TlsServerTest.localhost(), new Probe());
        ServerSocket relay = plain()) {
      Thread thread = Thread.ofVirtual().start(() -> relay(relay, server.port()));
      WebSocket ws = to(relay).connect(probe).get();
      ws.send("cut");
      Close close = probe.awaitClosed();
      assertEquals(Close.ABNORMAL, close.code());
      assertTrue(close.reason().contains("close_notify"), close.reason());
      thread.join();
    }
  }

  /// Carries bytes until the server has been silent for a while, and ends TCP then.
  private static void relay(ServerSocket listener, int port) {
    try (Socket client = listener.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), port)) {
      Thread up =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  client.getInputStream().transferTo(server.getOutputStream());
                } catch (IOException e) {
                  // It has ended.
                }
              });
      byte[] some = new byte[1 << 16];
      server.setSoTimeout(1000);
      try {
        for (int got = server.getInputStream().read(some);
            got >= 0;
            got = server.getInputStream().read(some)) {
          client.getOutputStream().write(some, 0, got);
        }
      } catch (java.net.SocketTimeoutException silence) {
        client.shutdownOutput();
      }
      up.join();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void knowsWhoTheServerIs() throws Exception {
    Probe probe = new Probe();
    try (Server server = server(TlsServerTest.localhost(), new Probe())) {
      WebSocket ws = to(server, "localhost").connect(probe).get();
      SSLSession session = ws.request().tls();
      assertNotNull(session);
      X509Certificate certificate = (X509Certificate) session.getPeerCertificates()[0];
      assertEquals("CN=localhost", certificate.getSubjectX500Principal().getName());
      ws.close();
      probe.assertClosed(1000, Close.By.SELF);
    }
  }
}
