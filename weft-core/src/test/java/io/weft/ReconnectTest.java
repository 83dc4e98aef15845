package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.HandshakeException.Step;
import io.weft.http.Head;
import java.time.Duration;
import java.time.Instant;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// How long to wait, and what Retry-After says, without a clock.
final class ReconnectTest {

  private static final Instant NOW = Instant.parse("1994-11-06T08:49:00Z");
  private static final Ending BROKEN =
      new Ending.Ended(new Close(Close.ABNORMAL, "it broke", Close.By.NETWORK));

  private static Ending refused(String retryAfter) {
    Head head = Head.response(503).header("Retry-After", retryAfter).build();
    return new Ending.Failed(new HandshakeException(Step.UPGRADING, "busy", head, new byte[0]));
  }

  @Test
  void spreadsOverTheWholeOfADelayThatDoubles() {
    Reconnect how = Reconnect.defaults().delays(Duration.ofMillis(10), Duration.ofMillis(85));
    long[] bounds = {10, 20, 40, 80, 85, 85, 85};
    SplittableRandom chance = new SplittableRandom(1);
    for (int failures = 0; failures < 100; failures++) {
      double below = bounds[Math.min(failures, bounds.length - 1)] * 1e6;
      double least = Double.MAX_VALUE;
      double most = 0;
      double sum = 0;
      for (int at = 0; at < 1000; at++) {
        double ns = (double) how.delayNs(failures, BROKEN, chance, NOW);
        least = Math.min(least, ns);
        most = Math.max(most, ns);
        sum += ns;
      }
      assertTrue(least >= 0 && least < below * 0.05, failures + ": from " + least);
      assertTrue(most < below && most > below * 0.95, failures + ": to " + most);
      assertEquals(below / 2, sum / 1000, below * 0.05, failures + ": the mean");
    }
  }

  @Test
  void addsWhatTheServerAsksFor() {
    Reconnect how =
        Reconnect.defaults()
            .delays(Duration.ofMillis(1), Duration.ofMillis(1))
            .retryAfterAtMost(Duration.ofSeconds(60));
    SplittableRandom chance = new SplittableRandom(1);
    assertEquals(5, how.delayNs(3, refused("5"), chance, NOW) / 1_000_000_000);
    assertEquals(60, how.delayNs(3, refused("3600"), chance, NOW) / 1_000_000_000);
    assertEquals(
        37, how.delayNs(3, refused("Sun, 06 Nov 1994 08:49:37 GMT"), chance, NOW) / 1_000_000_000);
    assertEquals(0, how.delayNs(3, refused("soon"), chance, NOW) / 1_000_000_000);
    assertEquals(0, how.delayNs(3, BROKEN, chance, NOW) / 1_000_000_000);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 | 0",
        "120 | 120",
        "  7  | 7",
        "999999999 | 999999999",
        "99999999999999999999999 | 1000000000",
        "Sun, 06 Nov 1994 08:49:37 GMT | 37",
        "Sunday, 06-Nov-94 08:49:37 GMT | 37",
        "Sun Nov  6 08:49:37 1994 | 37",
        "Wed Nov 16 08:49:00 1994 | 864000",
        "Sun, 06 Nov 1994 08:48:59 GMT | 0",
        "Thu, 01 Jan 1970 00:00:00 GMT | 0",
        "Monday, 01-Jan-29 00:00:00 GMT | 1077808260",
        "Sunday, 01-Jan-50 00:00:00 GMT | 0",
      })
  void readsRetryAfter(String value, long seconds) {
    assertEquals(Duration.ofSeconds(seconds), RetryAfter.parse(value, NOW));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "-1",
        "+1",
        "1.5",
        "１２", // digits, but not those
        "0x10",
        "1 2",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
      })
  void readsNothingElse(String value) {
    assertNull(RetryAfter.parse(value, NOW), value);
  }

  /// Cut anywhere it is another number of seconds, or nothing.
  @Test
  void readsNoDateThatIsCut() {
    String date = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (int cut = 0; cut < date.length(); cut++) {
      assertNull(RetryAfter.parse(date.substring(0, cut), NOW), "cut at " + cut);
      assertNull(RetryAfter.parse(date.substring(cut + 1), NOW), "from " + cut);
    }
  }

  @Test
  void refusesTimesThatMakeNoSense() {
    Reconnect how = Reconnect.defaults();
    Duration second = Duration.ofSeconds(1);
    Duration tooLong = Duration.ofDays(2);
    for (Duration bad : new Duration[] {Duration.ZERO, Duration.ofSeconds(-1), tooLong}) {
      assertThrows(IllegalArgumentException.class, () -> how.delays(bad, second));
      assertThrows(IllegalArgumentException.class, () -> how.delays(second, bad));
      assertThrows(IllegalArgumentException.class, () -> how.provenAfter(bad));
      assertThrows(IllegalArgumentException.class, () -> how.retryAfterAtMost(bad));
    }
    assertThrows(IllegalArgumentException.class, () -> how.delays(second.multipliedBy(2), second));
  }
}
