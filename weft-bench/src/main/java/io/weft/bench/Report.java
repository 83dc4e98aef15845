package io.weft.bench;

import io.weft.bench.Results.Cell;
import io.weft.bench.Results.Half;
import io.weft.bench.Results.Latency;
import io.weft.bench.Results.Setup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Puts the results of a run into the documentation: tables between two marks of the page, plots
/// and the results themselves beside it.
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    description =
        "Writes the results of peers, micro and startup, those that there are, into"
            + " docs/performance.md, with plots.")
final class Report implements Callable<Integer> {

  /// What is less than this apart is even.
  private static final double EVEN = 0.03;

  @Option(
      names = "--peers",
      paramLabel = "FILE",
      defaultValue = "weft-bench/target/peers.json",
      description = "The results of the command peers, if it was run: ${DEFAULT-VALUE}.")
  private Path file = Path.of("peers.json");

  @Option(
      names = "--micro",
      paramLabel = "FILE",
      defaultValue = "weft-bench/target/micro.md",
      description = "The table of the command micro, if it was run: ${DEFAULT-VALUE}.")
  private Path micro = Path.of("micro.md");

  @Option(
      names = "--startup",
      paramLabel = "FILE",
      defaultValue = "weft-bench/target/startup.md",
      description = "The table of the command startup, if it was run: ${DEFAULT-VALUE}.")
  private Path startUp = Path.of("startup.md");

  @Option(
      names = "--docs",
      paramLabel = "FOLDER",
      defaultValue = "docs",
      description = "Where performance.md is: ${DEFAULT-VALUE}.")
  private Path docs = Path.of("docs");

  @Override
  public Integer call() throws IOException {
    if (Files.exists(file)) {
      Results results = Results.read(file);
      Path folder = Files.createDirectories(docs.resolve("performance"));
      results.write(folder.resolve("peers.json"));
      Files.writeString(folder.resolve("cpu.svg"), cpu(results).toString());
      Files.writeString(folder.resolve("latency.svg"), latency(results).toString());
      fill(docs.resolve("performance.md"), "peers", page(results));
    }
    if (Files.exists(micro)) {
      fill(docs.resolve("performance.md"), "micro", Files.readString(micro));
    }
    if (Files.exists(startUp)) {
      fill(docs.resolve("performance.md"), "startup", Files.readString(startUp));
    }
    System.err.println(docs.resolve("performance.md") + " is written");
    return 0;
  }

  /// Replaces what stands between the marks of a name.
  ///
  /// @throws IOException also if the page has no such marks
  static void fill(Path page, String name, String with) throws IOException {
    String text = Files.readString(page);
    String begin = "<!-- measured: " + name + " -->\n";
    String end = "<!-- end: " + name + " -->\n";
    int from = text.indexOf(begin);
    int to = text.indexOf(end);
    if (from < 0 || to < from) {
      throw new IOException(page + " has no marks " + begin.strip() + " and " + end.strip());
    }
    Files.writeString(
        page, text.substring(0, from + begin.length()) + "\n" + with + "\n" + text.substring(to));
  }

  private static String page(Results results) {
    Setup setup = results.setup();
    StringBuilder page = new StringBuilder();
    page.append(
        String.format(
            Locale.ROOT,
            """
            `%s`, %s: %d rounds of %d ms for each server and scenario, %.0f minutes in all. Machine: %s; \
            %s; load average %.1f when it began.

            Versions: %s.

            Processor time of the server for a message (a delivery, a connection), in ns; in brackets how many times \
            Weft's. The best server is bold; the floor, which is none, is what the kernel takes alone.

            """,
            setup.command(),
            setup.date(),
            setup.rounds(),
            setup.roundMs(),
            setup.minutes(),
            setup.machine(),
            setup.cores(),
            setup.busy(),
            versions(results)));
    List<Scenario> timed = scenarios(results).stream().filter(s -> !s.holds()).toList();
    page.append(summary(results, timed.stream().filter(s -> !s.isDeflated()).toList()));
    List<Scenario> deflated = timed.stream().filter(Scenario::isDeflated).toList();
    if (!deflated.isEmpty()) {
      page.append("\nThe same with permessage-deflate, and behind it what came back on the wire, ");
      page.append("as a part of the text:\n\n").append(summary(results, deflated));
    }
    page.append("\n![Processor time](performance/cpu.svg)\n\n");
    page.append("![Latency at half load](performance/latency.svg)\n\n");
    page.append(ahead(results));
    for (Scenario scenario : scenarios(results)) {
      page.append("\n#### ").append(capital(scenario.title())).append("\n\n");
      page.append(Tables.scenario(scenario, results.cells()));
    }
    return page.toString();
  }

  private static String versions(Results results) {
    StringJoiner versions = new StringJoiner(", ");
    results.versions().forEach((peer, version) -> versions.add(peer + " " + version));
    return versions.toString();
  }

  private static List<Scenario> scenarios(Results results) {
    List<Scenario> scenarios = new ArrayList<>();
    for (Scenario scenario : Scenario.all(0)) {
      if (results.cells().stream().anyMatch(c -> c.scenario().equals(scenario.name()))) {
        scenarios.add(scenario);
      }
    }
    return scenarios;
  }

