package io.weft.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// What [HttpFuzz] says of any bytes, for bytes thrown together from a seed.
final class HttpRandomTest {

  private static final int SEEDS = 20_000;

  /// What the grammar of a message turns on.
  private static final String[] LINES = {
    "GET / HTTP/1.1\r\nHost: a\r\n",
    "HTTP/1.1 200 \r\n",
    "POST /a?b=%20 HTTP/1.0\r\n",
    "GET http://b:1/c HTTP/1.1\r\n",
    "HTTP/1.1 101 \r\n",
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\r",
    "\0",
    " ",
    ":",
    "Host: [::1]\r\n",
    "Connection: close\r\n",
    "Connection: Upgrade\r\n",
    "Upgrade: websocket\r\n",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Expect: 100-continue\r\n",
    "X: y\r\n",
    "abc",
    "3\r\nabc\r\n",
    "5;x=y\r\n",
    "3;a",
    "=\"b",
    "\"\r\n",
    "OPTIONS * HTTP/1.1\r\n",
    "0\r\n",
    "Sec-WebSocket-Version: 13\r\n",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
  };

  /// What the grammars of URLs and lists turn on.
  private static final String[] MARKS = {
    "ws",
    "http",
    "https",
    "://",
    ":",
    "/",
    "//",
    "?",
    "#",
    "@",
    "[",
    "]",
    "[::1]",
    "::",
    "1",
    "80",
    "a",
    "A.b",
    "..",
    ".",
    "%",
    "%2F",
    "%41",
    "%E4%BD%A0",
    "%FF",
    "=",
    "&",
    "+",
    ";",
    ",",
    "\"",
    "\\",
    " ",
    "\t",
    "\0",
    "é",
    "你",
    "ß",
    "😀",
    "\ud800",
    "127.1",
    "0x",
    "~",
    "{",
    "^",
    "|",
    "xn--",
    "。",
  };

  @Test
  void readsLinesThrownTogether() {
    HttpFuzz fuzz = new HttpFuzz();
    tryEach(random -> {
      StringBuilder text = new StringBuilder().append((char) random.nextInt(256));
      if (random.nextInt(4) > 0) {
        text.append(LINES[text.charAt(0) & 1]);
      }
      append(text, random, LINES);
      fuzz.read(text.toString().getBytes(ISO_8859_1));
    });
  }

  @Test
  void readsMarksThrownTogether() {
    HttpFuzz fuzz = new HttpFuzz();
    tryEach(random -> {
      StringBuilder text = new StringBuilder();
      text.append(random.nextBoolean() ? "ws://a" : "");
      append(text, random, MARKS);
      fuzz.parse(text.toString().getBytes(UTF_8));
    });
  }

  @Test
  void readsRandomBytes() {
    HttpFuzz fuzz = new HttpFuzz();
    tryEach(random -> {
      byte[] input = new byte[random.nextInt(40)];
      random.nextBytes(input);
      fuzz.read(input);
      fuzz.parse(input);
    });
  }

  private static void append(StringBuilder text, SplittableRandom random, String[] pieces) {
    for (int count = random.nextInt(12); count > 0; count--) {
      text.append(pieces[random.nextInt(pieces.length)]);
    }
  }

  private static void tryEach(Consumer<SplittableRandom> attempt) {
    for (long seed = 0; seed < SEEDS; seed++) {
      try {
        attempt.accept(new SplittableRandom(seed));
      } catch (AssertionError | RuntimeException failure) {
        throw new AssertionError("seed " + seed, failure);
      }
    }
  }
}
