package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The completion scripts: bash runs its own, and fish's names every command and option.
final class CompletionTest {

  @TempDir private Path home;

  /// What bash offers for the last of these words.
  private List<String> offered(String... words) throws Exception {
    Path script = home.resolve("weft.bash");
    Ran ran = Ran.weft("completion", "bash");
    assertEquals(0, ran.code());
    Files.writeString(script, ran.out());
    String program =
        """
        source "$0"
        COMP_WORDS=("$@")
        COMP_CWORD=$(( $# - 1 ))
        COMP_LINE="$*"
        COMP_POINT=${#COMP_LINE}
        _complete_weft
        printf '%s\\n' "${COMPREPLY[@]}"
        """;
    List<String> command =
        new java.util.ArrayList<>(List.of("bash", "--norc", "-c", program, script.toString()));
    command.addAll(List.of(words));
    Process bash = new ProcessBuilder(command).start();
    String out = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(bash.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, bash.waitFor(), err);
    return out.lines().map(String::strip).toList();
  }

  @Test
  void bashCompletesCommandsAndOptions() throws Exception {
    assertTrue(offered("weft", "con").contains("connect"));
    assertEquals(List.of("--subprotocol"), offered("weft", "connect", "--subp"));
    assertTrue(offered("weft", "connect", "--input", "he").contains("hex"));
    assertEquals(List.of("takeover"), offered("weft", "connect", "--compression", "t"));
    assertEquals(List.of("io_uring"), offered("weft", "serve", "--transport", "i"));
    assertEquals(List.of("handshake/accept"), offered("weft", "lint", "--only", "handshake/acc"));
  }

  /// Choices are written as they are documented, wherever they are shown.
  @Test
  void choicesAreWrittenSmall() {
    Main.commandLine(Ran.nowhere())
        .getSubcommands()
        .values()
        .forEach(command ->
            command
                .getCommandSpec()
                .options()
                .forEach(option -> {
                  if (option.completionCandidates() != null) {
                    option
                        .completionCandidates()
                        .forEach(choice -> assertEquals(choice.toLowerCase(Locale.ROOT), choice));
                  }
                }));
    assertTrue(Ran.weft("connect", "--help").out().contains("Default: off"));
    String wrong = Ran.weft("lint", "--echo=maybe", "ws://localhost/").err();
    assertTrue(wrong.contains("[auto, yes, no]"), wrong);
  }

  @Test
  void fishHearsOfEveryCommandAndOption() {
    Ran ran = Ran.weft("completion", "fish");
    assertEquals(0, ran.code());
    Main.commandLine(Ran.nowhere())
        .getSubcommands()
        .forEach((name, command) -> {
          assertTrue(ran.out().contains(" -a " + name + " -d '"), name);
          command
              .getCommandSpec()
              .options()
              .forEach(option -> {
                String plain = option.longestName().replaceFirst("^-+", "");
                String line = "complete -c weft -n '__fish_seen_subcommand_from " + name + "'";
                assertTrue(
                    ran.out()
                        .lines()
                        .anyMatch(
                            given -> given.startsWith(line) && given.contains(" " + plain + " ")),
                    name + " " + plain);
              });
        });
    assertTrue(
        ran.out().lines().noneMatch(line -> line.contains("${") || line.contains("%n")), ran.out());
  }

  @Test
  void anotherShellIsSaid() {
    Ran ran = Ran.weft("completion", "tcsh");
    assertEquals(Main.USAGE, ran.code());
    assertTrue(ran.err().contains("'tcsh'"), ran.err());
  }
}
