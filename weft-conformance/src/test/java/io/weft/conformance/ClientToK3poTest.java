package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.weft.Client;
import io.weft.Close;
import io.weft.Endpoint;
import io.weft.HandshakeException;
import io.weft.Message;
import io.weft.WebSocket;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// K3PO's scripted conversations of RFC 6455, played by a server against the client, which does
/// what the name of the scenario says, and echoes whatever comes.
final class ClientToK3poTest {

  private static final long PATIENCE_S = 20;

  /// The scripts of `specification.ws` 3.1.0 in which K3PO plays a server: all scenarios there are.
  private static final int SCRIPTS = 218;

  /// A scenario in which the client says something first, which it hears again.
  private static final Pattern ECHO =
      Pattern.compile(
          "(?:framing|fragmentation)/(?:client\\.)?echo\\.(text|binary)\\.payload\\.length\\.(\\d+).*");

  /// One in which it says too much.
  private static final Pattern TOO_BIG =
      Pattern.compile("limits/should\\.fail\\.(text|binary)\\.payload\\.length\\.(\\d+)");

  /// One in which it closes.
  private static final Pattern CLOSE =
      Pattern.compile(
          "closing/client\\.send\\.close\\.frame\\.with\\.code\\.(\\d+)(\\.and\\.reason)?");

  /// One in which the server's answer will not do.
  private static final Pattern WRONG_ANSWER =
      Pattern.compile("opening/response\\.header\\..*\\.(missing|not\\..*)");

  private static final Pattern PATH = Pattern.compile("http://127\\.0\\.0\\.1:\\d+(/[a-z?]+)");

  @TestFactory
  Stream<DynamicTest> playsEveryScriptOfAServer() throws IOException {
    K3poAdaptations adaptations = K3poAdaptations.read("k3po-client-adaptations.txt");
    List<DynamicTest> tests = new ArrayList<>();
    Map<String, String> scripts = K3poScripts.read(ClientToK3poTest::playsAServer);
    scripts.forEach((name, text) ->
        adaptations
            .adapt(name, text)
            .ifPresent(adapted -> tests.add(dynamicTest(name, () -> play(name, adapted)))));
    tests.add(
        dynamicTest(
            "every script is known, every adaptation is needed",
            () ->
                assertAll(
                    () -> assertEquals(SCRIPTS, scripts.size()),
                    () -> assertEquals("", adaptations.unused()))));
    return tests.stream();
  }

  private static boolean playsAServer(Path file) {
    return file.getFileName().toString().matches("handshake\\.responses?.*\\.rpt");
  }

  private static void play(String name, String text) throws Exception {
    String server = "127.0.0.1:" + Tools.freePort();
    String script = text.replace("localhost:8080", server);
    Guest guest = new Guest(name);
    K3poScripts.play(name, script, () -> guest.visit(script, server));
    guest.leave();
  }

  /// The client in one scenario.
  private static final class Guest implements Endpoint {

    private final String scenario;
    private final @Nullable Message first;
    private final boolean tooBig;
    private final List<WebSocket> opened = new ArrayList<>();
    private final CompletableFuture<Message> echo = new CompletableFuture<>();
    private final CompletableFuture<Close> closed = new CompletableFuture<>();

    Guest(String scenario) {
      this.scenario = scenario;
      Matcher echoes = ECHO.matcher(scenario);
      Matcher overLimit = TOO_BIG.matcher(scenario);
      this.tooBig = overLimit.matches();
      this.first = echoes.matches() ? message(echoes) : tooBig ? message(overLimit) : null;
    }

    /// A message of the kind and the size, in bytes, that a scenario's name says.
    private static Message message(Matcher scenario) {
      int bytes = Integer.parseInt(scenario.group(2));
      if (scenario.group(1).equals("text")) {
        return new Message.Text("好".repeat(bytes / 3) + "!".repeat(bytes % 3));
      }
      byte[] data = new byte[bytes];
      for (int at = 0; at < bytes; at++) {
        data[at] = (byte) (at * 7);
      }
      return new Message.Binary(ByteBuffer.wrap(data));
    }

