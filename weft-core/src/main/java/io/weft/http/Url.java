package io.weft.http;

import io.weft.bytes.Ascii;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A URL of scheme ws, wss, http or https (RFC 6455 §3, RFC 9110 §4.2).
///
/// @param scheme in small letters
/// @param host a name or an IPv4 address in small letters and in ASCII, or an IPv6 address in
///   brackets
/// @param port 1 to 65535; 80 for ws and http, 443 for wss and https, if the URL names none
/// @param path begins with a slash, percent-encoded
/// @param query as it is sent, percent-encoded as browsers do, or null if there is none
public record Url(String scheme, String host, int port, String path, @Nullable String query) {

  private static final String BEFORE_AUTHORITY = "://";

  /// What a browser percent-encodes in a path, and in the query of such a scheme (WHATWG URL, "path
  /// percent-encode set", "special-query percent-encode set"), beside what is not ASCII.
  private static final String ENCODED_IN_PATH = " \"<>^`{}";

  private static final String ENCODED_IN_QUERY = " \"<>'";

  /// A text is no URL, or not one of these. The message says why and at which character, and does
  /// not repeat the text, which may hold secrets.
  public static final class Malformed extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    /// Index of the first character that is wrong.
    public final int position;

    private final String why;

    Malformed(int position, String why) {
      super("at index " + position + " " + why);
      this.position = position;
      this.why = why;
    }

