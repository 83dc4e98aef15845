package io.weft.cli;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/// Sizes as people write them: `16MiB`, `64KiB`, `1000`.
final class Sizes {

  private static final Pattern SIZE = Pattern.compile("(\\d{1,18})(B|KiB|MiB|GiB)?");
  private static final Map<String, Integer> SHIFTS =
      Map.of("B", 0, "KiB", 10, "MiB", 20, "GiB", 30);

  private Sizes() {}

  /// Reads a size.
  ///
  /// @param most the largest that will do, in bytes
  /// @return bytes
  static long parse(String text, long most) {
    Matcher size = SIZE.matcher(text);
    if (!size.matches()) {
      throw new TypeConversionException(
          "'" + text + "' is no size: write it as 16MiB, 64KiB or 1000 (bytes)");
    }
    String unit = size.group(2);
    long count = Long.parseLong(size.group(1));
    int shift = unit == null ? 0 : SHIFTS.getOrDefault(unit, 0);
    if (count > most >> shift) {
      throw new TypeConversionException("'" + text + "' is over " + most + " bytes, the most");
    }
    return count << shift;
  }

  /// Writes a size so that [#parse] reads the same.
  static String format(long bytes) {
    int zeros = bytes == 0 ? 0 : Long.numberOfTrailingZeros(bytes);
    if (zeros >= 30) {
      return (bytes >> 30) + "GiB";
    } else if (zeros >= 20) {
      return (bytes >> 20) + "MiB";
    } else if (zeros >= 10) {
      return (bytes >> 10) + "KiB";
    }
    return Long.toString(bytes);
  }
}
