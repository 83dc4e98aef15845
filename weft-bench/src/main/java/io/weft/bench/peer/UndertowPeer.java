package io.weft.bench.peer;

import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.websockets.WebSocketConnectionCallback;
import io.undertow.websockets.WebSocketProtocolHandshakeHandler;
import io.undertow.websockets.core.AbstractReceiveListener;
import io.undertow.websockets.core.BufferedBinaryMessage;
import io.undertow.websockets.core.BufferedTextMessage;
import io.undertow.websockets.core.WebSocketCallback;
import io.undertow.websockets.core.WebSocketChannel;
import io.undertow.websockets.core.WebSockets;
import io.undertow.websockets.extensions.PerMessageDeflateHandshake;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/// Undertow, on one I/O thread.
final class UndertowPeer {

  private UndertowPeer() {}

  static Peer.Started start(Peer.Order order) {
    WebSocketProtocolHandshakeHandler echo = Handlers.websocket(receiving(new Echo()));
    if (order.isDeflated()) {
      echo.addExtension(new PerMessageDeflateHandshake());
    }
    Undertow server =
        Undertow.builder()
            .addHttpListener(0, "127.0.0.1")
            .setIoThreads(1)
            .setWorkerThreads(1)
            .setHandler(
                Handlers.path()
                    .addPrefixPath("/echo", echo)
                    .addPrefixPath("/broadcast", Handlers.websocket(receiving(new Broadcast()))))
            .build();
    server.start();
    return new Peer.Started(
        ((InetSocketAddress) server.getListenerInfo().getFirst().getAddress()).getPort(),
        Undertow.class);
  }

  private static WebSocketConnectionCallback receiving(AbstractReceiveListener listener) {
    return (exchange, channel) -> {
      channel.getReceiveSetter().set(listener);
      channel.resumeReceives();
    };
  }

  /// Sends each message back in the buffers it came in.
  private static final class Echo extends AbstractReceiveListener {

    @Override
    protected void onFullTextMessage(WebSocketChannel channel, BufferedTextMessage message) {
      WebSockets.sendText(message.getData(), channel, null);
    }

    @Override
    protected void onFullBinaryMessage(WebSocketChannel channel, BufferedBinaryMessage message) {
      var data = message.getData();
      WebSockets.sendBinary(
          data.getResource(),
          channel,
          new WebSocketCallback<Void>() {
            @Override
            public void complete(WebSocketChannel sent, Void nothing) {
              data.free();
            }

            @Override
            public void onError(WebSocketChannel sent, Void nothing, Throwable why) {
              data.free();
            }
          });
    }
  }

  /// Sends each message to every connection of the path.
  private static final class Broadcast extends AbstractReceiveListener {

    @Override
    protected void onFullBinaryMessage(WebSocketChannel channel, BufferedBinaryMessage message)
        throws IOException {
      var data = message.getData();
      ByteBuffer copy = WebSockets.mergeBuffers(data.getResource());
      data.free();
      for (WebSocketChannel member : channel.getPeerConnections()) {
        WebSockets.sendBinary(copy.duplicate(), member, null);
      }
    }
  }
}
