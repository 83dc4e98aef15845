package io.weft.ws;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import io.weft.bytes.Pool;
import io.weft.http.Head;
import io.weft.http.Http1;
import io.weft.http.HttpException;
import io.weft.http.Outboxes;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The server's side of the handshake (RFC 6455 §4.2). `|` is CRLF.
final class UpgradeTest {

  private static final String SOUND =
      """
      GET /chat HTTP/1.1|Host: server.example.com|Upgrade: websocket|Connection: Upgrade|\
      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==|Sec-WebSocket-Version: 13|\
      """;

  private static Head head(String lines) throws HttpException {
    Http1 reader =
        lines.startsWith("HTTP/")
            ? Http1.ofResponses(1000, 10_000, 100, 1000)
            : Http1.ofRequests(1000, 10_000, 100, 1000);
    reader.next(Chunk.copyOf((lines + "|").replace("|", "\r\n").getBytes(ISO_8859_1)));
    return reader.head();
  }

  private static Upgrade.Accepted accepted(String lines) throws HttpException {
    return assertInstanceOf(Upgrade.Accepted.class, Upgrade.judge(head(lines)));
  }

  private static Upgrade.Refused refused(String lines) throws HttpException {
    return assertInstanceOf(Upgrade.Refused.class, Upgrade.judge(head(lines)));
  }

  @ParameterizedTest
  @CsvSource({
    "hBxp5WcU+GvqHiOWpKipIQ==, n3NQ1Vd3cokG551zg4FLlsPkUmU=",
    "pO5nV5UZg1q2wAcE4Hb39g==, VY56t8QOwpDa8p3km4VE+Ra5KkY=",
    "NlNG/FK/FrQS/RH5Bcy9Gw==, 61owE5R5/c6QNYBTkaX4yWAmFos=",
    "mnwFxiolctXFN/DeMt1Amg==, 3pcihJR3aDw7YeC+ISRtvQ6DnH0=",
    "dGhlIHNhbXBsZSBub25jZQ==, s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
  })
  void answersAKey(String key, String accept) throws HttpException {
    String lines = SOUND.replaceFirst("Key: [^|]*", "Key: " + key.replace("$", "\\$"));
    assertEquals(accept, accepted(lines).accept());
  }

  @Test
  void agrees() throws HttpException {
    Upgrade.Accepted accepted =
        accepted(
            SOUND
                + "Sec-WebSocket-Protocol: v2.chat, v1.chat|Sec-WebSocket-Protocol: ,x|"
                + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, a|"
                + "Sec-WebSocket-Extensions: b;c=\"d\"|");
    assertEquals(List.of("v2.chat", "v1.chat", "x"), accepted.subprotocols());
    assertEquals(
        "[permessage-deflate; client_max_window_bits, a, b; c=d]",
        accepted.extensions().toString());
    Head response =
        accepted.response(
            "v1.chat",
            List.of(new ExtensionOffer("b", List.of())),
            List.of(new Head.Field("Set-Cookie", "a=b"), new Head.Field("Set-Cookie", "c=d")));
    assertEquals(
        """
        HTTP/1.1 101 Switching Protocols|Upgrade: websocket|Connection: Upgrade|\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=|Sec-WebSocket-Protocol: v1.chat|\
        Sec-WebSocket-Extensions: b|Set-Cookie: a=b|Set-Cookie: c=d||\
        """,
        response.toString().replace("\r\n", "|"));
    assertFalse(accepted.response(null, List.of(), List.of()).has("Sec-WebSocket-Protocol"));
  }

