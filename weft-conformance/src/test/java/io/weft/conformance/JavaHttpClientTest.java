package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/// The JDK's own client, `java.net.http.WebSocket`.
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class JavaHttpClientTest {

  private final WeftEcho server = WeftEcho.start();
  private final HttpClient http = HttpClient.newHttpClient();

  @AfterAll
  void stop() {
    http.shutdownNow();
    server.close();
  }

  @Test
  void text() throws Exception {
    assertEquals("Hello world", echo("Hello world"));
  }

  @Test
  void chineseText() throws Exception {
    assertEquals("你好啊", echo("你好啊"));
  }

  @Test
  void binaryOf128KiB() throws Exception {
    byte[] large = new byte[128 * 1024];
    new SplittableRandom(1).nextBytes(large);
    var inbox = new Inbox();
    WebSocket ws = connect("/echo", inbox);
    ws.sendBinary(ByteBuffer.wrap(large), true).join();
    assertArrayEquals(large, (byte[]) inbox.next());
    end(ws, inbox);
  }

  @Test
  void fragmentsWithAPingBetween() throws Exception {
    var inbox = new Inbox();
    WebSocket ws = connect("/echo", inbox);
    ws.sendText("你", false).join();
    ws.sendText("", false).join();
    ws.sendPing(utf8("between")).join();
    ws.sendText("好啊", true).join();
    assertEquals("pong between", inbox.next());
    assertEquals("你好啊", inbox.next());
    end(ws, inbox);
  }

  @Test
  void aPingIsAnsweredWithItsPayload() throws Exception {
    var inbox = new Inbox();
    WebSocket ws = connect("/echo", inbox);
    ws.sendPing(utf8("are you there")).join();
    assertEquals("pong are you there", inbox.next());
    end(ws, inbox);
  }

  @Test
  void theServersPingIsAnswered() throws Exception {
    var inbox = new Inbox();
    WebSocket ws = connect("/ping", inbox);
    ws.sendText("ping me", true).join();
    assertEquals("answered", inbox.next());
    end(ws, inbox);
  }

  @Test
  void theClientClosesWith4001() throws Exception {
    var inbox = new Inbox();
    WebSocket ws = connect("/echo", inbox);
    ws.sendClose(4001, "再见 from java.net.http").join();
    assertEquals("close 4001 再见 from java.net.http", inbox.next());
    server.awaitClose(4001, "再见 from java.net.http");
  }

  @Test
  void theServerClosesWith4001() throws Exception {
    var inbox = new Inbox();
    WebSocket ws = connect("/close", inbox);
    ws.sendText("close me", true).join();
    assertEquals("close 4001 再见", inbox.next());
  }

  @Test
  void theServersPreferenceAmongSubprotocolsWins() throws Exception {
    var inbox = new Inbox();
    WebSocket ws =
        http.newWebSocketBuilder()
            .subprotocols("v0.chat", "v1.chat", "v2.chat")
            .buildAsync(server.uri("/echo"), inbox)
            .join();
    assertEquals("v2.chat", ws.getSubprotocol());
    end(ws, inbox);
  }

  @Test
  void aRefusedHandshakeIsSeenAs403() {
    WebSocketHandshakeException refusal = refusal("/refused");
    assertEquals(403, refusal.getResponse().statusCode());
    assertEquals("members only", refusal.getResponse().headers().firstValue("X-Why").orElse(null));
  }

  @Test
  void anUnknownPathIsSeenAs404() {
    assertEquals(404, refusal("/nobody/here").getResponse().statusCode());
  }

  private String echo(String text) throws InterruptedException {
    var inbox = new Inbox();
    WebSocket ws = connect("/echo", inbox);
    ws.sendText(text, true).join();
    String seen = (String) inbox.next();
    end(ws, inbox);
    return seen;
  }

  private WebSocket connect(String path, Inbox inbox) {
    return http.newWebSocketBuilder().buildAsync(server.uri(path), inbox).join();
  }

  private static void end(WebSocket ws, Inbox inbox) throws InterruptedException {
    ws.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
    assertEquals("close 1000 ", inbox.next());
  }

  private WebSocketHandshakeException refusal(String path) {
    var failure = assertThrows(CompletionException.class, () -> connect(path, new Inbox()));
    return assertInstanceOf(WebSocketHandshakeException.class, failure.getCause());
  }

  private static ByteBuffer utf8(String text) {
    return StandardCharsets.UTF_8.encode(text);
  }

  /// What the client's listener was told, in order: texts as strings, binaries as bytes, the rest
  /// in words.
  private static final class Inbox implements WebSocket.Listener {

    private final BlockingQueue<Object> arrivals = new LinkedBlockingQueue<>();
    private final StringBuilder text = new StringBuilder();
    private final ByteArrayOutputStream binary = new ByteArrayOutputStream();

    Object next() throws InterruptedException {
      Object next = arrivals.poll(20, TimeUnit.SECONDS);
      if (next == null) {
        throw new AssertionError("nothing came within 20 s");
      }
      return next;
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket ws, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        arrivals.add(text.toString());
        text.setLength(0);
      }
      ws.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onBinary(WebSocket ws, ByteBuffer data, boolean last) {
      byte[] part = new byte[data.remaining()];
      data.get(part);
      binary.writeBytes(part);
      if (last) {
        arrivals.add(binary.toByteArray());
        binary.reset();
      }
      ws.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onPong(WebSocket ws, ByteBuffer message) {
      arrivals.add("pong " + StandardCharsets.UTF_8.decode(message));
      ws.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket ws, int code, String reason) {
      arrivals.add("close " + code + " " + reason);
      return null;
    }

    @Override
    public void onError(WebSocket ws, Throwable error) {
      arrivals.add("error " + error);
    }
  }
}
