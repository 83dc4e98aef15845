package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `weft serve` and `weft listen` on loopback, and a page whose name has been made to lead there.
@Timeout(60)
final class AllowedHostsTest {

  /// The status of an upgrade, by a page of the same name, for which the origin policy is none.
  private static int upgrade(int port, String host, String path) throws IOException {
    String request =
        """
        GET %s HTTP/1.1\r
        Host: %2$s\r
        Origin: http://%2$s\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Version: 13\r
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
        \r
        """
            .formatted(path, host);
    return ask(port, request);
  }

  private static int ask(int port, String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      byte[] line = socket.getInputStream().readNBytes("HTTP/1.1 101".length());
      return Integer.parseInt(new String(line, StandardCharsets.US_ASCII).substring(9));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "evil.example:8080, '', 421",
    "localhost:8080, '', 101",
    "app.localhost, '', 101",
    "[::1]:9, '', 101",
    "app.example, --allow-host=app.example, 101",
    "a.app.example, --allow-host=*.app.example, 101",
    "evil.example, --allow-host=app.example, 421",
    "evil.example, --allow-host=*, 101",
  })
  void servesLoopbackNamesOnly(String host, String option, int status) throws Exception {
    try (Serving weft =
        option.isEmpty() ? new Serving("--quiet") : new Serving("--quiet", option)) {
      assertEquals(status, upgrade(weft.server.port(), host, "/echo"));
      String page = "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
      assertEquals(status == 101 ? 200 : 421, ask(weft.server.port(), page));
    }
  }

  @Test
  void listensToLoopbackNamesOnly() throws Exception {
    for (String option : new String[] {"--quiet", "--allow-host=evil.example"}) {
      StringWriter err = new StringWriter();
      Streams streams =
          new Streams(
              InputStream.nullInputStream(),
              new ByteArrayOutputStream(),
              new PrintWriter(err, true),
              false,
              false);
      Thread listening =
          Thread.ofPlatform()
              .daemon()
              .start(() -> Main.run(streams, "listen", "--once", "0", option));
      long deadlineNs = System.nanoTime() + Duration.ofSeconds(30).toNanos();
      while (!err.toString().contains("/\n") && System.nanoTime() < deadlineNs) {
        Thread.sleep(10);
      }
      int port = Integer.parseInt(err.toString().replaceAll("(?s).*127.0.0.1:(\\d+)/.*", "$1"));
      int expected = option.equals("--quiet") ? 421 : 101;
      assertEquals(expected, upgrade(port, "evil.example", "/any/path"));
      if (expected == 421) {
        assertEquals(101, upgrade(port, "localhost:" + port, "/"));
      }
      assertTrue(listening.join(Duration.ofSeconds(30)), "the one client has gone");
    }
  }
}
