package io.weft.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weft.Close;
import io.weft.Endpoint;
import io.weft.Server;
import io.weft.WebSocket;
import java.io.BufferedReader;
import java.io.Writer;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The program as a process of its own: what it prints, and how it ends.
@Timeout(20) // less than the 30 s a drain may take: there is nothing to wait for
final class ProcessTest {

  private static final int BY_SIGTERM = 128 + 15;

  @Test
  void saysWhereToOpenThePageAndClosesEverybodyWhenAskedToEnd() throws Exception {
    Process weft = weft("serve", "--port=0", "--blocked-loop-warning=10s");
    try (BufferedReader out = weft.inputReader();
        HttpClient http = HttpClient.newHttpClient()) {
      String first = out.readLine();
      Matcher at =
          Pattern.compile("Weft \\S+ listens: open http://127\\.0\\.0\\.1:(\\d+)/ in a browser\\.")
              .matcher(first);
      assertTrue(at.matches(), first);
      Talker talker =
          Talker.connect(
              http, URI.create("ws://127.0.0.1:" + at.group(1) + "/chat/lobby?name=ann"), b -> b);
      talker.hears("{\"type\":\"join\",\"name\":\"ann\",\"members\":1}");

      terminate(weft);
      assertTrue(talker.closed.get(10, TimeUnit.SECONDS).startsWith("1001 "));
      List<String> rest = out.readAllLines();
      assertTrue(rest.contains("Ctrl-C stops it."), rest.toString());
      assertEquals("Weft stopped: 1 connection closed.", rest.getLast());
      assertEquals(BY_SIGTERM, weft.waitFor());

      List<String> log = weft.errorReader().readAllLines();
      assertEquals(2, log.size(), log.toString());
      assertTrue(log.getFirst().contains(" INFO  opened id="), log.toString());
      assertTrue(log.getLast().contains(" INFO  closed id="), log.toString());
      assertTrue(log.getLast().contains(" code=1001 "), log.toString());
    } finally {
      weft.destroyForcibly();
    }
  }

  /// As cron and systemd run it. Run without the launcher, which sets the locale.
  @Test
  void refusesArgumentsThatTheLocaleCannotHold() throws Exception {
    ProcessBuilder builder = command(Main.class, "connect", "-1", "-m", "naïve", ":1/");
    builder.environment().put("LC_ALL", "C");
    // What is given to a child is encoded as this JVM encodes file names.
    assumeTrue("UTF-8".equals(System.getProperty("sun.jnu.encoding")), "this JVM is in another");
    Process weft = builder.start();
    List<String> said = weft.errorReader(UTF_8).readAllLines();
    assertEquals(Main.USAGE, weft.waitFor(), said.toString());
    assertTrue(said.getLast().contains("LC_ALL=C.UTF-8"), said.toString());
  }

  @Test
  void takesNoFileOfTheJvmForInputThatIsClosed() throws Exception {
    List<String> command =
        command(Main.class, "connect", "--input", "binary", "-1", ":1/").command();
    ProcessBuilder builder = new ProcessBuilder("sh", "-c", "exec \"$@\" <&-", "sh");
    builder.command().addAll(command);
    try (Server server = Server.at("127.0.0.1", 0).loops(1).route("/", new Echo()).start()) {
      builder.command().set(builder.command().size() - 1, ":" + server.port() + "/");
      Process weft = builder.start();
      List<String> said = weft.errorReader(UTF_8).readAllLines();
      assertEquals(Main.CANNOT_READ, weft.waitFor(), said.toString());
      assertEquals("weft: the input cannot be read: standard input is closed.", said.getLast());
      assertEquals("", new String(weft.getInputStream().readAllBytes(), UTF_8));
    }
  }

  @Test
  void speaksJsonFromTheFirstLineToTheLast() throws Exception {
    Process weft =
        weft("serve", "--port=0", "--log-format=json", "--quiet", "--blocked-loop-warning=10s");
    try (BufferedReader out = weft.inputReader()) {
      String first = out.readLine();
      assertTrue(
          first.matches("\\{\"time\":.*\"event\":\"listening\",.*\"url\":\"http://.*"), first);
      terminate(weft);
      String last = out.readAllLines().getLast();
      assertTrue(
          last.endsWith("\"event\":\"stopped\",\"connections\":0,\"forced\":0,\"unsentBytes\":0}"),
          last);
      assertEquals(BY_SIGTERM, weft.waitFor());
      assertEquals(List.of(), weft.errorReader().readAllLines());
    } finally {
      weft.destroyForcibly();
    }
  }

