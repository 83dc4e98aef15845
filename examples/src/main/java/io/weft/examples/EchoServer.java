package io.weft.examples;

import io.weft.Endpoint;
import io.weft.Server;
import io.weft.WebSocket;
import java.nio.ByteBuffer;

/// Callbacks: every message comes back. They run on the connection's event loop, one after the
/// other, and must not block.
public final class EchoServer {

  private EchoServer() {}

  /// Starts it.
  public static Server start(int port) {
    return Server.at(port).route("/echo", new Echo()).start();
  }

  /// One object serves all connections.
  static final class Echo implements Endpoint {
    @Override
    public void text(WebSocket ws, String text) {
      ws.send(text);
    }

    @Override
    public void binary(WebSocket ws, ByteBuffer data) {
      ws.send(data);
    }
  }

  /// Listens on port 8080 until the process is asked to end.
  public static void main(String[] args) {
    start(8080);
  }
}
