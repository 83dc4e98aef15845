package io.weft.cli;

import io.weft.Close;
import io.weft.Endpoint;
import io.weft.Message;
import io.weft.WebSocket;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// `/echo`: every message comes back as it is, in order.
///
/// A message for whose answer there is no room is kept until there is some. A client that sends yet
/// another one then takes too much and is closed with 1013: nothing is left out silently.
final class Echo implements Endpoint {

  /// The one answer that a connection waits for; most of the time there is none at all.
  private final Map<WebSocket, Message> owed = new ConcurrentHashMap<>();

  @Override
  public void text(WebSocket ws, String text) {
    if (owed.containsKey(ws) || !ws.send(text).isTaken()) {
      owe(ws, new Message.Text(text));
    }
  }

  @Override
  public void binary(WebSocket ws, ByteBuffer data) {
    if (owed.containsKey(ws) || !ws.send(data).isTaken()) {
      owe(ws, new Message.Binary(ByteBuffer.allocate(data.remaining()).put(data).flip()));
    }
  }

  private void owe(WebSocket ws, Message answer) {
    if (ws.isOpen() && owed.putIfAbsent(ws, answer) != null) {
      ws.close(Close.TRY_AGAIN_LATER, "you send faster than you read");
    }
  }

  @Override
  public void writable(WebSocket ws) {
    Message answer = owed.get(ws);
    if (answer != null && ws.send(answer).isTaken()) {
      owed.remove(ws);
    }
  }

  @Override
  public void closed(WebSocket ws, Close close) {
    owed.remove(ws);
  }
}