    /// The same of another place.
    Malformed at(int otherPosition) {
      return new Malformed(otherPosition, why);
    }
  }

  /// Reads a URL as it stands in a message: ASCII, the path strict and the query as browsers send
  /// it, where a percent sign need not begin an escape.
  ///
  /// @throws Malformed if it is none, or of another scheme, or has user information, or is a ws or
  ///   wss URL with a fragment; the fragment of an http or https URL is left out
  public static Url parse(String url) {
    return parse(url, false);
  }

  /// Reads a URL as people and pages write it, into the form in which it is sent, as browsers do
  /// (WHATWG URL): what is not ASCII is percent-encoded as UTF-8 in path and query, and so is what
  /// a browser would not send as it is; an international host name is put into ASCII ([Idn]).
  ///
  /// @throws Malformed as [#parse] does. Unlike a browser it takes no backslash and no percent sign
  ///   that begins no escape in the path, no control characters, no user information, and no IPv4
  ///   address but one of four numbers ([Authority#ofPeople])
  public static Url ofPeople(String url) {
    return parse(url, true);
  }

  private static Url parse(String url, boolean ofPeople) {
    int schemeTo = schemeTo(url);
    String scheme = url.substring(0, schemeTo).toLowerCase(Locale.ROOT);
    int ownPort = ownPort(scheme);
    if (ownPort == Authority.NO_PORT) {
      throw new Malformed(0, "the scheme is not ws, wss, http or https (RFC 6455 §3)");
    }
    int from = schemeTo + BEFORE_AUTHORITY.length();
    int to = authorityTo(url, from);
    Authority authority =
        ofPeople ? Authority.ofPeople(url, from, to) : Authority.parse(url, from, to);
    int port = authority.port() == Authority.NO_PORT ? ownPort : authority.port();

    int end = url.indexOf('#', to);
    if (end >= 0 && scheme.startsWith("ws")) {
      throw new Malformed(end, "a fragment is not allowed (RFC 6455 §3)");
    }
    end = end < 0 ? url.length() : end;
    requireLegal(url, to, end, ofPeople);
    int mark = url.indexOf('?', to);
    int pathTo = mark < 0 || mark > end ? end : mark;
    String path = pathTo == to ? "/" : url.substring(to, pathTo);
    String query = pathTo == end ? null : url.substring(pathTo + 1, end);
    if (ofPeople) {
      path = Percent.encode(path, ENCODED_IN_PATH);
      query = query == null ? null : Percent.encode(query, ENCODED_IN_QUERY);
    }
    return new Url(scheme, authority.host(), port, path, query);
  }

  /// Resolves a reference that stands in an answer to this URL, as in a Location header (RFC 3986
  /// §5.2, RFC 9110 §10.2.2). Its fragment is left out, and dot segments are gone from its path. It
  /// is read as [#ofPeople] does, since such headers are written by hand.
  ///
  /// @param reference a URL, or a part of one that begins at any of `//`, `/`, a segment or `?`
  /// @throws Malformed as [#parse] does, with an index in the whole URL
  public Url resolve(String reference) {
    int fragment = reference.indexOf('#');
    String rest = fragment < 0 ? reference : reference.substring(0, fragment);
    Url url = ofPeople(absolute(rest));
    return new Url(url.scheme, url.host, url.port, withoutDots(url.path), url.query);
  }

  private String absolute(String reference) {
    String root = scheme + BEFORE_AUTHORITY + authority();
    if (reference.isEmpty()) {
      return root + target();
    }
    if (reference.startsWith("//")) {
      return scheme + ":" + reference;
    }
    return switch (reference.charAt(0)) {
      case '/' -> root + reference;
      case '?' -> root + path + reference;
      default ->
          hasScheme(reference)
              ? reference
              : root + path.substring(0, path.lastIndexOf('/') + 1) + reference;
    };
  }

  /// Whether a colon stands in the first segment: a relative reference has none there (RFC 3986
  /// §4.2).
  private static boolean hasScheme(String reference) {
    int colon = reference.indexOf(':');
    return colon >= 0 && authorityTo(reference, 0) > colon;
  }

  /// Takes each `.` out of a path, and each `..` with the segment before it (RFC 3986 §5.2.4).
  private static String withoutDots(String path) {
    List<String> kept = new ArrayList<>();
    String last = "";
    for (String segment : path.substring(1).split("/", -1)) {
      last = segment;
      if (segment.equals("..") && !kept.isEmpty()) {
        kept.removeLast();
      } else if (!isDots(segment)) {
        kept.add(segment);
      }
    }
    String end = isDots(last) && !kept.isEmpty() ? "/" : "";
    return "/" + String.join("/", kept) + end;
  }

  private static boolean isDots(String segment) {
    return segment.equals(".") || segment.equals("..");
  }

  /// Whether the connection is to be TLS.
  public boolean isSecure() {
    return scheme.equals("wss") || scheme.equals("https");
  }

  /// The same of scheme ws or wss: what http and https are to a WebSocket.
  public Url ofWebSocket() {
    return new Url(isSecure() ? "wss" : "ws", host, port, path, query);
  }

  /// Path and query: what a request line names.
  public String target() {
    return query == null ? path : path + "?" + query;
  }

  /// The value of the Host header: the port only if it is not the scheme's own (RFC 6455 §4.1).
  public String authority() {
    return port == ownPort(scheme) ? host : host + ":" + port;
  }

  /// The normal form of its origin (RFC 6454 §6.2), `https://example.com` or
  /// `http://example.com:8080`. For ws it is that of http, for wss that of https.
  public String origin() {
    return (isSecure() ? "https" : "http") + BEFORE_AUTHORITY + authority();
  }

  /// The value of the first parameter of that name in the query, decoded as of [Target#queries];
  /// null if there is none.
  public @Nullable String query(String name) {
    List<String> values = Percent.values(query, name);
    return values.isEmpty() ? null : values.getFirst();
  }

  /// The normal form of an Origin header's value, by which two are compared (RFC 6454 §6.2): small
  /// letters, and no port that is the scheme's own.
  ///
  /// @param value any scheme, `://`, a host and perhaps a port; or without a host, as `file://`, if
  ///   the scheme is none of the web's
  /// @return the normal form, or null for anything else, as for the `null` of an opaque origin
  public static @Nullable String origin(String value) {
    try {
      int schemeTo = schemeTo(value);
      String scheme = value.substring(0, schemeTo).toLowerCase(Locale.ROOT);
      int from = schemeTo + BEFORE_AUTHORITY.length();
      if (from == value.length() && ownPort(scheme) == Authority.NO_PORT) {
        return scheme + BEFORE_AUTHORITY;
      }
      Authority authority = Authority.parse(value, from, value.length());
      boolean portIsOwn =
          authority.port() == Authority.NO_PORT || authority.port() == ownPort(scheme);
      String host = scheme + BEFORE_AUTHORITY + authority.host();
      return portIsOwn ? host : host + ":" + authority.port();
    } catch (Malformed malformed) {
      return null;
    }
  }

  /// Whether an Origin header names the same host and port as a Host header. A Host without a port
  /// has that of the origin's scheme, since a proxy in front may have taken TLS off.
  public static boolean isSameOrigin(String origin, String host) {
    String normal = origin(origin);
    if (normal == null) {
      return false;
    }
    String scheme = normal.substring(0, schemeTo(normal));
    boolean ofWeb = scheme.equals("http") || scheme.equals("https");
    return ofWeb && normal.equals(origin(scheme + BEFORE_AUTHORITY + host));
  }

  /// The end of the scheme (RFC 3986 §3.1): a letter, then letters, digits and `+-.`.
  private static int schemeTo(String url) {
    int at = 0;
    while (at < url.length() && url.charAt(at) != ':') {
      char next = url.charAt(at);
      boolean legal =
          Ascii.isLetter(next) || (at > 0 && (Ascii.isDigit(next) || "+-.".indexOf(next) >= 0));
      if (!legal) {
        throw new Malformed(at, "the scheme has an illegal character (RFC 3986 §3.1)");
      }
      at++;
    }
    if (at == 0 || !url.startsWith(BEFORE_AUTHORITY, at)) {
      throw new Malformed(at, "a scheme and :// should end here (RFC 3986 §3)");
    }
    return at;
  }

  private static int ownPort(String scheme) {
    return switch (scheme) {
      case "ws", "http" -> 80;
      case "wss", "https" -> 443;
      default -> Authority.NO_PORT;
    };
  }

  private static int authorityTo(String url, int from) {
    int at = from;
    while (at < url.length() && "/?#".indexOf(url.charAt(at)) < 0) {
      at++;
    }
    return at;
  }

  /// Each character may stand in a target, and each escape in the path is whole.
  static void requireLegal(String url, int from, int to) {
    requireLegal(url, from, to, false);
  }

  private static void requireLegal(String url, int from, int to, boolean ofPeople) {
    boolean inQuery = false;
    for (int at = from; at < to; at++) {
      char next = url.charAt(at);
      inQuery |= next == '?';
      boolean legal = inQuery ? Grammar.isQuery(next) : Grammar.isPath(next);
      if (!legal && !(ofPeople && isEncodable(url, at))) {
        throw new Malformed(at, "this character must be percent-encoded (RFC 3986 §2.1)");
      }
      if (next == '%' && !inQuery) {
        Percent.escaped(url, at);
      }
    }
  }

  /// Whether a browser would percent-encode what stands there: not half a surrogate pair, no
  /// control character, and no backslash.
  private static boolean isEncodable(String url, int at) {
    char next = url.charAt(at);
    if (Character.isSurrogate(next)) {
      return Character.isLowSurrogate(next)
          ? Character.isHighSurrogate(url.charAt(at - 1))
          : at + 1 < url.length() && Character.isLowSurrogate(url.charAt(at + 1));
    }
    return next > 0x9F || ENCODED_IN_PATH.indexOf(next) >= 0;
  }
}
