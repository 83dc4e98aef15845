package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a newcomer does: start `weft serve`, open its page in a real browser, connect, type, see
/// the echo, close, and see code and reason.
@Timeout(120)
final class ConsoleBrowserTest {

  private static final String SENT = "#timeline > [data-direction='out'] .payload";
  private static final String RECEIVED = "#timeline > [data-direction='in'] .payload";
  private static final String RECEIVED_BINARY =
      "#timeline > [data-direction='in'][data-kind='binary'] .payload";

  /// How long the program may take to end while a page is open.
  private static final Duration END = Duration.ofSeconds(10);

  @RegisterExtension private final Browsers browsers = new Browsers();

  @Test
  void connectsEchoesAndClosesWithCodeAndReason() throws Exception {
    Browser browser = browsers.open();
    try (WeftServe serve = WeftServe.start()) {
      talk(browser, serve);
    }
  }

  /// The same over https and wss, with the certificate that `weft serve --tls` makes for itself.
  @Test
  void doesTheSameOverTls() throws Exception {
    Browser browser = browsers.openTrusting();
    Browser wary = browsers.open();
    try (WeftServe serve = WeftServe.start("--tls")) {
      assertEquals("https", serve.page().getScheme());
      talk(browser, serve);
      String warning = wary.warningAt(serve.page());
      assertTrue(warning.contains("ERR_CERT_AUTHORITY_INVALID"), warning);
    }
  }

  private static void talk(Browser browser, WeftServe serve) {
    browser.open(serve.page());
    browser.awaitText("ready-state", "3");
    assertEquals(serve.webSocket("/echo"), browser.value("url"));

    browser.click("connect");
    browser.awaitText("ready-state", "1");
    browser.awaitText("buffered-amount", "0");

    say(browser, "Hello world");
    browser.awaitOne(SENT, "Hello world");
    browser.awaitOne(RECEIVED, "Hello world");

    say(browser, "你好啊");
    browser.awaitOne(RECEIVED, "你好啊");

    browser.type("close-code", "4001");
    browser.type("close-reason", "再见");
    browser.click("close");
    browser.awaitText("ready-state", "3");
    browser.awaitText("last-close", "4001");
    browser.awaitText("last-close", "再见");
    assertTrue(browser.text("last-close").endsWith(", clean"), browser.text("last-close"));
    browser.noErrors();
  }

  @Test
  void echoesBinaryAsBlobAndAsArrayBuffer() throws Exception {
    Browser browser = browsers.open();
    try (WeftServe serve = WeftServe.start()) {
      browser.open(serve.page());
      for (String binaryType : List.of("blob", "arraybuffer")) {
        browser.choose("binary-type", binaryType);
        browser.click("connect");
        browser.awaitText("ready-state", "1");
        browser.choose("mode", "binary");
        say(browser, "00 57 65 66 74 ff");
        browser.awaitText("received-count", "1");
        List<String> dumps = browser.texts(RECEIVED_BINARY);
        assertTrue(dumps.getLast().contains("00 57 65 66 74 ff"), dumps::toString);
        browser.click("disconnect");
        browser.awaitText("ready-state", "3");
        browser.awaitText("last-close", "1000");
      }
      browser.noErrors();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void twoPagesChatInARoom(boolean tls) throws Exception {
    Browser ann = browsers.openTrusting();
    Browser bob = browsers.openTrusting();
    try (WeftServe serve = tls ? WeftServe.start("--tls") : WeftServe.start()) {
      join(ann, serve, "ann", "garden");
      ann.awaitText("chat-members", "1");
      join(bob, serve, "bob", "garden");
      ann.awaitText("chat-members", "2");
      bob.awaitText("chat-members", "2");

      ann.type("chat-input", "你好啊, <b>bob</b>");
      ann.click("chat-send");
      bob.awaitOne("#chat-log .said", "你好啊, <b>bob</b>");
      ann.awaitOne("#chat-log .own .said", "你好啊, <b>bob</b>");
      bob.type("chat-input", "hi ann");
      bob.click("chat-send");
      ann.awaitOne("#chat-log .said", "hi ann");
      assertEquals(List.of("bob"), ann.texts("#chat-log > li:not(.own) .author"));

      bob.click("chat-leave");
      ann.awaitText("chat-members", "1");
      ann.awaitOne("#chat-log > [data-line='leave']", "bob left");
      ann.noErrors();
      bob.noErrors();
    }
  }

  @Test
  void aPageOfAnotherOriginIsRefusedUnlessAllowed() throws Exception {
    Browser browser = browsers.open();
    try (WeftServe pages = WeftServe.start();
        WeftServe strict = WeftServe.start();
        WeftServe open = WeftServe.start("--origin", pages.origin())) {
      browser.open(pages.page());
      browser.type("url", strict.webSocket("/echo"));
      browser.click("connect");
      browser.awaitText("last-close", "1006");
      browser.awaitText("ready-state", "3");
      List<String> errors = browser.errors();
      assertTrue(
          errors.size() == 1 && errors.getFirst().contains(" 403"),
          () -> "one refusal, with status 403: " + errors);

      browser.type("url", open.webSocket("/echo"));
      browser.click("connect");
      browser.awaitText("ready-state", "1");
      say(browser, "from next door");
      browser.awaitOne(RECEIVED, "from next door");
      browser.noErrors();
    }
  }

  @Test
  void endsInGoodOrderWhileAPageIsOpen() throws Exception {
    Browser browser = browsers.open();
    try (WeftServe serve = WeftServe.start()) {
      browser.open(serve.page());
      browser.click("connect");
      browser.awaitText("ready-state", "1");
      assertTrue(serve.endsWithin(END), () -> "it runs on " + END + " after SIGTERM");
      browser.awaitText("last-close", "1001");
      assertTrue(browser.text("last-close").endsWith(", clean"), browser.text("last-close"));
      browser.noErrors();
    }
  }

  private static void say(Browser browser, String message) {
    browser.type("message", message);
    browser.click("send");
  }

  private static void join(Browser browser, WeftServe serve, String name, String room) {
    browser.open(serve.page());
    browser.click("tab-chat");
    browser.type("chat-name", name);
    browser.type("chat-room", room);
    browser.click("chat-join");
  }
}
