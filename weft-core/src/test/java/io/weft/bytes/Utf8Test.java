package io.weft.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The judge of UTF-8 beside the JDK: every sequence, every cut, and the first impossible byte.
final class Utf8Test {

  /// Every sequence of up to four bytes whose beginning is possible, with each byte that may
  /// follow.
  @Test
  void knowsEverySequence() {
    byte[] bytes = new byte[4];
    int wellFormed = extend(bytes, 0, Utf8.BOUNDARY);
    assertEquals(0x11_0000 - 0x800, wellFormed, "all code points but the surrogates");
  }

  /// Each sequence of four bytes that begins with a lead byte, at a place where eight are in view.
  @Test
  void knowsEverySequenceInView() {
    Chunk chunk = Chunk.ofSize(8);
    byte[] bytes = new byte[8];
    int[] lasts = {0, 0x7F, 0x80, 0xBF, 0xC0, 0xE4, 0xFF};
    for (int lead = 0x80; lead < 256; lead++) {
      for (int second = 0; second < 256; second++) {
        for (int third : lasts) {
          for (int fourth : lasts) {
            bytes[0] = (byte) lead;
            bytes[1] = (byte) second;
            bytes[2] = (byte) third;
            bytes[3] = (byte) fourth;
            chunk.buffer.clear().put(bytes);
            assertEquals(
                Utf8.judge(Utf8.BOUNDARY, bytes, 0, 8),
                Utf8.judge(Utf8.BOUNDARY, chunk, 0, 8),
                () -> HexFormat.of().formatHex(bytes));
          }
        }
      }
    }
  }

  private static int extend(byte[] bytes, int length, int state) {
    int wellFormed = 0;
    for (int next = 0; next < 256; next++) {
      bytes[length] = (byte) next;
      int now = Utf8.judge(state, bytes, length, length + 1);
      if (now == Utf8.BOUNDARY) {
        wellFormed++;
      } else if (now != Utf8.MALFORMED) {
        assertTrue(length < 3, "no code point has five bytes");
        wellFormed += extend(bytes, length + 1, now);
      }
    }
    return wellFormed;
  }

  @ParameterizedTest
  @CsvSource({
    "a stray continuation, 80, 0",
    "an overlong NUL, c080, 0",
    "an overlong slash, e080af, 1",
    "an overlong form of four, f08080af, 1",
    "half a surrogate pair, eda080, 1",
    "half a surrogate pair after a letter, e4bda0eda0802020, 4",
    "an overlong form after a letter, e4bda0e09fbf2020, 4",
    "above U+10FFFF, f4908080, 1",
    "a byte that is never used, 61fe, 1",
    "a lead byte instead of a continuation, e4bd61, 2",
    "five bytes, f888808080, 0",
  })
  void failsAtTheFirstImpossibleByte(String what, String hex, int at) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    Chunk chunk = Chunk.copyOf(bytes);
    for (int end = 0; end <= bytes.length; end++) {
      boolean fails = end > at;
      assertEquals(fails, Utf8.judge(Utf8.BOUNDARY, bytes, 0, end) == Utf8.MALFORMED, what);
      assertEquals(fails, Utf8.judge(Utf8.BOUNDARY, chunk, 0, end) == Utf8.MALFORMED, what);
    }
  }

  @Test
  void findsOneBadByteAnywhereInAscii() {
    byte[] bytes = new byte[100];
    Chunk chunk = Chunk.ofSize(bytes.length);
    for (int from = 0; from < 9; from++) {
      for (int at = from; at < bytes.length; at++) {
        chunk.buffer.clear().put(bytes);
        assertEquals(Utf8.BOUNDARY, Utf8.judge(Utf8.BOUNDARY, chunk, from, bytes.length));
        chunk.buffer.put(at, (byte) 0xFF);
        assertEquals(Utf8.MALFORMED, Utf8.judge(Utf8.BOUNDARY, chunk, from, bytes.length));
        assertEquals(Utf8.BOUNDARY, Utf8.judge(Utf8.BOUNDARY, chunk, from, at));
      }
    }
  }

  @Test
  void judgesAnyBytesAsTheJdkDoesAtAnyCut() {
    Chunk chunk = Chunk.ofSize(200);
    for (int seed = 0; seed < 20_000; seed++) {
      var random = new SplittableRandom(seed);
      byte[] bytes = someText(random).getBytes(StandardCharsets.UTF_8);
      if (bytes.length > 0 && random.nextBoolean()) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      chunk.buffer.clear().put(bytes);
      int cut = random.nextInt(bytes.length + 1);
      int whole = Utf8.judge(Utf8.BOUNDARY, chunk, 0, bytes.length);
      assertEquals(isWellFormed(bytes), whole == Utf8.BOUNDARY, "seed " + seed);
      assertEquals(whole, Utf8.judge(Utf8.BOUNDARY, bytes, 0, bytes.length), "seed " + seed);
      int before = Utf8.judge(Utf8.BOUNDARY, chunk, 0, cut);
      if (before != Utf8.MALFORMED) {
        assertEquals(whole, Utf8.judge(before, chunk, cut, bytes.length), "seed " + seed);
      } else {
        assertEquals(Utf8.MALFORMED, whole, "seed " + seed);
      }
    }
  }

  private static String someText(SplittableRandom random) {
    var text = new StringBuilder();
    for (int count = random.nextInt(50); count > 0; count--) {
      int most = new int[] {0x80, 0x80, 0x80, 0x800, 0xD800, 0x11_0000}[random.nextInt(6)];
      int codePoint = random.nextInt(most);
      text.appendCodePoint(codePoint >= 0xD800 && codePoint < 0xE000 ? '.' : codePoint);
    }
    return text.toString();
  }

  private static boolean isWellFormed(byte[] bytes) {
    var decoder = StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT);
    return !decoder
        .decode(ByteBuffer.wrap(bytes), CharBuffer.allocate(bytes.length), true)
        .isError();
  }
}
