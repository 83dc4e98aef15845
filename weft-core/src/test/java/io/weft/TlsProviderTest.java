package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.jsse.provider.BouncyCastleJsseProvider;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// TLS by another provider than the JDK's own, at either end.
@Timeout(120)
final class TlsProviderTest {

  private static final char[] PASSWORD = "x".toCharArray();
  private static final BouncyCastleJsseProvider BOUNCY_CASTLE =
      new BouncyCastleJsseProvider(new BouncyCastleProvider());

  /// Shows the certificate for localhost, and trusts its authority.
  private static SSLContext context(boolean other) throws Exception {
    if (!other) {
      return TlsServerTest.context(TlsServerTest.LOCALHOST);
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX", BOUNCY_CASTLE);
    trust.init(TlsServerTest.AUTHORITY.trust());
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX", BOUNCY_CASTLE);
    keys.init(TlsServerTest.LOCALHOST.keyStore("x"), PASSWORD);
    SSLContext context = SSLContext.getInstance("TLS", BOUNCY_CASTLE);
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  @ParameterizedTest
  @CsvSource({"true, true", "true, false", "false, true"})
  void echoesAndEndsInOrder(boolean otherServer, boolean otherClient) throws Exception {
    Probe echo = new Probe();
    try (Server server =
        Server.at("127.0.0.1", 0)
            .closeAtShutdown(false)
            .tls(Tls.of(context(otherServer)))
            .route("/echo", echo)
            .start()) {
      byte[] large = new byte[300_000];
      large[299_999] = 7;
      try (Conversation client =
          Client.to("wss://localhost:" + server.port() + "/echo")
              .tls(Tls.of(context(otherClient)))
              .connect()) {
        client.send("hello");
        Message.Text text =
            assertInstanceOf(Message.Text.class, client.receive(Duration.ofSeconds(20)));
        assertEquals("hello", text.text());
        client.send(ByteBuffer.wrap(large));
        Message.Binary data =
            assertInstanceOf(Message.Binary.class, client.receive(Duration.ofSeconds(20)));
        assertEquals(ByteBuffer.wrap(large), data.data());
      }
      Close close = echo.closed.poll(20, TimeUnit.SECONDS);
      assertEquals(Close.NORMAL, close.code(), "not cut: " + close);
      assertEquals(Close.By.PEER, close.by());
      Probe.until("nobody is left", () -> server.connections() == 0);
      assertTrue(server.isSecure());
    }
  }

  /// A socket of the JDK ends without an error only if a close_notify came ahead of the end.
  @ParameterizedTest
  @CsvSource({"true", "false"})
  void saysThatItEnds(boolean otherServer) throws Exception {
    try (Server server =
            Server.at("127.0.0.1", 0)
                .closeAtShutdown(false)
                .tls(Tls.of(context(otherServer)))
                .http("/hi", request -> Response.text(200, "hi"))
                .start();
        Socket socket =
            context(false).getSocketFactory().createSocket("127.0.0.1", server.port())) {
      socket.setSoTimeout(20_000);
      String request = "GET /hi HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      assertTrue(answer.endsWith("hi"), answer);
    }
  }
}
