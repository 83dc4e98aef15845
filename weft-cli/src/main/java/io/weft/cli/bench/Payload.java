package io.weft.cli.bench;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/// The messages of one connection: each begins with its number, of which short ones have the last
/// bytes, and goes on with bytes that repeat nowhere, so that an echo lost, doubled, cut or mixed
/// up is seen. For one thread at a time.
final class Payload {

  private static final int NUMBER_BYTES = Long.BYTES;
  private static final int HEX_DIGITS = 16;
  private static final int LETTERS = 26;

  private final int bytes;
  private final ByteBuffer binary;
  private final ByteBuffer expected;
  private final String letters;

  Payload(int bytes, boolean text, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    this.bytes = bytes;
    byte[] content = new byte[text ? 0 : Math.max(bytes, NUMBER_BYTES)];
    random.nextBytes(content);
    this.binary = ByteBuffer.wrap(content);
    this.expected = ByteBuffer.wrap(content.clone());
    StringBuilder more = new StringBuilder();
    for (int at = 0; text && at < bytes; at++) {
      more.append((char) ('a' + random.nextInt(LETTERS)));
    }
    this.letters = more.toString();
  }

  /// The message of a number; good until the next is asked for.
  ByteBuffer binary(long number) {
    return binary.clear().putLong(0, Long.reverseBytes(number)).limit(bytes);
  }

  boolean isBinary(long number, ByteBuffer echo) {
    return expected.clear().putLong(0, Long.reverseBytes(number)).limit(bytes).equals(echo);
  }

  String text(long number) {
    String digits = digits(number);
    return digits + letters.substring(digits.length());
  }

  boolean isText(long number, String echo) {
    String digits = digits(number);
    int rest = bytes - digits.length();
    return echo.length() == bytes
        && echo.startsWith(digits)
        && echo.regionMatches(digits.length(), letters, digits.length(), rest);
  }

  /// The last digits of a number, at most as many as the message has bytes.
  private String digits(long number) {
    int most = Math.min(bytes, HEX_DIGITS);
    String digits = Long.toHexString(number);
    return digits.length() >= most
        ? digits.substring(digits.length() - most)
        : "0".repeat(most - digits.length()) + digits;
  }
}
