package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The console's files as a browser asks for them.
final class ConsoleTest {

  private static Serving serving;

  @BeforeAll
  static void start() {
    serving = new Serving("--quiet");
  }

  @AfterAll
  static void stop() {
    serving.close();
  }

  @Test
  void servesEveryFileOfTheFolderAndNoOther() throws Exception {
    Path folder = Path.of(Console.class.getResource("console").toURI());
    var files = new TreeSet<String>();
    try (var paths = Files.list(folder)) {
      paths.forEach(path -> files.add(path.getFileName().toString()));
    }
    assertEquals(files, new TreeSet<>(Console.FILES));

    for (String file : files) {
      HttpResponse<byte[]> answer =
          serving.http.send(serving.request("/" + file).build(), BodyHandlers.ofByteArray());
      assertEquals(200, answer.statusCode(), file);
      assertArrayEquals(Files.readAllBytes(folder.resolve(file)), answer.body(), file);
    }
  }

  /// A proxy may serve it under a prefix that it strips.
  @Test
  void namesItsFilesByRelativeAddresses() throws Exception {
    String page =
        serving
            .http
            .send(serving.request("/").build(), HttpResponse.BodyHandlers.ofString())
            .body();
    Matcher addresses = Pattern.compile("(?:src|href)=\"([^\"#]*)\"").matcher(page);
    int found = 0;
    while (addresses.find()) {
      found++;
      assertFalse(addresses.group(1).matches("/.*|.*:.*"), addresses.group(1));
      assertTrue(Console.FILES.contains(addresses.group(1)), addresses.group(1));
    }
    assertTrue(found >= 4, page);
  }

  @Test
  void saysWhichHostItIsAskedFor() throws Exception {
    HttpResponse<String> answer =
        serving.http.send(serving.request("/host").build(), HttpResponse.BodyHandlers.ofString());
    assertEquals("127.0.0.1:" + serving.server.port(), answer.body());
  }

  @ParameterizedTest
  @CsvSource({
    "/, text/html; charset=utf-8",
    "/index.html, text/html; charset=utf-8",
    "/console.css, text/css; charset=utf-8",
    "/console.js, text/javascript; charset=utf-8",
    "/favicon.svg, image/svg+xml",
    "/weft.js, text/javascript; charset=utf-8",
    "/weft.d.ts, text/plain; charset=utf-8",
  })
  void saysWhatEachIsAndWhatItMayDo(String path, String type) throws Exception {
    HttpResponse<String> answer = serving.get(path);
    assertEquals(200, answer.statusCode());
    assertHeader(answer, "Content-Type", type);
    assertHeader(
        answer,
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src"
            + " 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    assertHeader(answer, "X-Content-Type-Options", "nosniff");
    assertHeader(answer, "Referrer-Policy", "no-referrer");
    assertHeader(answer, "Cache-Control", "no-cache");
  }

  @Test
  void answersHeadWithoutABody() throws Exception {
    HttpResponse<String> answer =
        serving.http.send(serving.request("/").HEAD().build(), BodyHandlers.ofString());
    assertEquals(200, answer.statusCode());
    assertEquals("", answer.body());
    assertEquals(
        serving.get("/").body().getBytes(StandardCharsets.UTF_8).length,
        answer.headers().firstValueAsLong("Content-Length").orElseThrow());
  }

  @Test
  void refusesToBeWrittenTo() throws Exception {
    var put = serving.request("/").PUT(BodyPublishers.ofString("x")).build();
    assertEquals(405, serving.http.send(put, BodyHandlers.ofString()).statusCode());
  }

  @ParameterizedTest
  @ValueSource(strings = {"/Main.class", "/console", "/console/index.html", "/index.html.bak"})
  void hasNothingElse(String path) throws Exception {
    assertEquals(404, serving.get(path).statusCode());
  }

  @Test
  void thePageNeedsNothingThatItsPolicyForbids() throws Exception {
    String page = serving.get("/").body();
    assertFalse(page.contains("<style"), "an inline style");
    assertFalse(page.matches("(?s).*<script(?![^>]*\\bsrc=).*"), "an inline script");
    assertFalse(page.matches("(?s).*\\s(on\\w+|style)=\".*"), "an inline handler or style");
    assertFalse(page.matches("(?s).*(src|href)=\"(https?:)?//.*"), "an outside resource");
  }

  private static void assertHeader(HttpResponse<?> answer, String name, String value) {
    assertEquals(value, answer.headers().firstValue(name).orElse("missing"), name);
  }
}
