package io.weft.conformance;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.handlers.PathHandler;
import io.undertow.util.HttpString;
import io.undertow.websockets.WebSocketConnectionCallback;
import io.undertow.websockets.WebSocketProtocolHandshakeHandler;
import io.undertow.websockets.core.AbstractReceiveListener;
import io.undertow.websockets.core.BufferedBinaryMessage;
import io.undertow.websockets.core.BufferedTextMessage;
import io.undertow.websockets.core.CloseMessage;
import io.undertow.websockets.core.StreamSinkFrameChannel;
import io.undertow.websockets.core.WebSocketChannel;
import io.undertow.websockets.core.WebSocketFrameType;
import io.undertow.websockets.core.WebSockets;
import io.undertow.websockets.core.protocol.version13.Hybi13Handshake;
import io.undertow.websockets.extensions.PerMessageDeflateHandshake;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.xnio.IoUtils;
import org.xnio.channels.Channels;

/// Undertow, in this process.
final class UndertowServer implements ForeignServer {

  private static final long PATIENCE_S = 30;

  /// It logs every connection that breaks; here they are meant to.
  private static final Logger LOG = Logger.getLogger("io.undertow");

  /// What is done with a message.
  private interface Talk {
    void on(WebSocketChannel channel, WebSocketFrameType type, ByteBuffer message)
        throws IOException;
  }

  private final Undertow server;
  private final Map<String, Integer> ports = new HashMap<>();
  private final BlockingQueue<String> closes = new LinkedBlockingQueue<>();

  UndertowServer(Authority.Issued own, Authority.Issued other)
      throws IOException, GeneralSecurityException {
    LOG.setLevel(Level.OFF);
    PathHandler paths = Handlers.path(UndertowServer::unknown);
    paths.addExactPath("/echo", webSocket(UndertowServer::echo));
    paths.addExactPath("/fragments", webSocket(UndertowServer::fragments));
    paths.addExactPath("/ping", webSocket(UndertowServer::ping));
    paths.addExactPath("/close", webSocket(UndertowServer::bye));
    paths.addExactPath("/gone", webSocket((channel, type, message) -> IoUtils.safeClose(channel)));
    paths.addExactPath("/refused", UndertowServer::refuse);
    server =
        Undertow.builder()
            .addHttpListener(0, "127.0.0.1")
            .addHttpsListener(0, "127.0.0.1", own.context())
            .addHttpsListener(0, "127.0.0.1", other.context())
            .setIoThreads(1)
            .setWorkerThreads(4)
            .setHandler(paths)
            .build();
    server.start();
    List<String> kinds = List.of("ws", "wss", "other");
    for (int at = 0; at < kinds.size(); at++) {
      var address = (InetSocketAddress) server.getListenerInfo().get(at).getAddress();
      ports.put(kinds.get(at), address.getPort());
    }
  }

  private WebSocketProtocolHandshakeHandler webSocket(Talk talk) {
    WebSocketConnectionCallback callback =
        (exchange, channel) -> {
          channel.getReceiveSetter().set(new Listener(talk));
          channel.resumeReceives();
        };
    return new WebSocketProtocolHandshakeHandler(
            List.of(new Hybi13Handshake(Set.of("v2.chat"), true)), callback)
        .addExtension(new PerMessageDeflateHandshake());
  }

  private static void unknown(HttpServerExchange exchange) {
    exchange.setStatusCode(404).endExchange();
  }

  private static void refuse(HttpServerExchange exchange) {
    exchange.getResponseHeaders().put(new HttpString("X-Why"), "members only");
    exchange.setStatusCode(403).getResponseSender().send("members only");
  }

  private static void echo(WebSocketChannel channel, WebSocketFrameType type, ByteBuffer message) {
    if (type == WebSocketFrameType.TEXT) {
      WebSockets.sendText(message, channel, null);
    } else {
      WebSockets.sendBinary(message, channel, null);
    }
  }

  /// It writes one frame for each flush.
  private static void fragments(
      WebSocketChannel channel, WebSocketFrameType type, ByteBuffer message) throws IOException {
    StreamSinkFrameChannel out = channel.send(type);
    while (message.hasRemaining()) {
      Channels.writeBlocking(out, message.slice(message.position(), 1));
      Channels.flushBlocking(out);
      message.get();
      if (message.position() == 4) {
        WebSockets.sendPing(ByteBuffer.wrap("between".getBytes(UTF_8)), channel, null);
      }
    }
    out.shutdownWrites();
    Channels.flushBlocking(out);
  }

  private static void ping(WebSocketChannel channel, WebSocketFrameType type, ByteBuffer message) {
    WebSockets.sendPing(ByteBuffer.wrap("are you there".getBytes(UTF_8)), channel, null);
  }

  private static void bye(WebSocketChannel channel, WebSocketFrameType type, ByteBuffer message) {
    WebSockets.sendClose(4001, "再见", channel, null);
  }

  @Override
  public Map<String, Integer> ports() {
    return Map.copyOf(ports);
  }

  @Override
  public void awaitClose(int code, String reason) throws InterruptedException {
    String expected = code + " " + reason;
    String seen;
    do {
      seen = closes.poll(PATIENCE_S, TimeUnit.SECONDS);
      if (seen == null) {
        throw new AssertionError("Undertow was not told of " + expected);
      }
    } while (!seen.equals(expected));
  }

  @Override
  public void close() {
    server.stop();
  }

  /// One connection; what may block has a thread of its own.
  private final class Listener extends AbstractReceiveListener {

    private final Talk talk;

    Listener(Talk talk) {
      this.talk = talk;
    }

    @Override
    protected void onFullTextMessage(WebSocketChannel channel, BufferedTextMessage message) {
      answer(channel, WebSocketFrameType.TEXT, UTF_8.encode(message.getData()));
    }

    @Override
    protected void onFullBinaryMessage(WebSocketChannel channel, BufferedBinaryMessage message) {
      try (var data = message.getData()) {
        ByteBuffer whole = WebSockets.mergeBuffers(data.getResource());
        ByteBuffer copy = ByteBuffer.allocate(whole.remaining()).put(whole).flip();
        answer(channel, WebSocketFrameType.BINARY, copy);
      }
    }

    private void answer(WebSocketChannel channel, WebSocketFrameType type, ByteBuffer message) {
      Thread.ofVirtual()
          .start(() -> {
            try {
              talk.on(channel, type, message);
            } catch (IOException broken) {
              IoUtils.safeClose(channel);
            }
          });
    }

    @Override
    protected void onFullPongMessage(WebSocketChannel channel, BufferedBinaryMessage message) {
      try (var data = message.getData()) {
        String payload = UTF_8.decode(WebSockets.mergeBuffers(data.getResource())).toString();
        if (payload.equals("are you there")) {
          WebSockets.sendText("answered " + payload, channel, null);
        }
      }
    }

    @Override
    protected void onCloseMessage(CloseMessage message, WebSocketChannel channel) {
      closes.add(message.getCode() + " " + message.getReason());
    }
  }
}
