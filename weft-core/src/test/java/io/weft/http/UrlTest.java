package io.weft.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// URLs of RFC 6455 §3 and RFC 9110 §4.2, origins of RFC 6454.
final class UrlTest {

  @ParameterizedTest
  @CsvSource({
    "ws://a, ws, a, 80, /, a, http://a",
    "wss://a, wss, a, 443, /, a, https://a",
    "http://a/, http, a, 80, /, a, http://a",
    "HTTPS://A.Example./x, https, a.example., 443, /x, a.example., https://a.example.",
    "ws://a:8080/x/y, ws, a, 8080, /x/y, a:8080, http://a:8080",
    "ws://a:/x, ws, a, 80, /x, a, http://a",
    "wss://a:443, wss, a, 443, /, a, https://a",
    "wss://a:80, wss, a, 80, /, a:80, https://a:80",
    "ws://127.0.0.1:65535/%C3%A4, ws, 127.0.0.1, 65535, /%C3%A4, 127.0.0.1:65535, http://127.0.0.1:65535",
    "ws://[::1]:81/, ws, [::1], 81, /, [::1]:81, http://[::1]:81",
    "ws://[2001:DB8::A]/, ws, [2001:db8::a], 80, /, [2001:db8::a], http://[2001:db8::a]",
    "http://a/b#c?d, http, a, 80, /b, a, http://a",
    "http://a#, http, a, 80, /, a, http://a",
  })
  void readsAUrl(
      String text,
      String scheme,
      String host,
      int port,
      String path,
      String authority,
      String origin) {
    Url url = Url.parse(text);
    assertEquals(new Url(scheme, host, port, path, null), url);
    assertEquals(authority, url.authority());
    assertEquals(origin, url.origin());
    assertEquals(path, url.target());
    assertEquals(origin.startsWith("https"), url.isSecure());
  }

  /// The examples of RFC 3986 §5.4 that have a host, and some more.
  @ParameterizedTest
  @CsvSource({
    "g, http://a/b/c/g",
    "./g, http://a/b/c/g",
    "g/, http://a/b/c/g/",
    "/g, http://a/g",
    "//g, http://g/",
    "?y, http://a/b/c/d;p?y",
    "g?y, http://a/b/c/g?y",
    "#s, http://a/b/c/d;p?q",
    "g#s, http://a/b/c/g",
    "g?y#s, http://a/b/c/g?y",
    ";x, http://a/b/c/;x",
    "'', http://a/b/c/d;p?q",
    "., http://a/b/c/",
    "./, http://a/b/c/",
    ".., http://a/b/",
    "../, http://a/b/",
    "../g, http://a/b/g",
    "../.., http://a/",
    "../../, http://a/",
    "../../g, http://a/g",
    "../../../g, http://a/g",
    "../../../.., http://a/",
    "/./g, http://a/g",
    "/../g, http://a/g",
    "g., http://a/b/c/g.",
    "..g, http://a/b/c/..g",
    "./../g, http://a/b/g",
    "./g/., http://a/b/c/g/",
    "g/../h, http://a/b/c/h",
    "g?y/./x, http://a/b/c/g?y/./x",
    "/x?a:b, http://a/x?a:b",
    "g/a:b, http://a/b/c/g/a:b",
    "g?a:b, http://a/b/c/g?a:b",
    "wss://B:8443/x/../y, wss://b:8443/y",
    "ws://b#c, ws://b/",
    "//b:81?z, http://b:81/?z",
    "//b//c, http://b//c",
  })
  void resolvesAReference(String reference, String url) {
    assertEquals(Url.parse(url), Url.parse("http://a/b/c/d;p?q").resolve(reference));
  }

  @ParameterizedTest
  @CsvSource({
    "http://a/b?c, ws://a/b?c",
    "https://a, wss://a/",
    "wss://a, wss://a",
    "ws://a, ws://a"
  })
  void isWhatItIsToAWebSocket(String url, String ofWebSocket) {
    assertEquals(Url.parse(ofWebSocket), Url.parse(url).ofWebSocket());
  }

  @ParameterizedTest
  @ValueSource(strings = {"mailto:me", "ftp://b/", "http://u@b/", "//", "/a b", "g:h", "/%zz"})
  void resolvesNoOtherReference(String reference) {
    Url base = Url.parse("http://a/b");
    assertThrows(Url.Malformed.class, () -> base.resolve(reference));
  }

