package io.weft.cli;

/// Makes what strangers send fit to print: no character of it can begin a line, move a cursor, turn
/// the direction of writing, or pass for another.
final class Escape {

  /// The longest value that is printed whole; of longer ones this much, and an ellipsis.
  static final int MAX_CHARS = 256;

  private Escape() {}

  /// A value in a line: as it is if it is plain, else in quotes with what is not printable escaped.
  static String value(String text) {
    String clipped = clip(text);
    boolean plain =
        !clipped.isEmpty()
            && clipped
                .codePoints()
                .allMatch(c -> isPrintable(c) && c != ' ' && c != '"' && c != '\\' && c != '=');
    if (plain) {
      return clipped;
    }
    return '"' + printable(clipped.replace("\\", "\\\\").replace("\"", "\\\"")) + '"';
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
    text.codePoints()
        .forEach(c -> {
          if (isPrintable(c)) {
            out.appendCodePoint(c);
          } else if (Character.isBmpCodePoint(c)) {
            out.append("\\u%04x".formatted(c));
          } else {
            out.append("\\u{%x}".formatted(c));
          }
        });
    return out.toString();
  }

  /// Whether a code point shows as itself: no control, no format (which would turn the direction of
  /// writing), no line separator, no half of a pair.
  static boolean isPrintable(int codePoint) {
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
