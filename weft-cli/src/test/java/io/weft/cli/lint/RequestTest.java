package io.weft.cli.lint;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Tls;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The handshake that the rules spoil, and who is seen to answer it.
final class RequestTest {

  @Test
  void aHostOfTheUsersOwnStandsInPlaceOfOurs() {
    Target target =
        new Target(
            URI.create("ws://127.0.0.1:8080/echo"),
            List.of("host: app.example", "Cookie: a=b"),
            "https://ours.example",
            List.of(),
            Duration.ofSeconds(1),
            1,
            Tls.system(),
            null);
    List<String> lines = new String(new Request(target).bytes(), ISO_8859_1).lines().toList();
    assertEquals(
        List.of("host: app.example"),
        lines.stream().filter(line -> line.regionMatches(true, 0, "host:", 0, 5)).toList());
    assertTrue(lines.contains("Cookie: a=b") && lines.contains("Origin: https://ours.example"));
  }

  @ParameterizedTest
  @CsvSource({
    "Server: weft, Server: weft, ''",
    "'', '', ''",
    "Via: 1.1 edge, '', 1.1 edge",
    "'', Server: nginx/1.22.1, nginx/1.22.1",
    "Server: Caddy, '', Caddy",
  })
  void aProxyInFrontIsSeen(String sound, String malformed, String proxy) {
    assertEquals(proxy, Facts.proxy(answer(101, sound), answer(400, malformed)));
  }

  /// HAProxy names itself nowhere; its own error pages are known by what they lack.
  @Test
  void haproxyIsSeenByItsErrorPage() {
    Answer page = answer(400, "Cache-Control: no-cache", "Content-Type: text/html");
    assertEquals("HAProxy", Facts.proxy(answer(101), page));
  }

  private static Answer answer(int status, String... headers) {
    List<String> lines = List.of(headers).stream().filter(line -> !line.isEmpty()).toList();
    return new Answer(Wire.End.NONE, "HTTP/1.1 " + status + " x", status, lines);
  }
}
