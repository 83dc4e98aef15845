package io.weft.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What the Autobahn testsuite wrote about one server or client, judged by our own rules: its
/// program ends with status 0 whatever happened.
///
/// @param cases every case it reports, in the order of their numbers
record AutobahnReport(List<Case> cases) {

  /// The cases in which the suite only watches: RFC 6455 demands nothing there.
  private static final Set<String> ONLY_WATCHED = Set.of("7.1.6", "7.13.1", "7.13.2");

  private static final Map<Integer, String> GROUPS =
      Map.of(
          1, "Framing",
          2, "Pings and pongs",
          3, "Reserved bits",
          4, "Opcodes",
          5, "Fragmentation",
          6, "UTF-8",
          7, "Close handshake",
          9, "Limits and performance",
          10, "Auto-fragmentation");

  /// One case.
  ///
  /// @param behavior the suite's judgement on the messages, such as `OK` or `NON-STRICT`
  /// @param behaviorClose its judgement on the closing, such as `OK` or `WRONG CODE`
  /// @param details its account of the case, a JSON file
  record Case(String id, String behavior, String behaviorClose, Path details) {

    boolean good() {
      boolean behaved =
          ONLY_WATCHED.contains(id) ? behavior.equals("INFORMATIONAL") : behavior.equals("OK");
      return behaved && (behaviorClose.equals("OK") || behaviorClose.equals("INFORMATIONAL"));
    }

    int group() {
      return Integer.parseInt(id.substring(0, id.indexOf('.')));
    }

    /// The case with what was expected of it and what came, for a failure message.
    String explained() {
      String text = id + ": " + behavior + ", close " + behaviorClose;
      try {
        JsonNode json = JsonMapper.shared().readTree(details.toFile());
        text += "\n  expected: " + plain(json, "expectation");
        text += "\n  came: " + plain(json, "result") + " " + plain(json, "resultClose");
      } catch (JacksonException missing) {
        text += "\n  its details cannot be read: " + missing.getMessage();
      }
      return text + "\n  see " + details;
    }

    private static String plain(JsonNode json, String field) {
      return json.path(field).asString().replaceAll("<[^>]*>", " ").replaceAll("\\s+", " ").strip();
    }
  }

  /// Reads `index.json`, which the suite writes at its very end.
  static AutobahnReport read(Path folder) throws IOException {
    Path index = folder.resolve("index.json");
    if (!Files.exists(index)) {
      throw new AssertionError("the suite did not come to its end: no " + index);
    }
    List<Case> cases = new ArrayList<>();
    JsonNode agents = JsonMapper.shared().readTree(index.toFile());
    agents
        .path("weft")
        .properties()
        .forEach(entry -> {
          JsonNode result = entry.getValue();
          cases.add(
              new Case(
                  entry.getKey(),
                  result.path("behavior").asString(),
                  result.path("behaviorClose").asString(),
                  folder.resolve(result.path("reportfile").asString())));
        });
    cases.sort(Comparator.comparing(c -> numbers(c.id), Arrays::compare));
    return new AutobahnReport(List.copyOf(cases));
  }

  private static int[] numbers(String id) {
    return Stream.of(id.split("\\.")).mapToInt(Integer::parseInt).toArray();
  }

  /// The cases that are not as they should be.
  ///
  /// @param lenient those that may be NON-STRICT
  List<Case> bad(Set<String> lenient) {
    return cases.stream()
        .filter(c -> !c.good())
        .filter(c -> !(lenient.contains(c.id) && c.behavior.equals("NON-STRICT")))
        .toList();
  }

  /// The table of `docs/conformance.md`.
  String markdown() {
    Map<Integer, List<Case>> groups = new TreeMap<>();
    cases.forEach(c -> groups.computeIfAbsent(c.group(), group -> new ArrayList<>()).add(c));
    var table = new StringBuilder();
    table.append("| group | cases | OK | informational | non-strict | failed |\n");
    table.append("|---|---:|---:|---:|---:|---:|\n");
    groups.forEach((group, own) -> table.append(row(group + " " + GROUPS.get(group), own)));
    return table.append(row("all", cases)).toString();
  }

  private static String row(String name, List<Case> cases) {
    long ok = cases.stream().filter(c -> c.good() && c.behavior.equals("OK")).count();
    long informational = cases.stream().filter(c -> c.good() && !c.behavior.equals("OK")).count();
    long nonStrict =
        cases.stream().filter(c -> !c.good() && c.behavior.equals("NON-STRICT")).count();
    long failed = cases.size() - ok - informational - nonStrict;
    return "| %s | %d | %d | %d | %d | %d |%n"
        .formatted(name, cases.size(), ok, informational, nonStrict, failed);
  }
}