  private static String summary(Results results, List<Scenario> timed) {
    List<String> names = timed.stream().map(Scenario::name).toList();
    Set<String> peers = new LinkedHashSet<>();
    results.cells().stream()
        .filter(cell -> names.contains(cell.scenario()))
        .forEach(cell -> peers.add(cell.peer()));
    StringBuilder table = new StringBuilder("| |");
    timed.forEach(scenario -> table.append(' ').append(scenario.name()).append(" |"));
    table.append("\n|---|").append("---:|".repeat(timed.size())).append('\n');
    for (String peer : peers) {
      table.append("| ").append(peer).append(" |");
      for (Scenario scenario : timed) {
        List<Cell> cells = of(results, scenario);
        double best = best(cells.stream().filter(c -> !Tables.isFloor(c)).toList(), Cell::cpuNs);
        Optional<Cell> cell = results.cell(scenario.name(), peer);
        table.append(' ').append(cell.map(c -> brief(c, Tables.ours(cells), best)).orElse(""));
        table.append(" |");
      }
      table.append('\n');
    }
    return table.toString();
  }

  private static String brief(Cell cell, double ours, double best) {
    if (cell.failure() != null) {
      return "failed";
    }
    String cpu = Tables.number(cell.cpuNs());
    return (cell.cpuNs() == best ? "**" + cpu + "**" : cpu)
        + (ours == 0 || cell.cpuNs() == ours
            ? ""
            : String.format(Locale.ROOT, " (%.2f)", cell.cpuNs() / ours))
        + (cell.wireShare() == 0
            ? ""
            : String.format(Locale.ROOT, ", %.1f %%", cell.wireShare() * 100));
  }

  private static List<Cell> of(Results results, Scenario scenario) {
    return results.cells().stream()
        .filter(c -> c.scenario().equals(scenario.name()) && c.failure() == null)
        .toList();
  }

  private static double best(List<Cell> cells, ToDoubleFunction<Cell> figure) {
    return cells.stream().mapToDouble(figure).filter(v -> v > 0).min().orElse(0);
  }

  /// Says where another server is better than ours, or that none is.
  private static String ahead(Results results) {
    List<String> lines = new ArrayList<>();
    for (Scenario scenario : scenarios(results)) {
      List<Cell> cells = of(results, scenario);
      if (scenario.holds()) {
        ahead(lines, scenario, cells, "bytes", Tables::held);
      } else {
        ahead(lines, scenario, cells, "processor time", Cell::cpuNs);
        ahead(lines, scenario, cells, "p99 in the closed loop", c -> p99(c.latency()));
        ahead(lines, scenario, cells, "p99 at half load", Report::p99AtHalf);
        ahead(lines, scenario, cells, "bytes on the wire", Cell::wireShare);
      }
    }
    return lines.isEmpty()
        ? "No other server is ahead of Weft in any of these.\n"
        : "Where another server is ahead of Weft:\n\n" + String.join("", lines);
  }

  private static void ahead(
      List<String> lines,
      Scenario scenario,
      List<Cell> cells,
      String what,
      ToDoubleFunction<Cell> figure) {
    List<Cell> measured = cells.stream().filter(c -> figure.applyAsDouble(c) > 0).toList();
    double ours = best(measured.stream().filter(Tables::isOurs).toList(), figure);
    measured.stream()
        .filter(c -> !Tables.isOurs(c) && !Tables.isFloor(c) && ours > 0)
        .min(Comparator.comparingDouble(figure))
        .filter(c -> figure.applyAsDouble(c) < ours * (1 - EVEN))
        .ifPresent(c ->
            lines.add(
                String.format(
                    Locale.ROOT,
                    "- %s, %s: %s has %.2f of ours.%n",
                    scenario.title(),
                    what,
                    c.peer(),
                    figure.applyAsDouble(c) / ours)));
  }

  private static double p99(@Nullable Latency latency) {
    return latency == null ? 0 : latency.p99();
  }

  private static double p99AtHalf(Cell cell) {
    Half half = cell.half();
    return half == null ? 0 : half.latency().p99();
  }

  private static Svg cpu(Results results) {
    Svg svg = new Svg("Processor time of the server for each message, ns (less is better)");
    for (Scenario scenario : scenarios(results)) {
      if (!scenario.holds()) {
        List<Svg.Row> rows = new ArrayList<>();
        for (Cell cell : Tables.sorted(of(results, scenario), byCpu())) {
          rows.add(
              new Svg.Row(
                  cell.peer(),
                  Tables.isOurs(cell),
                  List.of(cell.cpuNs()),
                  Tables.number(cell.cpuNs())));
        }
        svg.add(new Svg.Panel(capital(scenario.title()), rows, false));
      }
    }
    return svg;
  }

  private static Svg latency(Results results) {
    Svg svg = new Svg("Latency at half load, µs: p50, p99 and p99.9, logarithmic (left is better)");
    for (Scenario scenario : scenarios(results)) {
      List<Svg.Row> rows = new ArrayList<>();
      for (Cell cell :
          Tables.sorted(of(results, scenario), Comparator.comparingDouble(Report::p99AtHalf))) {
        Half half = cell.half();
        if (half != null) {
          Latency at = half.latency();
          rows.add(
              new Svg.Row(
                  cell.peer(),
                  Tables.isOurs(cell),
                  List.of(at.p50(), at.p99(), at.p999()),
                  Tables.number(at.p99())));
        }
      }
      if (!rows.isEmpty()) {
        svg.add(new Svg.Panel(capital(scenario.title()) + ", p99 as a number", rows, true));
      }
    }
    return svg;
  }

  private static Comparator<Cell> byCpu() {
    return Comparator.comparingDouble(Cell::cpuNs);
  }

  private static String capital(String text) {
    return Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }
}