  @Test
  void readsAQuery() {
    Url url = Url.parse("ws://a?x=1&y=%E4%BD%A0+b&x=2&z&=v&");
    assertEquals("/", url.path());
    assertEquals("/?x=1&y=%E4%BD%A0+b&x=2&z&=v&", url.target());
    assertEquals("1", url.query("x"));
    assertEquals("你 b", url.query("y"));
    assertEquals("", url.query("z"));
    assertEquals("v", url.query(""));
    assertNull(url.query("q"));
    assertNull(Url.parse("ws://a").query("q"));
    assertEquals("", Url.parse("http://a/?#f").query());
    assertEquals("b", Url.parse("http://a/?b#f?c").query());
    assertThrows(Url.Malformed.class, () -> Url.parse("ws://a?x=%FF").query("x"));
  }

  @ParameterizedTest
  @CsvSource({
    "0, ''",
    "2, ws",
    "2, ws:a",
    "2, ws:/a",
    "0, ://a",
    "0, ftp://a",
    "0, 1s://a",
    "0, w2+-.s://a",
    "1, w s://a",
    "0, ' ws://a'",
    "5, ws://",
    "5, ws:///a",
    "5, ws://:80",
    "5, ws://u@a",
    "5, ws://u:secret@a/",
    "5, ws://@a",
    "5, ws://.a",
    "7, ws://a..b",
    "6, ws://a b",
    "6, ws://a%41",
    "5, ws://é",
    "7, ws://a:x",
    "8, ws://a:8x",
    "7, ws://a:0",
    "7, ws://a:65536",
    "7, ws://a:99999999999999",
    "7, ws://a:-1",
    "5, ws://[::1",
    "5, ws://[::1/]",
    "5, ws://[]",
    "10, ws://[::1]a",
    "7, ws://a/é",
    "7, 'ws://a/ '",
    "7, ws://a/%",
    "7, ws://a/%2",
    "7, ws://a/%g0",
    "7, ws://a/%0g",
    "8, ws://a?b\"",
    "6, ws://a#",
    "9, wss://a/b#c",
  })
  void saysWhereAUrlGoesWrong(int position, String text) {
    var breach = assertThrows(Url.Malformed.class, () -> Url.parse(text));
    assertEquals(position, breach.position, breach.getMessage());
    assertFalse(breach.getMessage().contains("secret"), breach.getMessage());
  }

  @Test
  void boundsAHost() {
    String label = "a".repeat(127) + ".";
    assertEquals(254, Url.parse("ws://" + label.repeat(1) + "b".repeat(126)).host().length());
    String longer = "ws://" + label + "b".repeat(127);
    assertThrows(Url.Malformed.class, () -> Url.parse(longer));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "::",
        "::1",
        "1::",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "fe80::1:2",
        "::ffff:127.0.0.1",
        "1:2:3:4:5:6:255.249.199.99",
        "::0.0.0.0",
        "AbCd::",
      })
  void readsAnIpv6Address(String address) {
    assertEquals(
        "[" + address.toLowerCase(Locale.ROOT) + "]", Url.parse("ws://[" + address + "]").host());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4:5:6:7:8::",
            "12345::",
        "g::", ":1::", "::1:", "1.2.3.4", "::1.2.3", "::256.1.1.1", "::1.2.3.4:1", "::1%25eth0",
        "1:2:3:4:5:6:7:1.2.3.4", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0",
      })
  void refusesWhatIsNoIpv6Address(String address) {
    assertThrows(Url.Malformed.class, () -> Url.parse("ws://[" + address + "]"));
  }

  @ParameterizedTest
  @CsvSource({
    "http://a, http://a",
    "HTTP://A:80, http://a",
    "https://a:443, https://a",
    "https://a:80, https://a:80",
    "http://[::1]:8080, http://[::1]:8080",
    "chrome-extension://abc, chrome-extension://abc",
    "app://a:80, app://a:80",
    "null, ",
    "http://a/, ",
    "http://a?, ",
    "http://u@a, ",
    "http://, ",
    "a.example, ",
    "'http://a http://b', ",
  })
  void normalisesAnOrigin(String value, String normal) {
    assertEquals(normal, Url.origin(value));
  }

  @ParameterizedTest
  @CsvSource({
    "http://a, a, true",
    "http://a, A:80, true",
    "https://a, a, true",
    "https://a, a:443, true",
    "https://a, a:80, false",
    "http://a:8080, a:8080, true",
    "http://a:8080, a, false",
    "http://a, b, false",
    "http://a, a.b, false",
    "http://a, u@a, false",
    "http://a, '', false",
    "null, null, false",
    "ws://a, a, false",
    "app://a, a, false",
    "http://[::1]:1, [::1]:1, true",
  })
  void comparesAnOriginWithAHost(String origin, String host, boolean same) {
    assertEquals(same, Url.isSameOrigin(origin, host));
  }
}
