package io.weft.cli.lint;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Endpoint;
import io.weft.Message;
import io.weft.Server;
import io.weft.Tls;
import io.weft.WebSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Each rule is kept by a sound server, and fails with one that breaks it.
@Timeout(180)
final class LinterTest {

  /// The rules on offers of compression that must be declined.
  static final Set<String> ILLEGAL_OFFERS =
      Set.of(
          "deflate/unknown-parameter",
          "deflate/twice",
          "deflate/flag-with-value",
          "deflate/bits-7",
          "deflate/bits-16",
          "deflate/bits-010",
          "deflate/bits-of-nothing",
          "deflate/client-bits-16");

  private static final Duration GENEROUS = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofSeconds(10);
  private static final Duration PATIENCE = Duration.ofMillis(700);
  private static final int HEAD_MS = 5_000;
  private static final Set<String> SLOW = Set.of("limit/silent-client", "limit/slow-head");

  private static Set<String> ids() {
    return Linter.list().stream()
        .map(Finding::id)
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  private static List<Finding> lint(Linter linter, Set<String> ids) throws Exception {
    List<Finding> told = new ArrayList<>();
    List<Finding> findings =
        linter.run(
            ids,
            new Linter.Listener() {
              @Override
              public void met(Facts facts) {
                assertEquals(List.of(), told);
              }

              @Override
              public void found(Finding finding) {
                told.add(finding);
              }
            });
    assertEquals(findings, told);
    return findings;
  }

  private static void assertAll(Outcome outcome, List<Finding> findings) {
    assertEquals(
        List.of(), findings.stream().filter(finding -> finding.outcome() != outcome).toList());
  }

  @Test
  void aSoundServerKeepsEveryRule() throws Exception {
    try (FaultyServer server = new FaultyServer("", HEAD_MS)) {
      Linter linter = new Linter(server.target(GENEROUS), Linter.Echo.AUTO, GENEROUS);
      List<Finding> findings = lint(linter, ids());
      assertAll(Outcome.OK, findings);
      assertEquals(
          Linter.list().stream().map(Finding::id).toList(),
          findings.stream().map(Finding::id).toList());
    }
  }

  @Test
  void eachRuleFailsWithAServerThatBreaksIt() throws Exception {
    TreeMap<String, Future<Finding>> pending = new TreeMap<>();
    Semaphore places = new Semaphore(24);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (String id : ids()) {
        pending.put(
            id,
            threads.submit(() -> {
              places.acquire();
              try (FaultyServer server = new FaultyServer(id, HEAD_MS)) {
                Linter linter = new Linter(server.target(SHORT), Linter.Echo.AUTO, PATIENCE);
                return lint(linter, Set.of(id)).getFirst();
              } catch (Linter.Unreachable e) {
                throw new AssertionError(id + ": " + e.getMessage(), e);
              } finally {
                places.release();
              }
            }));
      }
    }
    List<String> unbroken = new ArrayList<>();
    for (var entry : pending.entrySet()) {
      Finding finding = entry.getValue().get();
      boolean found = finding.outcome() == Outcome.FAIL || finding.outcome() == Outcome.WARN;
      if (!found) {
        unbroken.add(entry.getKey() + " " + finding.outcome() + ": " + finding.seen());
      }
    }
    assertEquals(List.of(), unbroken);
  }

  @Test
  void idsAreUniqueAndEveryRuleSaysWhatItSendsAndWants() {
    List<Finding> rules = Linter.list();
    assertEquals(rules.size(), new HashSet<>(rules.stream().map(Finding::id).toList()).size());
    for (Finding rule : rules) {
      assertTrue(rule.id().matches("[a-z]+/[a-z0-9.-]+"), rule.id());
      assertTrue(rule.section().matches("(RFC \\d{4} )?§[0-9.]+"), rule.section());
      assertTrue(!rule.sent().isBlank() && !rule.must().isBlank(), rule.id());
    }
  }

  @Test
  void weftKeepsEveryRuleInBothStyles() throws Exception {
    try (Server server = weft()) {
      for (String path : List.of("/echo", "/converse")) {
        Target target = target(server, path);
        Set<String> ids = ids();
        if (path.equals("/converse")) {
          ids.removeAll(SLOW); // HTTP, which is the same
        }
        List<Finding> findings = lint(new Linter(target, Linter.Echo.YES), ids);
        // What neither fails nor warns was skipped for want of compression, alone.
        assertAll(Outcome.OK, findings.stream().filter(f -> !needsCompression(f)).toList());
      }
    }
  }

