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
        "/?%",
        "/?a=%FF",
        "/?%FF=a",
        "/?a b",
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
}
