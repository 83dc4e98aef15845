package io.weft.bench;

import io.weft.bench.load.Load;
import io.weft.bench.load.Target;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// One state of the library beside another, in one run: is the new one slower by more than noise?
///
/// Both are measured in generations. In each a process of the old and one of the new are started,
/// warmed up, and measured in short rounds that take turns. What looks slower is measured again,
/// with as many generations, and is called slower only if it still is when both are taken together.
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Compares two states of the library: processor time of the server for each message.",
      "",
      "weft-bench/compare REV prepares both and calls this."
    },
    footer = {"", "Exit status: 0 if nothing is slower by more than noise, 1 if something is."})
final class Compare implements Callable<Integer> {

  private static final Duration LEAD_IN = Duration.ofMillis(40);
  private static final int ROUNDS = 6;

  /// What is compared: a scenario's name and a server.
  private static final List<String> CELLS =
      List.of(
          "echo-20/weft-io_uring",
          "pipelined-20/weft-io_uring",
          "echo-16k/weft-io_uring",
          "broadcast/weft-io_uring",
          "echo-20/weft-nio",
          "echo-16k/weft-nio");

  @Option(
      names = "--old",
      required = true,
      paramLabel = "PATH",
      description = "Class path of the old state, in front of this program's own.")
  private String old = "";

  @Option(
      names = "--new",
      required = true,
      paramLabel = "PATH",
      description = "Class path of the new state, in front of this program's own.")
  private String fresh = "";

