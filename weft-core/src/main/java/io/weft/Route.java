package io.weft;

import io.weft.http.Authority;
import io.weft.http.Percent;
import io.weft.http.Url;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A way to a server: where TCP goes, and what is spoken there before the server hears anything.
///
/// @param kind what is spoken there first
/// @param host a name or an IPv4 address, or an IPv6 address in brackets
/// @param port 1 to 65535
/// @param credentials for a proxy, or null
record Route(Kind kind, String host, int port, @Nullable Credentials credentials) {

  private static final int SOCKS_PORT = 1080;
  private static final int HTTP_PORT = 80;

  /// What a route goes through.
  enum Kind {
    /// The server itself.
    DIRECT,
    /// A proxy that is asked by CONNECT (RFC 9110 §9.3.6).
    HTTP,
    /// A proxy that speaks SOCKS5 (RFC 1928).
    SOCKS5
  }

  /// Who we say we are to a proxy. They are in no message.
  record Credentials(String user, String password) {
    @Override
    public String toString() {
      return "(hidden)";
    }
  }

  static Route direct(Url url) {
    return new Route(Kind.DIRECT, url.host(), url.port(), null);
  }

  /// Reads the URL of a proxy: `http://host:3128`, `socks5://user:password@host`. The port is 80 or
  /// 1080 if it names none; `socks5h` is the same as `socks5`.
  ///
  /// @throws IllegalArgumentException if it is none; the message does not repeat it
  static Route parse(String url) {
    int schemeTo = url.indexOf("://");
    String scheme = schemeTo < 0 ? "" : url.substring(0, schemeTo).toLowerCase(Locale.ROOT);
    Kind kind =
        switch (scheme) {
          case "http" -> Kind.HTTP;
          case "socks5", "socks5h" -> Kind.SOCKS5;
          default ->
              throw new IllegalArgumentException(
                  "the URL of a proxy begins with http:// or socks5://");
        };
    int from = schemeTo + "://".length();
    int to = url.endsWith("/") ? url.length() - 1 : url.length();
    int userTo = url.lastIndexOf('@');
    try {
      Authority authority = Authority.ofPeople(url, Math.max(from, userTo + 1), Math.max(from, to));
      int port = authority.port();
      if (port == Authority.NO_PORT) {
        port = kind == Kind.HTTP ? HTTP_PORT : SOCKS_PORT;
      }
      Route route = new Route(kind, authority.host(), port, null);
      return userTo < 0 ? route : route.with(credentials(url.substring(from, userTo)));
    } catch (Url.Malformed malformed) {
      throw new IllegalArgumentException("the URL of the proxy: " + malformed.getMessage());
    }
  }

  private static Credentials credentials(String userInfo) {
    if (!userInfo.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
      throw new IllegalArgumentException(
          "user and password in the URL of a proxy are percent-encoded (RFC 3986 §3.2.1)");
    }
    int colon = userInfo.indexOf(':');
    String user = colon < 0 ? userInfo : userInfo.substring(0, colon);
    String password = colon < 0 ? "" : userInfo.substring(colon + 1);
    return new Credentials(Percent.decode(user), Percent.decode(password));
  }

  boolean isProxy() {
    return kind != Kind.DIRECT;
  }

  /// The same with credentials.
  ///
  /// @throws IllegalArgumentException if its kind of proxy cannot be told them
  Route with(Credentials shown) {
    if (kind == Kind.SOCKS5) {
      SocksTunnel.requireSpeakable(shown);
    } else {
      HttpTunnel.requireSpeakable(shown);
    }
    return new Route(kind, host, port, shown);
  }

  /// The proxy as messages name it: without credentials.
  @Override
  public String toString() {
    return (kind == Kind.SOCKS5 ? "socks5://" : "http://") + host + ":" + port;
  }
}
