package io.weft.conformance;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Where K3PO's scripts ask for more than RFC 6455 does, or for something else: the lines of a
/// file, each with its reason.
final class K3poAdaptations {

  private record Line(
      int number, boolean leaves, Pattern script, String from, String to, String reason) {}

  private final List<Line> lines = new ArrayList<>();
  private final List<Line> unused = new ArrayList<>();

  static K3poAdaptations read(String file) throws IOException {
    var adaptations = new K3poAdaptations();
    try (var in =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(K3poAdaptations.class.getResourceAsStream(file)),
                StandardCharsets.UTF_8))) {
      int number = 0;
      for (String text = in.readLine(); text != null; text = in.readLine()) {
        number++;
        if (!text.isBlank() && !text.startsWith("#")) {
          adaptations.lines.add(parse(number, text));
        }
      }
    }
    adaptations.unused.addAll(adaptations.lines);
    return adaptations;
  }

  private static Line parse(int number, String text) {
    List<String> parts =
        Stream.of(text.split("(?<!\\\\)\\|", -1))
            .map(part -> part.strip().replace("\\|", "|").replace("\\n", "\n"))
            .toList();
    boolean leaves = parts.getFirst().equals("leave");
    boolean complete = parts.size() == (leaves ? 3 : 5) && !parts.getLast().isEmpty();
    if (!complete || !(leaves || parts.getFirst().equals("replace"))) {
      throw new IllegalArgumentException("line " + number + " is not complete: " + text);
    }
    String glob = "\\Q" + parts.get(1).replace("*", "\\E.*\\Q") + "\\E";
    return new Line(
        number,
        leaves,
        Pattern.compile(glob),
        leaves ? "" : parts.get(2),
        leaves ? "" : parts.get(3),
        parts.getLast());
  }

  /// The script as it runs here, or nothing if it is left out.
  Optional<String> adapt(String script, String text) {
    String adapted = text;
    for (Line line : lines) {
      if (line.script.matcher(script).matches()) {
        if (line.leaves) {
          unused.remove(line);
          return Optional.empty();
        }
        if (adapted.contains(line.from)) {
          unused.remove(line);
          adapted = adapted.replace(line.from, line.to);
        }
      }
    }
    return Optional.of(adapted);
  }

  /// The lines that have not changed anything yet.
  String unused() {
    return unused.stream()
        .map(line -> "line " + line.number + ": " + line.reason)
        .collect(Collectors.joining("\n"));
  }
}
