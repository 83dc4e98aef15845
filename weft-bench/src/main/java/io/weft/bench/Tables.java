package io.weft.bench;

import io.weft.bench.Results.Active;
import io.weft.bench.Results.Cell;
import io.weft.bench.Results.Half;
import io.weft.bench.Results.Idle;
import io.weft.bench.Results.Latency;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The results as Markdown tables, one for each scenario, the cheapest server first.
final class Tables {

  private Tables() {}

  /// The table of one scenario.
  static String scenario(Scenario scenario, List<Cell> all) {
    List<Cell> cells = all.stream().filter(c -> c.scenario().equals(scenario.name())).toList();
    return switch (scenario.kind()) {
      case IDLE -> idle(cells);
      case ACTIVE -> active(cells);
      default -> timed(scenario, cells);
    };
  }

  private static String timed(Scenario scenario, List<Cell> cells) {
    StringBuilder table = new StringBuilder();
    boolean half = scenario.hasHalfLoad();
    boolean deflated = scenario.isDeflated();
    double floor = floor(cells);
    table.append(
        String.format(
                Locale.ROOT,
                "| %s | CPU, ns a %s | of Weft's |%s user | %s/s | load busy | p50/p99/p99.9, µs |%s",
                scenario.name(),
                scenario.unit(),
                floor == 0 ? "" : " of the floor |",
                scenario.units(),
                half ? " at half load | CPU at half |" : deflated ? " wire of text |" : "")
            + " allocated, B | RSS, MiB |\n");
    table.append(
        "|---|---:|---:|---:|---:|---:|---:|"
            + (floor == 0 ? "" : "---:|")
            + (half ? "---:|---:|" : deflated ? "---:|" : "")
            + "---:|---:|\n");
    double ours = ours(cells);
    for (Cell cell : sorted(cells, Comparator.comparingDouble(Cell::cpuNs))) {
      if (cell.failure() != null) {
        table.append(
            String.format(
                Locale.ROOT, "| %s | failed: %s |%n", cell.peer(), oneLine(cell.failure())));
        continue;
      }
      table.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s |%s %.0f %% | %s | %.0f %% | %s |",
              cell.peer(),
              number(cell.cpuNs()),
              ours == 0 ? "" : String.format(Locale.ROOT, "%.2f", cell.cpuNs() / ours),
              floor == 0 ? "" : String.format(Locale.ROOT, " %.2f |", cell.cpuNs() / floor),
              cell.userShare() * 100,
              number(cell.perSecond()),
              cell.loadBusy() * 100,
              latency(cell.latency())));
      Half at = cell.half();
      if (half) {
        table.append(
            at == null
                ? " | |"
                : String.format(
                    Locale.ROOT, " %s | %s |", latency(at.latency()), number(at.cpuNs())));
      }
      if (deflated) {
        table.append(String.format(Locale.ROOT, " %.1f %% |", cell.wireShare() * 100));
      }
      table.append(
          String.format(
              Locale.ROOT,
              " %s | %s |%n",
              number(Math.max(0, cell.allocatedBytes())),
              number(cell.rssBytes() / (double) (1 << 20))));
    }
    return table.toString();
  }

  private static String idle(List<Cell> cells) {
    StringBuilder table =
        new StringBuilder(
            "| idle | heap, B a connection | of that the library's own classes | native | RSS |\n"
                + "|---|---:|---:|---:|---:|\n");
    for (Cell cell : sorted(cells, Comparator.comparingDouble(Tables::held))) {
      Idle idle = cell.idle();
      if (idle == null) {
        table.append(
            String.format(
                Locale.ROOT, "| %s | failed: %s |%n", cell.peer(), oneLine(cell.failure())));
      } else {
        table.append(
            String.format(
                Locale.ROOT,
                "| %s | %s | %s | %s | %s |%n",
                cell.peer(),
                number(idle.heap()),
                number(idle.own()),
                number(idle.nativeBytes()),
                number(idle.resident())));
      }
    }
    return table.toString();
  }

  private static String active(List<Cell> cells) {
    StringBuilder table =
        new StringBuilder(
            "| active | added by compression, B a connection | with it: heap | native | RSS |"
                + " without: heap | native | RSS |\n|---|---:|---:|---:|---:|---:|---:|---:|\n");
    for (Cell cell : sorted(cells, Comparator.comparingDouble(Tables::held))) {
      Active of = cell.active();
      if (of == null) {
        table.append(
            String.format(
                Locale.ROOT, "| %s | failed: %s |%n", cell.peer(), oneLine(cell.failure())));
      } else {
        table.append("| ").append(cell.peer());
        for (double figure :
            new double[] {
              of.added(),
              of.heap(),
              of.nativeBytes(),
              of.resident(),
              of.plainHeap(),
              of.plainNative(),
              of.plainResident()
            }) {
          table.append(" | ").append(number(figure));
        }
        table.append(" |\n");
      }
    }
    return table.toString();
  }

  /// Bytes that an idle connection holds on the heap and beside it, or that compression adds to an
  /// active one.
  static double held(Cell cell) {
    Idle idle = cell.idle();
    Active active = cell.active();
    return idle != null
        ? idle.heap() + idle.nativeBytes()
        : active != null ? Math.max(0, active.added()) : 0;
  }

  /// What Weft's cheapest takes, in callbacks; 0 if it was not measured.
  static double ours(List<Cell> cells) {
    return cells.stream()
        .filter(c -> c.failure() == null && isOurs(c) && !c.peer().equals("weft-straight"))
        .mapToDouble(Cell::cpuNs)
        .min()
        .orElse(0);
  }

  /// What the best setting of the floor takes; 0 if it was not measured.
  static double floor(List<Cell> cells) {
    return cells.stream()
        .filter(c -> c.failure() == null && isFloor(c))
        .mapToDouble(Cell::cpuNs)
        .min()
        .orElse(0);
  }

  static boolean isFloor(Cell cell) {
    return Floor.is(cell.peer());
  }

  static boolean isOurs(Cell cell) {
    return cell.peer().startsWith("weft-");
  }

  /// The failed ones last.
  static List<Cell> sorted(List<Cell> cells, Comparator<Cell> by) {
    return cells.stream()
        .sorted(Comparator.comparing((Cell c) -> c.failure() != null).thenComparing(by))
        .toList();
  }

  private static String latency(@Nullable Latency of) {
    return of == null
        ? ""
        : number(of.p50()) + " / " + number(of.p99()) + " / " + number(of.p999());
  }

  /// With as many digits as it deserves.
  static String number(double value) {
    return String.format(
        Locale.ROOT, Math.abs(value) < 10 && value != Math.rint(value) ? "%.1f" : "%,.0f", value);
  }

  static String oneLine(@Nullable String text) {
    String line = String.valueOf(text).replaceAll("\\s+", " ").replace("|", "/");
    return line.length() > 120 ? line.substring(0, 120) + " ..." : line;
  }
}
