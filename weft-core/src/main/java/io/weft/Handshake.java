package io.weft;

import io.weft.bytes.Ascii;
import io.weft.http.Head;
import io.weft.ws.Upgrade;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// An endpoint's answer to a handshake: accepted, or refused with a status (RFC 6455 §4.2.2). A
/// value: each method returns a changed copy.
public final class Handshake {

  private static final Handshake ACCEPT = new Handshake(null, null, List.of());

  private final @Nullable Response refusal;
  private final @Nullable String subprotocol;
  private final List<Head.Field> headers;

  private Handshake(
      @Nullable Response refusal, @Nullable String subprotocol, List<Head.Field> headers) {
    this.refusal = refusal;
    this.subprotocol = subprotocol;
    this.headers = headers;
  }

  /// Accepts. The subprotocol is the first of [Server.Builder#subprotocols] that the client offers,
  /// or none.
  public static Handshake accept() {
    return ACCEPT;
  }

  /// Refuses with a plain text.
  ///
  /// @param status 300 to 599
  /// @param why the body, a sentence for the person at the other end
  public static Handshake refuse(int status, String why) {
    Objects.requireNonNull(why, "why");
    return refuse(Response.text(status, why));
  }

  /// Refuses with a response of one's own.
  ///
  /// @throws IllegalArgumentException if its status is not 300 to 599
  public static Handshake refuse(Response response) {
    Objects.requireNonNull(response, "response");
    if (response.status() < 300 || response.status() > 599) {
      throw new IllegalArgumentException(
          "a handshake is refused with status 300 to 599, not " + response.status());
    }
    return new Handshake(response, null, List.of());
  }

  /// Chooses the subprotocol: one that the client offered, or null for none.
  ///
  /// @throws IllegalArgumentException if it is no token (RFC 6455 §4.1)
  public Handshake subprotocol(@Nullable String chosen) {
    if (chosen != null && !Ascii.isToken(chosen)) {
      throw new IllegalArgumentException("the subprotocol is no token: " + chosen);
    }
    return new Handshake(refusal, chosen == null ? "" : chosen, headers);
  }

  /// Adds a header to the 101 answer, as `Set-Cookie`.
  ///
  /// @throws IllegalArgumentException if it would break the answer apart (a name that is no token,
  ///   CR, LF, another control character, blanks around the value; RFC 9110 §5), or belongs to the
  ///   handshake itself: `Upgrade`, `Connection`, `Host`, `Content-Length`, `Transfer-Encoding` and
  ///   `Sec-WebSocket-...` (RFC 6455 §4.2.2)
  public Handshake header(String name, String value) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(value, "value");
    Head.Field field = new Head.Field(name, value);
    Upgrade.requireExtra(field);
    List<Head.Field> more = new ArrayList<>(headers);
    more.add(field);
    return new Handshake(refusal, subprotocol, List.copyOf(more));
  }

  @Nullable Response refusal() {
    return refusal;
  }

  /// The subprotocol chosen, "" for none; null if the server's preference is to decide.
  @Nullable String subprotocol() {
    return subprotocol;
  }

  List<Head.Field> headers() {
    return headers;
  }
}
