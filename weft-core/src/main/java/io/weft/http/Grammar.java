package io.weft.http;

/// What may stand where in a message, character by character.
final class Grammar {

  /// Printable characters that may not stand in a request target: never sent by a browser as they
  /// are, and apt to be read differently by the next in line. The rest of ASCII may, even the few
  /// that RFC 3986 §2 leaves out (`[ ] { } | ^` and the backtick), since browsers send those in a
  /// query (WHATWG URL, "query percent-encode set").
  private static final String NOT_IN_TARGET = "\"#<>\\";

  private Grammar() {}

  /// Whether it may stand in a request target (RFC 9112 §3.2).
  static boolean isTarget(int character) {
    return character > ' ' && character < 0x7F && NOT_IN_TARGET.indexOf(character) < 0;
  }

  /// Whether it may stand in a header's value, a reason or a chunk's extension: no control
  /// character but the tab; above ASCII it is opaque (RFC 9110 §5.5).
  static boolean isFieldValue(int character) {
    return (character >= ' ' && character <= 0xFF && character != 0x7F) || character == '\t';
  }
}
