package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.kaazing.k3po.driver.internal.Robot;

/// K3PO's scripted conversations of RFC 6455, played against the server: the handshakes and masks
/// that the Autobahn testsuite leaves out, and its other subjects once more.
///
/// A script passes if everything in it happened: K3PO then gives back its text, word for word.
final class K3poTest {

  private static final long PATIENCE_MS = 10_000;

  /// The scripts of `specification.ws` 3.1.0 in which K3PO plays a client.
  private static final int SCRIPTS = 122;

  /// A script that sends a message one byte over a limit.
  private static final Pattern OVER_LIMIT =
      Pattern.compile("limits/should\\.fail.*length\\.(\\d+)");

  @TestFactory
  Stream<DynamicTest> playsEveryScriptOfAClient() throws IOException {
    K3poAdaptations adaptations = K3poAdaptations.read();
    List<DynamicTest> tests = new ArrayList<>();
    Map<String, String> scripts = scripts();
    scripts.forEach((name, text) ->
        adaptations
            .adapt(name, text)
            .ifPresent(adapted -> tests.add(dynamicTest(name, () -> play(name, adapted)))));
    tests.add(
        dynamicTest(
            "every script is known, every adaptation is needed",
            () ->
                assertAll(
                    () -> assertEquals(SCRIPTS, scripts.size()),
                    () -> assertEquals("", adaptations.unused()))));
    return tests.stream();
  }

  private static void play(String name, String text) throws Exception {
    Matcher overLimit = OVER_LIMIT.matcher(name);
    int messageBytes = overLimit.matches() ? Integer.parseInt(overLimit.group(1)) - 1 : 1 << 20;
    try (WeftEcho server = WeftEcho.start(limits -> limits.messageBytes(messageBytes))) {
      String script = text.replace("localhost:8080", "127.0.0.1:" + server.port());
      var robot = new Robot();
      try {
        robot.prepare(script).await();
        robot.start().await();
        boolean finished = robot.finish().await(PATIENCE_MS);
        if (!finished) {
          robot.abort().await(PATIENCE_MS);
        }
        String seen = robot.getObservedScript();
        assertTrue(seen.equals(script), () -> name + ": " + difference(script, seen));
        assertTrue(finished, () -> name + ": all was seen, but it did not end");
      } finally {
        robot.dispose().await(PATIENCE_MS);
      }
    }
  }

  /// Where what was seen leaves the script.
  private static String difference(String script, String seen) {
    List<String> wanted = script.lines().toList();
    List<String> came = seen.lines().toList();
    int line = 0;
    while (line < Math.min(wanted.size(), came.size()) && wanted.get(line).equals(came.get(line))) {
      line++;
    }
    return "line %d\n  wanted: %s\n  seen:   %s\nof\n%s"
        .formatted(line + 1, at(wanted, line), at(came, line), script);
  }

  private static String at(List<String> lines, int line) {
    return line < lines.size() ? lines.get(line) : "(the end)";
  }

  /// Name and text, without comments, of the scripts in which K3PO is the client.
  private static Map<String, String> scripts() throws IOException {
    Map<String, String> scripts = new TreeMap<>();
    URI jar =
        URI.create(
            "jar:"
                + org.kaazing.specification.ws.internal.Functions.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation());
    try (FileSystem files = FileSystems.newFileSystem(jar, Map.of())) {
      Path root = files.getPath("/org/kaazing/specification/ws");
      try (Stream<Path> all = Files.walk(root)) {
        for (Path file : all.filter(K3poTest::playsAClient).toList()) {
          scripts.put(
              root.relativize(file.getParent()).toString(),
              Files.readString(file).replaceAll("(?m)^#.*\\R", ""));
        }
      }
    }
    return scripts;
  }

  /// Of each pair of scripts one plays the client, `handshake.request…`. Some scenarios are there
  /// to try a client, which leaves nothing to see in a server.
  private static boolean playsAClient(Path file) {
    String scenario = String.valueOf(file.getParent());
    return file.getFileName().toString().matches("handshake\\.requests?.*\\.rpt")
        && !scenario.matches(".*/(server|response)\\..*");
  }
}