  @Test
  void weftKeepsEveryRuleOverTlsWhoseCertificateIsTrustedOnlyIfToldSo(@TempDir Path folder)
      throws Exception {
    Tls tls = Tls.ofKeyStore(selfSigned(folder), "weft-lint".toCharArray());
    Set<String> ids = ids();
    ids.removeAll(SLOW);
    try (Server server =
        Server.at("127.0.0.1", 0).tls(tls).route("/echo", new EchoEndpoint()).start()) {
      URI uri = URI.create("wss://127.0.0.1:" + server.port() + "/echo");
      Target strict = Target.of(uri.toString()).within(GENEROUS);
      assertThrows(Linter.Unreachable.class, () -> lint(new Linter(strict, Linter.Echo.AUTO), ids));
      Target insecure = strict.by(Tls.system().insecurelyTrustingAnybody(), null);
      List<Finding> findings = lint(new Linter(insecure, Linter.Echo.YES), ids);
      assertAll(Outcome.OK, findings.stream().filter(f -> !needsCompression(f)).toList());
    }
  }

  /// A certificate that its own key signed, made by the JDK's keytool.
  private static Path selfSigned(Path folder) throws Exception {
    Path store = folder.resolve("lint.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "lint",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-validity",
                "2",
                "-storetype",
                "PKCS12",
                "-storepass",
                "weft-lint",
                "-keystore",
                store.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(keytool.getInputStream().readAllBytes(), UTF_8);
    assertEquals(0, keytool.waitFor(), said);
    return store;
  }

  @Test
  void anEndpointThatTakesNoMessagesIsJudgedInTheRest() throws Exception {
    try (Server server = weft()) {
      Set<String> ids = ids();
      ids.removeAll(SLOW);
      List<Finding> findings = lint(new Linter(target(server, "/mute"), Linter.Echo.AUTO), ids);
      assertEquals(Outcome.SKIPPED, of(findings, "text/invalid").outcome());
      assertEquals("the endpoint takes no text", of(findings, "text/invalid").seen());
      assertEquals(Outcome.SKIPPED, of(findings, "frame/binary-sizes").outcome());
      assertEquals(Outcome.OK, of(findings, "frame/ping").outcome());
      assertEquals(
          List.of(),
          findings.stream()
              .filter(f -> f.outcome() == Outcome.FAIL || f.outcome() == Outcome.WARN)
              .toList());
    }
  }

  @Test
  void saysThatNobodyIsThereOrThatItIsNoWebSocket() throws Exception {
    int port;
    try (ServerSocket closed = new ServerSocket()) {
      closed.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      port = closed.getLocalPort();
    }
    Linter nobody = new Linter(Target.of("ws://127.0.0.1:" + port + "/"), Linter.Echo.AUTO);
    assertThrows(Linter.Unreachable.class, () -> lint(nobody, ids()));
    try (Server server = weft()) {
      Linter wrongPath = new Linter(target(server, "/nothing"), Linter.Echo.AUTO);
      var thrown = assertThrows(Linter.Unreachable.class, () -> lint(wrongPath, ids()));
      assertEquals("it opens no WebSocket there, but answers: 404 Not Found", thrown.getMessage());
    }
  }

  private static Server weft() {
    return Server.at("127.0.0.1", 0)
        .route("/echo", new EchoEndpoint())
        .route("/mute", new Endpoint() {})
        .converse(
            "/converse",
            ws -> {
              for (Message message : ws) {
                ws.send(message);
              }
            })
        .start();
  }

  /// Longer than the time that the default limits give a request head.
  private static Target target(Server server, String path) {
    Target plain = Target.of("ws://127.0.0.1:" + server.port() + path);
    return plain.within(GENEROUS);
  }

  private static boolean needsCompression(Finding finding) {
    return finding.seen().equals("the endpoint does not agree to permessage-deflate");
  }

  private static Finding of(List<Finding> findings, String id) {
    return findings.stream().filter(finding -> finding.id().equals(id)).findFirst().orElseThrow();
  }

  /// Sends back what comes.
  private static final class EchoEndpoint implements Endpoint {
    @Override
    public void text(WebSocket ws, String text) {
      ws.send(text);
    }

    @Override
    public void binary(WebSocket ws, ByteBuffer data) {
      ws.send(data);
    }
  }
}
