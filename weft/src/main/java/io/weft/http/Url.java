package io.weft.http;

import org.jspecify.annotations.Nullable;

/// A URL of scheme ws, wss, http or https (RFC 6455 §3, RFC 9110 §4.2).
///
/// @param scheme in small letters
/// @param host a name or an IPv4 address in small letters, or an IPv6 address in brackets
/// @param port 1 to 65535; 80 for ws and http, 443 for wss and https, if the URL names none
/// @param path begins with a slash, percent-encoded as it was
/// @param query percent-encoded as it was, or null if there is none
public record Url(String scheme, String host, int port, String path, @Nullable String query) {

  /// Says where a URL goes wrong and why. The message does not repeat the URL, which may hold secrets.
  public static final class Malformed extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    /// Index of the first character that is wrong, counted from 0.
    public final int position;

    Malformed(int position, String why) {
      super(why + ", at character " + position);
      this.position = position;
    }
  }

  /// Reads a URL.
  ///
  /// @throws Malformed if it is none, or has user information, or is of another scheme, or is a ws or
  ///     wss URL with a fragment; an http fragment is left out
  public static Url parse(String url) {
    throw new UnsupportedOperationException();
  }

  /// Whether the connection is to be TLS.
  public boolean isSecure() {
    throw new UnsupportedOperationException();
  }

  /// Path and query: what a request line names.
  public String target() {
    throw new UnsupportedOperationException();
  }

  /// The value of the Host header: the port only if it is not the scheme's own (RFC 6455 §4.1).
  public String authority() {
    throw new UnsupportedOperationException();
  }

  /// The normal form of its origin, `https://example.com` or `http://example.com:8080` (RFC 6454
  /// §6.2): ws is http and wss is https here.
  public String origin() {
    throw new UnsupportedOperationException();
  }

  /// The normal form of an Origin header's value, for comparing; or null if it is none: `null`, or of
  /// another scheme, or with a path.
  public static @Nullable String origin(String value) {
    throw new UnsupportedOperationException();
  }

  /// Whether an Origin header names the same host and port as a Host header. A Host without a port
  /// has that of the origin's scheme: a proxy may have taken TLS off.
  public static boolean isSameOrigin(String origin, String host) {
    throw new UnsupportedOperationException();
  }
}
