package io.weft.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.HdrHistogram.Histogram;

/// A histogram of latencies as lines of text: a bar for each range, with limits as 1, 2, 5, 10, 20.
final class Bars {

  private static final int WIDTH = 40;
  private static final long[] SERIES = {1, 2, 5};
  private static final long LEAST_NS = 1000;

  private Bars() {}

  /// One line for each range from the fastest to the slowest, `to 50.0 µs 12.30% #####`.
  static List<String> of(Histogram latencies) {
    List<String> lines = new ArrayList<>();
    double total = latencies.getTotalCount();
    long from = 0;
    for (int step = 0; total > 0 && from <= latencies.getMaxValue(); step++) {
      long limit = SERIES[step % SERIES.length] * LEAST_NS;
      for (int decade = step / SERIES.length; decade > 0; decade--) {
        limit *= 10;
      }
      long to = latencies.highestEquivalentValue(limit);
      long count = latencies.getCountBetweenValues(from, to);
      if (count > 0 || !lines.isEmpty()) {
        lines.add(line(limit, count / total));
      }
      from = to + 1;
    }
    return lines;
  }

  private static String line(long limit, double share) {
    String bar = "#".repeat((int) Math.round(share * WIDTH));
    return String.format(Locale.ROOT, "  to %7s %6.2f%%  %s", Bench.time(limit), 100 * share, bar)
        .stripTrailing();
  }
}
