package io.weft;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoField;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The header Retry-After (RFC 9110 §10.2.3): seconds, or a date in any of the three forms of HTTP
/// (§5.6.7).
final class RetryAfter {

  /// Seconds of more digits mean for ever just as well.
  private static final int MOST_DIGITS = 9;

  private RetryAfter() {}

  /// How long the header asks to wait.
  ///
  /// @param value what the header holds
  /// @param now against which a date is held
  /// @return zero for a date that is over; null if the value is none of these forms
  static @Nullable Duration parse(String value, Instant now) {
    String text = value.strip();
    if (!text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return Duration.ofSeconds(text.length() > MOST_DIGITS ? 1_000_000_000 : Long.parseLong(text));
    }
    for (DateTimeFormatter form : forms(now)) {
      try {
        Duration left = Duration.between(now, Instant.from(form.parse(text)));
        return left.isNegative() ? Duration.ZERO : left;
      } catch (DateTimeException notThis) {
        // Perhaps the next form.
      }
    }
    return null;
  }

  private static List<DateTimeFormatter> forms(Instant now) {
    // A year of two digits that seems over 50 years ahead is one of the past (§5.6.7).
    int base = now.atOffset(ZoneOffset.UTC).getYear() - 49;
    return List.of(
        form("EEE, dd MMM uuuu HH:mm:ss 'GMT'"),
        finish(
            new DateTimeFormatterBuilder()
                .appendPattern("EEEE, dd-MMM-")
                .appendValueReduced(ChronoField.YEAR, 2, 2, base)
                .appendPattern(" HH:mm:ss 'GMT'")),
        form("EEE MMM ppd HH:mm:ss uuuu"));
  }

  private static DateTimeFormatter form(String pattern) {
    return finish(new DateTimeFormatterBuilder().appendPattern(pattern));
  }

  private static DateTimeFormatter finish(DateTimeFormatterBuilder form) {
    return form.toFormatter(Locale.US)
        .withResolverStyle(ResolverStyle.STRICT)
        .withZone(ZoneOffset.UTC);
  }
}
