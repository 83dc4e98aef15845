package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Close;
import io.weft.Compression;
import io.weft.Endpoint;
import io.weft.Response;
import io.weft.Server;
import io.weft.WebSocket;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// permessage-deflate (RFC 7692) with clients of other makers, each with parameters of its own: 200
/// messages of all kinds and sizes to 1 MiB, some of them fragmented, are echoed and are what was
/// sent; what the server received has the digest of what was sent; both ends say the same of what
/// was agreed on; and both directions are compressed, as a relay between them sees.
@Timeout(120)
final class DeflateClientsTest {

  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int SEED = 7692;

  @RegisterExtension private final Browsers browsers = new Browsers();

  /// Echoes, and answers `digest?` with the SHA-256 of all it received on this connection.
  private static final class Digesting implements Endpoint {

    final BlockingQueue<String> extensions = new LinkedBlockingQueue<>();
    final BlockingQueue<Close> closes = new LinkedBlockingQueue<>();
    private final Map<Long, MessageDigest> received = new ConcurrentHashMap<>();

    @Override
    public void opened(WebSocket ws) {
      extensions.add(ws.extensions());
      try {
        received.put(ws.id(), MessageDigest.getInstance("SHA-256"));
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java has it", e);
      }
    }

    @Override
    public void text(WebSocket ws, String text) {
      MessageDigest all = received.get(ws.id());
      if (text.equals("digest?")) {
        ws.send(HexFormat.of().formatHex(all.digest()));
        return;
      }
      all.update((byte) 'T');
      all.update(text.getBytes(StandardCharsets.UTF_8));
      ws.send(text);
    }

    @Override
    public void binary(WebSocket ws, ByteBuffer data) {
      MessageDigest all = received.get(ws.id());
      all.update((byte) 'B');
      all.update(data.duplicate());
      ws.send(data);
    }

    @Override
    public void closed(WebSocket ws, Close close) {
      received.remove(ws.id());
      closes.add(close);
    }
  }

  /// A client: talks to a server until all is exchanged.
  private interface Talk {

    /// @return what was agreed on, and what was exchanged
    JsonNode with(URI server) throws Exception;
  }

  /// Has a client talk to a server.
  ///
  /// @param agreed what both ends are to say of the extension; empty for none
  private static void talk(Compression compression, String agreed, Talk client) throws Exception {
    var endpoint = new Digesting();
    try (Server server = serve(compression, endpoint);
        Relay relay = new Relay(server.port())) {
      JsonNode said = client.with(URI.create("ws://127.0.0.1:" + relay.port() + "/"));
      assertEquals(agreed, said.path("agreed").asString(), said::toString);
      assertEquals(agreed, endpoint.extensions.poll(20, TimeUnit.SECONDS));
      Close close = endpoint.closes.poll(20, TimeUnit.SECONDS);
      assertTrue(close != null && close.code() == 1000, "closed in good order: " + close);

      assertEquals(200, said.path("messages").asInt());
      long all = said.path("bytes").asLong();
      long texts = said.path("textBytes").asLong();
      assertTrue(texts > 1 << 20 && all > texts + (1 << 20), said::toString);
      judge("to the server", relay.toServer(), all, texts, !agreed.isEmpty());
      judge("to the client", relay.toClients(), all, texts, !agreed.isEmpty());
    }
  }

  private static void judge(String way, long wire, long all, long texts, boolean compressed) {
    assertTrue(
        compressed ? wire < all - texts / 2 : wire > all,
        () -> "%s: %d bytes for %d, of them %d of text".formatted(way, wire, all, texts));
  }

  private static Server serve(Compression compression, Endpoint endpoint) {
    return Server.at("127.0.0.1", 0)
        .loops(1)
        .closeAtShutdown(false)
        .origins("*")
        .compression(compression)
        .route("/", endpoint)
        .start();
  }

  private static Compression compression(Compression.Mode mode, int bits) {
    return Compression.of(mode).windowBits(bits);
  }

  /// Runs a script that prints one line of JSON.
  private static JsonNode run(String name, List<String> command) throws Exception {
    Path home = Tools.target().resolve("foreign").resolve(name);
    try (Program program = Program.start(name, home, command)) {
      assertEquals(0, program.awaitExit(PATIENCE), program::report);
      return JsonMapper.shared().readTree(program.lines().getLast());
    }
  }

  /// Its options are those of `ws`.
  @ParameterizedTest
  @CsvFileSource(
      resources = "deflate/node-ws.csv",
      delimiter = '|',
      quoteCharacter = '\'',
      numLinesToSkip = 1)
  void nodeWs(Compression.Mode mode, int bits, String options, String agreed) throws Exception {
    Path node = Tools.node();
    Path home = Tools.module().resolve("src/test/node");
    Tools.need(
        Files.isDirectory(home.resolve("node_modules/ws")),
        "what `npm ci --ignore-scripts` installs in " + home);
    String script = home.resolve("deflate.mjs").toString();
    talk(
        compression(mode, bits),
        agreed,
        server -> run("ws", List.of("" + node, script, "" + server, options, "" + SEED)));
  }

  /// Its options are those of `ClientPerMessageDeflateFactory`.
  @ParameterizedTest
  @CsvFileSource(
      resources = "deflate/python-websockets.csv",
      delimiter = '|',
      quoteCharacter = '\'',
      numLinesToSkip = 1)
  void pythonWebsockets(Compression.Mode mode, int bits, String options, String agreed)
      throws Exception {
    String python = Tools.python().toString();
    String script = Tools.module().resolve("src/test/python/deflate.py").toString();
    talk(
        compression(mode, bits),
        agreed,
        server -> run("websockets", List.of(python, script, "" + server, options, "" + SEED)));
  }

  /// It always offers `permessage-deflate; client_max_window_bits`.
  @ParameterizedTest
  @CsvFileSource(
      resources = "deflate/chromium.csv",
      delimiter = '|',
      quoteCharacter = '\'',
      numLinesToSkip = 1)
  void chromium(Compression.Mode mode, int bits, String agreed) throws Exception {
    Browser browser = browsers.open();
    try (Server pages = pages()) {
      browser.openTest(URI.create("http://127.0.0.1:" + pages.port() + "/page"));
      talk(
          compression(mode, bits),
          agreed,
          server ->
              JsonMapper.shared()
                  .valueToTree(
                      browser.run(
                          "return talk(arguments[0], arguments[1])", server.toString(), SEED)));
      browser.noErrors();
    }
  }

  private static Server pages() {
    return Server.at("127.0.0.1", 0)
        .loops(1)
        .closeAtShutdown(false)
        .http("/page", request -> Response.of(200, "text/html; charset=utf-8", page()))
        .http(
            "/messages.mjs",
            request -> Response.of(200, "text/javascript; charset=utf-8", messages()))
        .http("/favicon.ico", request -> Response.text(200, ""))
        .start();
  }

  private static byte[] page() {
    try (InputStream in = DeflateClientsTest.class.getResourceAsStream("deflate/page.html")) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] messages() {
    try {
      return Files.readAllBytes(Tools.module().resolve("src/test/node/messages.mjs"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
