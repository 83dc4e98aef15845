package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.weft.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The fuzzing client of the Autobahn testsuite against the server.
final class AutobahnTest {

  @Test
  void everyCaseWithoutGroup9UnderDefaultLimits() throws Exception {
    AutobahnReport report = run("echo", "/echo", "9", limits -> {}, Duration.ofMinutes(6));
    Autobahn.verify(report, Autobahn.CASES_WITHOUT_GROUP_9, Set.of());
  }

  /// Group 9 sends messages of 16 MiB, and messages of 65,536 fragments with an empty one at the
  /// end.
  @Test
  @Tag("full")
  void everyCaseWithRoomForTheLargeMessagesOfGroup9() throws Exception {
    AutobahnReport report =
        run("full", "/echo", "", AutobahnTest::roomForGroup9, Duration.ofMinutes(20));
    Autobahn.verify(report, Autobahn.CASES, Set.of());
  }

  @Test
  @Tag("full")
  void everyCaseWithoutGroup9InStraightLineStyle() throws Exception {
    AutobahnReport report = run("converse", "/converse", "9", limits -> {}, Duration.ofMinutes(6));
    Autobahn.verify(report, Autobahn.CASES_WITHOUT_GROUP_9, Autobahn.BREACH_BEHIND_A_MESSAGE);
  }

  private static void roomForGroup9(Limits.Builder limits) {
    limits.messageBytes(16 << 20).fragments((1 << 16) + 1);
  }

  private static AutobahnReport run(
      String name, String path, String without, Consumer<Limits.Builder> limits, Duration patience)
      throws IOException, InterruptedException {
    Path home = Autobahn.home(name);
    Path reports = home.resolve("reports");
    try (WeftEcho server = WeftEcho.start(limits);
        Program suite =
            Autobahn.start(
                home,
                "fuzzing_client.py",
                server.uri(path).toString(),
                reports.toString(),
                without)) {
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
}
