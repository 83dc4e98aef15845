package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Whose pages may connect. A name that only looks like one that is listed never may.
final class OriginsTest {

  private static boolean allows(String listed, String origin) {
    return new Origins(List.of(listed)).allow(List.of(origin), "own.example");
  }

  @ParameterizedTest
  @CsvSource({
    "https://app.example, https://app.example, true",
    "https://app.example, HTTPS://APP.example:443, true",
    "https://app.example, http://app.example, false",
    "https://app.example, https://app.example:8443, false",
    "https://app.example, https://evil-app.example, false",
    "https://app.example, https://app.example.evil, false",
    "https://app.example, https://a.app.example, false",
    "https://*.app.example, https://a.app.example, true",
    "https://*.APP.example:443, https://a.b.app.example, true",
    "https://*.app.example, https://app.example, false",
    "https://*.app.example, https://.app.example, false",
    "https://*.app.example, https://a..app.example, false",
    "https://*.app.example, https://evil-app.example, false",
    "https://*.app.example, https://evilapp.example, false",
    "https://*.app.example, https://a.app.example.evil, false",
    "https://*.app.example, https://evil.example/.app.example, false",
    "https://*.app.example, https://evil.example#.app.example, false",
    "https://*.app.example, https://evil.example:443.app.example, false",
    "https://*.app.example, https://a%2f.app.example, false",
    "https://*.app.example, 'https://a,b.app.example', false",
    "https://*.app.example, http://a.app.example, false",
    "https://*.app.example, https://a.app.example:8443, false",
    "https://*.app.example, xhttps://a.app.example, false",
    "https://*.app.example:8443, https://a.app.example:8443, true",
    "https://*.app.example:*, https://a.app.example:8443, true",
    "https://*.app.example:*, https://app.example:8443, false",
    "https://app.example:*, https://app.example, true",
    "https://app.example:*, https://app.example:1, true",
    "https://app.example:*, https://a.app.example, false",
    "https://app.example:*, https://app.example.evil:1, false",
    "http://[::1]:*, http://[::1]:3000, true",
    "http://[::1]:*, http://[::1], true",
    "http://[::1]:*, http://[::2]:3000, false",
    "http://127.0.0.1:*, http://127.0.0.1:5173, true",
    "http://*.localhost:*, http://a.localhost:5173, true",
    "file://, file://, true",
    "file://, FILE://, true",
    "file://, null, false",
    "file://, https://file, false",
    "capacitor://localhost, capacitor://localhost, true",
    "app://*.x, app://a.x, true",
    "null, null, true",
    "null, NULL, true",
    "null, file://, false",
    "null, https://null, false",
    "*, nonsense, true",
    "https://a.example, nonsense, false",
    "https://a.example, http://own.example, true", // its own
    "https://a.example, https://own.example:443, true",
    "https://a.example, ws://own.example, false",
  })
  void allowsWhomItLists(String listed, String origin, boolean allowed) {
    assertEquals(allowed, allows(listed, origin));
  }

  @Test
  void allowsWhoIsNoBrowserAndNeverTwo() {
    Origins none = new Origins(List.of());
    assertTrue(none.allow(List.of(), null));
    assertTrue(none.allow(List.of("http://a"), "a"));
    assertFalse(none.allow(List.of("http://a"), null));
    assertFalse(none.allow(List.of("http://a", "http://a"), "a"));
    Origins both = new Origins(List.of("https://*.a", "https://b"));
    assertTrue(both.allow(List.of("https://b"), null));
    assertTrue(both.allow(List.of("https://x.a"), null));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "app.example",
        "*.app.example",
        "https://",
        "https://*",
        "https://*.",
        "https://*:*",
        "https://:*",
        "https://a.*.example",
        "https://*a.example",
        "https://a*",
        "*://a",
        "https://*.*.a",
        "https://a:*:*",
        "https://a:80:*",
        "https://a:8*",
        "https://*.[::1]",
        "https://a/",
        "https://*.a/",
        "file:///",
        "https://a b",
      })
  void listsNothingElse(String origin) {
    Server.Builder server = Server.at("127.0.0.1", 0);
    String message =
        assertThrows(IllegalArgumentException.class, () -> server.origins(origin)).getMessage();
    assertTrue(message.startsWith("'" + origin + "' is no origin"), message);
  }
}
