package io.weft.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Chunk;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Responses, read at every split. `|` is CRLF.
final class ResponseTest {

  private static Http1 reader() {
    return Http1.ofResponses(32, 128, 4, 10);
  }

  private static List<String> read(String wire) {
    return Reading.of(ResponseTest::reader, wire);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 204 No Content|Content-Length: 5||",
        "HTTP/1.1 304 |Transfer-Encoding: chunked||",
        "HTTP/1.1 103 Early Hints|Connection: close||",
        "HTTP/1.1 200 \\344\\t!|Content-Length: 0||",
        "HTTP/1.1 599 x|Host: nonsense, here|Expect: much|Content-Length: 0||",
      })
  void readsAResponseWithoutBody(String wire) {
    String last = "HTTP/1.1 204 |Connection: close||";
    assertEquals(
        List.of(wire.translateEscapes(), "END", last, "END", "REST x"), read(wire + last + "x"));
  }

  @Test
  void readsABody() {
    String sized = "HTTP/1.1 200 OK|Content-Length: 5||";
    String chunked = "HTTP/1.1 200 OK|Transfer-Encoding: chunked||";
    assertEquals(
        List.of(sized, "BODY hello", "END", chunked, "BODY hi", "END"),
        read(sized + "hello" + chunked + "2|hi|0||"));
  }

  @Test
  void readsABodyUntilTheEndOfTheStream() throws HttpException {
    String head = "HTTP/1.0 200 OK||";
    assertEquals(List.of(head, "BODY 1234567890"), read(head + "1234567890"));
    String over = "502 the body is over 10 bytes (RFC 9110 §15.5.14)";
    assertEquals(List.of(head, "BODY 1234567890", over), read(head + "12345678901"));
    Http1 reader = reader();
    Chunk in = Chunk.copyOf(Reading.bytes(head + "x"));
    assertEquals(Http1.Event.HEAD, reader.next(in));
    assertEquals(Http1.Event.BODY, reader.next(in));
    assertNull(reader.next(in));
    assertEquals(Http1.Event.END, reader.endOfStream());
    assertEquals("OK", reader.head().reason());
    assertTrue(reader.isOver());
  }

  @Test
  void endsHttpWithA101() {
    String head = "HTTP/1.1 101 Switching Protocols|Upgrade: websocket|Content-Length: 3||";
    assertEquals(List.of(head, "END", "REST \u0081\u0000"), read(head + "\\201\\000"));
  }

  @Test
  void readsAnswersToHeadRequests() {
    String early = "HTTP/1.1 100 Continue||";
    String head = "HTTP/1.1 200 OK|Content-Length: 99999||";
    String next = "HTTP/1.1 200 OK|Content-Length: 1||";
    assertEquals(
        List.of(early, "END", head, "END", next, "BODY x", "END"),
        Reading.of(
            () -> {
              Http1 reader = reader();
              reader.answersHead();
              return reader;
            },
            early + head + next + "x"));
  }

  @Test
  void leavesATunnelToItsOwner() {
    String early = "HTTP/1.1 103 Early Hints||";
    String head = "HTTP/1.1 200 OK|Content-Length: 3||";
    assertEquals(
        List.of(early, "END", head, "END", "REST HTTP/"),
        Reading.of(ResponseTest::toConnect, early + head + "HTTP/"));
    String refused = "HTTP/1.1 403 No|Content-Length: 1||";
    String next = "HTTP/1.1 200 OK|Content-Length: 2||";
    assertEquals(
        List.of(refused, "BODY x", "END", next, "BODY yz", "END"),
        Reading.of(ResponseTest::toConnect, refused + "x" + next + "yz"));
  }

  private static Http1 toConnect() {
    Http1 reader = reader();
    reader.answersConnect();
    return reader;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      value = {
        "a bare CR > HTTP/1.1 200 \\r\\r",
        "CR in the version > \\r",
        "a bare LF in the version > \\n",
        "byte 0x68 in the version > h",
        "neither HTTP/1.1 nor HTTP/1.0 > HTTP/2",
        "CR after the version > HTTP/1.1\\r",
        "byte 0x30 in the status > HTTP/1.1 0",
        "byte 0x36 in the status > HTTP/1.1 6",
        "byte 0x78 in the status > HTTP/1.1 20x",
        "a blank in the status > HTTP/1.1 20\\040",
        "byte 0x30 after the status > HTTP/1.1 2000",
        "CR after the status > HTTP/1.1 101\\r",
        "a bare LF in the reason > HTTP/1.1 101 x\\n",
        "NUL in the reason > HTTP/1.1 101 x\\000",
        "the start line is over 32 bytes > HTTP/1.1 200 12345678901234567890",
        "Content-Length and Transfer > HTTP/1.1 200 |Content-Length: 1|Transfer-Encoding: chunked|",
        "the body is over 10 bytes > HTTP/1.1 200 |Content-Length: 11||",
      })
  void refusesAnIllegalResponse(String breach, String wire) {
    byte[] bytes = Reading.bytes(wire);
    byte[] before = Arrays.copyOf(bytes, bytes.length - 1);
    assertEquals(List.of(), Reading.read(reader(), before), "one byte before");
    List<String> events = read(wire);
    assertEquals(1, events.size(), events.toString());
    assertTrue(events.getFirst().startsWith("502 "), events.getFirst());
    assertTrue(events.getFirst().contains(breach), events.getFirst());
  }

  @Test
  void refusesACutResponse() throws HttpException {
    Http1 reader = reader();
    assertNull(reader.next(Chunk.copyOf(Reading.bytes("HTTP/1.1 200"))));
    assertEquals(502, assertThrows(HttpException.class, reader::endOfStream).status);
  }
}
