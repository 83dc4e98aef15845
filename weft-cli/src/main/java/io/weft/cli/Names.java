package io.weft.cli;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What may be a name of a person or a room in the demos.
///
/// @param maxChars the longest, in UTF-16 units
record Names(int maxChars) {

  /// The longest name, in UTF-16 units.
  static final int MAX_CHARS = 64;

  /// Names of which each, with `prefix` before it, also fits in a group's name of `groupNameBytes`.
  static Names fitting(String prefix, int groupNameBytes) {
    int mostBytesPerChar = 3;
    return new Names(
        Math.clamp((groupNameBytes - prefix.length()) / mostBytesPerChar, 0, MAX_CHARS));
  }

  /// Says what is wrong with a name.
  ///
  /// @param what what it names, as "room"
  /// @return a sentence; null if nothing is
  @Nullable String fault(String what, @Nullable String name) {
    if (name == null || name.isBlank()) {
      return "the " + what + " is missing";
    } else if (name.length() > maxChars) {
      return String.format(Locale.ROOT, "the %s is longer than %d characters", what, maxChars);
    } else if (!name.codePoints().allMatch(Names::isFit)) {
      return "the " + what + " holds a control character, or half of one";
    }
    return null;
  }

  /// Any printable character, and the joiners that emoji and some scripts need.
  private static boolean isFit(int codePoint) {
    return Escape.isPrintable(codePoint) || codePoint == 0x200C || codePoint == 0x200D;
  }
}
