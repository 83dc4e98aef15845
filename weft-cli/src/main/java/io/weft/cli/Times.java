package io.weft.cli;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/// Times as people write them: `10s`, `250ms`, `1m`, `2h`.
final class Times {

  private static final Pattern TIME = Pattern.compile("(\\d{1,12})(ms|s|m|h)");

  private Times() {}

  /// Reads a time.
  static Duration parse(String text) {
    Matcher time = TIME.matcher(text);
    if (!time.matches()) {
      throw new TypeConversionException("'" + text + "' is no time: write it as 10s, 250ms or 1m");
    }
    long count = Long.parseLong(time.group(1));
    return switch (time.group(2)) {
      case "ms" -> Duration.ofMillis(count);
      case "s" -> Duration.ofSeconds(count);
      case "m" -> Duration.ofMinutes(count);
      default -> Duration.ofHours(count);
    };
  }

  /// Writes a time of whole milliseconds so that [#parse] reads the same.
  static String format(Duration time) {
    long ms = time.toMillis();
    if (ms % 1000 != 0) {
      return ms + "ms";
    }
    long s = ms / 1000;
    if (s % 60 != 0) {
      return s + "s";
    }
    return s % 3600 != 0 ? s / 60 + "m" : s / 3600 + "h";
  }
}
