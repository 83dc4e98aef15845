package io.weft.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/// What others send, as messages repeat it.
final class QuoteTest {

  @Test
  void repeatsWhatNobodyWouldObey() {
    assertEquals("'plain text/1?a=b'", Quote.of("plain text/1?a=b"));
    assertEquals("'Bücher 李雷'", Quote.of("Bücher 李雷"));
  }

  @Test
  void putsANumberForWhatATerminalOrALogWouldObey() {
    assertEquals("'a\\u{1b}[31m\\u{a}b\\u{7f}'", Quote.of("a\u001b[31m\nb\u007f"));
    assertEquals("'it\\u{27}s \\u{5c}n'", Quote.of("it's \\n"));
    assertEquals("'\\u{202e}\\u{a0}'", Quote.of("\u202e\u00a0"));
  }

  @Test
  void cutsWhatIsLong() {
    assertEquals("'" + "x".repeat(80) + "'", Quote.of("x".repeat(80)));
    assertEquals("'" + "x".repeat(80) + "...'", Quote.of("x".repeat(81)));
  }
}
