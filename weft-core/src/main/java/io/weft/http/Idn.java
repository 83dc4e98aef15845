package io.weft.http;

import java.net.IDN;
import java.util.Locale;

/// International host names in ASCII, `xn--`, as browsers put them (UTS 46, non-transitional).
///
/// The JDK knows the older IDNA 2003 (RFC 3490), which maps by Unicode 3.2. So a name is converted
/// where both agree, and refused where they do not, or where IDNA 2003 cannot know: the four
/// characters that it maps away or to others (`ß`, `ς`, and the two joiners), what Unicode has
/// added since 3.2 (emoji for the most part), and capitals that have had small letters only since
/// then. Such a name is never taken for another; it may be written as `xn--`.
final class Idn {

  /// To IDNA 2003 `ss`, `\u03c3` and nothing; letters of their own to UTS 46 (§7, "deviations").
  private static final String DEVIATIONS = "\u00df\u03c2\u200c\u200d";

  private Idn() {}

  /// Converts a name, or leaves it as it is if it is ASCII.
  ///
  /// @throws Url.Malformed if it has no one form
  static String toAscii(String host) {
    if (host.chars().allMatch(character -> character < 0x80)) {
      return host;
    }
    if (host.chars().anyMatch(character -> DEVIATIONS.indexOf(character) >= 0)) {
      throw unclear("since it has a character that is read in two ways");
    }
    String ascii;
    try {
      ascii = IDN.toASCII(host).toLowerCase(Locale.ROOT);
    } catch (IllegalArgumentException none) {
      throw unclear("since the JDK does not know it");
    }
    boolean isName = ascii.matches("[a-z0-9_.-]+");
    boolean hasCapitals =
        IDN.toUnicode(ascii).codePoints().anyMatch(each -> Character.toLowerCase(each) != each);
    if (!isName || hasCapitals) {
      throw unclear("since it has a character that no host has");
    }
    return ascii;
  }

  private static Url.Malformed unclear(String why) {
    return new Url.Malformed(
        0, "the host has no one form in ASCII, " + why + ": write it as xn-- (RFC 3490, UTS 46)");
  }
}
