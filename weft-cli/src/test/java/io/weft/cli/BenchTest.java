package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Endpoint;
import io.weft.Server;
import io.weft.WebSocket;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `weft bench` as a command: what it takes, what it prints, and its exit codes.
@Timeout(120)
final class BenchTest {

  private static final List<String> SHORT = List.of("--warm-up=100ms", "--duration=300ms");

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    Ran ran = Ran.weft(args);
    out.write(ran.out());
    err.write(ran.err());
    return ran.code();
  }

  private int bench(Serving weft, String path, String... more) {
    var args = new ArrayList<>(List.of("bench", url(weft, path)));
    args.addAll(SHORT);
    args.addAll(List.of(more));
    return run(args.toArray(String[]::new));
  }

  private static String url(Serving weft, String path) {
    return "ws://127.0.0.1:" + weft.server.port() + path;
  }

  @Test
  void saysHowManyAndHowFast() {
    try (Serving weft = new Serving()) {
      assertEquals(0, bench(weft, "/echo", "--connections=3", "--size=1KiB"), out.toString());
    }
    List<String> lines = out.toString().lines().toList();
    assertTrue(lines.get(1).matches("3 connections, binary of 1 KiB, 1 in flight, \\d\\.\\d s"));
    assertTrue(
        lines.get(3).matches("echoed    [\\d,]+ messages: [\\d,]+/s, [\\d.]+ [KM]iB/s each way"),
        lines.get(3));
    assertTrue(lines.get(4).matches("latency   p50 .*   p90 .*   p99 .*   p99.9 .*   max .*"));
    assertTrue(lines.get(6).matches("  to .*%( +#*)?"), out.toString());
    assertEquals("", err.toString());
  }

  /// It greets, so it echoes wrongly before anything was sent, or while it is: the end is the same.
  @Test
  void anEndpointThatSpeaksFirstIsAFaultAndNoFailureToConnect() {
    Endpoint greeter =
        new Endpoint() {
          @Override
          public void opened(WebSocket ws) {
            ws.send("hello");
          }
        };
    try (Server server = Server.at("127.0.0.1", 0).loops(1).route("/", greeter).start()) {
      String url = "ws://127.0.0.1:" + server.port() + "/";
      for (int time = 0; time < 5; time++) {
        assertEquals(
            Main.ENDED_BADLY,
            run(
                "bench",
                url,
                "--connections=5",
                "--warm-up=50ms",
                "--duration=50ms",
                "--timeout=1s"));
      }
    }
    assertTrue(out.toString().contains("an echo was not what was sent"), out.toString());
  }

  @Test
  void writesJsonForPrograms() {
    try (Serving weft = new Serving()) {
      assertEquals(0, bench(weft, "/echo", "--json", "--text", "--rate=500"), out.toString());
    }
    JsonNode report = JsonMapper.shared().readTree(out.toString());
    assertEquals(10, report.get("connections").intValue());
    assertEquals(100, report.get("inFlight").intValue());
    assertTrue(report.get("messages").longValue() > 0);
    long p50 = report.get("latencyNs").get("p50").longValue();
    assertTrue(p50 > 0 && p50 <= report.get("latencyNs").get("p99.9").longValue());
    assertEquals(0, report.get("failures").size());
    assertEquals(0, report.get("exit").intValue());
  }

  @Test
  void whatGoesWrongIsOneLineAKindAndTheExitCode() {
    try (Serving weft = new Serving()) {
      assertEquals(1, bench(weft, "/clock", "--connections=2"));
    }
    assertTrue(
        out.toString()
            .contains("FAILED    closed with 1003 binary messages are not handled here (2 times)"),
        out.toString());
  }

  @Test
  void saysThatNoConnectionCouldBeOpened() {
    try (Serving weft = new Serving()) {
      assertEquals(Main.CANNOT_CONNECT, bench(weft, "/nothing"));
    }
    assertEquals("weft bench: the handshake was answered with 404 (10 times)\n", err.toString());
    assertEquals("", out.toString());
  }

  @ParameterizedTest
  @CsvSource({"127.0.0.1, true", "[::1], true", "192.0.2.1, false", "nowhere.invalid, true"})
  void knowsWhatIsThisMachine(String host, boolean here) {
    assertEquals(here, Bench.isHere(host));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      textBlock =
          """
          --json                        | Missing required parameter: 'URL'
          ftp://localhost/              | the scheme is not ws, wss, http or https
          ws://localhost/ --connections=0 | '0' is no count: write 1 to 999999
          ws://localhost/ --in-flight=20000 | --in-flight is at most 10000 a connection
          ws://localhost/ --size=0      | '0' leaves nothing to check: 1 at least
          ws://localhost/ --size=1GiB   | is over 67108864 bytes, the most
          ws://localhost/ --rate=0      | '0' is no rate: write messages a second, as 5000
          ws://localhost/ --duration=10 | '10' is no time: write it as 10s, 250ms or 1m
          ws://localhost/ --duration=0s | '0s' is out of bounds: 1ms to 24h
          """)
  void saysWhatIsWrongWithTheCommandLine(String line, String sentence) {
    assertEquals(Main.USAGE, run(("bench " + line).split(" +", -1)));
    assertTrue(err.toString().startsWith("weft bench: "), err.toString());
    assertTrue(err.toString().contains(sentence), err.toString());
    assertEquals("", out.toString());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 ns",
    "999, 999 ns",
    "1000, 1.00 µs",
    "12345, 12.3 µs",
    "99949, 99.9 µs",
    "99950, 100 µs",
    "999499, 999 µs",
    "999500, 1.00 ms",
    "1500000000, 1.50 s",
    "60000000000, 60.0 s"
  })
  void writesTimesWithThreeDigits(long ns, String written) {
    assertEquals(written, Bench.time(ns));
  }

  @ParameterizedTest
  @CsvSource({
    "20, 20 bytes",
    "1024, 1 KiB",
    "1536, 1.5 KiB",
    "1048576, 1 MiB",
    "3221225472, 3 GiB"
  })
  void writesSizes(long count, String written) {
    assertEquals(written, Bench.bytes(count));
  }

  @Test
  void drawsABarForEachRangeWithNoneLeftOut() {
    Histogram latencies = new Histogram(3);
    latencies.recordValueWithCount(15_000, 3);
    latencies.recordValue(150_000);
    assertEquals(
        List.of(
            "  to 20.0 µs  75.00%  ##############################",
            "  to 50.0 µs   0.00%", "  to  100 µs   0.00%", "  to  200 µs  25.00%  ##########"),
        Bars.of(latencies));
    assertEquals(List.of(), Bars.of(new Histogram(3)));
  }

  @Test
  void theHelpTeachesByExample() {
    assertEquals(0, run("bench", "--help"));
    String help = out.toString();
    assertTrue(help.startsWith("Usage: weft bench [OPTIONS] URL\nSends messages"), help);
    assertTrue(help.contains("\nExamples:\n  weft bench ws://localhost:8080/echo  "), help);
    assertTrue(help.lines().allMatch(line -> line.length() <= 100), help);
  }
}