    /// Does what it came for.
    void visit(String script, String server) throws Exception {
      Matcher path = PATH.matcher(script);
      String target = path.find() ? path.group(1) : "";
      // K3PO leaves the connection open behind its last word, for the client to give up waiting.
      Client client =
          Client.to("ws://" + server + target)
              .noProxy()
              .limits(l -> l.closeTimeout(Duration.ofSeconds(1)));
      switch (scenario) {
        case "opening/request.header.cookie" -> {
          path.find();
          client = withCookieOf("http://" + server + target, "ws://" + server + path.group(1));
        }
        case "opening/request.header.origin" -> client = client.origin("http://" + server);
        case "opening/request.header.sec.websocket.protocol",
            "opening/response.header.sec.websocket.protocol.not.negotiated" ->
            client = client.subprotocols("primary", "secondary");
        default -> {}
      }
      if (WRONG_ANSWER.matcher(scenario).matches()) {
        Client refusing = client;
        var failure = assertThrows(HandshakeException.class, () -> connect(refusing));
        assertEquals(101, failure.status(), failure::getMessage);
        return;
      }
      opened.add(connect(client));
      if (scenario.equals("opening/multiple.connections.established")) {
        opened.add(connect(client));
      }
      if (tooBig) {
        Close close = closed.get(PATIENCE_S, TimeUnit.SECONDS);
        assertEquals(new Close(Close.MESSAGE_TOO_BIG, "", Close.By.PEER), close);
      } else if (first != null) {
        assertEquals(first, echo.get(PATIENCE_S, TimeUnit.SECONDS));
      }
    }

    private WebSocket connect(Client client) throws Exception {
      try {
        return client.connect(this).get(PATIENCE_S, TimeUnit.SECONDS);
      } catch (ExecutionException e) {
        throw e.getCause() instanceof HandshakeException failure ? failure : e;
      }
    }

    /// Brings back the cookie that a page of the same server sets.
    private static Client withCookieOf(String page, String url) throws Exception {
      try (HttpClient http = HttpClient.newHttpClient()) {
        var answer =
            http.send(
                HttpRequest.newBuilder(URI.create(page)).build(),
                HttpResponse.BodyHandlers.discarding());
        String cookie = answer.headers().firstValue("Set-Cookie").orElseThrow();
        String[] pair = cookie.substring(0, cookie.indexOf(';')).split("=", 2);
        return Client.to(url).noProxy().cookie(pair[0], pair[1]);
      }
    }

    /// Leaves nothing behind.
    void leave() throws Exception {
      opened.forEach(WebSocket::close);
      if (!opened.isEmpty()) {
        closed.get(PATIENCE_S, TimeUnit.SECONDS);
      }
    }

    @Override
    public void opened(WebSocket ws) {
      Matcher closes = CLOSE.matcher(scenario);
      if (first != null) {
        ws.send(first);
      } else if (closes.matches()) {
        // 20 bytes, as the script has it.
        String reason = closes.group(2) == null ? "" : "再见, 再见! then";
        ws.close(Integer.parseInt(closes.group(1)), reason);
      }
    }

    @Override
    public void text(WebSocket ws, String text) {
      heard(ws, new Message.Text(text));
    }

    @Override
    public void binary(WebSocket ws, ByteBuffer data) {
      byte[] copy = new byte[data.remaining()];
      data.get(copy);
      heard(ws, new Message.Binary(ByteBuffer.wrap(copy)));
    }

    private void heard(WebSocket ws, Message message) {
      if (first == null) {
        ws.send(message);
      } else {
        echo.complete(message);
      }
    }

    @Override
    public void closed(WebSocket ws, Close close) {
      closed.complete(close);
    }
  }
}
