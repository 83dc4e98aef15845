package io.weft.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Outbox;
import io.weft.bytes.Pool;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What a head says of itself: RFC 9110 §5, §15; RFC 9112 §3, §4.
final class HeadTest {

  private static final Head REQUEST =
      Head.request("GET", "/chat?room=1")
          .header("Host", "example.com")
          .header("Connection", "keep-alive, Upgrade")
          .header("X-Empty", "")
          .header("connection", " x".strip())
          .header("Sec-WebSocket-Protocol", "a,b ,\tc , d")
          .build();

  private static final Head RESPONSE = Head.response(404).header("Allow", "GET").build();

  @Test
  void takesATargetWithoutAQueryAndOneWithWhatOnlyAQueryMayHold() {
    assertEquals("/a", Head.request("GET", "/a").build().target());
    assertEquals("/a?b\\c", Head.request("GET", "/a?b\\c").build().target());
    assertThrows(IllegalArgumentException.class, () -> Head.request("GET", "/a\\b?c"));
    assertThrows(IllegalArgumentException.class, () -> Head.request("GET", "/a?b c"));
  }

  @Test
  void tellsARequestLine() {
    assertTrue(REQUEST.isRequest());
    assertEquals("GET", REQUEST.method());
    assertTrue(REQUEST.isMethod("GET"));
    assertFalse(REQUEST.isMethod("get"));
    assertFalse(REQUEST.isMethod("GE"));
    assertEquals("/chat?room=1", REQUEST.target());
    assertEquals("HTTP/1.1", REQUEST.version());
    assertTrue(REQUEST.isHttp11());
    assertThrows(IllegalStateException.class, REQUEST::status);
    assertThrows(IllegalStateException.class, REQUEST::reason);
  }

  @Test
  void tellsAStatusLine() {
    assertFalse(RESPONSE.isRequest());
    assertEquals(404, RESPONSE.status());
    assertEquals("Not Found", RESPONSE.reason());
    assertEquals("HTTP/1.1", RESPONSE.version());
    assertTrue(RESPONSE.isHttp11());
    assertThrows(IllegalStateException.class, RESPONSE::method);
    assertThrows(IllegalStateException.class, RESPONSE::target);
    assertThrows(IllegalStateException.class, () -> RESPONSE.isMethod("GET"));
    Head old = new Head(Reading.bytes("HTTP/1.0 200 ||"));
    assertFalse(old.isHttp11());
    assertEquals("HTTP/1.0", old.version());
    assertEquals("", old.reason());
    assertEquals(200, old.status());
    assertFalse(new Head(Reading.bytes("GET / HTTP/1.0||")).isHttp11());
  }

  @Test
  void hasWordsForEveryStatus() {
    int known = 0;
    for (int status = 100; status < 600; status++) {
      Head head = Head.response(status).build();
      assertEquals(status, head.status());
      known += head.reason().isEmpty() ? 0 : 1;
    }
    assertEquals(39, known);
  }

  @Test
  void findsHeadersWhateverTheirCase() {
    assertEquals("example.com", REQUEST.header("hOST"));
    assertEquals("keep-alive, Upgrade", REQUEST.header("CONNECTION"));
    assertEquals(List.of("keep-alive, Upgrade", "x"), REQUEST.headers("Connection"));
    assertEquals("", REQUEST.header("x-empty"));
    assertNull(REQUEST.header("Hos"));
    assertNull(REQUEST.header("Hostt"));
    assertNull(REQUEST.header(""));
    assertNull(
        REQUEST.header("A-Name-That-Reaches-Past-The-End-Of-The-Head-When-It-Is-Sought-Last"));
    assertEquals(List.of(), REQUEST.headers("Origin"));
    assertEquals(2, REQUEST.count("connection"));
    assertEquals(0, REQUEST.count("Origin"));
    assertTrue(REQUEST.has("host"));
    assertFalse(REQUEST.has("Origin"));
  }

