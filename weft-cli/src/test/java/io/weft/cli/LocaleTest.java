package io.weft.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What the program reads and prints is the same in every JVM, whatever its locale and charset.
@Timeout(120)
final class LocaleTest {

  /// Runs the program in a JVM with these options.
  ///
  /// @return its exit code, and all it said
  private static String weft(String options, String... args) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options.split(" ")));
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName()));
    command.addAll(List.of(args));
    Process weft = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      weft.getOutputStream().close();
      String said = new String(weft.getInputStream().readAllBytes(), UTF_8);
      return weft.waitFor() + "\n" + said;
    } finally {
      weft.destroyForcibly();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-Duser.language=ar -Duser.country=EG -Duser.extensions=u-nu-arab",
        "-Duser.language=tr -Duser.country=TR",
        "-Dfile.encoding=ISO-8859-1",
        "-Dfile.encoding=COMPAT",
      })
  void measuresInTheSameDigits(String options) throws Exception {
    try (Serving weft = new Serving()) {
      String url = "ws://127.0.0.1:" + weft.server.port() + "/echo";
      String bench =
          weft(options, "bench", url, "--warm-up=100ms", "--duration=300ms", "--size=1KiB");
      assertTrue(bench.startsWith("0\n"), bench);
      assertTrue(bench.matches("(?s).*echoed    [0-9,]+ messages: [0-9,]+/s, .*"), bench);
      assertTrue(bench.matches("(?s).*latency   p50 [0-9.]+ .*"), bench);
      assertTrue(bench.codePoints().noneMatch(c -> Character.isDigit(c) && c > '9'), bench);
      String ping = weft(options, "ping", url, "-c", "2", "-i", "100ms");
      assertTrue(ping.matches("(?s)0\n.*min/avg/max/mdev = [0-9.]+/[0-9.]+/.*"), ping);
      String lint = weft(options, "lint", "--list");
      assertEquals(lint, weft("-Duser.language=en", "lint", "--list"));
      String help = weft(options, "serve", "--help");
      assertEquals(help, weft("-Duser.language=en", "serve", "--help"));
    }
  }

  @Test
  void findsEnumsInTurkey() throws Exception {
    String said =
        weft("-Duser.language=tr -Duser.country=TR", "serve", "--transport=NIO", "--help");
    assertTrue(said.startsWith("0\n"), said);
    String wrong =
        weft("-Duser.language=tr -Duser.country=TR", "serve", "--transport=io_urinG", "--port=x");
    assertTrue(wrong.contains("'x'"), wrong);
  }

  @ParameterizedTest
  @CsvSource({
    "connect, ws://127.0.0.1:1/, --close-code=١٠٠٠",
    "connect, ws://127.0.0.1:1/, --connect-timeout=١s",
    "bench, ws://127.0.0.1:1/, --connections=٣",
    "bench, ws://127.0.0.1:1/, --rate=٣",
    "bench, ws://127.0.0.1:1/, --size=٣KiB",
    "serve, --port=٨٠٨٠, --quiet",
    "serve, --max-connections=٣, --quiet",
    "lint, ws://127.0.0.1:1/, --timeout=٣s",
  })
  void readsDigitsOfAsciiOnly(String command, String first, String second) {
    Ran ran = Ran.weft(command, first, second);
    assertEquals(Main.USAGE, ran.code(), ran.err());
  }
}
