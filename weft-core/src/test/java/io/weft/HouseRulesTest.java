package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Rules that the compiler does not know, held against the sources themselves.
final class HouseRulesTest {

  private static final Path SOURCES = Path.of("src/main/java");
  private static final int MOST_LINES = 700;
  private static final int MOST_METHOD_LINES = 60;
  private static final Pattern METHOD_END = Pattern.compile(" {2}(?: {2})?}");

  @Test
  void leavesNothingForLater() throws IOException {
    none(lines -> first(lines, "TODO|FIXME|XXX|printStackTrace|System\\.(out|err)\\."));
  }

  @Test
  void keepsAFileOneThing() throws IOException {
    none(lines -> lines.size() > MOST_LINES ? lines.size() + " lines" : "");
  }

  @Test
  void keepsAMethodOnAScreen() throws IOException {
    none(lines -> {
      int start = -1;
      for (int at = 0; at < lines.size(); at++) {
        String line = lines.get(at);
        if (line.matches(" {2}(?: {2})?[a-zA-Z@<].*[({]")
            && !line.matches(".*\\b(class|record|interface|enum)\\b.*")) {
          start = at;
        } else if (METHOD_END.matcher(line).matches()) {
          if (start >= 0 && at - start > MOST_METHOD_LINES) {
            return "a method of " + (at - start) + " lines at line " + (start + 1);
          }
          start = -1;
        }
      }
      return "";
    });
  }

  @Test
  void documentsEveryType() throws IOException {
    none(lines -> {
      for (int at = 0; at < lines.size(); at++) {
        String line = lines.get(at);
        if (line.matches("(public |final |sealed |abstract )*(class|record|interface|enum) .*")) {
          int above = at - 1;
          while (above > 0 && lines.get(above).startsWith("@")) {
            above--;
          }
          return lines.get(above).startsWith("///") ? "" : "no doc above: " + line;
        }
      }
      return "";
    });
  }

  /// Protocols and memory say what is wrong by exceptions; only those who can act write a log.
  @Test
  void logsOnlyWhereSomebodyCanAct() throws IOException {
    try (Stream<Path> files = Files.walk(SOURCES)) {
      List<Path> logging =
          files
              .filter(file -> file.toString().matches(".*/io/weft/(ws|http|tls|bytes)/.*java"))
              .filter(file -> read(file).contains("Logger"))
              .toList();
      assertEquals(List.of(), logging);
    }
  }

  private static void none(Function<List<String>, String> fault) throws IOException {
    try (Stream<Path> files = Files.walk(SOURCES)) {
      List<String> faults =
          files
              .filter(file -> file.toString().endsWith(".java"))
              .map(file -> file + ": " + fault.apply(read(file).lines().toList()))
              .filter(found -> !found.endsWith(": "))
              .toList();
      assertEquals(List.of(), faults);
    }
  }

  private static String first(List<String> lines, String regex) {
    Pattern pattern = Pattern.compile(regex);
    return lines.stream().filter(line -> pattern.matcher(line).find()).findFirst().orElse("");
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
