package io.weft.cli;

import io.weft.Close;
import io.weft.Endpoint;
import io.weft.Send;
import io.weft.WebSocket;
import java.nio.ByteBuffer;

/// `/echo`: every message comes back as it is, in order.
///
/// A client that sends and does not read is read from no more once too much waits for it, so its
/// own answers always have room. Only where the memory of the whole loop is lent to others there is
/// none; then the connection is closed with 1013: nothing is left out silently.
final class Echo implements Endpoint {

  @Override
  public void text(WebSocket ws, String text) {
    closeIfRefused(ws, ws.send(text));
  }

  @Override
  public void binary(WebSocket ws, ByteBuffer data) {
    closeIfRefused(ws, ws.send(data));
  }

  private static void closeIfRefused(WebSocket ws, Send sent) {
    if (!sent.isTaken()) {
      ws.close(Close.TRY_AGAIN_LATER, "no memory for the answer at present");
    }
  }
}
