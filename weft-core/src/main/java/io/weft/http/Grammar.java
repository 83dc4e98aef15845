package io.weft.http;

/// What may stand where in a message, character by character.
final class Grammar {

  /// Printable characters that may not stand in the path of a request target: never sent by a
  /// browser as they are, and apt to be read differently by the next in line. The rest of ASCII
  /// may, even the few that RFC 3986 §2 leaves out (`[ ] { } | ^` and the backtick).
  private static final String NOT_IN_PATH = "\"#<>\\";

  private Grammar() {}

  /// Whether it may stand in the path of a request target, or in the rest of one in absolute-form
  /// that stands in front of the query (RFC 9112 §3.2).
  static boolean isPath(int character) {
    return character > ' ' && character < 0x7F && NOT_IN_PATH.indexOf(character) < 0;
  }

  /// Whether it may stand in the query of a request target: what browsers send there as it is
  /// (WHATWG URL, "query percent-encode set"), the backslash too.
  static boolean isQuery(int character) {
    return isPath(character) || character == '\\';
  }

  /// Whether a text may be a request target.
  static boolean isTarget(String text) {
    int mark = text.indexOf('?');
    int pathTo = mark < 0 ? text.length() : mark;
    return text.chars().limit(pathTo).allMatch(Grammar::isPath)
        && text.chars().skip(pathTo).allMatch(Grammar::isQuery);
  }

  /// Whether it may stand in a header's value, a reason or a quoted string: no control character
  /// but the tab; above ASCII it is opaque (RFC 9110 §5.5).
  static boolean isFieldValue(int character) {
    return (character >= ' ' && character <= 0xFF && character != 0x7F) || character == '\t';
  }
}
