package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// K3PO's scripted conversations of RFC 6455, played against the server: the handshakes and masks
/// that the Autobahn testsuite leaves out, and its other subjects once more.
final class K3poTest {

  /// The scripts of `specification.ws` 3.1.0 in which K3PO plays a client.
  private static final int SCRIPTS = 122;

  /// A script that sends a message one byte over a limit.
  private static final Pattern OVER_LIMIT =
      Pattern.compile("limits/should\\.fail.*length\\.(\\d+)");

  @TestFactory
  Stream<DynamicTest> playsEveryScriptOfAClient() throws IOException {
    K3poAdaptations adaptations = K3poAdaptations.read("k3po-adaptations.txt");
    List<DynamicTest> tests = new ArrayList<>();
    Map<String, String> scripts = K3poScripts.read(K3poTest::playsAClient);
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
      K3poScripts.play(name, script, () -> {});
    }
  }

  /// Of each pair of scripts one plays the client, `handshake.request…`. Some scenarios are there
  /// to try a client, which leaves nothing to see in a server.
  private static boolean playsAClient(Path file) {
    String scenario = String.valueOf(file.getParent());
    return file.getFileName().toString().matches("handshake\\.requests?.*\\.rpt")
        && !scenario.matches(".*/(server|response)\\..*");
  }
}
