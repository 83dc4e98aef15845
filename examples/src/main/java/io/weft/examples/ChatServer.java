package io.weft.examples;

import io.weft.Close;
import io.weft.Endpoint;
import io.weft.Group;
import io.weft.Server;
import io.weft.WebSocket;

/// Groups: who connects to `/chat/lobby` is in the room "lobby", and reads what anyone there says.
public final class ChatServer {

  private ChatServer() {}

  /// Starts it.
  public static Server start(int port) {
    return Server.at(port).route("/chat/{room}", new Room()).start();
  }

  /// A room needs no list of its own: the group is there with its first member, and gone with its
  /// last.
  static final class Room implements Endpoint {
    @Override
    public void opened(WebSocket ws) {
      Group room = room(ws);
      room.join(ws);
      room.publish("Someone came in; we are " + room.size() + ".");
    }

    @Override
    public void text(WebSocket ws, String text) {
      room(ws).publish(text); // encoded once, however many are there
    }

    @Override
    public void closed(WebSocket ws, Close close) {
      Group room = room(ws); // who is closed has left all groups already
      room.publish("Someone left; we are " + room.size() + ".");
    }

    private static Group room(WebSocket ws) {
      return ws.group("room:" + ws.param("room"));
    }
  }

  /// Listens on port 8080 until the process is asked to end.
  public static void main(String[] args) {
    start(8080);
  }
}
