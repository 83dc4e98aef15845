package io.weft.conformance;

import io.weft.Close;
import io.weft.Endpoint;
import io.weft.Group;
import io.weft.Handshake;
import io.weft.Limits;
import io.weft.Message;
import io.weft.Request;
import io.weft.Response;
import io.weft.Send;
import io.weft.Server;
import io.weft.WebSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/// The server that all judges look at, on a free port of 127.0.0.1. It echoes at `/`, `/path`,
/// `/echo` and, in the straight-line style, `/converse`; and it does at `/close`, `/ping`,
/// `/refused` and `/preflight` what their names say.
final class WeftEcho implements AutoCloseable {

  private static final long PATIENCE_SECONDS = 20;

  private final Server server;
  private final Echo echo = new Echo();

  /// Starts one with the default limits.
  static WeftEcho start() {
    return start(limits -> {});
  }

  /// Starts one with changed limits.
  static WeftEcho start(Consumer<Limits.Builder> limits) {
    return new WeftEcho(limits);
  }

  private WeftEcho(Consumer<Limits.Builder> limits) {
    this.server =
        Server.at("127.0.0.1", 0)
            .route("/", echo)
            .route("/path", echo)
            .route("/echo", echo)
            .route("/close", new Closer())
            .route("/ping", new Pinger())
            .route("/refused", new Refuser())
            .converse(
                "/converse",
                ws -> {
                  for (Message message : ws) {
                    ws.send(message);
                  }
                })
            .http(
                "/preflight",
                request ->
                    Response.text(200, "")
                        .header("Set-Cookie", "SID=31d4d96e407aad42; Domain=.local"))
            .subprotocols("v2.chat", "v1.chat", "primary", "secondary")
            .limits(limits)
            .start();
  }

  int port() {
    return server.port();
  }

  URI uri(String path) {
    return URI.create("ws://127.0.0.1:" + port() + path);
  }

  /// Connections open now.
  int connections() {
    return server.connections();
  }

  Group group(String name) {
    return server.group(name);
  }

  /// What the echo endpoint was told.
  Echo echo() {
    return echo;
  }

  /// Waits until the echo endpoint has been told that its peer closed a connection in this way.
  void awaitClose(int code, String reason) throws InterruptedException {
    Close expected = new Close(code, reason, Close.By.PEER);
    Close close;
    do {
      close = echo.closes.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (close == null) {
        throw new AssertionError("the server was not told of " + expected);
      }
    } while (!close.equals(expected));
  }

  @Override
  public void close() {
    server.close(Duration.ofSeconds(5));
  }

  /// Sends back what comes, and keeps account of what it is told.
  static final class Echo implements Endpoint {

    private final BlockingQueue<Close> closes = new LinkedBlockingQueue<>(10_000);
    private final Set<Long> open = ConcurrentHashMap.newKeySet();
    private final LongAdder opened = new LongAdder();
    private final LongAdder closed = new LongAdder();
    private final LongAdder wrong = new LongAdder();

    long opened() {
      return opened.sum();
    }

    long closed() {
      return closed.sum();
    }

    /// How often `opened` or `closed` came twice for a connection, or `closed` without `opened`.
    long wrong() {
      return wrong.sum();
    }

    /// Connections of which `opened` was told and `closed` not yet.
    int open() {
      return open.size();
    }

    @Override
    public void opened(WebSocket ws) {
      opened.increment();
      if (!open.add(ws.id())) {
        wrong.increment();
      }
      String group = ws.request().query("group");
      if (group != null) {
        ws.group(group).join(ws);
      }
    }

    @Override
    public void text(WebSocket ws, String text) {
      demandSent(ws.send(text));
    }

    @Override
    public void binary(WebSocket ws, ByteBuffer data) {
      demandSent(ws.send(data));
    }

    @Override
    public void closed(WebSocket ws, Close close) {
      closed.increment();
      if (!open.remove(ws.id())) {
        wrong.increment();
      }
      closes.offer(close);
    }

    /// An echo that is lost would be a message lost in silence: better to fail (1011).
    private static void demandSent(Send sent) {
      if (sent == Send.REFUSED) {
        throw new IllegalStateException("no room for the echo");
      }
    }
  }

  /// Closes with 4001 when something is said.
  private static final class Closer implements Endpoint {
    @Override
    public void text(WebSocket ws, String text) {
      ws.close(4001, "再见");
    }
  }

  /// Sends a ping when something is said, and says when it was answered.
  private static final class Pinger implements Endpoint {
    @Override
    public void text(WebSocket ws, String text) {
      var _ = ws.ping().thenAccept(_ -> ws.send("answered"));
    }
  }

  private static final class Refuser implements Endpoint {
    @Override
    public Handshake opening(Request request) {
      return Handshake.refuse(Response.text(403, "members only").header("X-Why", "members only"));
    }
  }
}
