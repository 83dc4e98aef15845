package io.weft.examples;

import io.weft.Client;
import io.weft.Conversation;
import io.weft.HandshakeException;
import io.weft.Message;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

/// A client in straight lines: it connects, asks, waits for the answer, and closes.
public final class EchoClient {

  private EchoClient() {}

  /// Sends a text, and gives what comes back.
  public static String ask(String url, String question)
      throws InterruptedException, TimeoutException {
    Client client = Client.to(url).header("User-Agent", "weft-example").subprotocols("echo");
    try (Conversation ws = client.connect()) {
      ws.send(question);
      return switch (ws.receive(Duration.ofSeconds(5))) {
        case Message.Text(String text) -> text;
        case Message.Binary(var data) -> data.remaining() + " bytes";
      };
    }
  }

  /// Asks the server of [EchoServer], or the one whose URL is given.
  public static void main(String[] args) throws InterruptedException, TimeoutException {
    String url = args.length > 0 ? args[0] : "ws://localhost:8080/echo";
    try {
      System.out.println(ask(url, "Is anybody there?"));
    } catch (HandshakeException e) {
      System.err.println(e.getMessage()); // what was attempted, and what came of it
      System.exit(1);
    }
  }
}
