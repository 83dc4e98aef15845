package io.weft;

import io.weft.http.Authority;
import io.weft.http.Url;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The host names that a server answers to, as the Host of a request has them; the port counts for
/// nothing, since a forwarded one is another.
///
/// A page of `evil.example`, whose name is made to lead to 127.0.0.1 once the page is there, is of
/// the same origin as a server on this machine, to the browser and by its Origin: all that tells it
/// is the name in Host (DNS rebinding). So a server bound to loopback answers to loopback names
/// alone, unless told.
final class Hosts {

  private static final String ALL = "*";
  private static final String SUBDOMAINS = "*.";

  private final boolean takesAll;
  private final boolean takesLoopback;
  private final Set<String> names = new HashSet<>();

  /// Each begins with a dot.
  private final List<String> suffixes = new ArrayList<>();

  /// @param listed as of [#normal]
  /// @param bound where the server listens
  Hosts(Collection<String> listed, InetAddress bound) {
    takesLoopback = bound.isLoopbackAddress();
    takesAll = listed.contains(ALL) || (listed.isEmpty() && !takesLoopback);
    for (String name : listed) {
      if (name.startsWith(SUBDOMAINS)) {
        suffixes.add(name.substring(1));
      } else {
        names.add(name);
      }
    }
  }

  /// The form in which a name is listed.
  ///
  /// @throws IllegalArgumentException if it is neither a host name or address without a port, nor
  ///   one behind `*.`, nor `*`
  static String normal(String listed) {
    if (listed.equals(ALL)) {
      return listed;
    }
    String before = listed.startsWith(SUBDOMAINS) ? SUBDOMAINS : "";
    String name = listed.substring(before.length());
    try {
      Authority authority = Authority.ofPeople(name, 0, name.length());
      boolean isName = authority.port() == Authority.NO_PORT && !name.endsWith(":");
      if (isName && authority.host().indexOf('*') < 0) {
        return before + withoutDot(authority.host());
      }
    } catch (Url.Malformed malformed) {
      // As with a port: it is said below what to write.
    }
    throw new IllegalArgumentException(
        "'" + listed + "' is no host: write app.example, *.app.example or *, without a port");
  }

  /// Whether the server answers to a name.
  ///
  /// @param host the value of a Host header, which has been judged; null if there was none, as
  ///   HTTP/1.0 may have it and no browser
  boolean has(@Nullable String host) {
    if (takesAll || host == null) {
      return true;
    }
    String name = withoutDot(Authority.parse(host, 0, host.length()).host());
    return names.contains(name)
        || suffixes.stream().anyMatch(name::endsWith)
        || (takesLoopback && isLoopback(name));
  }

  /// Names that never leave this machine (RFC 6761 §6.3), and its own addresses.
  private static boolean isLoopback(String name) {
    if (name.startsWith("[")) {
      return InetAddress.ofLiteral(name.substring(1, name.length() - 1)).isLoopbackAddress();
    }
    return name.equals("localhost")
        || name.endsWith(".localhost")
        || (Authority.isIpv4(name) && name.startsWith("127."));
  }

  private static String withoutDot(String name) {
    String small = name.toLowerCase(Locale.ROOT);
    return small.endsWith(".") ? small.substring(0, small.length() - 1) : small;
  }
}
