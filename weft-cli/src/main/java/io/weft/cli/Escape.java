package io.weft.cli;

import java.util.Locale;

/// Makes what strangers send fit to print: no character of it can begin a line, move a cursor, turn
/// the direction of writing, or hide. Joiners stay, which Persian and families of emoji need.
final class Escape {

  /// The longest value that is printed whole; of longer ones this much, and an ellipsis.
  static final int MAX_CHARS = 256;

  /// Parts the letters beside it, as Persian and Indian scripts are written (Unicode §23.2).
  private static final int ZERO_WIDTH_NON_JOINER = 0x200C;

  /// Joins the letters, or emoji, beside it.
  private static final int ZERO_WIDTH_JOINER = 0x200D;

  private Escape() {}

  /// A value in a line: as it is if it is plain, else in quotes with what is not printable escaped.
  static String value(String text) {
    String clipped = clip(text);
    boolean plain =
        !clipped.isEmpty()
            && clipped
                .codePoints()
                .allMatch(c ->
                    isPrintable(c)
                        && !isJoiner(c)
                        && c != ' '
                        && c != '"'
                        && c != '\\'
                        && c != '=');
    if (plain) {
      return clipped;
    }
    String quoted = printable(clipped.replace("\\", "\\\\").replace("\"", "\\\""));
    // A name with a joiner in it must not look like one without.
    return '"' + quoted.replace("\u200c", "\\u200c").replace("\u200d", "\\u200d") + '"';
  }

  private static boolean isJoiner(int codePoint) {
    return codePoint == ZERO_WIDTH_NON_JOINER || codePoint == ZERO_WIDTH_JOINER;
  }

  /// A text on a terminal: lines and tabs stay what they are, every line but the first is indented,
  /// so that none can pass for a message of its own, and what else is not printable is escaped.
  static String block(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c -> {
          switch (c) {
            case '\n' -> out.append("\n    ");
            case '\t' -> out.append('\t');
            default -> appendPrintable(out, c);
          }
        });
    return out.toString();
  }

  /// JSON on a terminal: what is not printable is escaped as JSON does it, so that it stays the
  /// same JSON.
  static String json(String json) {
    if (json.codePoints().allMatch(Escape::isPrintable)) {
      return json;
    }
    StringBuilder out = new StringBuilder(json.length());
    json.codePoints()
        .forEach(c -> {
          if (isPrintable(c)) {
            out.appendCodePoint(c);
          } else {
            for (char unit : Character.toChars(c)) {
              out.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
            }
          }
        });
    return out.toString();
  }

  /// A text of several lines: what is not printable is escaped, and every line but the first is
  /// indented, so that none can pass for an entry of its own.
  static String lines(String text) {
    return String.join("\n    ", text.lines().map(Escape::printable).toList());
  }

  /// As much of a text as is worth printing; no code point is cut.
  static String clip(String text) {
    if (text.length() <= MAX_CHARS) {
      return text;
    }
    int end = Character.isHighSurrogate(text.charAt(MAX_CHARS - 1)) ? MAX_CHARS - 1 : MAX_CHARS;
    return text.substring(0, end) + "…";
  }

  /// A text in which what is not printable is escaped.
  static String printable(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints().forEach(c -> appendPrintable(out, c));
    return out.toString();
  }

  private static void appendPrintable(StringBuilder out, int codePoint) {
    if (isPrintable(codePoint)) {
      out.appendCodePoint(codePoint);
    } else if (Character.isBmpCodePoint(codePoint)) {
      out.append(String.format(Locale.ROOT, "\\u%04x", codePoint));
    } else {
      out.append(String.format(Locale.ROOT, "\\u{%x}", codePoint));
    }
  }

  /// Whether a code point shows as itself, or shapes those beside it: no control, no format that
  /// would turn the direction of writing or hide, no line separator, no half of a pair.
  static boolean isPrintable(int codePoint) {
    if (isJoiner(codePoint)) {
      return true;
    }
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }
}
