package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.HandshakeException.Step;
import io.weft.tls.TestAuthority;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.Authenticator;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The client through proxies, told to it or to the JVM. The host `server.test` is known to nobody:
/// only a proxy takes it for the loopback address.
@Timeout(120)
final class ProxyTest {

  private final Server server =
      Server.at("127.0.0.1", 0)
          .hosts("*")
          .loops(1)
          .closeAtShutdown(false)
          .route("/echo", new Probe())
          .start();

  private final List<Runnable> afterwards = new ArrayList<>();
  private final ProxySelector selector = ProxySelector.getDefault();

  @BeforeEach
  void nothingIsThere() throws Exception {
    ClientRig.awaitNothing();
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    afterwards.forEach(Runnable::run);
    ProxySelector.setDefault(selector);
    Authenticator.setDefault(null);
    server.close(Duration.ZERO);
    ClientRig.awaitNothing();
  }

  private String url(String host) {
    return "ws://" + host + ":" + server.port() + "/echo";
  }

  private static void echoes(Client client) throws Exception {
    try (Conversation ws = client.connect()) {
      ws.send("你好啊");
      assertEquals(new Message.Text("你好啊"), ws.receive(Probe.WAIT));
      byte[] large = new byte[200_000];
      ws.send(large);
      assertEquals(new Message.Binary(java.nio.ByteBuffer.wrap(large)), ws.receive(Probe.WAIT));
    }
  }

