package io.weft;

import io.weft.http.Head;
import io.weft.http.HttpException;
import io.weft.http.Target;
import io.weft.net.Conn;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// An HTTP request: one that opened a WebSocket, seen from either end, or a plain one. Names of
/// headers are looked up without case. Safe for any thread.
///
/// A connection keeps its request for life, so a server drops the headers that only ask for the
/// upgrade, once they are judged: `Upgrade`, `Connection`, `Sec-WebSocket-Version` and
/// `Sec-WebSocket-Key` are not found in it.
public final class Request {

  private static final byte[] NO_BODY = {};

  private final Head head;

  /// Knows the address, and makes objects of it when it is asked.
  private final Conn conn;

  private final @Nullable SSLSession tls;
  private final Routes.@Nullable Match match;
  private final byte[] body;

  Request(
      Head head, Conn conn, @Nullable SSLSession tls, Routes.@Nullable Match match, byte[] body) {
    this.head = head;
    this.conn = conn;
    this.tls = tls;
    this.match = match;
    this.body = body.length == 0 ? NO_BODY : body;
  }

  /// The method, as `GET`.
  public String method() {
    return head.method();
  }

  /// The path, percent-decoded, without the query. The path of a client's request that has more
  /// than one reading (`//`, dot segments, encoded slashes) is given as it was sent.
  public String path() {
    return target().path();
  }

  /// The query as it was sent, without its question mark; null if there was none. It is what
  /// browsers send, which may hold `|`, `\` and percent signs that begin no escape.
  public @Nullable String query() {
    return target().query();
  }

  /// The first value of a query parameter, decoded as browsers do (`URLSearchParams`): a plus is a
  /// blank, and a percent sign that begins no escape stands for itself. A value whose escapes are
  /// not UTF-8 is given as it was sent. Null if the parameter was not there.
  public @Nullable String query(String name) {
    Objects.requireNonNull(name, "name");
    return target().query(name);
  }

  /// A path parameter of the route, decoded.
  ///
  /// @throws IllegalArgumentException if the route has no such parameter
  public String param(String name) {
    Objects.requireNonNull(name, "name");
    if (match == null) {
      throw new IllegalArgumentException("no route matched, so there is no parameter " + name);
    }
    return match.param(name);
  }

  /// The first header of that name; null if there was none.
  public @Nullable String header(String name) {
    Objects.requireNonNull(name, "name");
    return head.header(name);
  }

  /// All headers of that name, in order.
  public List<String> headers(String name) {
    Objects.requireNonNull(name, "name");
    return head.headers(name);
  }

  /// A cookie's value as it was sent (RFC 6265 §4.2); null if there was none of that name.
  public @Nullable String cookie(String name) {
    Objects.requireNonNull(name, "name");
    for (String line : head.headers("Cookie")) {
      for (String pair : line.split(";", -1)) {
        int equals = pair.indexOf('=');
        if (equals >= 0 && pair.substring(0, equals).strip().equals(name)) {
          return pair.substring(equals + 1).strip();
        }
      }
    }
    return null;
  }

  /// The Origin header: the page that a browser's request came from; null for other clients.
  public @Nullable String origin() {
    return head.header("Origin");
  }

  /// The subprotocols offered, the client's favourite first.
  public List<String> subprotocols() {
    return head.headers("Sec-WebSocket-Protocol").stream()
        .flatMap(line -> Arrays.stream(line.split(",", -1)))
        .map(String::strip)
        .filter(name -> !name.isEmpty())
        .toList();
  }

  /// The address at the other end of TCP: a proxy's, if there is one; on a client the server's.
  public InetSocketAddress remoteAddress() {
    return (InetSocketAddress) conn.remote();
  }

  /// The TLS session: what was agreed on, and in [SSLSession#getPeerCertificates()] the
  /// certificates of the other end, if it showed any; null over plain TCP.
  public @Nullable SSLSession tls() {
    return tls;
  }

  /// The body of a plain request; empty for one that opened a WebSocket. Not copied.
  public byte[] body() {
    return body;
  }

  private Target target() {
    try {
      return Target.of(head.target());
    } catch (HttpException e) {
      String target = head.target(); // a client's: a server has judged what it was asked
      int mark = target.indexOf('?');
      return mark < 0
          ? new Target(target, null)
          : new Target(target.substring(0, mark), target.substring(mark + 1));
    }
  }

  /// Its path, for a log line.
  @Override
  public String toString() {
    return path();
  }
}
