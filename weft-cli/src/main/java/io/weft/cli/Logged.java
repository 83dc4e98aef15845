package io.weft.cli;

import io.weft.Close;
import io.weft.Endpoint;
import io.weft.Handshake;
import io.weft.Request;
import io.weft.WebSocket;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An endpoint whose connections are logged: a line when one opens, a line when it is gone.
///
/// @param inner the endpoint itself
/// @param journal where the lines go
record Logged(Endpoint inner, Journal journal) implements Endpoint {

  /// Under what name a connection keeps the time it opened at, in nanoseconds.
  private static final String OPENED_NS = "weft.openedNs";

  @Override
  public Handshake opening(Request request) throws Exception {
    return inner.opening(request);
  }

  @Override
  public void opened(WebSocket ws) throws Exception {
    ws.attributes().put(OPENED_NS, System.nanoTime());
    Map<String, @Nullable Object> fields = who(ws);
    fields.put("origin", ws.request().origin());
    fields.put("subprotocol", ws.subprotocol());
    journal.event(Level.INFO, "opened", fields);
    inner.opened(ws);
  }

  @Override
  public void text(WebSocket ws, String text) throws Exception {
    inner.text(ws, text);
  }

  @Override
  public void binary(WebSocket ws, ByteBuffer data) throws Exception {
    inner.binary(ws, data);
  }

  @Override
  public void writable(WebSocket ws) throws Exception {
    inner.writable(ws);
  }

  @Override
  public void closed(WebSocket ws, Close close) throws Exception {
    Map<String, @Nullable Object> fields = who(ws);
    fields.put("seconds", seconds(ws));
    fields.put("code", close.code());
    fields.put("reason", close.reason());
    fields.put("by", close.by().name());
    journal.event(Level.INFO, "closed", fields);
    inner.closed(ws, close);
  }

  private static Map<String, @Nullable Object> who(WebSocket ws) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("id", ws.id());
    fields.put("path", ws.request().path());
    fields.put(
        "remote",
        ws.remoteAddress().getAddress().getHostAddress() + ":" + ws.remoteAddress().getPort());
    return fields;
  }

  private static double seconds(WebSocket ws) {
    long ns = System.nanoTime() - (long) ws.attributes().getOrDefault(OPENED_NS, 0L);
    long ms = ns / 1_000_000;
    return ms / 1000.0;
  }
}
