package io.weft.bench.peer;

import io.weft.Compression;
import io.weft.Conversation;
import io.weft.Endpoint;
import io.weft.Message;
import io.weft.Server;
import io.weft.Tls;
import io.weft.Transport;
import io.weft.WebSocket;
import java.nio.ByteBuffer;

/// Weft, in its two styles: callbacks on the loop, over each of its transports, and straight-line
/// code on virtual threads.
final class WeftPeer {

  private static final Endpoint ECHO =
      new Endpoint() {
        @Override
        public void text(WebSocket ws, String text) {
          ws.send(text);
        }

        @Override
        public void binary(WebSocket ws, ByteBuffer data) {
          ws.send(data);
        }
      };

  private static final Endpoint BROADCAST =
      new Endpoint() {
        @Override
        public void opened(WebSocket ws) {
          ws.group("all").join(ws);
        }

        @Override
        public void binary(WebSocket ws, ByteBuffer data) {
          ws.group("all").publish(data);
        }
      };

  private WeftPeer() {}

  static Peer.Started nio(Peer.Order order) {
    return callbacks(order, Transport.NIO);
  }

  static Peer.Started uring(Peer.Order order) {
    return callbacks(order, Transport.IO_URING);
  }

  private static Peer.Started callbacks(Peer.Order order, Transport transport) {
    return start(
        server(order).transport(transport).route("/echo", ECHO).route("/broadcast", BROADCAST));
  }

  /// Over the transport that Weft chooses.
  static Peer.Started straightLine(Peer.Order order) {
    return start(server(order).converse("/echo", WeftPeer::echo));
  }

  /// Each message compressed by itself, by one compressor for all connections.
  static Peer.Started shared(Peer.Order order) {
    return start(server(order).compression(Compression.on()).route("/echo", ECHO));
  }

  /// Each message compressed in the context of those before it, with the window and the memory that
  /// Weft chooses.
  static Peer.Started takeover(Peer.Order order) {
    return start(server(order).compression(Compression.takeover()).route("/echo", ECHO));
  }

  /// The same with the window and the memory that `java.util.zip` has, and so the other servers.
  static Peer.Started dedicated(Peer.Order order) {
    Compression widest = Compression.takeover().windowBits(15).memoryLevel(8);
    return start(server(order).compression(widest).route("/echo", ECHO));
  }

  private static void echo(Conversation ws) {
    for (Message message : ws) {
      ws.send(message);
    }
  }

  private static Server.Builder server(Peer.Order order) {
    Server.Builder server =
        Server.at("127.0.0.1", 0)
            .loops(1)
            .limits(l ->
                l.messageBytes(Math.max(1 << 20, order.maxMessageBytes())).codecBytes(1L << 30));
    if (order.keyStore() != null) {
      server.tls(Tls.ofKeyStore(order.keyStore(), Peer.PASSWORD.toCharArray()));
    }
    return server;
  }

  private static Peer.Started start(Server.Builder server) {
    return new Peer.Started(server.start().port(), Server.class);
  }
}
