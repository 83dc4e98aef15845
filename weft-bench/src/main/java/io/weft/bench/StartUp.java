package io.weft.bench;

import io.weft.bench.load.EchoLoad;
import io.weft.bench.load.Target;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// How long `./weft serve` takes from the start of its process to the first echo.
@Command(
    name = "startup",
    mixinStandardHelpOptions = true,
    description = {
      "Times ./weft serve, from the start of its process until it has echoed a first message:",
      "as it is, without the launcher's AOT cache, and without the launcher."
    })
final class StartUp implements Callable<Integer> {

  private static final Pattern LISTENS = Pattern.compile("http://[^:]+:(\\d+)/");

  @Option(
      names = "--times",
      paramLabel = "N",
      defaultValue = "15",
      description = "How often each, in turn; the medians count: ${DEFAULT-VALUE}.")
  private int times;

  @Option(
      names = "--checkout",
      paramLabel = "FOLDER",
      defaultValue = ".",
      description = "Where ./weft is: ${DEFAULT-VALUE}.")
  private Path checkout = Path.of(".");

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "weft-bench/target/startup.md",
      description = "Where the table goes, for the command report: ${DEFAULT-VALUE}.")
  private Path out = Path.of("startup.md");

  /// One start: until it said that it listens, and until the first echo was back; and the processor
  /// time so far. In milliseconds.
  private record Start(double listening, double echo, double cpu) {}

  @Override
  public Integer call() throws IOException {
    Map<String, ProcessBuilder> ways = ways();
    Map<String, List<Start>> starts = new LinkedHashMap<>();
    double busy = Machine.load();
    for (int n = -1; n < times; n++) { // the first fills the system's file cache
      for (Map.Entry<String, ProcessBuilder> way : ways.entrySet()) {
        Start start = start(way.getValue());
        if (n >= 0) {
          starts.computeIfAbsent(way.getKey(), k -> new ArrayList<>()).add(start);
        }
      }
    }
    StringBuilder table = new StringBuilder();
    table.append(
        String.format(
            Locale.ROOT,
            "`java -jar weft-bench/target/benchmarks.jar startup`, %s: medians of %d. Machine: %s; load average %.1f when it began.%n%n",
            LocalDate.now(ZoneOffset.UTC),
            times,
            Machine.describe(),
            busy));
    table.append("| from the start of the process, ms | it listens | first echo | CPU |\n");
    table.append("|---|---:|---:|---:|\n");
    starts.forEach((way, all) ->
        table.append(
            String.format(
                Locale.ROOT,
                "| %s | %.0f | %.0f | %.0f |%n",
                way,
                Runner.median(all.stream().map(Start::listening).toList()),
                Runner.median(all.stream().map(Start::echo).toList()),
                Runner.median(all.stream().map(Start::cpu).toList()))));
    System.out.print(table);
    Files.writeString(out, table);
    return 0;
  }

  private Map<String, ProcessBuilder> ways() {
    String weft = checkout.resolve("weft").toAbsolutePath().toString();
    Map<String, ProcessBuilder> ways = new LinkedHashMap<>();
    ways.put("`./weft serve`", new ProcessBuilder(weft, "serve", "--port=0", "--quiet"));
    ProcessBuilder uncached = new ProcessBuilder(weft, "serve", "--port=0", "--quiet");
    uncached.environment().put("WEFT_JAVA_OPTS", "-XX:AOTMode=off");
    ways.put("without the AOT cache", uncached);
    ways.put(
        "`java -jar weft.jar serve`",
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-jar",
            checkout.resolve(".weft/weft.jar").toString(),
            "serve",
            "--port=0",
            "--quiet"));
    return ways;
  }

  private static Start start(ProcessBuilder way) throws IOException {
    long sinceNs = System.nanoTime();
    Process process = way.redirectErrorStream(true).start();
    try (BufferedReader said = process.inputReader(StandardCharsets.UTF_8)) {
      int port = port(said);
      long listeningNs = System.nanoTime();
      try (EchoLoad load = new EchoLoad(Target.local(port, "/echo"), 1, 20, 1)) {
        load.once();
        double echo = (System.nanoTime() - sinceNs) / 1e6;
        return new Start((listeningNs - sinceNs) / 1e6, echo, CpuClock.ns(process.pid()) / 1e6);
      }
    } finally {
      process.destroyForcibly();
    }
  }

  private static int port(BufferedReader said) throws IOException {
    StringBuilder all = new StringBuilder();
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      Matcher at = LISTENS.matcher(line);
      if (at.find()) {
        return Integer.parseInt(at.group(1));
      }
      all.append(line).append('\n');
    }
    throw new IOException("the server did not say where it listens: " + all);
  }
}
