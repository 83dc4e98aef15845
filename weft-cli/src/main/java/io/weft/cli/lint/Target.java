package io.weft.cli.lint;

import io.weft.Tls;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The endpoint under test, and how it is reached.
///
/// @param uri of scheme ws or wss, with a host
/// @param headers that every handshake carries, each as `Name: value`
/// @param origin that every handshake carries, unless a rule sends another; null for none
/// @param subprotocols that every handshake offers
/// @param timeout for each wait: a TCP connection, an answer, an end
/// @param connections at once, apart from those of rules that measure a long silence
/// @param tls whom to trust, and what to show, for wss
/// @param proxy on the way; null for none
public record Target(
    URI uri,
    List<String> headers,
    @Nullable String origin,
    List<String> subprotocols,
    Duration timeout,
    int connections,
    Tls tls,
    @Nullable Proxy proxy) {

  /// An endpoint with nothing but defaults.
  public static Target of(String url) {
    return new Target(
        URI.create(url), List.of(), null, List.of(), Duration.ofSeconds(5), 4, Tls.system(), null);
  }

  /// The same with another time for each wait.
  public Target within(Duration wait) {
    return new Target(uri, headers, origin, subprotocols, wait, connections, tls, proxy);
  }

  /// The same by another way.
  public Target by(Tls trusting, @Nullable Proxy through) {
    return new Target(uri, headers, origin, subprotocols, timeout, connections, trusting, through);
  }

  /// Checks that it can be reached at all.
  ///
  /// @throws IllegalArgumentException if it is no URL of a WebSocket, saying why
  public Target {
    String scheme = String.valueOf(uri.getScheme());
    if (!scheme.equals("ws") && !scheme.equals("wss")) {
      throw new IllegalArgumentException("'" + uri + "' does not begin with ws:// or wss://");
    }
    if (uri.getHost() == null || uri.getRawFragment() != null || uri.getRawUserInfo() != null) {
      throw new IllegalArgumentException(
          "'" + uri + "' is no URL of a WebSocket: write it as ws://host:port/path?query");
    }
    headers = List.copyOf(headers);
    subprotocols = List.copyOf(subprotocols);
  }

  boolean isTls() {
    return uri.getScheme().equals("wss");
  }

  /// The host without the brackets of an IPv6 address.
  String host() {
    return bare(uri.getHost());
  }

  /// A host without the brackets of an IPv6 address.
  static String bare(String host) {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  int port() {
    return uri.getPort() >= 0 ? uri.getPort() : isTls() ? 443 : 80;
  }

  /// What stands in the Host header.
  String authority() {
    return uri.getPort() >= 0 ? uri.getHost() + ":" + uri.getPort() : uri.getHost();
  }

  /// What stands in the request line.
  String resource() {
    String path = uri.getRawPath();
    String query = uri.getRawQuery();
    return (path.isEmpty() ? "/" : path) + (query == null ? "" : "?" + query);
  }

  /// The origin of a page that the server itself serves.
  String ownOrigin() {
    return (isTls() ? "https://" : "http://") + authority();
  }
}
