package io.weft.conformance;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `weft completion` as a person has it: its script in the start file of a shell, as its help says,
/// and the Tab key pressed at a terminal. A `weft` that prints its arguments shows what the shell
/// made of a line.
@Timeout(300)
final class CompletionInShellsTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String TAB = "\t";

  @TempDir private Path home;

  /// Only `weft completion` is the program itself.
  @BeforeEach
  void putWeftOnThePath() throws Exception {
    Path weft = Files.createDirectories(home.resolve("bin")).resolve("weft");
    String program =
        """
        #!/bin/sh
        if [ "$1" = completion ] && [ $# = 2 ]; then
          exec '%s' --enable-native-access=ALL-UNNAMED -cp '%s' io.weft.cli.Main "$@"
        fi
        printf '<%%s>' "$@"
        echo
        """
            .formatted(Tools.java(), System.getProperty("java.class.path"));
    Files.writeString(weft, program, UTF_8);
    assertTrue(weft.toFile().setExecutable(true));
  }

  private Program start(Path shell) throws Exception {
    List<String> command =
        List.of(
            Tools.python().toString(),
            Tools.module().resolve("src/test/python/terminal.py").toString(),
            shell.toString(),
            "-i");
    Map<String, String> environment =
        Map.of(
            "HOME", home.toString(),
            "ZDOTDIR", home.toString(),
            "XDG_CONFIG_HOME", home.resolve("config").toString(),
            "XDG_DATA_HOME", home.resolve("data").toString(),
            "PATH", home.resolve("bin") + ":" + System.getenv("PATH"),
            "TERM", "xterm-256color",
            "LC_ALL", "C.UTF-8");
    return Program.start(shell.getFileName().toString(), home, command, environment);
  }

  private static void completes(Program shell, String typed, String given) throws Exception {
    shell.type(typed + "\r");
    shell.awaitLine(Pattern.compile(Pattern.quote(given) + "$"), PATIENCE);
  }

  private void completesCommandsOptionsAndChoices(Path program) throws Exception {
    try (Program shell = start(program)) {
      shell.awaitLine(Pattern.compile("ready"), PATIENCE); // its prompt, which is a line
      completes(shell, "weft con" + TAB, "<connect>");
      completes(shell, "weft connect --subp" + TAB + "chat", "<connect><--subprotocol><chat>");
      completes(shell, "weft connect --compression t" + TAB, "<connect><--compression><takeover>");
      completes(shell, "weft serve --transport i" + TAB, "<serve><--transport><io_uring>");
      completes(
          shell,
          "weft lint --only handshake/acc" + TAB + " --j" + TAB,
          "<lint><--only><handshake/accept><--json>");
      completes(shell, "weft completion f" + TAB + " x", "<completion><fish><x>");
      completes(shell, "weft connect --rec" + TAB + "bin/w" + TAB, "<connect><--record><bin/weft>");
      shell.type("exit\r");
      shell.awaitExit(PATIENCE);
    }
  }

  @Test
  void bash() throws Exception {
    Files.writeString(
        home.resolve(".bashrc"), "PS1='ready\\n'\nsource <(weft completion bash)\n", UTF_8);
    completesCommandsOptionsAndChoices(Tools.bash());
  }

  @Test
  void zsh() throws Exception {
    Files.writeString(
        home.resolve(".zshrc"), "PS1=$'ready\\n'\nsource <(weft completion zsh)\n", UTF_8);
    completesCommandsOptionsAndChoices(Tools.zsh());
  }

  @Test
  void fish() throws Exception {
    Path config = Files.createDirectories(home.resolve("config/fish/completions")).getParent();
    Files.writeString(
        config.resolve("config.fish"), "function fish_prompt; echo ready; end\n", UTF_8);
    // Or fish reads every manual page in the background, for completions of its own.
    Files.createDirectories(home.resolve("data/fish/generated_completions"));
    Process weft =
        new ProcessBuilder(home.resolve("bin/weft").toString(), "completion", "fish")
            .redirectOutput(config.resolve("completions/weft.fish").toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertEquals(0, weft.waitFor());
    completesCommandsOptionsAndChoices(Tools.fish());
  }
}