  @Test
  void promisesNothingThatWasNotOffered() throws HttpException {
    Upgrade.Accepted accepted = accepted(SOUND + "Sec-WebSocket-Protocol: a|");
    List<ExtensionOffer> deflate = List.of(new ExtensionOffer("permessage-deflate", List.of()));
    assertThrows(
        IllegalArgumentException.class, () -> accepted.response("b", List.of(), List.of()));
    assertThrows(IllegalArgumentException.class, () -> accepted.response(null, deflate, List.of()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Upgrade",
        "CONNECTION",
        "Host",
        "Content-Length",
        "Transfer-Encoding",
        "Sec-WebSocket-Location",
        "sec-websocket-accept",
        "bad name",
      })
  void keepsItsOwnHeaders(String name) throws HttpException {
    Upgrade.Accepted accepted = accepted(SOUND);
    List<Head.Field> extra = List.of(new Head.Field(name, "x"));
    assertThrows(IllegalArgumentException.class, () -> accepted.response(null, List.of(), extra));
  }

  /// All lines are one list (RFC 6455 §11.3.2), of which some elements may be empty (RFC 9110
  /// §5.6.1.2).
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Sec-WebSocket-Extensions: ,|Sec-WebSocket-Extensions: a; b=c, d|",
        "Sec-WebSocket-Extensions: a; b=c|Sec-WebSocket-Extensions: , ,|Sec-WebSocket-Extensions: d|",
        "Sec-WebSocket-Extensions: a; b=\"c\", d|sec-websocket-extensions: |",
      })
  void readsTheLinesOfAListAsOne(String lines) throws HttpException {
    assertEquals("[a; b=c, d]", accepted(SOUND + lines).extensions().toString());
  }

  @Test
  void writesOneLineForAList() throws HttpException {
    Upgrade.Accepted accepted = accepted(SOUND + "Sec-WebSocket-Extensions: a, b|");
    List<ExtensionOffer> both =
        List.of(
            new ExtensionOffer("a", List.of(new ExtensionOffer.Param("c", "1"))),
            new ExtensionOffer("b", List.of()));
    assertEquals(
        List.of("a; c=1, b"),
        accepted.response(null, both, List.of()).headers("Sec-WebSocket-Extensions"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      value = {
        "Upgrade: websocket > UPGRADE: WebSocket",
        "Upgrade: websocket > Upgrade: h2c, websocket",
        "Connection: Upgrade > Connection: keep-alive, upgrade",
        "Connection: Upgrade > Connection: keep-alive|connection: UPGRADE",
        "Sec-WebSocket-Version: 13 > Sec-WebSocket-Version: 13|Content-Length: 0",
        "GET /chat > GET http://server.example.com/chat",
      })
  void acceptsWhatClientsSend(String part, String instead) throws HttpException {
    String lines = SOUND.replace(part, instead);
    assertTrue(Upgrade.isAsked(head(lines)));
    assertEquals(List.of(), accepted(lines).subprotocols());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      value = {
        "405 > GET > POST",
        "405 > GET > HEAD",
        "505 > HTTP/1.1 > HTTP/1.0",
        "400 > Upgrade: websocket > Upgrade: h2c",
        "400 > Upgrade: websocket > X: y",
        "400 > Connection: Upgrade > Connection: keep-alive",
        "400 > Connection: Upgrade > X: y",
        "400 > Host: > Content-Length: 5|Host:",
        "400 > Host: > Content-Length: 00|Host:",
        "400 > Host: > Transfer-Encoding: chunked|Host:",
        "426 > Version: 13 > Version: 8",
        "426 > Version: 13 > Version: 013",
        "426 > Version: 13 > Version: 13, 8",
        "426 > Version: 13 > Version: 13|Sec-WebSocket-Version: 13",
        "426 > Sec-WebSocket-Version: 13 > X: y",
        "400 > Sec-WebSocket-Key: > X:",
        "400 > Sec-WebSocket-Key: > Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==|Sec-WebSocket-Key:",
        "400 > dGhlIHNhbXBsZSBub25jZQ== > dGhlIHNhbXBsZSBub25jZQ",
        "400 > dGhlIHNhbXBsZSBub25jZQ== > dGhlIHNhbXBsZSBub25jZR==",
        "400 > dGhlIHNhbXBsZSBub25jZQ== > dGhlIHNhbXBsZSBub25jZQA=",
        "400 > dGhlIHNhbXBsZSBub25jZQ== > dGhlIHNhbXBsZSBub25j",
        "400 > dGhlIHNhbXBsZSBub25jZQ== > dGhlIHNhbXBsZSBub2*jZQ==",
        "400 > Host: > Sec-WebSocket-Protocol: a, a|Host:",
        "400 > Host: > Sec-WebSocket-Protocol: a|Sec-WebSocket-Protocol: a|Host:",
        "400 > Host: > Sec-WebSocket-Protocol: a b|Host:",
        "400 > Host: > Sec-WebSocket-Protocol: a/b|Host:",
        "400 > Host: > Sec-WebSocket-Protocol: , ,|Host:",
        "400 > Host: > Sec-WebSocket-Protocol: |Host:",
        "400 > Host: > Sec-WebSocket-Extensions: |Host:",
        "400 > Host: > Sec-WebSocket-Extensions: a|Sec-WebSocket-Extensions: b;|Host:",
        "400 > Host: > Sec-WebSocket-Extensions: ,|Sec-WebSocket-Extensions: , ,|Host:",
        "400 > Host: > Sec-WebSocket-Extensions: a;b=\"c|Sec-WebSocket-Extensions: d\"|Host:",
      })
  void refusesWhatIsNoHandshake(int status, String part, String instead) throws HttpException {
    Upgrade.Refused refused = refused(SOUND.replaceFirst(part, instead));
    assertEquals(status, refused.status());
    Outbox out = new Outbox(new Pool(1024, 1 << 20), 1 << 20, 1 << 20);
    refused.appendTo(out);
    String answer = Outboxes.text(out);
    int bodyFrom = answer.indexOf("\r\n\r\n") + 4;
    Head head = head(answer.substring(0, bodyFrom - 2).replace("\r\n", "|"));
    assertEquals(status, head.status());
    assertTrue(head.lists("Connection", "close"), answer);
    assertEquals(answer.length() - bodyFrom, Integer.parseInt(head.header("Content-Length")));
    byte[] body = answer.substring(bodyFrom).getBytes(ISO_8859_1);
    assertEquals(refused.why() + "\n", new String(body, UTF_8));
    assertTrue(refused.why().endsWith("."), refused.why());
    assertEquals(status == 405 ? "GET" : null, head.header("Allow"));
    assertEquals(status == 426 ? "13" : null, head.header("Sec-WebSocket-Version"));
    assertEquals(status == 426, Upgrade.isAsked(head), "RFC 9110 §15.5.22");
  }

  @Test
  void leavesPlainHttpAlone() throws HttpException {
    assertFalse(Upgrade.isAsked(head("GET / HTTP/1.1|Host: a|")));
    assertFalse(Upgrade.isAsked(head("GET / HTTP/1.1|Host: a|Upgrade: websocket|")));
    assertFalse(Upgrade.isAsked(head("GET / HTTP/1.1|Host: a|Connection: Upgrade|")));
  }
}
