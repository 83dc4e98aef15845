package io.weft.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.weft.bytes.Ascii;
import io.weft.bytes.Utf8;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Percent-encoding (RFC 3986 §2.1) of UTF-8, and the queries that browsers and HTML forms send
/// (WHATWG URL, "application/x-www-form-urlencoded").
public final class Percent {

  private static final int ESCAPE_CHARACTERS = 3;
  private static final HexFormat HEX = HexFormat.of().withUpperCase();

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
    if (!isEscape(text, at)) {
      throw new Url.Malformed(at, "an escape lacks its two digits (RFC 3986 §2.1)");
    }
    return (byte) HexFormat.fromHexDigits(text, at + 1, at + ESCAPE_CHARACTERS);
  }

  /// Whether an escape stands at index `at`: a percent sign and two hexadecimal digits.
  private static boolean isEscape(String text, int at) {
    return at + ESCAPE_CHARACTERS <= text.length()
        && text.charAt(at) == '%'
        && Ascii.hexDigit(text.charAt(at + 1)) >= 0
        && Ascii.hexDigit(text.charAt(at + 2)) >= 0;
  }

  /// The values of all parameters of that name, in order, decoded as browsers decode them: a
  /// percent sign that begins no escape stands for itself. A name or a value whose escapes are not
  /// UTF-8 is given as it was sent.
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
      if (formDecode(pair.substring(0, nameTo)).equals(name)) {
        values.add(equals < 0 ? "" : formDecode(pair.substring(equals + 1)));
      }
    }
    return values;
  }

  private static String formDecode(String text) {
    String spaced = text.replace('+', ' ');
    byte[] bytes = new byte[spaced.length()];
    int length = 0;
    for (int at = 0; at < spaced.length(); length++) {
      boolean isEscape = isEscape(spaced, at);
      bytes[length] = isEscape ? escaped(spaced, at) : (byte) spaced.charAt(at);
      at += isEscape ? ESCAPE_CHARACTERS : 1;
    }
    boolean isUtf8 = Utf8.judge(Utf8.BOUNDARY, bytes, 0, length) == Utf8.BOUNDARY;
    return isUtf8 ? new String(bytes, 0, length, UTF_8) : text;
  }

  /// Encodes UTF-8: what is not ASCII, and the characters in `more`.
  ///
  /// @throws Url.Malformed if the text has half a surrogate pair
  static String encode(String text, String more) {
    StringBuilder encoded = new StringBuilder();
    for (int at = 0; at < text.length(); ) {
      int character = text.codePointAt(at);
      String piece = Character.toString(character);
      if (character < 0x80 && more.indexOf(character) < 0) {
        encoded.append(piece);
      } else {
        for (byte each : piece.getBytes(UTF_8)) {
          encoded.append('%').append(HEX.toHexDigits(each));
        }
      }
      at += piece.length();
    }
    return encoded.toString();
  }

  /// The text of a header in which a peer may have left UTF-8 as it is, though a URL is ASCII: its
  /// bytes as UTF-8 if they are, and else escaped as they are.
  ///
  /// @param value as of [Head#header]: bytes above 127 are the characters U+0080 to U+00FF
  public static String ofHeader(String value) {
    byte[] bytes = value.getBytes(ISO_8859_1);
    if (Utf8.judge(Utf8.BOUNDARY, bytes, 0, bytes.length) == Utf8.BOUNDARY) {
      return new String(bytes, UTF_8);
    }
    StringBuilder escaped = new StringBuilder();
    for (byte each : bytes) {
      if (each < 0) {
        escaped.append('%').append(HEX.toHexDigits(each));
      } else {
        escaped.append((char) each);
      }
    }
    return escaped.toString();
  }
}
