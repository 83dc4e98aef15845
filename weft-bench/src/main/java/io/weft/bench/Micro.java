package io.weft.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The JMH benchmarks, in one table.
@Command(
    name = "micro",
    mixinStandardHelpOptions = true,
    description = {
      "Runs the JMH benchmarks: each piece beside what the JVM has for the same.",
      "(For all of JMH's options: java -cp benchmarks.jar org.openjdk.jmh.Main -h)"
    })
final class Micro implements Callable<Integer> {

  @Option(
      names = "--only",
      paramLabel = "REGEX",
      defaultValue = "io\\.weft\\.",
      description = "Only benchmarks whose name this finds, such as Utf8.")
  private String only = "";

  @Option(
      names = "--millis",
      paramLabel = "N",
      defaultValue = "300",
      description = "Length of an iteration; 3 warm up and 3 count: ${DEFAULT-VALUE}.")
  private int millis;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "weft-bench/target/micro.md",
      description = "Where the table goes, for the command report: ${DEFAULT-VALUE}.")
  private Path out = Path.of("micro.md");

  @Override
  public Integer call() throws IOException, RunnerException {
    TimeValue iteration = TimeValue.milliseconds(millis);
    var options =
        new OptionsBuilder()
            .include(only)
            .forks(1)
            .warmupIterations(3)
            .warmupTime(iteration)
            .measurementIterations(3)
            .measurementTime(iteration)
            .shouldFailOnError(true)
            .timeUnit(TimeUnit.NANOSECONDS)
            .jvmArgsAppend("-XX:+UseCompactObjectHeaders", "--enable-native-access=ALL-UNNAMED")
            .build();
    String table = table(new Runner(options).run());
    System.out.println(table);
    Path folder = out.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    Files.writeString(out, table);
    return 0;
  }

  /// A table for each class: its parameters down, its methods across.
  private static String table(Iterable<RunResult> results) throws IOException {
    Map<String, Map<String, Map<String, Double>>> classes = new TreeMap<>();
    for (RunResult result : results) {
      String[] name = result.getParams().getBenchmark().split("\\.", -1);
      List<String> params = new ArrayList<>();
      for (String key : result.getParams().getParamsKeys()) {
        params.add(key + " " + result.getParams().getParam(key));
      }
      classes
          .computeIfAbsent(name[name.length - 2], k -> new LinkedHashMap<>())
          .computeIfAbsent(String.join(", ", params), k -> new TreeMap<>())
          .put(name[name.length - 1], result.getPrimaryResult().getScore());
    }
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "`java -jar weft-bench/target/benchmarks.jar micro`, %s. Machine: %s. Nanoseconds each.%n",
            LocalDate.now(ZoneOffset.UTC),
            Machine.describe()));
    classes.forEach((name, rows) -> {
      List<String> columns = List.copyOf(rows.values().iterator().next().keySet());
      text.append(String.format(Locale.ROOT, "%n| %s | ", name))
          .append(String.join(" | ", columns))
          .append(" |\n");
      text.append("|---|").append("---:|".repeat(columns.size())).append('\n');
      rows.forEach((params, scores) -> {
        text.append("| ").append(params).append(" |");
        columns.forEach(c ->
            text.append(' ')
                .append(Tables.number(scores.getOrDefault(c, Double.NaN)))
                .append(" |"));
        text.append('\n');
      });
    });
    return text.toString();
  }
}
