package io.weft.http;

/// A text of others as our messages repeat it: short, so that nobody's 8 KiB come back to him or
/// fill a log, and of nothing that a terminal or a log would obey.
public final class Quote {

  /// The most characters that are repeated.
  static final int MOST_CHARACTERS = 80;

  private Quote() {}

  /// Puts a text in quotes: letters, digits, blanks and the marks of ASCII as they are, whatever
  /// else by its number, as `\\u{a0}` with one backslash; and `...` behind 80 characters.
  public static String of(String text) {
    StringBuilder quoted = new StringBuilder("'");
    int shown = Math.min(text.length(), MOST_CHARACTERS);
    for (int at = 0; at < shown; at++) {
      char next = text.charAt(at);
      boolean isMark = next >= ' ' && next < 0x7F && next != '\'' && next != '\\';
      if (isMark || Character.isLetterOrDigit(next)) {
        quoted.append(next);
      } else {
        quoted.append("\\u{").append(Integer.toHexString(next)).append('}');
      }
    }
    return quoted.append(shown < text.length() ? "...'" : "'").toString();
  }
}
