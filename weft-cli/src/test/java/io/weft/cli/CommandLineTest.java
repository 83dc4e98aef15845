package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Limits;
import java.io.StringWriter;
import java.lang.reflect.RecordComponent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/// What the program makes of its command line.
final class CommandLineTest {

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    Ran ran = Ran.weft(args);
    out.write(ran.out());
    err.write(ran.err());
    return ran.code();
  }

  @Nested
  final class OptionsOfLimits {

    static Stream<RecordComponent> components() {
      return Arrays.stream(Limits.class.getRecordComponents())
          .filter(component -> !LimitOptions.OF_CLIENTS.contains(component.getName()));
    }

    @ParameterizedTest
    @MethodSource("components")
    void eachLimitHasItsOptionAndTheOptionSetsIt(RecordComponent component) throws Exception {
      Object before = LimitOptions.value(component, Limits.defaults());
      Limits limits = parse(LimitOptions.option(component), other(component, before));
      Object after = LimitOptions.value(component, limits);
      assertEquals(other(component, before), written(component, after));

      Limits.Builder expected = Limits.builder();
      Limits.Builder.class
          .getMethod(component.getName(), component.getType())
          .invoke(expected, after);
      assertEquals(expected.build(), limits, "nothing else has changed");
    }

    @ParameterizedTest
    @MethodSource("components")
    void theHelpOfEachSaysTheDefault(RecordComponent component) {
      String value = written(component, LimitOptions.value(component, Limits.defaults()));
      String description =
          Main.commandLine(Ran.nowhere())
              .getSubcommands()
              .get("serve")
              .getCommandSpec()
              .findOption(LimitOptions.option(component))
              .description()[0];
      assertTrue(description.contains("(" + value + " -> "), description);
    }

    /// Half of a limit, or twice a soft one: always another legal value.
    private static String other(RecordComponent component, Object value) {
      return switch (value) {
        case Duration time -> Times.format(time.dividedBy(2));
        case Long bytes -> Sizes.format(bytes / 2);
        case Integer number when component.getName().equals("headBytes") ->
            Sizes.format(number * 2L);
        case Integer number when component.getName().contains("Bytes") -> Sizes.format(number / 2);
        default -> Integer.toString((int) value / 2);
      };
    }

    private static String written(RecordComponent component, Object value) {
      return switch (value) {
        case Duration time -> Times.format(time);
        case Number number when component.getName().contains("Bytes") ->
            Sizes.format(number.longValue());
        default -> value.toString();
      };
    }

    private static Limits parse(String... options) {
      String[] words = Stream.concat(Stream.of("serve"), Stream.of(options)).toArray(String[]::new);
      CommandLine.ParseResult parsed = Main.commandLine(Ran.nowhere()).parseArgs(words);
      return LimitOptions.limits(parsed.subcommand());
    }

    /// They are named here again, so that no other can be left out by mistake.
    @Test
    void whatOnlyClientsKeepIsNoOptionOfAServer() {
      assertEquals(Set.of("keptMessages", "keptBytes", "keptTimeout"), LimitOptions.OF_CLIENTS);
      Set<String> all =
          Arrays.stream(Limits.class.getRecordComponents())
              .map(RecordComponent::getName)
              .collect(Collectors.toSet());
      assertTrue(all.containsAll(LimitOptions.OF_CLIENTS), all.toString());
      assertEquals(all.size() - LimitOptions.OF_CLIENTS.size(), LimitOptions.names().size());
      assertFalse(Ran.weft("serve", "--help").out().contains("-kept-"));
      assertEquals(Main.USAGE, Ran.weft("serve", "--kept-timeout=1s").code());
    }

    @Test
    void withoutAnyTheDefaultsHold() {
      assertEquals(Limits.defaults(), parse());
    }

    @Test
    void namesAreMadeByOneRule() {
      assertTrue(
          LimitOptions.names()
              .containsAll(java.util.List.of("--max-message", "--max-fragments", "--idle-ping")));
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1000, 1000", "64KiB, 65536", "16MiB, 16777216", "3GiB, 3221225472", "7B, 7"})
  void readsSizes(String text, long bytes) {
    assertEquals(bytes, Sizes.parse(text, Long.MAX_VALUE));
    assertEquals(bytes, Sizes.parse(Sizes.format(bytes), Long.MAX_VALUE));
  }

  @ParameterizedTest
  @CsvSource({"250ms, 250", "10s, 10000", "90s, 90000", "1m, 60000", "2h, 7200000", "0s, 0"})
  void readsTimes(String text, long ms) {
    assertEquals(Duration.ofMillis(ms), Times.parse(text));
    assertEquals(Duration.ofMillis(ms), Times.parse(Times.format(Duration.ofMillis(ms))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      textBlock =
          """
          --max-message=16MB    | '--max-message': '16MB' is no size: write it as 16MiB, 64KiB or 1000 (bytes)
          --max-message=2GiB    | '--max-message': '2GiB' is over 2147483647 bytes, the most
          --max-message=-1      | '--max-message': '-1' is no size: write it as 16MiB
          --close-timeout=10    | '--close-timeout': '10' is no time: write it as 10s, 250ms or 1m
          --close-timeout=0s    | --close-timeout is PT0S; it must be above zero
          --max-fragments=many  | '--max-fragments': 'many' is no count: write a whole number
          --max-outbox-soft=2MiB | --max-outbox-soft (2097152) is above --max-outbox-hard (1048576)
          --port=65536          | '--port': '65536' is no port: write 0 to 65535, as 8080
          --loops=0             | '--loops': '0' is no number of loops: write 1 to 1024, as 2
          --origin=app.example  | 'app.example' is no origin: write scheme://host
          --origin=https://*    | 'https://*' is no origin: write scheme://host
          --allow-host=a:80     | 'a:80' is no host: write app.example, *.app.example or *
          --compression=yes     | '--compression'
          --compression-level=0 | '--compression-level': '0' is no level: write 1 to 9, as 6
          --window-bits=8       | '--window-bits': '8' is no number of window bits: write 9 to 15
          --compression-threshold=x | '--compression-threshold': 'x' is no size
          --subprotocol=a,b     | '--subprotocol' (NAME): 'a,b' is no subprotocol
          --log-format=xml      | '--log-format'
          --max-mesage=1        | Unknown option: '--max-mesage=1'
          """)
  void saysWhichOptionIsWrongAndHowToWriteIt(String option, String sentence) {
    assertEquals(Main.USAGE, run("serve", option));
    assertTrue(err.toString().startsWith("weft serve: "), err.toString());
    assertTrue(err.toString().contains(sentence), err.toString());
    assertTrue(err.toString().endsWith("Try 'weft serve --help'.\n"), err.toString());
    assertEquals("", out.toString());
  }

  @Test
  void saysThatThePortIsTakenAndWhatToDo() throws Exception {
    try (var taken = new ServerSocket()) {
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      int port = taken.getLocalPort();
      assertEquals(Main.CANNOT_LISTEN, run("serve", "--port", Integer.toString(port)));
      String said = err.toString();
      assertTrue(
          said.startsWith(
              "weft: cannot listen at 127.0.0.1 port " + port + ": the port is taken.\n"),
          said);
      assertTrue(said.contains("--port 0"), said);
      assertEquals("", out.toString());
    }
  }

  @Test
  void saysThatTheHostIsNotKnown() {
    assertEquals(Main.CANNOT_LISTEN, run("serve", "--port=0", "--host=nowhere.invalid"));
    assertTrue(err.toString().contains("the host nowhere.invalid is not known"), err.toString());
  }

  @Test
  void withoutACommandItSaysWhatThereIs() {
    assertEquals(Main.USAGE, run());
    assertTrue(err.toString().startsWith("Usage: weft "), err.toString());
  }

  @Test
  void printsItsVersion() {
    assertEquals(0, run("--version"));
    assertTrue(out.toString().matches("weft \\S+ \\(Java 25.*\\)\n"), out.toString());
  }

  static Stream<String> commands() {
    return Main.commandLine(Ran.nowhere()).getSubcommands().keySet().stream()
        .filter(name -> !name.equals("help"));
  }

  @Test
  void theHelpListsEveryCommandAndTeachesByExample() {
    assertEquals(0, run("--help"));
    String help = out.toString();
    assertTrue(help.startsWith("Usage: weft [-hV] COMMAND\nWebSocket from the socket up"), help);
    assertTrue(help.contains("\nExit codes:\n  0 "), help);
    assertTrue(help.contains("\nExamples:\n  weft serve "), help);
    assertTrue(help.lines().allMatch(line -> line.length() <= 100), help);
    commands().forEach(name -> assertTrue(help.contains("\n  " + name + " "), help));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void theHelpOfEachTeachesByExample(String command) {
    assertEquals(0, run(command, "--help"));
    String help = out.toString();
    assertTrue(help.startsWith("Usage: weft " + command + " "), help);
    assertTrue(help.contains("\nExit codes:\n  0 "), help);
    int examples = help.indexOf("\nExamples:\n  ");
    assertTrue(examples > 0 && help.indexOf("weft " + command, examples) > 0, help);
    assertTrue(help.lines().allMatch(line -> line.length() <= 100), help);
  }

  @Test
  void theHelpOfServeBeginsWithWhatItServesAndGroupsLimits() {
    assertEquals(0, run("serve", "--help"));
    String help = out.toString();
    assertTrue(
        help.startsWith(
            """
            Usage: weft serve [OPTIONS]
            Serves the browser console and WebSocket endpoints to try things with.

              /                    the console: open it in a browser
              /weft.js             the client for your own pages, and its types, /weft.d.ts
              /echo                text and binary come back as they are
              /chat/{room}?name=   a room: everyone in it reads what anyone says
              /ws/{username}/      one to one: send {"to":"bob","text":"hi"}
              /clock               the time, pushed every second
              /health              status and connections as JSON, for probes

            Options:
            """),
        help);
    int limits = help.indexOf("\nLimits, with (default -> what happens when it is crossed).");
    assertTrue(limits > 0, help);
    assertTrue(help.indexOf("--max-message=SIZE") > limits, help);
    assertTrue(help.indexOf("\nExit codes:\n") > help.indexOf("--blocked-loop-warning"), help);
    assertTrue(help.contains("\nExamples:\n  weft serve  "), help);
    assertTrue(help.lines().allMatch(line -> line.length() <= 100), help);
  }
}
