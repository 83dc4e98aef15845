package io.weft;

import io.weft.http.Head;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/// An answer to a plain HTTP request, or to a handshake that is refused: a status, headers, and a
/// body that is there as a whole. A value.
public final class Response {

  private final int status;
  private final List<Head.Field> headers;
  private final byte[] body;

  private Response(int status, List<Head.Field> headers, byte[] body) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  /// A body of any kind.
  ///
  /// @param status 200 to 599; with 204 and 304 no body is sent (RFC 9110 §6.4.1)
  /// @param contentType as `text/html; charset=utf-8`
  /// @param body not copied: leave it as it is
  public static Response of(int status, String contentType, byte[] body) {
    Objects.requireNonNull(contentType, "contentType");
    Objects.requireNonNull(body, "body");
    if (status < 200 || status > 599) {
      throw new IllegalArgumentException("a final status is 200 to 599, not " + status);
    }
    return new Response(status, List.of(), body).header("Content-Type", contentType);
  }

  /// Without a body, and without a type for it.
  static Response empty(int status) {
    return new Response(status, List.of(), new byte[0]);
  }

  /// Plain text.
  public static Response text(int status, String body) {
    Objects.requireNonNull(body, "body");
    return of(status, "text/plain; charset=utf-8", body.getBytes(StandardCharsets.UTF_8));
  }

  /// JSON, written by the caller.
  public static Response json(int status, String json) {
    Objects.requireNonNull(json, "json");
    return of(status, "application/json", json.getBytes(StandardCharsets.UTF_8));
  }

  /// The same with one header more; a second `Content-Type` takes the place of the first.
  ///
  /// @throws IllegalArgumentException if it would break the answer apart (a name that is no token,
  ///   CR, LF, another control character, blanks around the value; RFC 9110 §5), or is not the
  ///   application's to set: `Content-Length`, `Transfer-Encoding` and `Trailer`, by which a second
  ///   framing would be sent (RFC 9112 §6.3), `Connection`, `Keep-Alive` and `Date`, and those of a
  ///   handshake, `Sec-WebSocket-...` but for `Sec-WebSocket-Version`
  public Response header(String name, String value) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(value, "value");
    Head.Field field = new Head.Field(name, value);
    field.requireLegal();
    String small = name.toLowerCase(Locale.ROOT);
    boolean ours =
        switch (small) {
          case "content-length",
              "transfer-encoding",
              "trailer",
              "connection",
              "keep-alive",
              "date" ->
              true;
          case "sec-websocket-version" -> false;
          default -> small.startsWith("sec-websocket-");
        };
    if (ours) {
      throw new IllegalArgumentException("the header " + name + " is Weft's to set");
    }
    List<Head.Field> more = new ArrayList<>(headers);
    if (small.equals("content-type")) {
      more.removeIf(each -> each.name().equalsIgnoreCase(name));
    }
    more.add(field);
    return new Response(status, List.copyOf(more), body);
  }

  /// The same with these headers too, whosever they are.
  Response with(List<Head.Field> ours) {
    List<Head.Field> more = new ArrayList<>(headers);
    more.addAll(ours);
    return new Response(status, List.copyOf(more), body);
  }

  /// The status code.
  public int status() {
    return status;
  }

  List<Head.Field> headers() {
    return headers;
  }

  byte[] body() {
    return body;
  }
}
