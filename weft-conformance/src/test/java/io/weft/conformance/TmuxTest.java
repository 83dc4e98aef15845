package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `weft connect` in a shell in tmux, whose screen is what a person sees: where characters stand,
/// and what the shell makes of Ctrl-Z.
@Timeout(240)
final class TmuxTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static WeftServe server;

  /// Short, since a socket's path is.
  @TempDir private Path home;

  @BeforeAll
  static void serve() throws Exception {
    server = WeftServe.start("--quiet");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void end() throws Exception {
    tmux("kill-server");
  }

  private String tmux(String... words) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of(Tools.tmux().toString(), "-L", "weft", "-f", "/dev/null"));
    command.addAll(List.of(words));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(Map.of("TMUX_TMPDIR", home.toString(), "LC_ALL", "C.UTF-8"));
    builder.environment().remove("TMUX");
    Process process = builder.start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said;
  }

  /// Starts a shell in a window of this size, and in it a connection to the echo.
  private void connect(int columns, int rows) throws Exception {
    Path weft = home.resolve("weft");
    Files.writeString(
        weft,
        "#!/bin/sh\nexec '%s' --enable-native-access=ALL-UNNAMED -cp '%s' io.weft.cli.Main \"$@\"\n"
            .formatted(Tools.java(), System.getProperty("java.class.path")));
    assertTrue(weft.toFile().setExecutable(true));
    tmux(
        "new-session",
        "-d",
        "-x",
        Integer.toString(columns),
        "-y",
        Integer.toString(rows),
        "env PS1='$ ' LC_ALL=C.UTF-8 XDG_STATE_HOME=" + home + " " + Tools.bash() + " --norc");
    tmux("set-option", "-g", "status", "off");
    awaitScreen("a prompt", lines -> lines.contains("$"));
    type("clear; " + weft + " connect --no-history " + server.webSocket("/echo"));
    key("Enter");
    awaitScreen("a connection", lines -> lines.getLast().equals(">"));
  }

  private void type(String text) throws Exception {
    tmux("send-keys", "-l", text);
  }

  private void key(String... names) throws Exception {
    for (String name : names) {
      tmux("send-keys", name);
    }
  }

  /// The lines of the screen down to the last that is not blank, without blanks at their ends.
  private List<String> screen() throws Exception {
    List<String> lines =
        new ArrayList<>(tmux("capture-pane", "-p").lines().map(String::stripTrailing).toList());
    while (!lines.isEmpty() && lines.getLast().isEmpty()) {
      lines.removeLast();
    }
    return lines.isEmpty() ? List.of("") : lines;
  }

  private void awaitScreen(String what, Predicate<List<String>> shows) throws Exception {
    long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
    List<String> seen = screen();
    while (!shows.test(seen)) {
      if (System.nanoTime() > deadlineNs) {
        throw new AssertionError(
            "the screen does not show " + what + ":\n" + String.join("\n", seen));
      }
      Thread.sleep(50);
      seen = screen();
    }
  }

  @Test
  void insertsBeforeAWideCharacterThatEndsARow() throws Exception {
    connect(20, 14);
    type("你好世界你好世界你好世界");
    awaitScreen("the line", lines -> lines.getLast().equals("好世界"));
    key("Left", "Left", "Left");
    type("X");
    awaitScreen("X in front of the last row", lines -> lines.getLast().equals("X好世界"));
    List<String> lines = screen();
    assertEquals("> 你好世界你好世界你", lines.get(lines.size() - 2));
  }

  @Test
  void showsJoinersAsTheyAre() throws Exception {
    connect(60, 14);
    type("می\u200cخواهم");
    key("Enter");
    awaitScreen("the echo", lines -> lines.contains("< می\u200cخواهم"));
  }

  @Test
  void suspendsAndGoesOn() throws Exception {
    connect(120, 14);
    type("half");
    awaitScreen("what was typed", lines -> lines.getLast().equals("> half"));
    key("C-z");
    awaitScreen("the shell", lines -> lines.getLast().equals("$"));
    type("jobs");
    key("Enter");
    awaitScreen("a job", lines -> lines.stream().anyMatch(line -> line.contains("Stopped")));
    type("fg");
    key("Enter");
    awaitScreen("the line again", lines -> lines.getLast().equals("> half"));
    type(" and half");
    key("Enter");
    awaitScreen("the echo", lines -> lines.contains("< half and half"));
  }

  /// From a terminal that does not bracket what is pasted; it comes as if it were typed.
  @Test
  void takesAPasteOfThousandsOfCharacters() throws Exception {
    connect(80, 24);
    Path pasted = home.resolve("pasted");
    Path kept = home.resolve("kept");
    Files.writeString(pasted, "y".repeat(8_000));
    tmux("load-buffer", pasted.toString());
    tmux("paste-buffer");
    key("Enter");
    String row = "y".repeat(80);
    awaitScreen("the next prompt", lines -> lines.getLast().equals(">") && lines.contains(row));
    long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
    while (!Files.exists(kept) && System.nanoTime() < deadlineNs) { // until the echo is there
      type("/save " + kept);
      key("Enter");
      awaitScreen("the next prompt", lines -> lines.getLast().equals(">"));
    }
    assertEquals(-1, Files.mismatch(pasted, kept));
  }
}
