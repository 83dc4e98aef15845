package io.weft.cli;

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

  /// Whether it reads from the start.
  private final boolean eager;

  private Talker(boolean eager) {
    this.eager = eager;
  }

  static Talker connect(HttpClient http, URI uri, UnaryOperator<WebSocket.Builder> change) {
    return new Talker(true).open(http, uri, change);
  }

  /// Connects, and does not read until [#read].
  static Talker connectLazily(HttpClient http, URI uri) {
    return new Talker(false).open(http, uri, builder -> builder);
  }

  private Talker open(HttpClient http, URI uri, UnaryOperator<WebSocket.Builder> change) {
    socket = change.apply(http.newWebSocketBuilder()).buildAsync(uri, this).join();
    return this;
  }

  /// Reads from now on.
  void read() {
    socket.request(Long.MAX_VALUE);
  }

  static int handshake(HttpClient http, URI uri, UnaryOperator<WebSocket.Builder> change) {
    try {
      connect(http, uri, change).socket.abort();
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
    if (eager) {
      to.request(Long.MAX_VALUE);
    }
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
