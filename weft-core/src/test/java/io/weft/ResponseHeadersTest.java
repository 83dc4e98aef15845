package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The headers of an application's answers are judged where they are given, so that the stack trace
/// is the application's own.
final class ResponseHeadersTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length",
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "Sec-WebSocket-Accept",
        "sec-websocket-protocol",
        "",
        "a b",
        "a:",
        "a\r\nb",
        "é"
      })
  void takesNoHeaderThatIsNotTheApplications(String name) {
    assertThrows(IllegalArgumentException.class, () -> Response.text(200, "").header(name, "x"));
    assertThrows(IllegalArgumentException.class, () -> Handshake.accept().header(name, "x"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"Keep-Alive", "Trailer", "Date", "Sec-WebSocket-Key"})
  void takesNoOtherHeaderOfAResponse(String name) {
    var refused =
        assertThrows(
            IllegalArgumentException.class, () -> Response.json(200, "{}").header(name, "x"));
    assertTrue(refused.getMessage().contains(name), refused.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"Upgrade", "Host", "Sec-WebSocket-Version"})
  void takesNoOtherHeaderOfAHandshake(String name) {
    assertThrows(IllegalArgumentException.class, () -> Handshake.accept().header(name, "x"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\r\nX: y", "a\nb", "a\rb", "\0", "\u007f", " a", "a ", "\u0100", "李"})
  void takesNoValueThatBreaksAHeadApart(String value) {
    assertThrows(IllegalArgumentException.class, () -> Response.text(200, "").header("X", value));
    assertThrows(IllegalArgumentException.class, () -> Handshake.accept().header("X", value));
    assertThrows(IllegalArgumentException.class, () -> Response.of(200, value + "\n", new byte[0]));
  }

  @Test
  void takesNoSubprotocolThatIsNone() {
    assertThrows(IllegalArgumentException.class, () -> Handshake.accept().subprotocol("a\r\nb"));
    assertThrows(IllegalArgumentException.class, () -> Handshake.accept().subprotocol(""));
    assertEquals("", Handshake.accept().subprotocol(null).subprotocol());
  }

  @Test
  void takesEveryOther() {
    Response response =
        Response.text(426, "")
            .header("Set-Cookie", "a=b")
            .header("Set-Cookie", "c=d")
            .header("Sec-WebSocket-Version", "13")
            .header("Empty", "")
            .header("content-type", "text/html");
    assertEquals(
        "[Set-Cookie: a=b, Set-Cookie: c=d, Sec-WebSocket-Version: 13, Empty: ,"
            + " content-type: text/html]",
        response.headers().stream().map(f -> f.name() + ": " + f.value()).toList().toString());
    assertEquals(1, Handshake.accept().header("X", "\u00e9 y").headers().size());
  }
}