  @Option(
      names = "--only",
      split = ",",
      paramLabel = "SCENARIO/SERVER",
      description = "Compare these, as they are called in peers; default: ${DEFAULT-VALUE}.")
  private List<String> only = CELLS;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "100",
      description = "How long it may take if nothing looks slower: ${DEFAULT-VALUE}.")
  private int seconds;

  @Option(
      names = "--generations",
      paramLabel = "N",
      defaultValue = "5",
      description = "Pairs of processes for each: ${DEFAULT-VALUE}.")
  private int generations;

  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @Spec
  private CommandSpec spec;

  /// One row of the table.
  private static final class Row {
    final Scenario scenario;
    final String server;
    final List<Double> ratios = new ArrayList<>();
    final List<Double> oldNs = new ArrayList<>();
    final List<Double> newNs = new ArrayList<>();

    Row(Scenario scenario, String server) {
      this.scenario = scenario;
      this.server = server;
    }

    Verdict verdict() {
      return Verdict.of(ratios);
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (generations < 2) {
      throw new ParameterException(spec.commandLine(), "--generations: 2 or more");
    }
    Cores cores = Cores.take();
    List<Row> rows = only.stream().map(this::row).toList();
    double eachMs = seconds * 1e3 / generations / rows.size();
    System.err.printf(
        Locale.ROOT,
        "load average %.1f; %d generations of %.1f s for each of %d%n",
        Machine.load(),
        generations,
        eachMs / 1e3,
        rows.size());
    measure(rows, eachMs, cores);
    List<Row> doubtful = rows.stream().filter(row -> row.verdict().isSlower()).toList();
    if (!doubtful.isEmpty()) {
      System.err.println("once more what looks slower ...");
      measure(doubtful, eachMs, cores);
    }
    System.out.print(table(rows));
    List<String> slower =
        rows.stream()
            .filter(row -> row.verdict().isSlower())
            .map(row -> row.scenario.name() + " on " + row.server)
            .toList();
    System.out.println(
        slower.isEmpty()
            ? "Nothing is slower by more than noise."
            : "SLOWER by more than noise: " + String.join(", ", slower));
    return slower.isEmpty() ? 0 : 1;
  }

  private Row row(String cell) {
    String[] parts = cell.split("/", 2);
    if (parts.length < 2) {
      throw new ParameterException(spec.commandLine(), cell + " is no SCENARIO/SERVER");
    }
    return Scenario.all(1000).stream()
        .filter(scenario -> scenario.name().equals(parts[0]) && !scenario.holds())
        .findFirst()
        .map(scenario -> new Row(scenario, parts[1]))
        .orElseThrow(
            () -> new ParameterException(spec.commandLine(), "no scenario is called " + parts[0]));
  }

  private void measure(List<Row> rows, double eachMs, Cores cores)
      throws IOException, InterruptedException {
    for (int generation = 0; generation < generations; generation++) {
      for (Row row : rows) {
        generation(row, eachMs, generation % 2 == 1, cores);
      }
      System.err.println("generation " + (generation + 1) + " of " + generations);
    }
  }

  /// Starts both sides, warms them up and measures them in turn.
  private void generation(Row row, double eachMs, boolean newFirst, Cores cores)
      throws IOException {
    Map<Boolean, Subject> sides = new LinkedHashMap<>();
    try {
      sides.put(newFirst, start(row, newFirst, cores));
      sides.put(!newFirst, start(row, !newFirst, cores));
      double roundMs = Math.max(20, (eachMs - 700) / 2 * 0.6 / ROUNDS - LEAD_IN.toMillis());
      Duration warmUp = Duration.ofMillis((long) Math.max(200, (eachMs - 700) / 2 * 0.4));
      for (Subject side : sides.values()) {
        run(row.scenario, side, warmUp, null);
      }
      Map<Boolean, List<Double>> figures =
          Map.of(true, new ArrayList<>(), false, new ArrayList<>());
      for (int round = 0; round < ROUNDS; round++) {
        boolean first = newFirst ^ (round % 4 == 1 || round % 4 == 2);
        for (boolean isNew : new boolean[] {first, !first}) {
          Subject side = sides.get(isNew);
          List<Double> to = figures.get(isNew);
          if (side != null && to != null) {
            run(row.scenario, side, Duration.ofMillis((long) roundMs), to);
          }
        }
      }
      double oldNs = Runner.median(figures.getOrDefault(false, List.of()));
      double newNs = Runner.median(figures.getOrDefault(true, List.of()));
      row.oldNs.add(oldNs);
      row.newNs.add(newNs);
      row.ratios.add(newNs / oldNs);
    } finally {
      sides.values().forEach(Subject::askToEnd);
      sides.values().forEach(Subject::close);
    }
  }

  private Subject start(Row row, boolean isNew, Cores cores) throws IOException {
    String state = isNew ? fresh : old;
    return Subject.ready(row.server, Subject.launch(row.server, row.scenario, null, cores, state));
  }

  private static void run(
      Scenario scenario, Subject side, Duration time, @Nullable List<Double> figures)
      throws IOException {
    Target target = side.target(scenario);
    try (Load load = scenario.open(target)) {
      load.run(LEAD_IN);
      long cpuNs = CpuClock.ns(side.pid);
      long messages = load.run(time);
      double usedNs = CpuClock.ns(side.pid) - cpuNs;
      if (messages == 0) {
        throw new IOException("nothing came back in " + time);
      }
      if (figures != null) {
        figures.add(usedNs / messages);
      }
      load.settle();
    }
  }

  private static String table(List<Row> rows) {
    StringBuilder table =
        new StringBuilder(
            "| | old, ns | new, ns | new of old | noise | |\n|---|---:|---:|---:|---:|---|\n");
    for (Row row : rows) {
      Verdict verdict = row.verdict();
      table.append(
          String.format(
              Locale.ROOT,
              "| %s, %s | %s | %s | %.3f | ±%.3f | %s |%n",
              row.scenario.name(),
              row.server,
              Tables.number(Runner.median(row.oldNs)),
              Tables.number(Runner.median(row.newNs)),
              verdict.ratio(),
              Verdict.TIMES * verdict.error(),
              verdict.isSlower() ? "SLOWER" : verdict.isFaster() ? "faster" : ""));
    }
    return table.toString();
  }
}
