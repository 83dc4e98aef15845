package io.weft.bytes;

/// Text protocols byte by byte, without making Strings. A character is an `int`: 0 to 127, or above
/// that something that is not ASCII and belongs to none of the classes here.
public final class Ascii {

  /// The marks that a token may hold beside letters and digits (RFC 9110 §5.6.2).
  private static final String TOKEN_MARKS = "!#$%&'*+-.^_`|~";

  private static final boolean[] TOKEN = new boolean[128];

  static {
    for (int character = 0; character < TOKEN.length; character++) {
      TOKEN[character] =
          isLetter(character) || isDigit(character) || TOKEN_MARKS.indexOf(character) >= 0;
    }
  }

  private Ascii() {}

  /// Whether it is `A` to `Z` or `a` to `z`.
  public static boolean isLetter(int character) {
    int lower = character | 0x20;
    return lower >= 'a' && lower <= 'z';
  }

  /// Whether it is `0` to `9`.
  public static boolean isDigit(int character) {
    return character >= '0' && character <= '9';
  }

  /// Whether a token may hold it: what methods, header names and subprotocols are made of (RFC 9110
  /// §5.6.2).
  public static boolean isTokenMark(int character) {
    return character < TOKEN.length && TOKEN[character];
  }

  /// Whether `text` is a token: at least one character, and each may stand in one.
  public static boolean isToken(String text) {
    for (int at = 0; at < text.length(); at++) {
      if (!isTokenMark(text.charAt(at))) {
        return false;
      }
    }
    return !text.isEmpty();
  }

  /// The value of a hexadecimal digit in either case, or -1.
  public static int hexDigit(int character) {
    if (isDigit(character)) {
      return character - '0';
    }
    int lower = character | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  }

  /// The small form of a capital letter; anything else as it is.
  public static int lower(int character) {
    return character >= 'A' && character <= 'Z' ? character | 0x20 : character;
  }

  /// Whether `bytes` from index `from` to index `to` are the characters of `text`.
  public static boolean equals(byte[] bytes, int from, int to, String text) {
    if (to - from != text.length()) {
      return false;
    }
    for (int at = from; at < to; at++) {
      if ((bytes[at] & 0xFF) != text.charAt(at - from)) {
        return false;
      }
    }
    return true;
  }

  /// Whether `bytes` from index `from` to index `to` are the characters of `text`, whatever the
  /// case of the letters.
  public static boolean equalsIgnoringCase(byte[] bytes, int from, int to, String text) {
    if (to - from != text.length()) {
      return false;
    }
    for (int at = from; at < to; at++) {
      if (lower(bytes[at] & 0xFF) != lower(text.charAt(at - from))) {
        return false;
      }
    }
    return true;
  }

  /// What a stranger wrote, as a line of a log or a message may show it: what is not printable
  /// (control characters, line ends, marks that turn the direction of writing, halves of surrogate
  /// pairs) stands as `\\u{a}`, its number in hexadecimal.
  ///
  /// @param most characters that are shown; of a longer text the beginning, and an ellipsis
  public static String printable(String text, int most) {
    StringBuilder shown = new StringBuilder(Math.min(text.length(), most));
    for (int at = 0; at < text.length(); ) {
      int point = text.codePointAt(at);
      String next =
          isPrintable(point)
              ? Character.toString(point)
              : "\\u{" + Integer.toHexString(point) + "}";
      if (shown.length() + next.length() > most) {
        return shown.append('…').toString();
      }
      shown.append(next);
      at += Character.charCount(point);
    }
    return shown.toString();
  }

  private static boolean isPrintable(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }

  /// The index of the first `sought` in `bytes` from index `from` on, or `to` if there is none
  /// before it.
  public static int find(byte[] bytes, int from, int to, char sought) {
    int at = from;
    while (at < to && bytes[at] != sought) {
      at++;
    }
    return at;
  }
}
