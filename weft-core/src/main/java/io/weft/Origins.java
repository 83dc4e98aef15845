package io.weft;

import io.weft.http.Url;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Whose pages may connect, beside those of the server's own origin (RFC 6455 §10.2).
final class Origins {

  private static final String ALL = "*";
  private static final String NONE = "null";
  private static final String SUBDOMAINS = "*.";
  private static final String ANY_PORT = ":*";
  private static final Pattern LABELS = Pattern.compile("[a-z0-9_-]+(\\.[a-z0-9_-]+)*");

  private final boolean takesAll;
  private final Set<String> exact = new HashSet<>();
  private final List<Like> patterns = new ArrayList<>();

  /// Many origins at once.
  ///
  /// @param scheme with `://`
  /// @param host as `app.example`; as `.app.example` for every name below it
  /// @param port as `:8443`; empty for the scheme's own, [#ANY_PORT] for any
  private record Like(String scheme, String host, String port) {

    /// @param origin in normal form
    boolean fits(String origin) {
      if (!origin.startsWith(scheme)) {
        return false;
      }
      String rest = origin.substring(scheme.length());
      int colon = rest.lastIndexOf(':');
      int hostTo = colon > rest.lastIndexOf(']') ? colon : rest.length();
      String name = rest.substring(0, hostTo);
      return (port.equals(ANY_PORT) || port.equals(rest.substring(hostTo)))
          && (host.startsWith(".") ? isBelow(name) : name.equals(host));
    }

    private boolean isBelow(String name) {
      int to = name.length() - host.length();
      return to > 0 && name.endsWith(host) && LABELS.matcher(name.substring(0, to)).matches();
    }
  }

  /// @param listed each `*`, `null`, an origin or a pattern
  /// @throws IllegalArgumentException if one is none of these
  Origins(Collection<String> listed) {
    takesAll = listed.contains(ALL);
    for (String origin : listed) {
      if (origin.equals(ALL)) {
        continue;
      }
      if (origin.indexOf('*') < 0) {
        exact.add(origin.equals(NONE) ? NONE : normal(origin, origin));
      } else {
        patterns.add(pattern(origin));
      }
    }
  }

  private static Like pattern(String listed) {
    int hostFrom = listed.indexOf("://") + "://".length();
    String scheme = listed.substring(0, hostFrom);
    String rest = listed.substring(hostFrom);
    String port = rest.endsWith(ANY_PORT) ? ANY_PORT : "";
    rest = rest.substring(0, rest.length() - port.length());
    boolean below = rest.startsWith(SUBDOMAINS);
    rest = below ? rest.substring(SUBDOMAINS.length()) : rest;
    String origin = normal(rest.isEmpty() ? listed : scheme + rest, listed);
    String own = origin.substring(origin.indexOf("://") + "://".length());
    int colon = own.lastIndexOf(':');
    int hostTo = colon > own.lastIndexOf(']') ? colon : own.length();
    boolean hasPort = hostTo < own.length();
    if (own.indexOf('*') >= 0 || (hasPort && !port.isEmpty()) || (below && own.startsWith("["))) {
      throw noOrigin(listed);
    }
    return new Like(
        scheme.toLowerCase(Locale.ROOT),
        (below ? "." : "") + own.substring(0, hostTo),
        port.isEmpty() ? own.substring(hostTo) : port);
  }

  private static String normal(String origin, String listed) {
    String normal = Url.origin(origin);
    if (normal == null) {
      throw noOrigin(listed);
    }
    return normal;
  }

  private static IllegalArgumentException noOrigin(String listed) {
    return new IllegalArgumentException(
        "'"
            + listed
            + "' is no origin: write scheme://host or scheme://host:port, with *. in front of the"
            + " host for all below it, :* for any port");
  }

  /// Whether a page may connect.
  ///
  /// @param origins the values of its Origin headers; none is no browser, and may
  /// @param host the value of its Host header
  boolean allow(List<String> origins, @Nullable String host) {
    if (origins.isEmpty() || takesAll) {
      return true;
    }
    if (origins.size() > 1) {
      return false;
    }
    String value = origins.getFirst();
    String origin = Url.origin(value);
    if (origin == null) {
      return exact.contains(value.toLowerCase(Locale.ROOT)); // null
    }
    return exact.contains(origin)
        || patterns.stream().anyMatch(pattern -> pattern.fits(origin))
        || (host != null && Url.isSameOrigin(value, host));
  }
}
