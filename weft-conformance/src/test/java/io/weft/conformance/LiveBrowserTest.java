package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Endpoint;
import io.weft.Response;
import io.weft.Server;
import io.weft.WebSocket;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `weft.js` in a real browser, in a page and in a Worker, against a server that dies and returns.
@Timeout(120)
final class LiveBrowserTest {

  private static final String HERE = "/io/weft/conformance/live/";
  private static final Map<String, Object> QUICK = Map.of("firstDelay", 5, "longestDelay", 50);

  @RegisterExtension private final Browsers browsers = new Browsers();

  /// What the server heard, on whichever connection.
  private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

  private Server pages;
  private Server server;

  /// Opened when it is needed.
  private @Nullable Browser browser;

  /// Where the commands run: `inPage` or `inWorker`.
  private String where = "inPage";

  private final class Listening implements Endpoint {
    @Override
    public void opened(WebSocket ws) {
      String code = ws.request().query("code");
      if (code != null) {
        ws.close(Integer.parseInt(code), "so it is");
      }
      String asked = ws.request().query("asked");
      if (asked != null) {
        heard.add("asked " + asked);
      }
    }

    @Override
    public void text(WebSocket ws, String text) {
      heard.add(text);
      ws.send("you said " + text);
    }

    @Override
    public void binary(WebSocket ws, ByteBuffer data) {
      heard.add(data.remaining() + " bytes, the last " + data.get(data.limit() - 1));
      ws.send(data);
    }
  }

  @BeforeEach
  void start() throws Exception {
    pages =
        Server.at("127.0.0.1", 0)
            .loops(1)
            .closeAtShutdown(false)
            .http("/page", request -> file("text/html", HERE + "page.html"))
            .http("/vue", request -> file("text/html", HERE + "vue.html"))
            .http("/harness.js", request -> file("text/javascript", HERE + "harness.js"))
            .http("/worker.js", request -> file("text/javascript", HERE + "worker.js"))
            .http("/useLive.js", request -> file("text/javascript", HERE + "useLive.js"))
            .http("/weft.js", request -> file("text/javascript", "/META-INF/resources/weft.js"))
            .http("/vue.js", request -> Response.of(200, "text/javascript", vue()))
            .http("/favicon.ico", request -> Response.text(200, ""))
            .start();
    startServer(0);
  }

  @AfterEach
  void stop() throws Exception {
    server.close(Duration.ofSeconds(5));
    pages.close(Duration.ofSeconds(5));
  }

  private void startServer(int port) {
    server =
        Server.at("127.0.0.1", port)
            .loops(1)
            .closeAtShutdown(false)
            .origins("*")
            .limits(l -> l.drainSpread(Duration.ofMillis(1)))
            .route("/feed", new Listening())
            .start();
  }