  @ParameterizedTest
  @CsvSource({
    "Connection, upgrade, true",
    "Connection, KEEP-ALIVE, true",
    "Connection, X, true",
    "Connection, keep, false",
    "X-Empty, x, false",
    "Origin, x, false",
    "Sec-WebSocket-Protocol, a, true",
    "Sec-WebSocket-Protocol, b, true",
    "Sec-WebSocket-Protocol, c, true",
    "Sec-WebSocket-Protocol, d, true",
    "Sec-WebSocket-Protocol, e, false",
  })
  void findsAnElementInAList(String name, String token, boolean there) {
    assertEquals(there, REQUEST.lists(name, token));
  }

  @Test
  void listsWithoutElementsListNothing() {
    Head head = new Head(Reading.bytes("GET / HTTP/1.1|A: , \t,,|A: \t ,x||"));
    assertTrue(head.lists("A", "x"));
    assertFalse(head.lists("A", "y"));
  }

  @Test
  void goesWithoutSomeHeaders() {
    Head left = REQUEST.without(List.of("CONNECTION", "Ho", "x-empty", "Sec-WebSocket-Key"));
    List<String> names = new ArrayList<>();
    left.forEach(field -> names.add(field.name()));
    assertEquals(List.of("Host", "Sec-WebSocket-Protocol"), names);
    assertEquals(REQUEST.target(), left.target());
    assertEquals(left.toString().length(), left.bytes());
    assertTrue(left.toString().endsWith("d\r\n\r\n"), left.toString());
    assertEquals(REQUEST, REQUEST.without(List.of()));
  }

  @Test
  void goesOverTheHeadersInOrder() {
    List<String> lines = new ArrayList<>();
    for (Head.Field field : REQUEST) {
      lines.add(field.name() + "=" + field.value());
    }
    assertEquals(
        List.of(
            "Host=example.com",
            "Connection=keep-alive, Upgrade",
            "X-Empty=",
            "connection=x",
            "Sec-WebSocket-Protocol=a,b ,\tc , d"),
        lines);
    Iterator<Head.Field> none = Head.response(200).build().iterator();
    assertFalse(none.hasNext());
    assertThrows(NoSuchElementException.class, none::next);
  }

  @Test
  void isSentAsItIs() {
    Outbox out = new Outbox(new Pool(64, 1 << 20), 1 << 20, 1 << 20);
    RESPONSE.appendTo(out);
    assertEquals(RESPONSE.bytes(), out.bytes());
    assertEquals("HTTP/1.1 404 Not Found\r\nAllow: GET\r\n\r\n", Outboxes.text(out));
    assertEquals("HTTP/1.1 404 Not Found\r\nAllow: GET\r\n\r\n", RESPONSE.toString());
  }

  @Test
  void isEqualByItsBytes() {
    Head same = Head.response(404).header(new Head.Field("Allow", "GET")).build();
    assertEquals(RESPONSE, same);
    assertEquals(RESPONSE.hashCode(), same.hashCode());
    assertNotEquals(RESPONSE, REQUEST);
    assertNotEquals(RESPONSE, (Object) "HTTP/1.1 404 Not Found");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\r\nb", "a\nb", "a\rb", "\0", "\u007F", "\u0100", " a", "a ", "\t"})
  void refusesToWriteAnIllegalValue(String value) {
    Head.Builder head = Head.response(200);
    assertThrows(IllegalArgumentException.class, () -> head.header("X", value));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a:", "a\r\n", "\0", "é", "a\t"})
  void refusesToWriteAnIllegalName(String name) {
    Head.Builder head = Head.response(200);
    assertThrows(IllegalArgumentException.class, () -> head.header(name, "x"));
    assertThrows(IllegalArgumentException.class, () -> Head.request(name, "/"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/ ", "/\r\n", "/é", "/#a", "/\0"})
  void refusesToWriteAnIllegalTarget(String target) {
    assertThrows(IllegalArgumentException.class, () -> Head.request("GET", target));
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 99, 600, 1000})
  void refusesToWriteAnIllegalStatus(int status) {
    assertThrows(IllegalArgumentException.class, () -> Head.response(status));
  }

  @Test
  void writesLatin1AsItReadsIt() {
    assertEquals("caf\u00e9", Head.response(200).header("X", "caf\u00e9").build().header("X"));
  }
}
