package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What tests type and send reaches the programs they start, also if what started the tests ignores
/// signals: a child inherits that, and `nohup`, or a script's `&`, begins with it.
@Timeout(120)
final class SignalsTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /// Starts the rest of its arguments as a child of `nohup ./check &` is.
  private static final List<String> DEAF =
      List.of("sh", "-c", "trap '' INT QUIT HUP TERM PIPE; exec \"$@\"", "sh");

  private static final String[] GREP = {"/bin/grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"};

  private static Program start(List<String> before, String... command) throws Exception {
    List<String> all = new ArrayList<>(DEAF);
    all.addAll(before);
    all.addAll(List.of(command));
    return Program.start(command[0], Tools.target().resolve("signals"), all);
  }

  private static List<String> terminal() {
    Path script = Tools.module().resolve("src/test/python/terminal.py");
    return List.of(Tools.python().toString(), script.toString());
  }

  @Test
  void aTerminalHearsCtrlC() throws Exception {
    try (Program sleep = start(terminal(), "/bin/sh", "-c", "echo asleep; exec sleep 100")) {
      sleep.awaitLine(Pattern.compile("asleep"), PATIENCE);
      sleep.type("\u0003");
      assertNotEquals(0, sleep.awaitExit(PATIENCE), "it does not sleep to the end");
    }
  }

  @Test
  void aTerminalIgnoresAndBlocksNothing() throws Exception {
    try (Program grep = start(terminal(), GREP)) {
      grep.awaitExit(PATIENCE);
      assertHearsAll(grep);
    }
  }

  @Test
  void aProgramIgnoresNothing() throws Exception {
    try (Program grep = start(Signals.BY_DEFAULT, GREP)) {
      grep.awaitExit(PATIENCE);
      assertHearsAll(grep);
    }
  }

  /// Signals 32 and 33 are glibc's own, and no program can change them.
  private static void assertHearsAll(Program grep) {
    assertEquals(2, grep.lines().size(), grep::report);
    for (String line : grep.lines()) {
      long signals = Long.parseUnsignedLong(line.replaceAll(".*\\s", ""), 16);
      assertEquals(0, signals & ~0x1_8000_0000L, line);
    }
  }
}
