package io.weft.examples;

import io.weft.Client;
import io.weft.Delivery;
import io.weft.Endpoint;
import io.weft.Live;
import io.weft.Reconnect;
import io.weft.WebSocket;
import java.time.Duration;
import java.util.function.Consumer;

/// A client that stays connected: it subscribes again on each connection, and what it says in
/// between is kept.
public final class ReconnectingClient {

  private ReconnectingClient() {}

  /// Joins a room of [ChatServer] and stays in it.
  public static Live join(String url, Consumer<String> heard, Consumer<String> log) {
    Endpoint room =
        new Endpoint() {
          @Override
          public void opened(WebSocket ws) {
            ws.send("Here I am."); // on each connection, ahead of what was kept
          }

          @Override
          public void text(WebSocket ws, String text) {
            heard.accept(text);
          }
        };
    Reconnect how =
        Reconnect.defaults()
            .delays(Duration.ofMillis(200), Duration.ofSeconds(10))
            .onState(state -> log.accept(describe(state)));
    return Client.to(url).stayConnected(room, how);
  }

  private static String describe(Live.State state) {
    return switch (state) {
      case Live.State.Connecting(int attempt) -> "connecting, attempt " + attempt;
      case Live.State.Open(WebSocket ws) -> "open to " + ws.remoteAddress();
      case Live.State.Waiting(var until, var why) -> why.what() + "; again at " + until;
      case Live.State.Closing _ -> "closing";
      case Live.State.Closed(var why, int dropped) -> why.what() + "; dropped " + dropped;
    };
  }

  /// Says each line of the standard input in the room; stop and start the server meanwhile.
  public static void main(String[] args) {
    String url = args.length > 0 ? args[0] : "ws://localhost:8080/chat/lobby";
    Live live = join(url, text -> IO.println(text), state -> IO.println("  " + state));
    for (String line = IO.readln(); line != null; line = IO.readln()) {
      String said = line;
      Delivery delivery = live.send(said);
      var _ = delivery.settled().thenAccept(outcome -> IO.println("  " + outcome + ": " + said));
    }
    live.close();
    live.closed().join();
  }
}
