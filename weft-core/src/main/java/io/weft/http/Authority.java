package io.weft.http;

import io.weft.bytes.Ascii;
import java.util.Locale;
import java.util.regex.Pattern;

/// A host and perhaps a port: what a Host header holds, and a URL between its slashes (RFC 3986
/// §3.2, RFC 9110 §7.2). User information is never part of one here.
///
/// @param host a name or an IPv4 address in small letters and in ASCII, or an IPv6 address in
///   brackets
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

  /// A last label that makes a name an IPv4 address to a browser.
  private static final Pattern NUMBER = Pattern.compile("\\d+|0[xX][0-9a-fA-F]*");

  /// What may stand in a name beside letters, digits and escapes (RFC 3986 §2.2, §2.3).
  private static final String NAME_MARKS = "-._~!$&'()*+,;=";

  private static final Pattern IPV4 = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");

  /// Reads one as it stands in a message.
  ///
  /// @param text the whole URL or header value, for the positions in errors
  /// @param from index where it begins
  /// @param to index behind it
  public static Authority parse(String text, int from, int to) throws Url.Malformed {
    int hostTo = hostTo(text, from, to);
    if (text.charAt(from) != '[') {
      requireRegisteredName(text, from, hostTo);
    }
    String host = text.substring(from, hostTo).toLowerCase(Locale.ROOT);
    return new Authority(host, port(text, hostTo, to));
  }

  /// Reads one as people and pages write it, into the form in which it is sent: percent-decoded, an
  /// international name in ASCII ([Idn]). A name that ends in a number is none, since browsers take
  /// it for an IPv4 address (WHATWG URL, "ends in a number"), and an IPv4 address is four numbers,
  /// in decimal and without leading zeros: whatever else other software may read as one, as `127.1`
  /// or `0x7f.1`, is refused.
  ///
  /// @param text as of [#parse]
  public static Authority ofPeople(String text, int from, int to) throws Url.Malformed {
    int hostTo = hostTo(text, from, to);
    String host = text.substring(from, hostTo);
    if (!host.startsWith("[")) {
      try {
        host = Idn.toAscii(Percent.decode(Percent.encode(host, "")));
        requireRegisteredName(host, 0, host.length());
        requireLabels(host);
      } catch (Url.Malformed malformed) {
        throw malformed.at(from);
      }
    }
    return new Authority(host.toLowerCase(Locale.ROOT), port(text, hostTo, to));
  }

  /// Whether a host is an IPv4 address: four numbers, in decimal and without leading zeros.
  public static boolean isIpv4(String host) {
    return IPV4.matcher(host).matches();
  }

  /// The end of the host, which is not empty, and if it is in brackets an IPv6 address.
  private static int hostTo(String text, int from, int to) {
    int userTo = text.lastIndexOf('@', to - 1);
    if (userTo >= from) {
      throw new Url.Malformed(from, "user information is not allowed (RFC 9110 §4.2.4)");
    }
    if (text.startsWith("[", from)) {
      return ipv6(text, from, to);
    }
    int colon = text.indexOf(':', from);
    int hostTo = colon < 0 || colon > to ? to : colon;
    if (hostTo == from) {
      throw new Url.Malformed(from, "the host is empty (RFC 9110 §4.2.1)");
    }
    return hostTo;
  }

  /// Letters, digits, `-._~`, the marks of RFC 3986 §2.2, and whole escapes.
  private static void requireRegisteredName(String text, int from, int to) {
    for (int at = from; at < to; at++) {
      char next = text.charAt(at);
      if (next == '%') {
        Percent.escaped(text.substring(0, to), at);
      } else if (!Ascii.isLetter(next) && !Ascii.isDigit(next) && NAME_MARKS.indexOf(next) < 0) {
        throw new Url.Malformed(at, "the host has an illegal character (RFC 3986 §3.2.2)");
      }
    }
    if (to - from > NAME_CHARACTERS) {
      throw new Url.Malformed(from, "the host is over 254 characters (RFC 1035 §2.3.4)");
    }
  }

  /// None of its labels is empty, but for the root behind a last dot, and the last is no number
  /// unless it is an IPv4 address.
  private static void requireLabels(String host) {
    String name = host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
    if (name.isEmpty() || name.startsWith(".") || name.contains("..") || name.endsWith(".")) {
      throw new Url.Malformed(0, "a label of the host is empty (RFC 1034 §3.1)");
    }
    if (name.indexOf('%') >= 0) {
      throw new Url.Malformed(0, "the host has an illegal character (RFC 3986 §3.2.2)");
    }
    boolean endsInNumber = NUMBER.matcher(name.substring(name.lastIndexOf('.') + 1)).matches();
    if (endsInNumber && !isIpv4(host)) {
      String why = "a host that ends in a number is an IPv4 address: four numbers, as 127.0.0.1";
      throw new Url.Malformed(0, why);
    }
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
