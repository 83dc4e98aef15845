package io.weft.examples;

import io.weft.Endpoint;
import io.weft.Server;
import io.weft.WebSocket;
import java.util.concurrent.atomic.AtomicInteger;

/// Honest sending: `send` says what became of a message. Here lines 1 to 10,000 go to every client
/// as fast as it reads, whether that is fast or slow, and none is lost or piled up.
public final class SlowConsumer {

  /// How many lines there are.
  static final int LINES = 10_000;

  private static final String PAD = ": " + "weft ".repeat(200);

  private SlowConsumer() {}

  /// Starts it.
  public static Server start(int port) {
    return Server.at(port).route("/lines", new Lines()).start();
  }

  static final class Lines implements Endpoint {
    @Override
    public void opened(WebSocket ws) {
      ws.attributes().put("next", new AtomicInteger(1));
      go(ws);
    }

    /// There is room again.
    @Override
    public void writable(WebSocket ws) {
      go(ws);
    }

    private static void go(WebSocket ws) {
      AtomicInteger next = (AtomicInteger) ws.attributes().get("next");
      while (next != null && next.get() <= LINES) {
        switch (ws.send(next.get() + PAD)) {
          case SENT -> next.incrementAndGet();
          case QUEUED -> {
            next.incrementAndGet(); // it will arrive, but enough waits now
            return;
          }
          case REFUSED -> {
            return; // it was not taken: the same line again when there is room
          }
        }
      }
      ws.close();
    }
  }

  /// Listens on port 8080 until the process is asked to end.
  public static void main(String[] args) {
    start(8080);
  }
}
