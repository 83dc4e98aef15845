package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Which host names a server answers to: a page whose name leads here by DNS rebinding gets
/// nothing.
@Timeout(60)
final class HostsTest {

  private static boolean has(String bound, String listed, String host) {
    List<String> names =
        listed == null
            ? List.of()
            : Arrays.stream(listed.split(" ", -1)).map(Hosts::normal).toList();
    return new Hosts(names, InetAddress.ofLiteral(bound)).has(host);
  }

  @ParameterizedTest
  @CsvSource({
    "localhost, true",
    "LOCALHOST.:8080, true",
    "app.localhost:1, true",
    "127.0.0.1:8080, true",
    "127.255.0.9, true",
    "[::1]:8080, true",
    "[0:0::1], true",
    "[::ffff:127.0.0.1], true",
    "evil.example, false",
    "evil.example:8080, false",
    "localhost.evil.example, false",
    "evillocalhost, false",
    "127.0.0.1.evil.example, false",
    "127.evil, false",
    "10.0.0.1, false",
    "[::2], false",
    "[2001:db8::1], false",
    "a%41, false",
    "a~b, false",
    ", true", // HTTP/1.0 without Host: no browser
  })
  void answersToLoopbackNamesOnLoopback(String host, boolean answered) {
    for (String bound : List.of("127.0.0.1", "127.0.0.2", "::1")) {
      assertEquals(answered, has(bound, null, host), bound);
    }
    assertTrue(has("0.0.0.0", null, host), "unless told, to all");
    assertTrue(has("127.0.0.1", "app.example *", host));
  }

  @ParameterizedTest
  @CsvSource({
    "app.example, app.example, true",
    "app.example, APP.example.:81, true",
    "App.Example., app.example, true",
    "app.example, evil-app.example, false",
    "app.example, app.example.evil, false",
    "app.example, a.app.example, false",
    "*.app.example, a.app.example, true",
    "*.app.example, a.b.app.example:9, true",
    "*.app.example, app.example, false",
    "*.app.example, evil-app.example, false",
    "*.app.example, a.app.example.evil, false",
    "*.app.example app.example, app.example, true",
    "bücher.example, xn--bcher-kva.example, true",
    "192.0.2.1, 192.0.2.1:80, true",
    "192.0.2.1, 192.0.2.11, false",
    "[2001:DB8::1], [2001:db8::1], true",
  })
  void answersToWhatIsListed(String listed, String host, boolean answered) {
    assertEquals(answered, has("0.0.0.0", listed, host));
    assertEquals(answered, has("127.0.0.1", listed, host));
    assertTrue(has("127.0.0.1", listed, "localhost"), "always");
    assertEquals(false, has("0.0.0.0", listed, "localhost"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "*.",
        ".",
        "a..b",
        "http://a",
        "a:80",
        "a:",
        "a/b",
        "a b",
        "**",
        "a.*",
        "*.*",
        "*a.b",
        "*.*.a",
        "127.1",
        "u@a",
        "[::1",
        "[::1]:80",
      })
  void takesNothingElseForAName(String name) {
    Server.Builder server = Server.at("127.0.0.1", 0);
    String message =
        assertThrows(IllegalArgumentException.class, () -> server.hosts("fine", name)).getMessage();
    assertTrue(message.contains("'" + name + "' is no host"), message);
  }

  @ParameterizedTest
  @CsvSource({
    "localhost, 200, 101",
    "evil.example, 421, 421",
    "evil.example:8080, 421, 421",
    "listed.example, 200, 101",
  })
  void refusesByAStatus(String host, int plain, int upgrade) throws Exception {
    try (Rig rig =
        Rig.of(
            new Rig.Watched(),
            server ->
                server.hosts("listed.example").http("/hi", request -> Response.text(200, "hi")))) {
      assertStatus(
          rig,
          plain,
          "POST /hi HTTP/1.1\r\nHost: " + host + "\r\n",
          "Content-Length: 5\r\n\r\nhello");
      assertStatus(
          rig, plain, "GET /hi HTTP/1.1\r\nHost: " + host + "\r\n", "Connection: close\r\n\r\n");
      String absolute = "GET http://" + host + "/hi HTTP/1.1\r\nHost: localhost\r\n";
      assertStatus(rig, plain, absolute, "Connection: close\r\n\r\n");
      assertStatus(rig, 200, "GET /hi HTTP/1.0\r\n", "\r\n");
      // Of the same origin, to the browser and to the origin policy.
      String handshake = Peer.handshake(Rig.PATH, "Origin: http://" + host);
      assertStatus(rig, upgrade, handshake.replace("Host: localhost", "Host: " + host), "");
    }
  }

  private static void assertStatus(Rig rig, int status, String head, String rest) throws Exception {
    try (Peer peer = Peer.tcp(rig.port())) {
      peer.send(head + rest);
      String answer = peer.readHead();
      int expected = head.startsWith("POST") && status == 200 ? 405 : status;
      assertTrue(answer.startsWith("HTTP/1.1 " + expected + " "), answer);
      if (expected == 421) {
        assertTrue(answer.contains("\r\nConnection: close\r\n"), answer);
        String body = peer.readAll();
        assertTrue(body.contains("does not answer to the host 'evil.example"), body);
      }
    }
  }

  @Test
  void answersToAllElsewhere() throws Exception {
    try (Server server =
            Server.at("0.0.0.0", 0)
                .loops(1)
                .closeAtShutdown(false)
                .http("/hi", request -> Response.text(200, "hi"))
                .start();
        Peer peer = Peer.bare(server.port())) {
      peer.send("GET /hi HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n\r\n");
      assertTrue(peer.readAll().startsWith("HTTP/1.1 200 "));
    }
  }
}
