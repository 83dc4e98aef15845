package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `weft lint` as a command: what it takes, what it prints, and its exit codes. What it finds is
/// tested with the rules.
@Timeout(120)
final class LintTest {

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    Ran ran = Ran.weft(args);
    out.write(ran.out());
    err.write(ran.err());
    return ran.code();
  }

  /// Our own server with compression keeps the rules of RFC 7692, with context takeover and
  /// without.
  @ParameterizedTest
  @ValueSource(strings = {"on", "takeover"})
  void findsNothingInWhatWeftCompresses(String mode) {
    try (Serving weft = new Serving("--compression=" + mode, "--window-bits=11")) {
      int code = run("lint", url(weft, "/echo"), "--only=deflate", "--strict");
      assertEquals(0, code, out.toString());
    }
    assertTrue(out.toString().contains(" 0 failed, 0 warnings, "), out.toString());
  }

  @Test
  void printsALineForEachRuleAndWhatTheyAddUpTo() {
    try (Serving weft = new Serving()) {
      assertEquals(0, run("lint", url(weft, "/echo"), "--only=close", "--only=frame/rsv1"));
    }
    List<String> lines = out.toString().lines().toList();
    assertEquals(
        "The endpoint echoes text and binary messages, and does not compress.", lines.get(0));
    assertTrue(
        lines
            .get(1)
            .matches("ok +frame/rsv1 +§5\\.2 +a message with RSV1 set, .* -> close 1002 .*"),
        lines.get(1));
    assertEquals(20, lines.size(), out.toString());
    assertEquals("18 rules: 18 ok, 0 failed, 0 warnings, 0 skipped.", lines.getLast());
    assertEquals("", err.toString());
  }

  @Test
  void aWarningIsAFailureOnlyIfStrict() {
    try (Serving weft = new Serving("--origin", "*")) {
      assertEquals(0, run("lint", url(weft, "/echo"), "--only=origin/foreign"));
      assertTrue(out.toString().contains("; wanted: 403, or another refusal"), out.toString());
      assertEquals(1, run("lint", url(weft, "/echo"), "--only=origin/foreign", "--strict"));
    }
    assertTrue(out.toString().contains("0 failed, 1 warnings"), out.toString());
  }

  @Test
  void aFailureIsOne() {
    try (Serving weft = new Serving("--origin", "https://app.example")) {
      String[] args = {
        "lint", url(weft, "/clock"), "--echo=yes", "--timeout=500ms", "--only=frame/sizes"
      };
      assertEquals(1, run(args));
    }
    assertTrue(out.toString().contains("FAIL     frame/sizes "), out.toString());
  }

  @Test
  void writesJsonForPrograms() {
    try (Serving weft = new Serving()) {
      assertEquals(
          0, run("lint", url(weft, "/echo"), "--json", "--only=text", "--skip=text/legal"));
      JsonNode report = JsonMapper.shared().readTree(out.toString());
      assertEquals(url(weft, "/echo"), report.get("url").stringValue());
      assertTrue(report.get("echoesText").booleanValue());
      assertEquals(10, report.get("rules").size());
      assertEquals(10, report.get("ok").intValue());
      assertEquals(0, report.get("exit").intValue());
      JsonNode first = report.get("rules").get(0);
      assertEquals("text/invalid", first.get("id").stringValue());
      assertEquals("ok", first.get("outcome").stringValue());
      assertEquals("RFC 6455 §8.1", first.get("section").stringValue());
      assertTrue(first.get("seen").stringValue().startsWith("each: close 1007"));
    }
  }

  @Test
  void sendsTheHeadersAndSubprotocolsOfEveryHandshake() {
    try (Serving weft = new Serving("--subprotocol", "v1.lint")) {
      int exit =
          run(
              "lint",
              url(weft, "/echo"),
              "--subprotocol=v1.lint",
              "--header=Cookie: sid=42",
              "--origin=http://127.0.0.1:" + weft.server.port(),
              "--only=handshake/answer",
              "--only=handshake/no-subprotocol",
              "--only=origin/own");
      assertEquals(0, exit, out.toString());
    }
  }

  @Test
  void saysThatNobodyIsThere() throws Exception {
    int port;
    try (ServerSocket closed = new ServerSocket()) {
      closed.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      port = closed.getLocalPort();
    }
    String url = "ws://127.0.0.1:" + port + "/";
    assertEquals(3, run("lint", url));
    assertEquals(
        "weft lint: "
            + url
            + ": cannot connect: Connection refused.\n"
            + "Nobody listens there: check the port, and that the server runs.\n",
        err.toString());
    assertEquals(3, run("lint", "ws://nowhere.invalid/"));
    assertTrue(err.toString().endsWith("ws://nowhere.invalid/: the host is not known.\n"));
    assertEquals("", out.toString());
  }

  @Test
  void saysThatNoWebSocketIsThere() {
    try (Serving weft = new Serving()) {
      assertEquals(3, run("lint", url(weft, "/health")));
    }
    assertTrue(
        err.toString().endsWith("it opens no WebSocket there, but answers: 404 Not Found.\n"),
        err.toString());
  }

  @Test
  void listsTheRulesWithoutAUrl() {
    assertEquals(0, run("lint", "--list", "--only=limit"));
    List<String> lines = out.toString().lines().toList();
    assertTrue(lines.size() > 8, out.toString());
    assertTrue(lines.stream().allMatch(line -> line.startsWith("limit/") && line.contains(" -> ")));
    assertFalse(out.toString().contains("handshake/"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      textBlock =
          """
          --strict                       | Missing required parameter: 'URL'
          ftp://localhost/               | 'ftp://localhost/' does not begin with ws:// or wss://
          ws://                          | Expected authority
          ws://u:p@localhost/            | is no URL of a WebSocket: write it as ws://host:port/path?query
          ws://localhost/ --only=frames  | 'frames' is no rule and no group of rules: see weft lint --list
          ws://localhost/ --skip=x/y     | 'x/y' is no rule and no group of rules
          ws://localhost/ --only=text --skip=text | --only and --skip leave no rule to judge
          ws://localhost/ --timeout=0s   | '0s' is no time to wait: 100ms to 1h
          ws://localhost/ --header=sid   | 'sid' is no header: write it as 'Cookie: sid=42'
          ws://localhost/ --connections=0 | '0' is no count: write 1 to 99
          ws://localhost/ --echo=maybe   | '--echo'
          """)
  void saysWhatIsWrongWithTheCommandLine(String line, String sentence) {
    assertEquals(Main.USAGE, run(("lint " + line).split(" +", -1)));
    assertTrue(err.toString().startsWith("weft lint: "), err.toString());
    assertTrue(err.toString().contains(sentence), err.toString());
    assertEquals("", out.toString());
  }

  @Test
  void theHelpTeachesByExample() {
    assertEquals(0, run("lint", "--help"));
    String help = out.toString();
    assertTrue(
        help.startsWith("Usage: weft lint [OPTIONS] [URL]\nHolds any WebSocket server"), help);
    assertTrue(help.contains("\nExamples:\n  weft lint ws://localhost:8080/echo  "), help);
    assertTrue(help.lines().allMatch(line -> line.length() <= 100), help);
  }

  private static String url(Serving weft, String path) {
    return "ws://127.0.0.1:" + weft.server.port() + path;
  }
}
