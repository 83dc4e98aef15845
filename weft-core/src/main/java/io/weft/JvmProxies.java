package io.weft;

import io.weft.Route.Credentials;
import io.weft.Route.Kind;
import io.weft.http.Url;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.MalformedURLException;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The proxies that the JVM was told of: by its `ProxySelector`, which reads the system properties
/// `https.proxyHost`, `http.proxyHost`, `socksProxyHost` and `http.nonProxyHosts` unless the
/// application has set another; and the credentials that its `Authenticator` has for them. Both may
/// block.
final class JvmProxies {

  private static final String SOCKS_USER = "java.net.socks.username";
  private static final String SOCKS_PASSWORD = "java.net.socks.password";

  private JvmProxies() {}

  /// The routes to a URL, the best first; never none.
  ///
  /// A selector knows of no ws and wss. It is asked for https, and for a ws URL for http if that
  /// names no proxy: RFC 6455 §4.1 would rather use the proxy that is meant for HTTPS, since it
  /// grants CONNECT.
  static List<Route> routes(Url url) {
    List<Route> routes = routes("https", url);
    boolean none = routes.stream().noneMatch(Route::isProxy);
    return none && !url.isSecure() ? routes("http", url) : routes;
  }

  private static List<Route> routes(String scheme, Url url) {
    ProxySelector selector = ProxySelector.getDefault();
    List<Route> routes = new ArrayList<>();
    if (selector != null) {
      URI uri = URI.create(scheme + "://" + url.host() + ":" + url.port() + "/");
      for (Proxy proxy : selector.select(uri)) {
        routes.add(route(proxy, url));
      }
    }
    return routes.isEmpty() ? List.of(Route.direct(url)) : routes;
  }

  private static Route route(Proxy proxy, Url url) {
    if (!(proxy.address() instanceof InetSocketAddress address)) {
      return Route.direct(url);
    }
    String host = address.getHostString();
    String bracketed = host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host;
    Kind kind = proxy.type() == Proxy.Type.SOCKS ? Kind.SOCKS5 : Kind.HTTP;
    return new Route(kind, bracketed, address.getPort(), null);
  }

  /// A route with the credentials that the JVM has for its proxy; nothing if it has none.
  ///
  /// @param realm what the proxy says they are for
  /// @throws IllegalArgumentException if they cannot be told to such a proxy
  static Optional<Route> credentials(Route proxy, String realm, Url url) {
    boolean socks = proxy.kind() == Kind.SOCKS5;
    PasswordAuthentication known;
    try {
      known =
          Authenticator.requestPasswordAuthentication(
              proxy.host(),
              null,
              proxy.port(),
              socks ? "SOCKS5" : "http",
              realm,
              socks ? "" : "basic",
              URI.create(url.origin() + "/").toURL(),
              Authenticator.RequestorType.PROXY);
    } catch (MalformedURLException impossible) {
      throw new AssertionError("an origin is a URL", impossible);
    }
    if (known != null) {
      String password = String.valueOf(known.getPassword());
      return Optional.of(proxy.with(new Credentials(known.getUserName(), password)));
    }
    String user = socks ? System.getProperty(SOCKS_USER) : null;
    String password = System.getProperty(SOCKS_PASSWORD);
    return user == null || password == null
        ? Optional.empty()
        : Optional.of(proxy.with(new Credentials(user, password)));
  }
}
