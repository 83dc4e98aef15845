package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Limits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The fuzzing client of the Autobahn testsuite (version 0.5.6) against the server.
///
/// Every case has to be OK, in its messages and in its closing; the few cases in which the suite
/// only watches are informational, and no others. How long a case takes is never judged.
final class AutobahnTest {

  /// Of groups 1 to 7, 9 and 10, the ones without group 9.
  private static final int CASES_WITHOUT_GROUP_9 = 247;

  private static final int CASES = 301;

  /// The cases that send a message and a breach in one breath. To lose the echo is not strict.
  private static final Set<String> BREACH_BEHIND_A_MESSAGE =
      Set.of("3.2", "3.3", "4.1.3", "4.1.4", "4.2.3", "4.2.4", "5.15");

  @Test
  void everyCaseWithoutGroup9UnderDefaultLimits() throws Exception {
    AutobahnReport report = run("echo", "/echo", "9", limits -> {}, Duration.ofMinutes(6));
    verify(report, CASES_WITHOUT_GROUP_9, Set.of());
  }

  /// Group 9 sends messages of 16 MiB, and messages of 65,536 fragments with an empty one at the
  /// end.
  @Test
  @Tag("full")
  void everyCaseWithRoomForTheLargeMessagesOfGroup9() throws Exception {
    AutobahnReport report =
        run("full", "/echo", "", AutobahnTest::roomForGroup9, Duration.ofMinutes(20));
    verify(report, CASES, Set.of());
  }

  /// The straight-line style reads and sends on another thread than the loop, so that its answers
  /// race with the breach that follows what it answers.
  @Test
  @Tag("full")
  void everyCaseWithoutGroup9InStraightLineStyle() throws Exception {
    AutobahnReport report = run("converse", "/converse", "9", limits -> {}, Duration.ofMinutes(6));
    verify(report, CASES_WITHOUT_GROUP_9, BREACH_BEHIND_A_MESSAGE);
  }

  private static void roomForGroup9(Limits.Builder limits) {
    limits.messageBytes(16 << 20).fragments((1 << 16) + 1);
  }

  private static AutobahnReport run(
      String name, String path, String without, Consumer<Limits.Builder> limits, Duration patience)
      throws IOException, InterruptedException {
    Path home = Tools.target().resolve("autobahn").resolve(name);
    Path reports = home.resolve("reports");
    Tools.delete(home);
    Files.createDirectories(home);
    Path script = home.resolve("fuzzing_client.py");
    try (InputStream resource = AutobahnTest.class.getResourceAsStream("fuzzing_client.py")) {
      Files.write(script, Objects.requireNonNull(resource).readAllBytes());
    }
    try (WeftEcho server = WeftEcho.start(limits);
        Program suite =
            Program.start(
                "autobahn",
                home,
                List.of(
                    Tools.java().toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-Dpython.cachedir.skip=true",
                    "-cp",
                    Tools.target().resolve("autobahn/lib") + "/*",
                    "org.python.util.jython",
                    script.toString(),
                    server.uri(path).toString(),
                    reports.toString(),
                    without))) {
      int status = suite.awaitExit(patience);
      Files.write(home.resolve("suite.log"), suite.lines());
      assertEquals(0, status, suite::report);
    }
    AutobahnReport report = AutobahnReport.read(reports);
    Files.writeString(home.resolve("table.md"), report.markdown());
    if (path.equals("/echo")) {
      Files.writeString(Tools.target().resolve("autobahn.md"), report.markdown());
    }
    return report;
  }

  /// @param cases how many cases there are
  /// @param lenient the cases that may be NON-STRICT
  private static void verify(AutobahnReport report, int cases, Set<String> lenient) {
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
