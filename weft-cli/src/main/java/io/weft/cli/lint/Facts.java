package io.weft.cli.lint;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// What the endpoint proved to do when it was first met.
///
/// @param met what rules may need, apart from time
/// @param proxy what stands in front of the server and answers for it, as it names itself; empty if
///   nothing shows
public record Facts(Set<Rule.Need> met, String proxy) {

  /// What proxies call themselves in the header Server. None of them opens a WebSocket by itself.
  private static final Pattern PROXY =
      Pattern.compile(
          "(nginx|openresty|tengine|envoy|istio-envoy|caddy|cloudflare|awselb|varnish|ats|traefik"
              + "|haproxy|akamaighost)\\b.*",
          Pattern.CASE_INSENSITIVE);

  /// Whether text comes back as it is.
  public boolean echoesText() {
    return met.contains(Rule.Need.TEXT_ECHO);
  }

  /// Whether binary messages come back as they are.
  public boolean echoesBinary() {
    return met.contains(Rule.Need.BINARY_ECHO);
  }

  /// Whether it agrees to permessage-deflate.
  public boolean deflates() {
    return met.contains(Rule.Need.DEFLATE);
  }

  /// Who stands in front of the server, by what was answered to a sound handshake and to a
  /// malformed one: a proxy passes the first on and answers the second itself.
  static String proxy(Answer sound, Answer malformed) {
    for (Answer answer : List.of(sound, malformed)) {
      for (String via : answer.all("Via")) {
        return via;
      }
      for (String server : answer.all("Server")) {
        if (PROXY.matcher(server).matches()) {
          return server;
        }
      }
    }
    boolean isHaproxy =
        malformed.all("Cache-Control").equals(List.of("no-cache"))
            && malformed.all("Content-Type").equals(List.of("text/html"))
            && malformed.all("Date").isEmpty()
            && malformed.all("Server").isEmpty();
    return isHaproxy ? "HAProxy" : "";
  }

  static Facts of(Set<Rule.Need> met, String proxy) {
    Set<Rule.Need> all = EnumSet.of(Rule.Need.TIME, Rule.Need.END);
    all.addAll(met);
    return new Facts(Set.copyOf(all), proxy);
  }
}
