package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;

/// Any Retry-After is a time to wait or none, and white space around it changes nothing.
final class RetryAfterFuzz {

  private static final Instant NOW = Instant.parse("2026-11-06T08:49:37Z");

  @FuzzTest(maxDuration = "5m")
  void parse(byte[] input) {
    String text = new String(input, StandardCharsets.ISO_8859_1);
    Duration read = RetryAfter.parse(text, NOW);
    assertEquals(read, RetryAfter.parse(" " + text + "\t", NOW));
    if (read != null) {
      assertFalse(read.isNegative(), text);
    }
  }
}
