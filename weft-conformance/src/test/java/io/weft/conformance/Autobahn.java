package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/// The Autobahn testsuite (version 0.5.6) as a child process, in a JVM of its own.
final class Autobahn {

  /// Of groups 1 to 7, 9 and 10, the ones without group 9.
  static final int CASES_WITHOUT_GROUP_9 = 247;

  static final int CASES = 301;

  /// The cases that send a message and a breach in one breath. To lose the echo is not strict. In
  /// the straight-line style, which reads and sends on another thread than the loop, the answer to
  /// the message races with the breach behind it.
  static final Set<String> BREACH_BEHIND_A_MESSAGE =
      Set.of("3.2", "3.3", "4.1.3", "4.1.4", "4.2.3", "4.2.4", "5.15");

  private Autobahn() {}

  /// Makes an empty folder for a run.
  static Path home(String name) throws IOException {
    Path home = Tools.target().resolve("autobahn").resolve(name);
    Tools.delete(home);
    Files.createDirectories(home);
    return home;
  }

  /// Starts a script that stands beside this class.
  static Program start(Path home, String script, String... arguments) throws IOException {
    Path copy = home.resolve(script);
    try (InputStream resource = Autobahn.class.getResourceAsStream(script)) {
      Files.write(copy, Objects.requireNonNull(resource).readAllBytes());
    }
    List<String> command = new ArrayList<>();
    command.add(Tools.java().toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.add("-Dpython.cachedir.skip=true");
    command.add("-cp");
    command.add(Tools.target().resolve("autobahn/lib") + "/*");
    command.add("org.python.util.jython");
    command.add(copy.toString());
    command.addAll(List.of(arguments));
    return Program.start("autobahn", home, command);
  }

  /// Demands that every case is OK, in its messages and in its closing; the few in which the suite
  /// only watches are informational, and no others. How long a case takes is never judged.
  ///
  /// @param cases how many cases there are
  /// @param lenient the cases that may be NON-STRICT
  static void verify(AutobahnReport report, int cases, Set<String> lenient) {
    List<AutobahnReport.Case> bad = report.bad(lenient);
    assertAll(
        () -> assertEquals(cases, report.cases().size(), "cases that the suite reports"),
        () -> assertTrue(bad.isEmpty(), () -> explained(bad)));
  }

  private static String explained(List<AutobahnReport.Case> bad) {
    return bad.size()
        + " cases are not OK:\n"
        + bad.stream().map(AutobahnReport.Case::explained).collect(Collectors.joining("\n"));
  }
}
