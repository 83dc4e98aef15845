package io.weft;

import io.weft.http.Head;
import io.weft.http.Url;
import io.weft.ws.DeflateOffer;
import io.weft.ws.ExtensionOffer;
import io.weft.ws.Upgrade;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What a client is told: where to go, by which way, and what to ask for. Each change is made to a
/// copy before anybody else sees it; from then on a plan stays as it is.
final class Plan {

  /// Headers that another origin never sees, beside those a user names (RFC 6265 §8.2, RFC 9110
  /// §11.6.2, §11.7.2).
  private static final Set<String> SECRETS =
      Set.of("authorization", "cookie", "proxy-authorization");

  Url url;
  Limits limits = Limits.defaults();
  Duration connectTimeout = Duration.ofSeconds(10);
  List<Head.Field> headers = List.of();
  List<String> subprotocols = List.of();
  @Nullable String origin;

  /// How to speak TLS; null for as the Java runtime does.
  @Nullable Tls tls;

  Compression compression = Compression.off();

  /// Names of headers, in small letters.
  Set<String> sensitive = SECRETS;

  /// How many redirects are followed.
  int redirects;

  /// The ways to a URL, the best first; may block.
  Function<Url, List<Route>> routes = JvmProxies::routes;

  Resolver resolver = InetAddress::getAllByName;

  /// Looks up a host; may block.
  interface Resolver {
    InetAddress[] lookUp(String host) throws UnknownHostException;
  }

  Plan(Url url) {
    this.url = url;
  }

  Plan copy() {
    Plan copy = new Plan(url);
    copy.limits = limits;
    copy.connectTimeout = connectTimeout;
    copy.headers = headers;
    copy.subprotocols = subprotocols;
    copy.origin = origin;
    copy.tls = tls;
    copy.compression = compression;
    copy.sensitive = sensitive;
    copy.redirects = redirects;
    copy.routes = routes;
    copy.resolver = resolver;
    return copy;
  }

  /// Makes the request.
  ///
  /// @param nonce 16 fresh bytes
  /// @param offers of permessage-deflate, the favourite first
  /// @throws IllegalArgumentException if something it was told cannot stand in one
  Head request(byte[] nonce, List<DeflateOffer> offers) {
    List<ExtensionOffer> extensions = offers.stream().map(DeflateOffer::element).toList();
    return Upgrade.request(url, nonce, subprotocols, extensions, origin, headers);
  }

  /// How to speak TLS to the server, or null if it is to be plain. The first time may block, to
  /// read the authorities that the Java runtime trusts.
  @Nullable Tls tls() {
    if (!url.isSecure()) {
      return null;
    }
    return tls == null ? Tls.system() : tls;
  }

  /// The same for where a server sends us: whoever is not of the same origin is shown no secrets.
  Plan redirectedTo(Url next) {
    Plan copy = copy();
    copy.url = next;
    if (!next.origin().equals(url.origin())) {
      List<Head.Field> open = new ArrayList<>(headers);
      open.removeIf(field -> sensitive.contains(field.name().toLowerCase(Locale.ROOT)));
      copy.headers = List.copyOf(open);
    }
    return copy;
  }
}
