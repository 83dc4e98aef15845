package io.weft.ws;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Chunk;
import io.weft.http.Head;
import io.weft.http.Http1;
import io.weft.http.HttpException;
import io.weft.http.Url;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The client's side of the handshake (RFC 6455 §4.1). `|` is CRLF.
final class UpgradeClientTest {

  private static final Url SERVER = Url.parse("ws://server.example.com/chat?x=y");
  private static final byte[] NONCE = "the sample nonce".getBytes(US_ASCII);
  private static final List<ExtensionOffer> DEFLATE =
      List.of(
          new ExtensionOffer(
              "permessage-deflate",
              List.of(new ExtensionOffer.Param("client_max_window_bits", null))));

  private static final Head REQUEST =
      Upgrade.request(
          SERVER,
          NONCE,
          List.of("chat", "superchat"),
          DEFLATE,
          "http://example.com",
          List.of(new Head.Field("Cookie", "a=b")));

  private static final String SOUND =
      """
      HTTP/1.1 101 Switching Protocols|Upgrade: websocket|Connection: Upgrade|\
      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=|\
      """;

  private static Head response(String lines) throws HttpException {
    Http1 reader = Http1.ofResponses(1000, 10_000, 100, 0);
    reader.next(Chunk.copyOf((lines + "|").replace("|", "\r\n").getBytes(US_ASCII)));
    return reader.head();
  }

  @Test
  void asks() {
    assertEquals(
        """
        GET /chat?x=y HTTP/1.1|Host: server.example.com|Upgrade: websocket|Connection: Upgrade|\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==|Sec-WebSocket-Version: 13|\
        Origin: http://example.com|Sec-WebSocket-Protocol: chat, superchat|\
        Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits|Cookie: a=b||\
        """,
        REQUEST.toString().replace("\r\n", "|"));
    Url secure = Url.parse("wss://a:80");
    Head plain = Upgrade.request(secure, NONCE, List.of(), List.of(), null, List.of());
    assertEquals(
        """
        GET / HTTP/1.1|Host: a:80|Upgrade: websocket|Connection: Upgrade|\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==|Sec-WebSocket-Version: 13||\
        """,
        plain.toString().replace("\r\n", "|"));
    assertInstanceOf(Upgrade.Accepted.class, Upgrade.judge(plain));
  }

  /// Autobahn|Python refuses a second line: "appears more than once".
  @Test
  void offersInOneLine() {
    List<ExtensionOffer> offers =
        DeflateOffer.offers(new DeflateOffer.Terms(true, 10, 9)).stream()
            .map(DeflateOffer::element)
            .toList();
    Head request = Upgrade.request(SERVER, NONCE, List.of("a", "b"), offers, null, List.of());
    assertEquals(
        List.of(
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits=10,"
                + " permessage-deflate; server_no_context_takeover; client_max_window_bits=10,"
                + " permessage-deflate; client_max_window_bits=10"),
        request.headers("Sec-WebSocket-Extensions"));
    assertEquals(List.of("a, b"), request.headers("Sec-WebSocket-Protocol"));
  }

  @Test
  void asksNothingIllegal() {
    List<String> none = List.of();
    assertAll(
        () -> Upgrade.request(Url.parse("http://a"), NONCE, none, List.of(), null, List.of()),
        () -> Upgrade.request(SERVER, new byte[15], none, List.of(), null, List.of()),
        () -> Upgrade.request(SERVER, NONCE, List.of("a b"), List.of(), null, List.of()),
        () -> Upgrade.request(SERVER, NONCE, List.of("a", "a"), List.of(), null, List.of()),
        () -> Upgrade.request(SERVER, NONCE, none, List.of(), "a\r\nb", List.of()),
        () ->
            Upgrade.request(
                SERVER, NONCE, none, List.of(), null, List.of(new Head.Field("Host", "b"))));
  }

  private static void assertAll(Executable... calls) {
    for (var call : calls) {
      assertThrows(IllegalArgumentException.class, call);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      nullValues = "none",
      value = {
        "none > [] > Server: x",
        "chat > [] > Sec-WebSocket-Protocol: chat",
        "superchat > [permessage-deflate; server_max_window_bits=10] > sec-websocket-protocol: superchat|Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=\"10\"",
      })
  void agrees(String subprotocol, String extensions, String more) throws Exception {
    Upgrade.Agreed agreed = Upgrade.verify(REQUEST, response(SOUND + more + "|"));
    assertEquals(subprotocol, agreed.subprotocol());
    assertEquals(extensions, agreed.extensions().toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      value = {
        "answered 403 instead of 101 > HTTP/1.1 101 Switching Protocols > HTTP/1.1 403 Forbidden",
        "did not switch > HTTP/1.1 101 > HTTP/1.0 101",
        "did not switch > Upgrade: websocket > Upgrade: h2c",
        "did not switch > Connection: Upgrade > Connection: close",
        "does not answer the key > Sec-WebSocket-Accept > X",
        "does not answer the key > s3pPLMBiTxaQ9kYGzzhZRbK > S3pPLMBiTxaQ9kYGzzhZRbK",
        "does not answer the key > Upgrade: > Sec-WebSocket-Accept: x|Upgrade:",
        "a subprotocol not offered > Upgrade: > Sec-WebSocket-Protocol: x|Upgrade:",
        "a subprotocol not offered > Upgrade: > Sec-WebSocket-Protocol: CHAT|Upgrade:",
        "a subprotocol not offered > Upgrade: > Sec-WebSocket-Protocol: |Upgrade:",
        "a subprotocol not offered > Upgrade: > Sec-WebSocket-Protocol: chat, superchat|Upgrade:",
        "a subprotocol not offered > Upgrade: > Sec-WebSocket-Protocol: chat|Sec-WebSocket-Protocol: chat|Upgrade:",
        "an extension not offered > Upgrade: > Sec-WebSocket-Extensions: x|Upgrade:",
        "is malformed > Upgrade: > Sec-WebSocket-Extensions: permessage-deflate;|Upgrade:",
      })
  void refusesAnAnswerToAnotherQuestion(String breach, String part, String instead)
      throws HttpException {
    Head response = response(SOUND.replaceFirst(part, instead));
    var failure = assertThrows(UpgradeException.class, () -> Upgrade.verify(REQUEST, response));
    assertTrue(failure.getMessage().contains(breach), failure.getMessage());
    assertSame(response, failure.response);
    assertEquals(response.status(), failure.status());
  }
}
