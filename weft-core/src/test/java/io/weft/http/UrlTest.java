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
    "/李 雷?100%, http://a/%E6%9D%8E%20%E9%9B%B7?100%",
    "//BÜCHER/, http://xn--bcher-kva/",
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
  @ValueSource(strings = {"mailto:me", "ftp://b/", "http://u@b/", "//", "/a\\b", "g:h", "/%zz"})
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
    assertEquals("%FF", Url.parse("ws://a?x=%FF").query("x"));
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
    "6, ws://a b",
    "6, ws://a%4",
    "6, ws://a%/41",
    "6, ws://a<b",
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
    "7, ws://a/\\",
    "8, ws://a?b\"",
    "7, ws://a?é",
    "7, ws://a?<",
    "6, ws://a#",
    "9, wss://a/b#c",
  })
  void saysWhereAUrlGoesWrong(int position, String text) {
    var breach = assertThrows(Url.Malformed.class, () -> Url.parse(text));
    assertEquals(position, breach.position, breach.getMessage());
    assertFalse(breach.getMessage().contains("secret"), breach.getMessage());
  }

  /// Whatever RFC 3986 §3.2.2 calls a registered name may stand in a message.
  @ParameterizedTest
  @ValueSource(
      strings = {"a~b", "a%41", "A_b", ".a", "a..b", "a.", "!$&'()*+,;=", "%C3%A4", "127.1", "1"})
  void takesAnyRegisteredName(String host) {
    assertEquals(host.toLowerCase(Locale.ROOT), Url.parse("ws://" + host + ":81/").host());
    assertEquals("[::1]", Url.parse("ws://[::1]:81/").host());
  }

  /// What people write, and what is sent: as Chromium 143 says in `new URL(text).href`.
  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      quoteCharacter = '`',
      value = {
        "ws://host/李雷 > ws://host/%E6%9D%8E%E9%9B%B7",
        "ws://host/a b?c d > ws://host/a%20b?c%20d",
        "ws://host/😀?😀 > ws://host/%F0%9F%98%80?%F0%9F%98%80",
        "ws://host/%e6?100% > ws://host/%e6?100%",
        "ws://h/|[]~'!/{^} > ws://h/|[]~'!/%7B%5E%7D",
        "ws://h?a=C:\\\\dir&b=100%|^[]{} > ws://h/?a=C:\\\\dir&b=100%|^[]{}",
        "ws://h/\"?\"' > ws://h/%22?%22%27",
        "wss://Bücher.example:443 > wss://xn--bcher-kva.example/",
        "wss://BU\u0308CHER.example > wss://xn--bcher-kva.example/",
        "ws://李雷.example/李 > ws://xn--7qvw47h.example/%E6%9D%8E",
        "ws://例え。jp. > ws://xn--r8jz45g.jp./",
        "ws://ＨＯＳＴ > ws://host/",
        "ws://☃.net > ws://xn--n3h.net/",
        "ws://%E6%9D%8E.example > ws://xn--7qv.example/",
        "ws://a%41 > ws://aa/",
        "ws://my_service:81 > ws://my_service:81/",
        "ws://node1 > ws://node1/",
        "ws://kafka-0.a > ws://kafka-0.a/",
        "ws://10.0.0.1 > ws://10.0.0.1/",
        "ws://0x7g > ws://0x7g/",
        "ws://a~b > ws://a~b/",
        "ws://[::1]/é > ws://[::1]/%C3%A9",
        "http://h/a#é > http://h/a",
      })
  void readsAUrlAsPeopleWriteIt(String text, String sent) {
    Url url = Url.ofPeople(text.translateEscapes());
    assertEquals(sent.translateEscapes(), url.scheme() + "://" + url.authority() + url.target());
    assertEquals(url, Url.parse(url.scheme() + "://" + url.authority() + url.target()));
    assertEquals(url, Url.ofPeople(url.scheme() + "://" + url.authority() + url.target()));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "5, ws://",
        "5, ws://.a",
        "5, ws://a..b",
        "5, ws://.",
        "5, ws://a..",
        "5, ws://127.1",
        "5, ws://0x7f.1",
        "5, ws://0x7f000001",
        "5, ws://a.0X",
        "5, ws://1.0x",
        "5, ws://2130706433",
        "5, ws://127.0.0.01",
        "5, ws://127.0.0.256",
        "5, ws://1.2.3.4.5",
        "5, ws://127.0.0.1.",
        "5, ws://node.1",
        "5, ws://a%20b",
        "5, ws://a b",
        "5, ws://a%",
        "5, ws://a%25b",
        "5, ws://a%2541",
        "5, ws://%FF",
        "5, ws://a%2Fb",
        "5, ws://a\\\\b",
        "5, ws://u@é",
        "5, ws://é@b",
        "5, ws://faß.de",
        "5, ws://ος.gr",
        "5, ws://a\u200db",
        "5, ws://a\u200cb",
        "5, ws://é／x",
        "5, ws://é!x",
        "5, ws://é..x",
        "5, ws://💩.la",
        "5, ws://ӀӀ",
        "5, ws://\ud800",
        "7, ws://é:x",
        "7, ws://a/\\\\",
        "7, ws://a/\\011b",
        "7, ws://a?\u0085",
        "8, ws://a/b\ud800",
        "8, ws://a/b\ud800c",
        "8, ws://a/b\udc00",
        "7, ws://a/%é",
        "7, ws://a/%",
        "7, ws://a/#",
      })
  void saysWhereWhatPeopleWriteGoesWrong(int position, String text) {
    String url = text.translateEscapes();
    var breach = assertThrows(Url.Malformed.class, () -> Url.ofPeople(url));
    assertEquals(position, breach.position, breach.getMessage());
  }

  @Test
  void boundsAnInternationalHost() {
    String host = "é".repeat(50) + ".";
    assertEquals(3, Url.ofPeople("ws://" + host.repeat(3)).host().split("xn--").length - 1);
    assertThrows(Url.Malformed.class, () -> Url.ofPeople("ws://" + host.repeat(5)));
    assertThrows(Url.Malformed.class, () -> Url.ofPeople("ws://" + "é".repeat(70)));
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
    "file://, file://",
    "FILE://, file://",
    "ionic://localhost, ionic://localhost",
    "file:///, ",
    "https://, ",
    "ws://, ",
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
