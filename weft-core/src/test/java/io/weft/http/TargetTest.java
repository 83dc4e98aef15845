package io.weft.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The one normal form of a request's target (RFC 3986 §6, RFC 9112 §3.2).
final class TargetTest {

  @ParameterizedTest
  @CsvSource({
    "/, /, ",
    "/?, /, ''",
    "/ws/%E5%95%8A/, /ws/啊/, ",
    "/a%20b, /a b, ",
    "/%61, /a, ",
    "/...;x=1/.a, /...;x=1/.a, ",
    "/a?b=/../%2F//, /a, b=/../%2F//",
    "/a?b?c, /a, b?c",
    "/a?%00=%0d%5C, /a, %00=%0d%5C",
    "/?%, /, %",
    "/?a=%FF, /, a=%FF",
    "/?%FF=a, /, %FF=a",
    "/?a=C:\\dir&b=100%|^[{`, /, a=C:\\dir&b=100%|^[{`",
  })
  void readsATarget(String text, String path, String query) throws HttpException {
    assertEquals(new Target(path, query), Target.of(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a",
        "a/b",
        "*",
        "?a",
        "//",
        "//a",
        "/a//b",
        "/.",
        "/..",
        "/a/../b",
        "/a/./b",
        "/a/..",
        "/%2e%2E/a",
        "/%2e",
        "/a%2Fb",
        "/a%2fb",
        "/a%5cb",
        "/%00",
        "/%1F",
        "/%7f",
        "/%C2%80",
        "/a\\b",
        "/%",
        "/%2",
        "/%zz",
        "/%C0%AF",
        "/%FF",
        "/%E4%BD",
        "/a b",
        "/é",
        "/a#b",
        "/?a b",
        "/?\"",
        "/?<",
        "/?é",
        "/?#",
        "/%ED%A0%80",
      })
  void refusesWhatHasNoNormalForm(String text) {
    assertEquals(400, assertThrows(HttpException.class, () -> Target.of(text)).status);
  }

  @Test
  void findsParameters() throws HttpException {
    Target target = Target.of("/chat/1?name=%E5%95%8A+x&n%61me=b&flag&a=b=c");
    assertEquals("啊 x", target.query("name"));
    assertEquals(List.of("啊 x", "b"), target.queries("name"));
    assertEquals("", target.query("flag"));
    assertEquals("b=c", target.query("a"));
    assertNull(target.query("none"));
    assertEquals(List.of(), Target.of("/").queries("name"));
  }

  /// As `new URL(...).searchParams.get("x")` says in a browser, but for what is not UTF-8.
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '^',
      value = {
        "x=a%20b, a b",
        "x={%22a%22:[1|2]}, {\"a\":[1|2]}",
        "x=C:\\dir, C:\\dir",
        "x=100%, 100%",
        "x=a%20b%20100%, a b 100%",
        "x=%25%, %%",
        "x=%2, %2",
        "x=%2g%41, %2gA",
        "x=%g2, %g2",
        "x=50%&y=1, 50%",
        "y=%&x=1, 1",
        "x=caf%E9, caf%E9",
        "x=caf%E9+a%20b, caf%E9+a%20b",
        "x=1&utm=%u5317, 1",
        "x=%u5317, %u5317",
        "%78=y, y",
      })
  void readsAQueryAsBrowsersDo(String query, String x) throws HttpException {
    assertEquals(x, Target.of("/?" + query).query("x"));
    assertEquals(query, Target.of("/?" + query).query());
  }

  @Test
  void namesWhatIsNotUtf8AsItWasSent() throws HttpException {
    assertEquals("1", Target.of("/?%FF=1").query("%FF"));
    assertNull(Target.of("/?%FF=1").query("\u00ff"));
  }

  @ParameterizedTest
  @CsvSource({
    "/a, /a",
    "/a\u00e6\u009d\u008e, /a\u674e",
    "/a\u00e9?\u0080, /a%E9?%80",
  })
  void readsAHeaderThatIsNoAscii(String value, String text) {
    assertEquals(text.translateEscapes(), Percent.ofHeader(value.translateEscapes()));
  }
}
