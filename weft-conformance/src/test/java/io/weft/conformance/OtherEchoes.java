package io.weft.conformance;

import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.websockets.core.AbstractReceiveListener;
import io.undertow.websockets.core.BufferedBinaryMessage;
import io.undertow.websockets.core.BufferedTextMessage;
import io.undertow.websockets.core.WebSocketChannel;
import io.undertow.websockets.core.WebSockets;
import io.undertow.websockets.extensions.PerMessageDeflateHandshake;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.java_websocket.WebSocket;
import org.java_websocket.handshake.ClientHandshake;
import org.java_websocket.server.WebSocketServer;

/// Echo servers of other makers, in this process, as their own documents say to write one.
final class OtherEchoes {

  private OtherEchoes() {}

  /// Java-WebSocket, with its defaults.
  static final class JavaWebSocket extends WebSocketServer {

    private final CountDownLatch started = new CountDownLatch(1);

    JavaWebSocket() {
      super(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
      setReuseAddr(true);
    }

    /// Starts it.
    ///
    /// @return its port
    int listen() throws InterruptedException {
      start();
      if (!started.await(20, TimeUnit.SECONDS)) {
        throw new AssertionError("Java-WebSocket did not start");
      }
      return getPort();
    }

    @Override
    public void onStart() {
      started.countDown();
    }

    @Override
    public void onOpen(WebSocket ws, ClientHandshake handshake) {}

    @Override
    public void onMessage(WebSocket ws, String text) {
      ws.send(text);
    }

    @Override
    public void onMessage(WebSocket ws, ByteBuffer data) {
      ws.send(data);
    }

    @Override
    public void onClose(WebSocket ws, int code, String reason, boolean remote) {}

    @Override
    public void onError(WebSocket ws, Exception thrown) {}
  }

  /// Undertow, with permessage-deflate, which it offers to who asks.
  static final class UndertowEcho implements AutoCloseable {

    /// It logs what clients do wrong, with stacks; here that is all they do.
    private static final Logger LOG = Logger.getLogger("io.undertow");

    private final Undertow server;

    UndertowEcho() {
      LOG.setLevel(Level.OFF);
      var handler =
          Handlers.websocket((exchange, channel) -> {
            channel.getReceiveSetter().set(new Echo());
            channel.resumeReceives();
          });
      server =
          Undertow.builder()
              .addHttpListener(0, "127.0.0.1")
              .setIoThreads(1)
              .setWorkerThreads(2)
              .setHandler(handler.addExtension(new PerMessageDeflateHandshake()))
              .build();
      server.start();
    }

    int port() {
      return ((InetSocketAddress) server.getListenerInfo().getFirst().getAddress()).getPort();
    }

    @Override
    public void close() {
      server.stop();
    }

    private static final class Echo extends AbstractReceiveListener {
      @Override
      protected void onFullTextMessage(WebSocketChannel channel, BufferedTextMessage message) {
        WebSockets.sendText(message.getData(), channel, null);
      }

      @Override
      protected void onFullBinaryMessage(WebSocketChannel channel, BufferedBinaryMessage message) {
        try (var data = message.getData()) {
          ByteBuffer whole = WebSockets.mergeBuffers(data.getResource());
          WebSockets.sendBinary(whole, channel, null);
        }
      }
    }
  }
}
