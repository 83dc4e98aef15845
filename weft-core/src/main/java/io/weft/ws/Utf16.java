package io.weft.ws;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// Java's own text on its way out. A `String` may hold half a surrogate pair, which no UTF-8 can
/// say (RFC 3629 §3) and which the JDK replaces by a question mark without a word.
final class Utf16 {

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final long ONES = 0x0101_0101_0101_0101L;
  private static final long TOP_BITS = 0x8080_8080_8080_8080L;
  private static final long QUESTION_MARKS = '?' * ONES;

  private Utf16() {}

  /// Encodes `text`.
  ///
  /// The JDK's encoder is the fastest there is, and reports nothing. But only a text whose bytes
  /// hold a question mark can have lost half a pair; only such a text is looked at char by char.
  ///
  /// @throws IllegalArgumentException naming the index, if half a surrogate pair stands alone
  static byte[] toUtf8(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    if (hasQuestionMark(utf8)) {
      requirePairs(text);
    }
    return utf8;
  }

  /// Eight bytes a step: `(x - 1) & ~x` has the top bit of a byte set where `x` first has a zero
  /// byte.
  private static boolean hasQuestionMark(byte[] bytes) {
    int at = 0;
    for (; at + Long.BYTES <= bytes.length; at += Long.BYTES) {
      long zeroWhereFound = (long) LONGS.get(bytes, at) ^ QUESTION_MARKS;
      if (((zeroWhereFound - ONES) & ~zeroWhereFound & TOP_BITS) != 0) {
        return true;
      }
    }
    for (; at < bytes.length; at++) {
      if (bytes[at] == '?') {
        return true;
      }
    }
    return false;
  }

  private static void requirePairs(String text) {
    int at = 0;
    while (at < text.length()) {
      int codePoint = text.codePointAt(at); // half a pair, if it stands alone
      if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE) {
        throw new IllegalArgumentException("half a surrogate pair at index " + at + " of a text");
      }
      at += Character.charCount(codePoint);
    }
  }
}
