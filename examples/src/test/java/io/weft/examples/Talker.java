package io.weft.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/// A client of the JDK's own that keeps what it hears: a text as it is, a binary message in hex.
final class Talker implements WebSocket.Listener {

  private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
  private final StringBuilder text = new StringBuilder();
  private final StringBuilder hex = new StringBuilder();

  /// The code and reason of the server's Close.
  final CompletableFuture<String> closed = new CompletableFuture<>();

  WebSocket socket;

  static Talker connect(HttpClient http, int port, String path) {
    return connect(http, port, path, builder -> builder);
  }

  static Talker connect(
      HttpClient http, int port, String path, UnaryOperator<WebSocket.Builder> change) {
    return new Talker().open(http, port, path, change);
  }

  private Talker open(
      HttpClient http, int port, String path, UnaryOperator<WebSocket.Builder> change) {
    URI uri = URI.create("ws://127.0.0.1:" + port + path);
    socket = change.apply(http.newWebSocketBuilder()).buildAsync(uri, this).join();
    return this;
  }

  /// The status of a handshake with one header more.
  static int handshake(HttpClient http, int port, String path, String header, String value)
      throws Exception {
    try {
      connect(http, port, path, b -> b.header(header, value)).leave();
      return 101;
    } catch (CompletionException e) {
      return ((WebSocketHandshakeException) e.getCause()).getResponse().statusCode();
    }
  }

  Talker say(String whole) {
    socket.sendText(whole, true).join();
    return this;
  }

  Talker say(byte[] whole) {
    socket.sendBinary(ByteBuffer.wrap(whole), true).join();
    return this;
  }

  String hear() throws InterruptedException {
    return heard.poll(10, TimeUnit.SECONDS);
  }

  /// Hears each of these, in this order.
  void hears(String... messages) throws InterruptedException {
    for (String message : messages) {
      assertEquals(message, hear());
    }
  }

  void leave() throws Exception {
    socket.sendClose(WebSocket.NORMAL_CLOSURE, "bye").join();
    closed.get(10, TimeUnit.SECONDS);
  }

  @Override
  public void onOpen(WebSocket to) {
    to.request(Long.MAX_VALUE);
  }

  @Override
  public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    text.append(data);
    if (last) {
      heard.add(text.toString());
      text.setLength(0);
    }
    return null;
  }

  @Override
  public CompletionStage<?> onBinary(WebSocket from, ByteBuffer data, boolean last) {
    byte[] bytes = new byte[data.remaining()];
    data.get(bytes);
    hex.append(HexFormat.of().formatHex(bytes));
    if (last) {
      heard.add(hex.toString());
      hex.setLength(0);
    }
    return null;
  }

  @Override
  public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
    closed.complete(code + " " + reason);
    return null;
  }

  @Override
  public void onError(WebSocket from, Throwable thrown) {
    closed.completeExceptionally(thrown);
  }
}
