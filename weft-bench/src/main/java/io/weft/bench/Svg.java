package io.weft.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Plots as SVG, readable as they stand: panels in two columns, a row for each server.
final class Svg {

  private static final int PANEL = 470;
  private static final int LABELS = 104;
  private static final int PLOT = 270;
  private static final int ROW = 18;
  private static final int HEAD = 34;
  private static final int GAP = 22;
  private static final int TOP = 44;

  private final String title;
  private final List<Panel> panels = new ArrayList<>();

  /// One scenario.
  ///
  /// @param rows from top to bottom
  /// @param isLogarithmic whether each step to the right is a factor
  record Panel(String title, List<Row> rows, boolean isLogarithmic) {}

  /// One server: a bar to one value, or marks at several and a line between them.
  record Row(String name, boolean isOurs, List<Double> values, String label) {}

  Svg(String title) {
    this.title = title;
  }

  void add(Panel panel) {
    panels.add(panel);
  }

  /// Draws everything.
  @Override
  public String toString() {
    StringBuilder body = new StringBuilder();
    int y = TOP;
    for (int at = 0; at < panels.size(); at += 2) {
      int rows = 0;
      for (int column = 0; column < 2 && at + column < panels.size(); column++) {
        Panel panel = panels.get(at + column);
        draw(body, panel, 10 + column * PANEL, y);
        rows = Math.max(rows, panel.rows.size());
      }
      y += HEAD + rows * ROW + GAP;
    }
    return String.format(
        Locale.ROOT,
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %1$d %2$d" width="%1$d" height="%2$d" \
        font-family="system-ui, sans-serif" font-size="12" fill="#333">
        <rect width="%1$d" height="%2$d" fill="#fff"/>
        <text x="10" y="26" font-size="16" font-weight="600">%3$s</text>
        %4$s</svg>
        """,
        2 * PANEL + 10,
        y,
        escape(title),
        body);
  }

  private static void draw(StringBuilder svg, Panel panel, int x, int y) {
    text(svg, x, y + 14, "font-weight=\"600\"", panel.title);
    double most = 0;
    double least = Double.MAX_VALUE;
    for (Row row : panel.rows) {
      for (double value : row.values) {
        most = Math.max(most, value);
        least = Math.min(least, Math.max(value, 1e-3));
      }
    }
    int line = y + HEAD;
    for (Row row : panel.rows) {
      text(svg, x + LABELS - 8, line + 4, "text-anchor=\"end\"", row.name);
      String colour = row.isOurs ? "#0b7285" : "#adb5bd";
      int from = x + LABELS;
      int first = from + place(row.values.getFirst(), least, most, panel.isLogarithmic);
      int last = from + place(row.values.getLast(), least, most, panel.isLogarithmic);
      if (row.values.size() == 1) {
        svg.append(
            String.format(
                Locale.ROOT,
                "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"12\" rx=\"2\" fill=\"%s\"/>%n",
                from,
                line - 6,
                Math.max(1, last - from),
                colour));
      } else {
        svg.append(
            String.format(
                Locale.ROOT,
                "<path d=\"M%d %dH%d\" stroke=\"%s\" stroke-width=\"2\"/>%n",
                first,
                line,
                last,
                colour));
        for (double value : row.values) {
          svg.append(
              String.format(
                  Locale.ROOT,
                  "<circle cx=\"%d\" cy=\"%d\" r=\"4\" fill=\"%s\"/>%n",
                  from + place(value, least, most, panel.isLogarithmic),
                  line,
                  colour));
        }
      }
      text(svg, last + 8, line + 4, "fill=\"#666\" font-size=\"11\"", row.label);
      line += ROW;
    }
  }

  private static int place(double value, double least, double most, boolean isLogarithmic) {
    double part =
        isLogarithmic
            ? Math.log(Math.max(value, least) / least) / Math.max(1e-9, Math.log(most / least))
            : value / most;
    return (int) Math.round(part * PLOT);
  }

  private static void text(StringBuilder svg, int x, int y, String attributes, String text) {
    svg.append(
        String.format(
            Locale.ROOT, "<text x=\"%d\" y=\"%d\" %s>%s</text>%n", x, y, attributes, escape(text)));
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
