package io.weft.bench;

import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.websockets.core.AbstractReceiveListener;
import io.undertow.websockets.core.BufferedBinaryMessage;
import io.undertow.websockets.core.WebSocketCallback;
import io.undertow.websockets.core.WebSocketChannel;
import io.undertow.websockets.core.WebSockets;
import io.weft.Endpoint;
import io.weft.Server;
import io.weft.WebSocket;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.logging.Level;
import java.util.logging.Logger;

/// Servers that echo binary messages at `/echo` on one thread, each to be run in a process of its
/// own that prints its port and lives until it is ended.
final class EchoServers {

  private EchoServers() {}

  /// Runs one.
  ///
  /// @param args its name: `weft` or `undertow`
  public static void main(String[] args) {
    Logger.getLogger("").setLevel(Level.WARNING);
    System.out.println(
        switch (args[0]) {
          case "weft" -> weft();
          case "undertow" -> undertow();
          default -> throw new IllegalArgumentException("no server is called " + args[0]);
        });
  }

  private static int weft() {
    Endpoint echo =
        new Endpoint() {
          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            ws.send(data);
          }
        };
    return Server.at("127.0.0.1", 0).loops(1).route("/echo", echo).start().port();
  }

  private static int undertow() {
    AbstractReceiveListener echo =
        new AbstractReceiveListener() {
          @Override
          protected void onFullBinaryMessage(
              WebSocketChannel channel, BufferedBinaryMessage message) {
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
        };
    Undertow server =
        Undertow.builder()
            .addHttpListener(0, "127.0.0.1")
            .setIoThreads(1)
            .setHandler(
                Handlers.path()
                    .addPrefixPath(
                        "/echo",
                        Handlers.websocket((exchange, channel) -> {
                          channel.getReceiveSetter().set(echo);
                          channel.resumeReceives();
                        })))
            .build();
    server.start();
    return ((InetSocketAddress) server.getListenerInfo().getFirst().getAddress()).getPort();
  }
}
