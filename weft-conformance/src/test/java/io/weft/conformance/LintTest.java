package io.weft.conformance;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.weft.cli.lint.Facts;
import io.weft.cli.lint.Finding;
import io.weft.cli.lint.Linter;
import io.weft.cli.lint.Outcome;
import io.weft.cli.lint.Target;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What `weft lint` finds: nothing in Weft, and in servers of other makers what `lint-findings.txt`
/// says, neither more nor less.
@Timeout(120)
final class LintTest {

  /// More than the 10 s that Weft gives a request head, so that this is judged too.
  private static final Duration WAIT = Duration.ofSeconds(20);

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Set<String> SLOW = Set.of("limit/silent-client", "limit/slow-head");

  @Test
  void findsNothingInWeftServe() throws Exception {
    try (WeftServe weft = WeftServe.start()) {
      List<Finding> findings = lint("weft serve", weft.webSocket("/echo"), Set.of());
      assertEquals(List.of(), findings.stream().filter(LintTest::isFound).toList());
    }
  }

  @Test
  void findsInNpmWsWhatIsKnown() throws Exception {
    List<String> command =
        List.of(Tools.node().toString(), Tools.nodeScript("server.mjs").toString(), "deflate");
    try (Program ws = Program.start("npm ws", Tools.target().resolve("lint"), command)) {
      String port = ws.awaitLine(Pattern.compile("listening (\\d+)"), PATIENCE).group(1);
      assertKnown("npm-ws", "ws://127.0.0.1:" + port + "/");
    }
  }

  @Test
  void findsInJavaWebSocketWhatIsKnown() throws Exception {
    var server = new OtherEchoes.JavaWebSocket();
    try {
      assertKnown("Java-WebSocket", "ws://127.0.0.1:" + server.listen() + "/");
    } finally {
      server.stop(1000);
    }
  }

  @Test
  void findsInUndertowWhatIsKnown() throws Exception {
    try (OtherEchoes.UndertowEcho server = new OtherEchoes.UndertowEcho()) {
      assertKnown("Undertow", "ws://127.0.0.1:" + server.port() + "/");
    }
  }

  /// How slow a client they bear is a minute's wait, and not judged here.
  private static void assertKnown(String server, String url) throws Exception {
    List<String> found =
        lint(server, url, SLOW).stream()
            .filter(LintTest::isFound)
            .map(finding -> server + " " + finding.id() + " " + finding.outcome().word())
            .toList();
    assertEquals(String.join("\n", known(server)), String.join("\n", found));
  }

  private static List<String> known(String server) throws IOException {
    try (InputStream in = LintTest.class.getResourceAsStream("lint-findings.txt")) {
      return new String(in.readAllBytes(), UTF_8)
          .lines()
          .filter(line -> line.startsWith(server + " "))
          .toList();
    }
  }

  private static boolean isFound(Finding finding) {
    return finding.outcome() == Outcome.FAIL || finding.outcome() == Outcome.WARN;
  }

  /// Lints, and writes a table of what was found to the folder of this build.
  private static List<Finding> lint(String server, String url, Set<String> without)
      throws Exception {
    Set<String> ids =
        Linter.list().stream()
            .map(Finding::id)
            .filter(id -> !without.contains(id))
            .collect(Collectors.toSet());
    Target target = Target.of(url).within(WAIT);
    List<Finding> findings = new Linter(target, Linter.Echo.AUTO).run(ids, new Silent());
    Path folder = Files.createDirectories(Tools.target().resolve("lint"));
    Files.writeString(
        folder.resolve(server + ".md"),
        Stream.concat(
                Stream.of("| rule | | sent | seen |", "|---|---|---|---|"),
                findings.stream()
                    .filter(LintTest::isFound)
                    .map(f ->
                        "| `%s` | %s | %s | %s |"
                            .formatted(f.id(), f.outcome().word(), f.sent(), f.seen())))
            .collect(Collectors.joining("\n", "", "\n")));
    return findings;
  }

  /// Waits for the end.
  private static final class Silent implements Linter.Listener {
    @Override
    public void met(Facts facts) {}

    @Override
    public void found(Finding finding) {}
  }
}
