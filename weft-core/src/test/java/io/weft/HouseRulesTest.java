package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
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

  /// What depends on where the process runs: its locale, charset or time zone. A JVM in ar-EG
  /// writes `%d` in digits that no peer reads, one in tr-TR a dotless i, and `parseInt` takes
  /// digits of every script; so each call of that is listed here, with what keeps other digits from
  /// it.
  @Test
  void dependsOnNoLocaleNorCharsetNorTimeZone() throws IOException {
    Map<String, String> forbidden = new LinkedHashMap<>();
    forbidden.put(
        "a format without a locale",
        "\\.formatted\\(|(String\\.format|\\.printf)\\((?!\\s*Locale\\.)");
    forbidden.put("a case of some language", "\\.to(Lower|Upper)Case\\(\\)");
    forbidden.put(
        "a charset by default",
        "\\.getBytes\\(\\)|\\.(input|error)Reader\\(\\)|Charset\\.defaultCharset");
    forbidden.put(
        "a reader or writer without a charset",
        "new (FileReader|FileWriter|InputStreamReader|OutputStreamWriter|Scanner|Formatter)\\([^,;]*\\);");
    forbidden.put("a String of bytes without a charset", "new String\\(\\w+(\\.\\w+\\(\\))?\\)");
    forbidden.put(
        "the default locale",
        "Locale\\.getDefault|new (DecimalFormat|SimpleDateFormat|MessageFormat)\\b|NumberFormat\\.get|Collator|toFormatter\\(\\)|DateTimeFormatter\\.of[A-Z]\\w*\\([^,;]*\\);");
    forbidden.put("digits of every script", "Character(\\.|::)(isDigit|digit|getNumericValue)\\b");
    forbidden.put("a number that a logger formats", "\"[^\"\\n]*\\{0}[^\"\\n]*\"");
    forbidden.put(
        "the time zone",
        "systemDefault\\(\\)|TimeZone|Calendar|new Date\\(|Local(Date|Time|DateTime)\\.now\\(\\)");
    List<String> faults = new ArrayList<>();
    for (Path file : everySource()) {
      String code = read(file).replaceAll("(?m)^\\s*//.*$", "");
      forbidden.forEach((what, regex) -> {
        Matcher found = Pattern.compile(regex).matcher(code);
        if (found.find() && !MAY_TELL_LOCAL_TIME.equals(file.getFileName() + ": " + what)) {
          faults.add(file + ": " + what + ": " + found.group());
        }
      });
    }
    assertEquals(List.of(), faults);
  }

  /// The clock on a terminal is that of who looks at it.
  private static final String MAY_TELL_LOCAL_TIME = "Screen.java: the time zone";

  /// Files that read numbers, how often, and why only ASCII digits come there.
  private static final Map<String, Integer> NUMBERS_ARE_READ =
      Map.ofEntries(
          Map.entry("Http1.java", 1), // digits by Ascii.isDigit
          Map.entry("RetryAfter.java", 1), // 0 to 9
          Map.entry("Limits.java", 1), // of the kernel, digits by Ascii.isDigit
          Map.entry("UringProbe.java", 1), // of the kernel
          Map.entry("TlsIdentities.java", 2), // \\d, our own alias
          Map.entry("Prompt.java", 1), // \\d
          Map.entry("Sizes.java", 1), // \\d
          Map.entry("AddressRange.java", 1), // \\d
          Map.entry("Times.java", 1), // \\d
          Map.entry("Serve.java", 1), // \\d
          Map.entry("LimitOptions.java", 1), // \\d
          Map.entry("Bench.java", 3), // \\d
          Map.entry("Lint.java", 1), // \\d
          Map.entry("Answer.java", 1), // \\d
          Map.entry("Main.java", 1)); // \\d

  @Test
  void readsNumbersOfAsciiDigitsOnly() throws IOException {
    Pattern reads =
        Pattern.compile(
            "\\b(Integer|Long|Double|Short|Byte|Float)\\.(parse\\w+|valueOf|decode)\\((?!\\w+_)");
    Map<String, Integer> found = new HashMap<>();
    for (Path file : everySource()) {
      int times = (int) reads.matcher(read(file)).results().count();
      boolean readsItsOwn = file.toString().contains("weft-bench");
      if (times > 0 && !readsItsOwn) {
        found.merge(String.valueOf(file.getFileName()), times, Integer::sum);
      }
    }
    assertEquals(NUMBERS_ARE_READ, found);
  }

  /// What the modules are made of, but for their tests.
  private static List<Path> everySource() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of(".."), 20)) {
      return files
          .filter(file -> file.toString().matches("\\.\\./[a-z-]+/src/main/java/.*\\.java"))
          .toList();
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
