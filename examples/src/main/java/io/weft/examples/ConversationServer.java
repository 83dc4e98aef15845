package io.weft.examples;

import io.weft.Conversation;
import io.weft.Message;
import io.weft.Server;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

/// Straight-line code, on a virtual thread for each connection: it may wait, sleep and block.
public final class ConversationServer {

  private ConversationServer() {}

  /// Starts it.
  public static Server start(int port) {
    return Server.at(port)
        .converse(
            "/echo",
            ws -> {
              for (Message message : ws) {
                ws.send(message);
              }
            })
        .converse("/greeting", ConversationServer::greet)
        .start();
  }

  /// A dialogue reads as it is spoken. When it returns, the connection is closed with 1000.
  private static void greet(Conversation ws) throws InterruptedException {
    ws.send("Who is there?");
    try {
      switch (ws.receive(Duration.ofSeconds(30))) {
        case Message.Text(String name) -> ws.send("Hello, " + name + "!");
        case Message.Binary binary -> ws.send("Hello, whoever says 0s and 1s!");
      }
    } catch (TimeoutException e) {
      ws.send("Nobody, it seems.");
    }
  }

  /// Listens on port 8080 until the process is asked to end.
  public static void main(String[] args) {
    start(8080);
  }
}
