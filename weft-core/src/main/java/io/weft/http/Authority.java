package io.weft.http;

import io.weft.bytes.Ascii;
import java.util.Locale;
import java.util.regex.Pattern;

/// A host and perhaps a port: what a Host header holds, and a URL between its slashes (RFC 3986
/// §3.2, RFC 9110 §7.2). User information is never part of one here.
///
/// @param host a name or an IPv4 address in small letters, or an IPv6 address in brackets
/// @param port 1 to 65535, or [#NO_PORT]
public record Authority(String host, int port) {

  /// No port is named, or an empty one: the scheme's own is meant.
  public static final int NO_PORT = -1;

  private static final int MAX_PORT = 65_535;

  /// The longest name that DNS knows, with its last dot (RFC 1035 §2.3.4).
  private static final int NAME_CHARACTERS = 254;

  /// The longest form of an IPv6 address, six groups and an IPv4 address.
  private static final int IPV6_CHARACTERS = 45;

  private static final int IPV6_GROUPS = 8;
  private static final Pattern GROUP = Pattern.compile("[0-9a-fA-F]{1,4}");
  private static final String OCTET = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
  private static final Pattern IPV4 = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");

  /// Reads one.
  ///
  /// @param text the whole URL or header value, for the positions in errors
  /// @param from index where it begins
  /// @param to index behind it
  public static Authority parse(String text, int from, int to) throws Url.Malformed {
    int userTo = text.lastIndexOf('@', to - 1);
    if (userTo >= from) {
      throw new Url.Malformed(from, "user information is not allowed (RFC 9110 §4.2.4)");
    }
    int hostTo = text.startsWith("[", from) ? ipv6(text, from, to) : name(text, from, to);
    String host = text.substring(from, hostTo).toLowerCase(Locale.ROOT);
    return new Authority(host, port(text, hostTo, to));
  }

  /// Letters, digits, `-` and `_` in labels between dots. RFC 3986 §3.2.2 would allow more, but no
  /// host that can be looked up has it.
  private static int name(String text, int from, int to) {
    int at = from;
    boolean inLabel = false;
    for (; at < to && text.charAt(at) != ':'; at++) {
      char next = text.charAt(at);
      boolean legal =
          next == '.'
              ? inLabel
              : Ascii.isLetter(next) || Ascii.isDigit(next) || next == '-' || next == '_';
      if (!legal) {
        throw new Url.Malformed(at, "the host has an illegal character (RFC 3986 §3.2.2)");
      }
      inLabel = next != '.';
    }
    if (at == from) {
      throw new Url.Malformed(at, "the host is empty (RFC 9110 §4.2.1)");
    }
    if (at - from > NAME_CHARACTERS) {
      throw new Url.Malformed(from, "the host is over 254 characters (RFC 1035 §2.3.4)");
    }
    return at;
  }

  private static int ipv6(String text, int from, int to) {
    int close = text.indexOf(']', from);
    if (close < 0 || close >= to || !isIpv6(text.substring(from + 1, close))) {
      throw new Url.Malformed(from, "this is no IPv6 address (RFC 4291 §2.2)");
    }
    return close + 1;
  }

  /// Eight groups, or fewer and one `::`; an IPv4 address may stand for the last two.
  private static boolean isIpv6(String text) {
    if (text.length() > IPV6_CHARACTERS) {
      return false;
    }
    int tail = text.lastIndexOf(':') + 1;
    boolean endsInIpv4 = IPV4.matcher(text.substring(tail)).matches();
    String[] halves = (endsInIpv4 ? text.substring(0, tail) + "0:0" : text).split("::", -1);
    int groups = 0;
    for (String half : halves) {
      for (String group : half.isEmpty() ? new String[0] : half.split(":", -1)) {
        if (!GROUP.matcher(group).matches()) {
          return false;
        }
        groups++;
      }
    }
    return halves.length == 1 ? groups == IPV6_GROUPS : halves.length == 2 && groups < IPV6_GROUPS;
  }

  private static int port(String text, int from, int to) {
    if (from < to && text.charAt(from) != ':') {
      throw new Url.Malformed(from, "the host should end here (RFC 3986 §3.2.2)");
    }
    if (to - from <= 1) {
      return NO_PORT;
    }
    int port = 0;
    for (int at = from + 1; at < to; at++) {
      if (!Ascii.isDigit(text.charAt(at))) {
        throw new Url.Malformed(at, "the port is not a number (RFC 3986 §3.2.3)");
      }
      port = 10 * port + text.charAt(at) - '0';
      if (port > MAX_PORT) {
        throw new Url.Malformed(from + 1, "the port is over 65535 (RFC 9293 §3.1)");
      }
    }
    if (port == 0) {
      throw new Url.Malformed(from + 1, "the port is 0 (RFC 9110 §4.2.1)");
    }
    return port;
  }
}