  /// The end of input does not come; SIGTERM does, as Ctrl-C would.
  @Test
  void connectClosesAndSaysHowFarItCameWhenAskedToEnd() throws Exception {
    CompletableFuture<String> closed = new CompletableFuture<>();
    Endpoint echo =
        new Endpoint() {
          @Override
          public void text(WebSocket ws, String text) {
            ws.send(text);
          }

          @Override
          public void closed(WebSocket ws, Close close) {
            closed.complete(close.code() + " by " + close.by());
          }
        };
    try (Server server = Server.at("127.0.0.1", 0).loops(1).route("/", echo).start()) {
      Process weft = weft("connect", "ws://127.0.0.1:" + server.port() + "/");
      try (BufferedReader out = weft.inputReader(UTF_8);
          Writer in = weft.outputWriter(UTF_8)) {
        in.write("你好\n");
        in.flush();
        assertEquals("你好", out.readLine());
        terminate(weft);
        assertEquals("1001 by PEER", closed.get(10, TimeUnit.SECONDS));
        assertEquals(
            List.of("weft: interrupted; sent 1, received 1."), weft.errorReader().readAllLines());
        assertEquals(BY_SIGTERM, weft.waitFor());
      } finally {
        weft.destroyForcibly();
      }
    }
  }

  @Test
  void benchSaysWhatItMeasuredSoFarWhenAskedToEnd() throws Exception {
    CompletableFuture<Long> first = new CompletableFuture<>();
    CompletableFuture<String> goesOn = new CompletableFuture<>();
    Endpoint echo =
        new Endpoint() {
          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            ws.send(data);
            long nowNs = System.nanoTime();
            if (!first.complete(nowNs) && nowNs - first.join() > 1_000_000_000) {
              goesOn.complete("");
            }
          }
        };
    try (Server server = Server.at("127.0.0.1", 0).loops(1).route("/", echo).start()) {
      String url = "ws://127.0.0.1:" + server.port() + "/";
      Process weft = weft("bench", url, "--warm-up=1ms", "--duration=1h", "--connections=2");
      try {
        goesOn.get(60, TimeUnit.SECONDS);
        terminate(weft);
        List<String> lines = weft.inputReader(UTF_8).readAllLines();
        assertTrue(
            lines.get(1).matches("2 connections, .* \\d+\\.\\d s, then interrupted"),
            lines.toString());
        assertTrue(lines.get(3).matches("echoed    [1-9].*"), lines.toString());
        assertTrue(lines.get(4).startsWith("latency   p50 "), lines.toString());
        assertEquals(BY_SIGTERM, weft.waitFor());
        assertEquals("", new String(weft.getErrorStream().readAllBytes(), UTF_8));
      } finally {
        weft.destroyForcibly();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--version", "lint --list", "completion bash", "connect --help"})
  void outputThatIsLostIsNoSuccess(String words) throws Exception {
    assumeTrue(Files.isWritable(Path.of("/dev/full")), "a device that is full");
    ProcessBuilder weft = command(Main.class, words.split(" ", -1));
    Process full = weft.redirectOutput(Path.of("/dev/full").toFile()).start();
    String err = new String(full.getErrorStream().readAllBytes(), UTF_8);
    assertEquals("weft: standard output cannot be written.\n", err);
    assertEquals(Main.CANNOT_WRITE, full.waitFor());
  }

  @Test
  void printsRoundTrips() throws Exception {
    Process server = weft("serve", "--port=0", "--quiet");
    try (BufferedReader out = server.inputReader()) {
      Matcher at = Pattern.compile("http://([^/]+)/").matcher(out.readLine());
      assertTrue(at.find());
      Process ping = weft("ping", "--count=1", "ws://" + at.group(1) + "/echo");
      List<String> lines = ping.inputReader().readAllLines();
      assertEquals(0, ping.waitFor());
      assertTrue(lines.size() == 4 && lines.get(1).startsWith("pong 1: "), lines.toString());
    } finally {
      server.destroyForcibly();
    }
  }

  @Test
  void endsWithTheExitCodeOfWhatWentWrong() throws Exception {
    Process weft = weft("serve", "--port=none");
    assertTrue(weft.errorReader().readLine().contains("'none' is no port"));
    assertEquals(Main.USAGE, weft.waitFor());
  }

  /// What the launcher has the JVM watch after a build.
  @Test
  void rehearsesItsStart() throws Exception {
    Process rehearsal = java(Rehearsal.class);
    String said = new String(rehearsal.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, rehearsal.waitFor(), said);
  }

  /// Sends SIGTERM and leaves the streams open, which Process.destroy() does not.
  private static void terminate(Process weft) {
    assertTrue(weft.toHandle().destroy());
  }

  static Process weft(String... args) throws Exception {
    return java(Main.class, args);
  }

  private static Process java(Class<?> main, String... args) throws Exception {
    return command(main, args).start();
  }

  private static ProcessBuilder command(Class<?> main, String... args) {
    List<String> command = new ArrayList<>(Signals.BY_DEFAULT);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx256m",
            "--enable-native-access=ALL-UNNAMED", // as the launcher has it
            "-cp",
            System.getProperty("java.class.path")));
    command.add(main.getName());
    command.addAll(List.of(args));
    return new ProcessBuilder(command);
  }
}
