package io.weft;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import io.weft.http.Head;
import io.weft.http.Http1;
import io.weft.http.HttpException;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Asks an HTTP proxy by CONNECT (RFC 9110 §9.3.6), for ws as for wss (RFC 6455 §4.1), and shows
/// credentials by Basic authentication (RFC 7617).
final class HttpTunnel implements Tunnel {

  private static final int SWITCHING_PROTOCOLS = 101;
  private static final int FINAL = 200;
  private static final int REDIRECTION = 300;
  private static final int PROXY_AUTHENTICATION_REQUIRED = 407;
  private static final Pattern REALM = Pattern.compile("(?i)realm=\"([^\"\\\\]*)\"");

  private final Head request;
  private final boolean showsCredentials;
  private final Http1 http;
  private int interim;

  /// @param host of the server, in brackets if it is an IPv6 address
  HttpTunnel(String host, int port, Route.@Nullable Credentials credentials, Limits limits) {
    String authority = host + ":" + port;
    Head.Builder head = Head.request("CONNECT", authority).header("Host", authority);
    if (credentials != null) {
      String pair = credentials.user() + ":" + credentials.password();
      String basic = Base64.getEncoder().encodeToString(pair.getBytes(UTF_8));
      head.header("Proxy-Authorization", "Basic " + basic);
    }
    this.request = head.build();
    this.showsCredentials = credentials != null;
    this.http =
        Http1.ofResponses(
            limits.requestLineBytes(), limits.headBytes(), limits.headers(), Long.MAX_VALUE);
    http.answersConnect();
  }

  /// @throws IllegalArgumentException if Basic authentication has no form for them
  static void requireSpeakable(Route.Credentials credentials) {
    String pair = credentials.user() + credentials.password();
    if (credentials.user().indexOf(':') >= 0 || pair.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          "an HTTP proxy's user holds no colon, and neither it nor the password a control character"
              + " (RFC 7617 §2)");
    }
  }

  @Override
  public void begin(Outbox out) {
    request.appendTo(out);
  }

  @Override
  public boolean read(Chunk in, Outbox out) throws Refusal {
    try {
      Http1.Event event = http.next(in);
      while (event != null) {
        if (event == Http1.Event.HEAD && isThere(http.head())) {
          return true;
        }
        event = http.next(in);
      }
      return false;
    } catch (HttpException malformed) {
      throw Refusal.of("the proxy sent a malformed response: " + malformed.getMessage());
    }
  }

  private boolean isThere(Head answer) throws Refusal {
    int status = answer.status();
    if (status >= FINAL && status < REDIRECTION) {
      return true;
    }
    if (status < FINAL && status != SWITCHING_PROTOCOLS) {
      if (++interim > UpgradeStage.MAX_INTERIM) {
        String why = "over " + UpgradeStage.MAX_INTERIM + " interim responses of the proxy";
        throw new Refusal(why, answer, null);
      }
      return false;
    }
    String why = "the proxy answered " + HandshakeException.status(answer) + " to CONNECT";
    boolean asks = status == PROXY_AUTHENTICATION_REQUIRED && !showsCredentials;
    throw new Refusal(why, answer, asks ? basicRealm(answer) : null);
  }

  /// The realm of the first challenge that Basic authentication answers, or null; perhaps empty.
  private static @Nullable String basicRealm(Head answer) {
    for (String challenge : answer.headers("Proxy-Authenticate")) {
      if (challenge.regionMatches(true, 0, "Basic", 0, "Basic".length())) {
        Matcher realm = REALM.matcher(challenge);
        return realm.find() ? realm.group(1) : "";
      }
    }
    return null;
  }
}
