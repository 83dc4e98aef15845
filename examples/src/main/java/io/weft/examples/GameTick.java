package io.weft.examples;

import io.weft.Close;
import io.weft.Endpoint;
import io.weft.Group;
import io.weft.Server;
import io.weft.WebSocket;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/// Server push at a fixed tick: players send steps when they like, and 20 times a second everyone
/// gets the whole field, encoded once.
public final class GameTick {

  private static final long TICK_NS = 50_000_000;

  private GameTick() {}

  /// Starts it.
  public static Server start(int port) {
    Field field = new Field();
    Server server = Server.at(port).route("/game", field).start();
    Thread.startVirtualThread(() -> tick(server.group("players"), field));
    return server;
  }

  private static void tick(Group players, Field field) {
    for (long nextNs = System.nanoTime(); ; nextNs += TICK_NS) {
      LockSupport.parkNanos(nextNs - System.nanoTime());
      players.publish(field.toString());
    }
  }

  /// Where each player stands on a line, by the number of the connection.
  static final class Field implements Endpoint {
    private final Map<Long, Integer> places = new ConcurrentHashMap<>();

    @Override
    public void opened(WebSocket ws) {
      places.put(ws.id(), 0);
      ws.group("players").join(ws);
    }

    @Override
    public void text(WebSocket ws, String step) {
      places.merge(ws.id(), step.equals("right") ? 1 : -1, Integer::sum);
    }

    @Override
    public void closed(WebSocket ws, Close close) {
      places.remove(ws.id());
    }

    @Override
    public String toString() {
      return places.toString();
    }
  }

  /// Listens on port 8080 until the process is asked to end.
  public static void main(String[] args) {
    start(8080);
  }
}