  private static HandshakeException fails(Client client) {
    HandshakeException failure = assertThrows(HandshakeException.class, client::connect);
    StringWriter trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace));
    assertFalse(trace.toString().contains("s3cret"), trace.toString());
    return failure;
  }

  @ParameterizedTest
  @ValueSource(strings = {"http", "socks5"})
  void goesThroughAProxyThatLooksUpTheHost(String scheme) throws Exception {
    try (TestProxy proxy = new TestProxy(null)) {
      Client client = Client.to(url("server.test")).proxy(proxy.url(scheme, ""));
      echoes(client);
      assertEquals("server.test:" + server.port(), proxy.asked.take());
      try (Conversation ws = client.connect()) {
        assertEquals(proxy.port(), ws.remoteAddress().getPort());
        assertEquals("server.test:" + server.port(), ws.request().header("Host"));
      }
      assertThrows(HandshakeException.class, client.noProxy()::connect);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"http", "socks5"})
  void showsItsCredentials(String scheme) throws Exception {
    try (TestProxy proxy = new TestProxy("ann:s3cret @你")) {
      Client client = Client.to(url("server.test"));
      echoes(client.proxy(proxy.url(scheme, "ann:s3cret%20%40%E4%BD%A0@")));
      HandshakeException wrong = fails(client.proxy(proxy.url(scheme, "ann:s3cret@")));
      assertEquals(Step.TUNNELLING, wrong.step());
      assertEquals(scheme.equals("http") ? 407 : 0, wrong.status());
      assertTrue(
          wrong
              .getMessage()
              .startsWith(url("server.test") + " through the proxy " + proxy.url(scheme, "")),
          wrong.getMessage());
      HandshakeException none = fails(client.proxy(proxy.url(scheme, "")));
      assertEquals(Step.TUNNELLING, none.step());
      assertEquals(scheme.equals("http"), none.header("Proxy-Authenticate") != null);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"http", "socks5"})
  void speaksTlsThroughAProxy(String scheme) throws Exception {
    TestAuthority.Issued identity = TlsServerTest.AUTHORITY.issue("server.test");
    Tls tls = Tls.ofKeyStore(identity.keyStore("x"), "x".toCharArray());
    try (Server secure =
            Server.at("127.0.0.1", 0)
                .hosts("*")
                .loops(1)
                .closeAtShutdown(false)
                .tls(tls)
                .route("/echo", new Probe())
                .start();
        TestProxy proxy = new TestProxy("ann:s3cret")) {
      Client client =
          Client.to("wss://server.test:" + secure.port() + "/echo")
              .proxy(proxy.url(scheme, "ann:s3cret@"))
              .tls(Tls.system().trust(TlsServerTest.AUTHORITY.trust()));
      echoes(client);
      assertEquals("server.test:" + secure.port(), proxy.asked.take());
      HandshakeException other =
          fails(
              Client.to("wss://other.test:" + secure.port() + "/echo")
                  .proxy(proxy.url(scheme, "ann:s3cret@"))
                  .tls(Tls.system().trust(TlsServerTest.AUTHORITY.trust())));
      assertEquals(Step.SECURING, other.step(), "the certificate is not the proxy's to choose");
      HandshakeException plain =
          fails(
              Client.to("wss://server.test:" + server.port() + "/echo")
                  .proxy(proxy.url(scheme, "ann:s3cret@")));
      assertEquals(Step.SECURING, plain.step(), plain.getMessage());
    }
  }

  /// Sets system properties until the test is over.
  private void properties(String... namesAndValues) {
    for (int at = 0; at < namesAndValues.length; at += 2) {
      String name = namesAndValues[at];
      String before = System.setProperty(name, namesAndValues[at + 1]);
      afterwards.add(() -> {
        if (before == null) {
          System.clearProperty(name);
        } else {
          System.setProperty(name, before);
        }
      });
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"http.proxy", "https.proxy", "socksProxy"})
  void honoursTheSystemProperties(String name) throws Exception {
    try (TestProxy proxy = new TestProxy(null)) {
      properties(name + "Host", "127.0.0.1", name + "Port", "" + proxy.port());
      echoes(Client.to(url("server.test")));
      assertEquals("server.test:" + server.port(), proxy.asked.take());
      echoes(Client.to(url("127.0.0.1")));
      assertNull(proxy.asked.poll(), "the loopback address needs no proxy");
      fails(Client.to(url("server.test")).noProxy());
      assertNull(proxy.asked.poll());
    }
  }

  @Test
  void prefersTheProxyForHttps() throws Exception {
    try (TestProxy wanted = new TestProxy(null);
        TestProxy other = new TestProxy(null)) {
      properties(
          "https.proxyHost",
          "127.0.0.1",
          "https.proxyPort",
          "" + wanted.port(),
          "http.proxyHost",
          "127.0.0.1",
          "http.proxyPort",
          "" + other.port());
      echoes(Client.to(url("server.test")));
      assertEquals(1, wanted.asked.size());
      assertEquals(0, other.asked.size());
    }
  }

  @Test
  void honoursTheHostsThatNeedNoProxy() throws Exception {
    try (TestProxy proxy = new TestProxy(null)) {
      properties(
          "http.proxyHost", "127.0.0.1",
          "http.proxyPort", "" + proxy.port(),
          "http.nonProxyHosts", "*.test|10.*");
      HandshakeException straight = fails(Client.to(url("server.test")));
      assertEquals(Step.RESOLVING, straight.step());
      assertEquals(0, proxy.asked.size());
      echoes(Client.to(url("server.other")));
      echoes(Client.to(url("127.0.0.1")));
      assertEquals(1, proxy.asked.size(), "the loopback address needs none, ever");
    }
  }

  /// A selector of the application.
  private static final class Selecting extends ProxySelector {
    final BlockingQueue<URI> asked = new LinkedBlockingQueue<>();
    private final List<Proxy> answer;

    Selecting(Proxy... answer) {
      this.answer = List.of(answer);
    }

    @Override
    public List<Proxy> select(URI uri) {
      asked.add(uri);
      return answer;
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException e) {}
  }

  private static Proxy proxy(Proxy.Type type, int port) {
    return new Proxy(type, InetSocketAddress.createUnresolved("127.0.0.1", port));
  }

  @Test
  void triesTheNextWayIfOneCannotBeReached() throws Exception {
    int closed;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = socket.getLocalPort();
    }
    try (TestProxy proxy = new TestProxy(null)) {
      Proxy unknown =
          new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("no.invalid", 80));
      Selecting selecting =
          new Selecting(
              unknown,
              proxy(Proxy.Type.HTTP, closed),
              proxy(Proxy.Type.SOCKS, proxy.port()),
              Proxy.NO_PROXY);
      ProxySelector.setDefault(selecting);
      echoes(Client.to(url("server.test")));
      assertEquals("server.test:" + server.port(), proxy.asked.take());
      assertEquals(
          URI.create("https://server.test:" + server.port() + "/"), selecting.asked.take());

      ProxySelector.setDefault(new Selecting(proxy(Proxy.Type.HTTP, closed), Proxy.NO_PROXY));
      echoes(Client.to(url("127.0.0.1")));
      ProxySelector.setDefault(new Selecting(unknown, proxy(Proxy.Type.HTTP, closed)));
      HandshakeException failure = fails(Client.to(url("127.0.0.1")));
      assertEquals(Step.CONNECTING, failure.step());
      String text = failure.getMessage();
      assertTrue(text.contains("through the proxy http://127.0.0.1:" + closed), text);
    }
  }

  @Test
  void livesWithOddSelectors() throws Exception {
    ProxySelector.setDefault(null);
    echoes(Client.to(url("127.0.0.1")));
    ProxySelector.setDefault(new Selecting());
    echoes(Client.to(url("127.0.0.1")));
    ProxySelector.setDefault(
        new ProxySelector() {
          @Override
          public List<Proxy> select(URI uri) {
            throw new IllegalStateException("on purpose");
          }

          @Override
          public void connectFailed(URI uri, SocketAddress address, IOException e) {}
        });
    HandshakeException failure = fails(Client.to(url("127.0.0.1")));
    assertEquals(Step.RESOLVING, failure.step());
    assertTrue(failure.getMessage().contains("on purpose"), failure.getMessage());
    echoes(Client.to(url("127.0.0.1")).noProxy());
  }

  @Test
  void waitsForNoSelectorBeyondItsTime() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    ProxySelector.setDefault(
        new ProxySelector() {
          @Override
          public List<Proxy> select(URI uri) {
            try {
              over.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
            return List.of();
          }

          @Override
          public void connectFailed(URI uri, SocketAddress address, IOException e) {}
        });
    try {
      HandshakeException failure =
          fails(Client.to(url("127.0.0.1")).connectTimeout(Duration.ofMillis(200)));
      assertEquals(Step.RESOLVING, failure.step());
      String text = failure.getMessage();
      assertTrue(text.endsWith("(within the connectTimeout of 200 ms)"), text);
    } finally {
      over.countDown();
    }
  }

  /// An authenticator that notes what it was asked.
  private static final class Knowing extends Authenticator {
    final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    private final String user;

    Knowing(String user) {
      this.user = user;
    }

    @Override
    protected PasswordAuthentication getPasswordAuthentication() {
      asked.add(
          String.join(
              " ",
              getRequestorType().toString(),
              getRequestingProtocol(),
              getRequestingHost(),
              "" + getRequestingPort(),
              getRequestingPrompt()));
      return new PasswordAuthentication(user, "s3cret".toCharArray());
    }
  }

  @ParameterizedTest
  @CsvSource({"http, http, the test", "socks5, SOCKS5, ''"})
  void asksTheAuthenticatorOfTheJvm(String scheme, String protocol, String prompt)
      throws Exception {
    try (TestProxy open = new TestProxy(null);
        TestProxy closed = new TestProxy("ann:s3cret")) {
      Knowing knowing = new Knowing("ann");
      Authenticator.setDefault(knowing);
      echoes(Client.to(url("server.test")).proxy(open.url(scheme, "")));
      assertNull(knowing.asked.poll(), "nobody wanted credentials");
      echoes(Client.to(url("server.test")).proxy(closed.url(scheme, "")));
      assertEquals(
          "PROXY " + protocol + " 127.0.0.1 " + closed.port() + " " + prompt, knowing.asked.take());
      fails(Client.to(url("server.test")).proxy(closed.url(scheme, "ann:wrong@")));
      assertNull(knowing.asked.poll(), "the client was told some");

      Authenticator.setDefault(new Knowing("bob"));
      HandshakeException wrong = fails(Client.to(url("server.test")).proxy(closed.url(scheme, "")));
      assertEquals(Step.TUNNELLING, wrong.step());
      Authenticator.setDefault(new Knowing("x:y" + "z".repeat(300)));
      HandshakeException unspeakable =
          fails(Client.to(url("server.test")).proxy(closed.url(scheme, "")));
      assertEquals(1, unspeakable.getSuppressed().length);
    }
  }

  @Test
  void knowsTheSocksPropertiesOfTheJvm() throws Exception {
    try (TestProxy proxy = new TestProxy("ann:s3cret")) {
      properties(
          "socksProxyHost", "127.0.0.1",
          "socksProxyPort", "" + proxy.port(),
          "java.net.socks.username", "ann",
          "java.net.socks.password", "s3cret");
      echoes(Client.to(url("server.test")));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"http", "socks5"})
  void racesTheAddressesOfTheProxy(String scheme) throws Exception {
    try (TestProxy proxy = new TestProxy(null)) {
      Client client =
          Client.to(url("server.test"))
              .proxy(scheme + "://proxy.test:" + proxy.port())
              .resolver(host -> {
                if (!host.equals("proxy.test")) {
                  throw new UnknownHostException(host);
                }
                return new InetAddress[] {
                  InetAddress.ofLiteral("127.0.0.3"), InetAddress.ofLiteral("127.0.0.1")
                };
              });
      echoes(client);
    }
  }

  @Test
  void saysThatAProxyCannotBeReached() throws Exception {
    HandshakeException unknown =
        fails(Client.to(url("127.0.0.1")).proxy("http://ann:s3cret@no-such-proxy.invalid:3128"));
    assertEquals(
        url("127.0.0.1")
            + " through the proxy http://no-such-proxy.invalid:3128: the host"
            + " no-such-proxy.invalid is not known",
        unknown.getMessage());
    assertEquals(Step.RESOLVING, unknown.step());
  }
}
