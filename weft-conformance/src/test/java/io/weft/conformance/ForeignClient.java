package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A client in another language: a script that prints one JSON line per check, with its name,
/// whether it went well, and what was seen.
final class ForeignClient {

  private static final List<String> CHECKS =
      List.of(
          "text",
          "chinese",
          "binary",
          "fragments",
          "ping",
          "server-ping",
          "client-close",
          "server-close",
          "subprotocol",
          "refused",
          "unknown");

  private static final Duration PATIENCE = Duration.ofMinutes(4);

  private final String name;
  private final Callable<List<String>> command;
  private final FutureTask<Map<String, JsonNode>> run = new FutureTask<>(this::run);

  /// One test for each check; the first of them runs the script.
  ///
  /// @param name of the client, which the script writes in the reason of its close
  /// @param command the script with its interpreter; may find that either is missing
  static Stream<DynamicTest> tests(String name, Callable<List<String>> command) {
    var client = new ForeignClient(name, command);
    return CHECKS.stream().map(check -> dynamicTest(check, () -> client.verify(check)));
  }

  private ForeignClient(String name, Callable<List<String>> command) {
    this.name = name;
    this.command = command;
  }

  private void verify(String check) throws Throwable {
    run.run();
    try {
      JsonNode result = run.get().get(check);
      assertTrue(result.path("ok").asBoolean(), () -> check + ": saw " + result.path("seen"));
    } catch (ExecutionException e) {
      throw e.getCause();
    }
  }

  private Map<String, JsonNode> run() throws Exception {
    Map<String, JsonNode> results = new LinkedHashMap<>();
    Path home = Tools.target().resolve("foreign").resolve(name);
    try (WeftEcho server = WeftEcho.start()) {
      List<String> script = command.call();
      List<String> line = Stream.concat(script.stream(), Stream.of("" + server.uri(""))).toList();
      try (Program client = Program.start(name, home, line)) {
        assertEquals(0, client.awaitExit(PATIENCE), client::report);
        for (String printed : client.lines()) {
          if (printed.startsWith("{")) {
            JsonNode result = JsonMapper.shared().readTree(printed);
            results.put(result.path("check").asString(), result);
          }
        }
        assertEquals(CHECKS, List.copyOf(results.keySet()), client::report);
      }
      server.awaitClose(4001, "再见 from " + name);
    }
    return results;
  }
}