  private static Response file(String type, String name) {
    try (InputStream in = LiveBrowserTest.class.getResourceAsStream(name)) {
      return Response.of(200, type + "; charset=utf-8", in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] vue() {
    try {
      return Files.readAllBytes(npm("vue/dist/vue.esm-browser.prod.js"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A file that npm has installed.
  private static Path npm(String name) {
    Path home = Tools.module().resolve("src/test/node");
    Path file = home.resolve("node_modules").resolve(name);
    Tools.need(Files.exists(file), "what `npm ci --ignore-scripts` installs in " + home);
    return file;
  }

  private URI page(String path) {
    return URI.create("http://127.0.0.1:" + pages.port() + path);
  }

  private static String feed(int port) {
    return "ws://127.0.0.1:" + port + "/feed";
  }

  private void openPage(String in) throws IOException {
    where = in;
    if (browser == null) {
      browser = browsers.open();
    }
    browser.openTest(page("/page"));
  }

  private Object does(String command, Object... arguments) {
    return browser.run(
        "return window[arguments[0]](arguments[1], arguments[2])",
        where,
        command,
        List.of(arguments));
  }

  /// Waits until the log of the page has these lines, in this order, perhaps among others.
  private void awaitLog(String... lines) {
    browser.awaitTrue(
        """
        return Promise.resolve(window[arguments[0]]("log", [])).then((log) => {
          let at = 0;
          for (const line of log) { if (line === arguments[1][at]) at++; }
          return at === arguments[1].length;
        })\
        """,
        where,
        List.of(lines));
  }

  private List<String> log() {
    List<String> lines = new ArrayList<>();
    for (Object line : (List<?>) does("log")) {
      lines.add((String) line);
    }
    return lines;
  }

  private void assertHears(String... texts) throws InterruptedException {
    for (String text : texts) {
      assertEquals(text, heard.poll(20, TimeUnit.SECONDS), () -> log().toString());
    }
  }

  // ---- Coming back ------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(strings = {"inPage", "inWorker"})
  void outlivesAServer(String in) throws Exception {
    openPage(in);
    int port = server.port();
    does("open", feed(port), QUICK);
    does("send", "你好");
    does("sendBytes", 1, 2, 255);
    assertHears("subscribe 1", "你好", "3 bytes, the last -1");
    awaitLog("state connecting 1", "state open", "message you said 你好");
    awaitLog("message 1,2,255");
    awaitLog("sent 你好", "sent bytes");

    server.close(Duration.ofSeconds(5));
    awaitLog("state open", "close 1001 the server stops", "state waiting 1001");
    does("send", "while away");
    does("send", "and more");
    startServer(port);
    assertHears("subscribe 2", "while away", "and more");
    awaitLog("sent while away", "sent and more");
    assertEquals(List.of(0L, 0L), does("kept"));

    does("close", 4321, "done");
    awaitLog("state closing", "close 4321 done", "state closed 4321", "over 4321 dropped 0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"inPage", "inWorker"})
  void outlivesANetwork(String in) throws Exception {
    openPage(in);
    try (Relay relay = new Relay(server.port())) {
      does("open", feed(relay.port()), QUICK);
      for (int connection = 1; connection <= 5; connection++) {
        assertHears("subscribe " + connection);
        does("send", "on " + connection);
        assertHears("on " + connection);
        relay.cut();
      }
      assertHears("subscribe 6");
      awaitLog("close 1006", "state waiting 1006", "state open");
      does("close");
      awaitLog("over 1000 dropped 0");
    }
  }

  @Test
  void asksForAUrlEachTime() throws Exception {
    openPage("inPage");
    does("freshUrl", feed(server.port()));
    assertHears("asked 2");
    awaitLog("state connecting 1", "state waiting 1006", "state connecting 2", "state open");
  }

  @Test
  void givesUpAConnectionThatDoesNotComeAbout() throws Exception {
    openPage("inPage");
    try (ServerSocket mute = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      does(
          "open",
          feed(mute.getLocalPort()),
          Map.of("connectTimeout", 100, "firstDelay", 1, "longestDelay", 1));
      awaitLog("state connecting 1", "state waiting 1006", "state connecting 2");
      does("send", "kept");
      does("close");
      awaitLog("state closed 1000", "over 1000 dropped 1");
      awaitLog("closed kept");
    }
  }

  @Test
  void givesUpAConnectionThatFellSilent() throws Exception {
    openPage("inPage");
    does("open", feed(server.port()), Map.of("silentFor", 300, "firstDelay", 1, "longestDelay", 1));
    assertHears("subscribe 1", "subscribe 2");
    awaitLog("close 1006 nothing came for too long", "state waiting 1006", "state open");
  }

  // ---- For good ---------------------------------------------------------------------------------

  @Test
  void respectsWhatIsForGood() throws Exception {
    for (int code : new int[] {1002, 1008, 4000, 4999}) {
      openPage("inPage");
      does("open", feed(server.port()) + "?code=" + code, QUICK);
      awaitLog("state open", "close " + code + " so it is", "state closed " + code);
      does("send", "too late");
      awaitLog("closed too late");
    }
  }

  @Test
  void comesBackAfterWhatIsNot() throws Exception {
    for (int code : new int[] {1000, 1001, 1011, 1012, 1013, 3000}) {
      openPage("inPage");
      does("open", feed(server.port()) + "?code=" + code, QUICK);
      awaitLog("state open", "state waiting " + code, "state connecting 2", "state open");
    }
  }

  @Test
  void closesFromWhateverItCalls() throws Exception {
    String ends = feed(server.port()) + "?code=1012";
    for (String event : List.of("open", "message", "close", "state")) {
      openPage("inPage");
      String url = event.equals("message") ? feed(server.port()) : ends;
      does("open", url, QUICK);
      does("closeOn", event);
      does("send", "hi");
      awaitOver();
    }
    for (String url : List.of(ends, feed(1))) {
      openPage("inPage");
      does("openAndCloseInIsFinal", url, QUICK);
      awaitOver();
    }
    browser.noErrorsBut("net::ERR");
  }

  /// Waits until it is closed, once.
  private void awaitOver() {
    browser.awaitTrue(
        """
        return window[arguments[0]]("log", []).filter((l) => l.startsWith("over ")).length === 1
            && window[arguments[0]]("log", []).filter((l) => l.startsWith("state closed")).length === 1
        """,
        where);
  }

  @Test
  void knowsTheRules() throws Exception {
    openPage("inWorker");
    assertEquals(
        List.of(1002L, 1008L, 4000L, 4999L),
        does("finals", 1000, 1001, 1002, 1003, 1006, 1008, 1011, 3999, 4000, 4999, 5000));
    double bound = 80;
    double least = bound;
    double most = 0;
    for (Object each : (List<?>) does("delays", 3, 10, 1000)) {
      double ms = ((Number) each).doubleValue();
      least = Math.min(least, ms);
      most = Math.max(most, ms);
    }
    assertTrue(least >= 0 && least < bound * 0.05, "from " + least);
    assertTrue(most < bound && most > bound * 0.95, "to " + most);
  }

  // ---- What is kept -----------------------------------------------------------------------------

  @Test
  void keepsNoMoreAndNoLongerThanItMay() throws Exception {
    openPage("inPage");
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    does("open", feed(port), Map.of("keptMessages", 3, "keptBytes", 10, "keptFor", 60_000));
    does("send", "12345678");
    does("send", "345");
    awaitLog("overflow 345");
    does("send", "9", Map.of("within", 3_000));
    does("send", "");
    does("send", "");
    awaitLog("overflow ");
    assertEquals(List.of(3L, 9L), does("kept"));
    awaitLog("expired 9");
    assertEquals(List.of(2L, 8L), does("kept"));
    does("close");
    awaitLog("closed 12345678", "closed ");
    awaitLog("over 1000 dropped 2");
  }

  @Test
  void passesOnMoreThanTheBrowserShouldHold() throws Exception {
    openPage("inPage");
    does("open", feed(server.port()), Map.of("keptBytes", 10_000_000));
    String large = "x".repeat(300_000);
    for (int at = 0; at < 10; at++) {
      does("send", at + large);
    }
    assertHears("subscribe 1");
    for (int at = 0; at < 10; at++) {
      assertHears(at + large);
    }
    awaitLog("sent 9" + "x".repeat(19));
  }

  @Test
  void refusesWhatMakesNoSense() throws Exception {
    openPage("inPage");
    does("open", feed(server.port()));
    assertEquals("SyntaxError", does("throws", "new", "ftp://example.com"));
    assertEquals("TypeError", does("throws", "new", "/feed", Map.of("firstDelays", 1)));
    assertEquals("RangeError", does("throws", "new", "/feed", Map.of("firstDelay", 0)));
    assertEquals("RangeError", does("throws", "new", "/feed", Map.of("keptBytes", "many")));
    assertEquals("TypeError", does("throws", "send", 3));
    assertEquals("RangeError", does("throws", "send", "x", Map.of("within", -1)));
    assertEquals("RangeError", does("throws", "close", 1001));
    assertEquals("RangeError", does("throws", "close", 1000, "x".repeat(124)));
    assertEquals("nothing", does("throws", "close", 1000, "x".repeat(123)));
  }

  // ---- Vue, TypeScript, weft serve --------------------------------------------------------------

  @Test
  void worksInAVueComponent() throws Exception {
    browser = browsers.open();
    int port = server.port();
    String url = URLEncoder.encode(feed(port), StandardCharsets.UTF_8);
    browser.openTest(page("/vue?url=" + url));
    browser.awaitText("state", "open");
    browser.run("window.live.send('from Vue')");
    browser.awaitText("message", "you said from Vue");
    server.close(Duration.ofSeconds(5));
    browser.awaitText("state", "waiting");
    browser.run("window.live.send('still here')");
    startServer(port);
    browser.awaitText("message", "you said still here");
    browser.run("window.leave()");
    browser.awaitTrue("return window.live.state.name === 'closed'");
  }

  /// The composable that the test above has in its page is the one of the guide.
  @Test
  void worksAsTheGuideSays() throws Exception {
    String guide = Files.readString(Tools.module().resolve("../docs/guide.md"));
    try (InputStream in = LiveBrowserTest.class.getResourceAsStream(HERE + "useLive.js")) {
      String code = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(guide.contains("```js\n" + code + "```"), "the guide shows useLive.js");
    }
  }

  @Test
  void hasTypesThatHold() throws Exception {
    Path tsc = npm("typescript/bin/tsc");
    Path folder = Tools.target().resolve("types");
    Tools.delete(folder);
    Files.createDirectories(folder);
    for (String name : List.of("/META-INF/resources/weft.d.ts", HERE + "types.ts")) {
      try (InputStream in = LiveBrowserTest.class.getResourceAsStream(name)) {
        Files.copy(in, folder.resolve(name.substring(name.lastIndexOf('/') + 1)));
      }
    }
    Process compiler =
        new ProcessBuilder(
                Tools.node().toString(),
                tsc.toString(),
                "--noEmit",
                "--strict",
                "--target",
                "es2022",
                "--module",
                "esnext",
                "--moduleResolution",
                "bundler",
                "--lib",
                "dom,es2022",
                "types.ts")
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    String said = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, compiler.waitFor(), said);
  }

  @Test
  void comesWithWeftServe() throws Exception {
    try (WeftServe serve = WeftServe.start()) {
      browser = browsers.open();
      browser.open(serve.page());
      Object answer =
          browser.run(
              """
              return import("/weft.js").then(({ Live }) => new Promise((resolve) => {
                const live = new Live("/echo");
                live.addEventListener("message", ({ data }) => resolve(data));
                live.send("served");
              }))\
              """);
      assertEquals("served", answer);
    }
  }
}
