package io.weft.bench.peer;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.ServerWebSocket;
import java.util.HashSet;
import java.util.Set;

/// Vert.x on one event loop, over the native transport it prefers.
final class VertxPeer {

  private VertxPeer() {}

  static Peer.Started start(Peer.Order order) {
    Vertx vertx =
        Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setPreferNativeTransport(true));
    int maxBytes = Math.max(256 << 10, order.maxMessageBytes());
    Set<ServerWebSocket> members = new HashSet<>(); // the one event loop's
    HttpServer server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setHost("127.0.0.1")
                    .setPort(0)
                    .setMaxWebSocketFrameSize(maxBytes)
                    .setMaxWebSocketMessageSize(maxBytes))
            .webSocketHandler(ws -> serve(ws, members))
            .listen()
            .await();
    return new Peer.Started(server.actualPort(), Vertx.class);
  }

  private static void serve(ServerWebSocket ws, Set<ServerWebSocket> members) {
    if (ws.path().startsWith("/broadcast")) {
      members.add(ws);
      ws.closeHandler(nothing -> members.remove(ws));
      ws.binaryMessageHandler(data -> members.forEach(member -> member.writeBinaryMessage(data)));
    } else {
      ws.textMessageHandler(ws::writeTextMessage);
      ws.binaryMessageHandler(ws::writeBinaryMessage);
    }
  }
}
