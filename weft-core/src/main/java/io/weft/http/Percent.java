package io.weft.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.weft.bytes.Ascii;
import io.weft.bytes.Utf8;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Percent-encoding (RFC 3986 §2.1) of UTF-8, and the queries that HTML forms send (WHATWG URL,
/// "application/x-www-form-urlencoded").
public final class Percent {

  private static final int ESCAPE_CHARACTERS = 3;

  private Percent() {}

  /// Decodes a text.
  ///
  /// @throws Url.Malformed if a percent sign is not followed by two hexadecimal digits, or what
  ///   comes out is not UTF-8
  public static String decode(String text) {
    if (text.indexOf('%') < 0) {
      return text;
    }
    byte[] bytes = text.getBytes(ISO_8859_1);
    int length = 0;
    for (int at = 0; at < text.length(); length++) {
      if (bytes[at] == '%') {
        bytes[length] = escaped(text, at);
        at += ESCAPE_CHARACTERS;
      } else {
        bytes[length] = bytes[at++];
      }
    }
    if (Utf8.judge(Utf8.BOUNDARY, bytes, 0, length) != Utf8.BOUNDARY) {
      throw new Url.Malformed(0, "the escapes are not UTF-8 (RFC 3629 §3)");
    }
    return new String(bytes, 0, length, UTF_8);
  }

  /// Reads the escape at index `at`, where the percent sign is.
  static byte escaped(String text, int at) {
    boolean whole = at + ESCAPE_CHARACTERS <= text.length();
    int high = whole ? Ascii.hexDigit(text.charAt(at + 1)) : -1;
    int low = whole ? Ascii.hexDigit(text.charAt(at + 2)) : -1;
    if (high < 0 || low < 0) {
      throw new Url.Malformed(at, "an escape lacks its two digits (RFC 3986 §2.1)");
    }
    return (byte) (high << 4 | low);
  }

  /// The decoded values of all parameters of that name, in order.
  ///
  /// @param query what stands behind the question mark, or null if there is none
  static List<String> values(@Nullable String query, String name) {
    List<String> values = new ArrayList<>();
    if (query == null) {
      return values;
    }
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      int nameTo = equals < 0 ? pair.length() : equals;
      String value = equals < 0 ? "" : formDecode(pair.substring(equals + 1));
      if (formDecode(pair.substring(0, nameTo)).equals(name)) {
        values.add(value);
      }
    }
    return values;
  }

  private static String formDecode(String text) {
    return decode(text.replace('+', ' '));
  }
}
