package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The program as a person has it: in a pseudo-terminal, with keys pressed and a screen read.
@Timeout(240)
final class TerminalTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String UP = "\u001bOA";
  private static final String CTRL_C = "\u0003";
  private static final String CTRL_D = "\u0004";

  private static WeftServe server;

  @TempDir private Path home;

  private final Map<String, String> environment = new HashMap<>(Map.of("TERM", "xterm-256color"));
  private final List<Program> started = new ArrayList<>();

  @BeforeAll
  static void serve() throws Exception {
    server = WeftServe.start("--quiet");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void end() {
    started.forEach(Program::close);
  }

  private Program connect(String url) throws Exception {
    Program weft = start("connect", url);
    await(weft, "Connected to \\Q" + url);
    return weft;
  }

  private Program start(String... words) throws Exception {
    environment.put("XDG_STATE_HOME", home.toString());
    List<String> command =
        new ArrayList<>(
            List.of(
                Tools.python().toString(),
                Tools.module().resolve("src/test/python/terminal.py").toString(),
                Tools.java().toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "io.weft.cli.Main"));
    command.addAll(List.of(words));
    Program weft =
        Program.start("weft " + words[0], Tools.target().resolve("terminal"), command, environment);
    started.add(weft);
    return weft;
  }

  private static void await(Program weft, String pattern) throws InterruptedException {
    weft.awaitLine(Pattern.compile(pattern), PATIENCE);
  }

  private static void endsWith(int code, Program weft) throws InterruptedException {
    assertEquals(code, weft.awaitExit(PATIENCE), weft.report());
    assertFalse(weft.lines().stream().anyMatch(line -> line.contains("WARNING")), weft.report());
  }

  @Test
  void whatIsTypedIsSentAndWhatComesIsShown() throws Exception {
    Program weft = connect(server.webSocket("/echo"));
    weft.type("hello 你好\r");
    await(weft, "< \u001b\\[0mhello 你好");
    weft.type("//slash \"quoted\" !1\r");
    await(weft, "< \u001b\\[0m/slash \"quoted\" !1");
    weft.type("/hex 00 ff\r");
    await(weft, "\\[binary, 2 bytes] \u001b\\[0m00ff");
    weft.type("/pretty\r{\"a\":1}\r");
    await(weft, "\"a\" : 1");
    weft.type("/pin\t\r");
    await(weft, "pong after [0-9.]+ ms");
    weft.type("/nope\r");
    await(weft, "there is no command /nope");
    weft.type("/info\r");
    await(weft, "messages +sent 4, received 4");
    weft.type("/close 4001 bye\r");
    await(weft, "Closed: closed with 4001 bye; sent 4, received 4\\.");
    endsWith(0, weft);
  }

  @Test
  void aStrangersTextDoesNotControlTheTerminal() throws Exception {
    Path text =
        Files.writeString(
            home.resolve("hostile"), "a\u001b]0;owned\u0007\u202e\u009b1Ab\n> forged");
    Program weft = connect(server.webSocket("/echo"));
    weft.type("/textfile " + text + "\r");
    await(weft, Pattern.quote("a\\u001b]0;owned\\u0007\\u202e\\u009b1Ab"));
    await(weft, "^    > forged");
    assertTrue(weft.lines().stream().noneMatch(line -> line.contains("\u001b]0;")), weft.report());
    weft.type(CTRL_D);
    endsWith(0, weft);
  }

  @Test
  void filesGoOutAndComeBack() throws Exception {
    Path file = Files.write(home.resolve("some.bin"), new byte[100_000]);
    Path kept = home.resolve("kept.bin");
    Path tape = home.resolve("tape.jsonl");
    Program weft = connect(server.webSocket("/echo"));
    weft.type("/record " + tape + "\r/file " + file + "\r");
    await(weft, "\\[binary, 100000 bytes] ");
    await(weft, "99000 bytes more; /save FILE keeps them all");
    weft.type("/save " + kept + "\r");
    await(weft, "kept 100000 bytes in ");
    weft.type("/save " + kept + "\r");
    await(weft, "there is a file \\S+ already");
    weft.type("/file " + home.resolve("none") + "\r");
    await(weft, "there is no file ");
    weft.type(CTRL_D);
    endsWith(0, weft);
    assertEquals(-1, Files.mismatch(file, kept));
    List<String> recorded = Files.readAllLines(tape);
    assertTrue(recorded.get(0).contains("\"direction\":\"sent\",\"kind\":\"binary\""));
    assertTrue(recorded.get(1).contains("\"direction\":\"received\",\"kind\":\"binary\""));
    assertTrue(recorded.get(2).contains("\"kind\":\"close\",\"code\":1000"));
  }

  @Test
  void whatWasTypedIsRememberedForTheNextTime() throws Exception {
    Program first = connect(server.webSocket("/echo"));
    first.type("remember me\r");
    await(first, "< \u001b\\[0mremember me");
    first.type(" but not this\r");
    await(first, "< \u001b\\[0m but not this");
    first.type(CTRL_D);
    endsWith(0, first);

    Program second = connect(server.webSocket("/echo"));
    second.type(UP + "\r");
    await(second, "< \u001b\\[0mremember me");
    second.type(CTRL_C);
    endsWith(0, second);
    assertEquals(
        "rw-------",
        java.nio.file.attribute.PosixFilePermissions.toString(
            Files.getPosixFilePermissions(home.resolve("weft/history"))));
  }

  @Test
  void ctrlCClearsALineThatWasBegun() throws Exception {
    Program weft = connect(server.webSocket("/echo"));
    for (int time = 0; time < 20; time++) {
      weft.type("not this" + CTRL_C);
    }
    weft.type("this\r");
    await(weft, "< \u001b\\[0mthis");
    weft.type(CTRL_C);
    await(weft, "Closed: closed with 1000 \\(normal\\); sent 1, received 1\\.");
    endsWith(0, weft);
  }

  @Test
  void aServerThatGoesAwayEndsTheWaitForALine() throws Exception {
    try (WeftServe other = WeftServe.start("--quiet")) {
      Program weft = connect(other.webSocket("/echo"));
      weft.type("half a li");
      assertTrue(other.endsWithin(PATIENCE));
      await(weft, "Closed: the server closed with 1001 \\(going away\\)");
      endsWith(1, weft);
    }
  }

  @Test
  void benchSaysEachSecondHowItGoesAndAtCtrlCWhatItCameTo() throws Exception {
    Program weft = start("bench", server.webSocket("/echo"), "--warm-up=100ms", "--duration=1h");
    await(weft, "10 of 10 connections are open$"); // what overwrites a line is one of its own here
    await(weft, "warming up: [\\d,]+ messages/s, p50 ");
    await(weft, "\\d+ s: [1-9][\\d,]* messages/s, p50 \\S+ \\S+, p99 \\S+ \\S+$");
    weft.type(CTRL_C);
    await(weft, "10 connections, binary of 20 bytes, 1 in flight, .* s, then interrupted$");
    await(weft, "echoed    [1-9].* messages: ");
    await(weft, "^  to +\\S+ \\S+ +[0-9.]+%  #+$");
    endsWith(130, weft);
  }

  @Test
  void pingAddsUpAtCtrlC() throws Exception {
    Program weft = start("ping", server.webSocket("/echo"), "--interval=50ms");
    await(weft, "pong 2: [0-9.]+ ms");
    weft.type(CTRL_C);
    await(weft, "[0-9]+ pings, [0-9]+ pongs, ");
    await(weft, "min/avg/max/mdev = ");
    endsWith(130, weft);
  }

  /// JLine would hold the line up at every bracket, with the cursor at its fellow.
  @Test
  void theCursorStaysWhereOneTypes() throws Exception {
    Program weft = connect(server.webSocket("/echo"));
    String json = "{\"what\":[1,{\"is\":\"it\"}]}";
    weft.type(json + "\r");
    await(weft, "< \u001b\\[0m\\Q" + json);
    assertFalse(
        weft.lines().stream().anyMatch(line -> line.matches(".*\u001b\\[[0-9]+D.*")),
        weft.report());
    weft.type(CTRL_D);
    endsWith(0, weft);
  }

  @Test
  void coloursAreLeftOutIfAskedFor() throws Exception {
    environment.put("NO_COLOR", "1");
    Program weft = connect(server.webSocket("/echo"));
    weft.type("plain\r");
    await(weft, "< plain");
    weft.type(CTRL_D);
    endsWith(0, weft);
    assertTrue(
        weft.lines().stream().noneMatch(line -> line.matches(".*\u001b\\[3[0-9]m.*")),
        weft.report());
  }
}
