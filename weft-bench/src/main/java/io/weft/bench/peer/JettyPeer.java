package io.weft.bench.peer;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.server.AbstractConnectionFactory;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/// Jetty with its own WebSocket API, one selector, and the few threads it needs beside that.
final class JettyPeer {

  private JettyPeer() {}

  static Peer.Started start(Peer.Order order) throws Exception {
    Server server = new Server(new QueuedThreadPool(8, 4));
    ServerConnector connector =
        order.keyStore() == null
            ? new ServerConnector(server, 1, 1)
            : new ServerConnector(
                server,
                1,
                1,
                AbstractConnectionFactory.getFactories(tls(order), new HttpConnectionFactory()));
    connector.setHost("127.0.0.1");
    connector.setPort(0);
    server.addConnector(connector);
    Set<Session> members = ConcurrentHashMap.newKeySet();
    server.setHandler(
        WebSocketUpgradeHandler.from(
            server,
            container -> {
              container.setIdleTimeout(Duration.ofMinutes(5));
              container.setMaxFrameSize(
                  Math.max(64 << 10, order.maxMessageBytes())); // else it is cut
              container.setMaxBinaryMessageSize(Math.max(64 << 10, order.maxMessageBytes()));
              container.setMaxTextMessageSize(Math.max(64 << 10, order.maxMessageBytes()));
              container.addMapping("/echo", (request, response, callback) -> new Echo());
              container.addMapping(
                  "/broadcast", (request, response, callback) -> new Broadcast(members));
            }));
    server.start();
    return new Peer.Started(connector.getLocalPort(), Server.class);
  }

  private static SslContextFactory.Server tls(Peer.Order order) {
    SslContextFactory.Server tls = new SslContextFactory.Server();
    tls.setKeyStorePath(String.valueOf(order.keyStore()));
    tls.setKeyStorePassword(Peer.PASSWORD);
    return tls;
  }

  /// Sends each message back, and asks for the next when it has gone.
  public static final class Echo implements Session.Listener {

    @SuppressWarnings("NullAway.Init") // set by Jetty before anything else
    private Session session;

    @Override
    public void onWebSocketOpen(Session opened) {
      session = opened;
      session.demand();
    }

    @Override
    public void onWebSocketText(String text) {
      session.sendText(text, Callback.from(session::demand, why -> session.disconnect()));
    }

    @Override
    public void onWebSocketBinary(ByteBuffer data, Callback release) {
      session.sendBinary(
          data,
          Callback.from(
              () -> {
                release.succeed();
                session.demand();
              },
              release::fail));
    }
  }

  /// Sends each message to all members.
  public static final class Broadcast implements Session.Listener {

    private final Set<Session> members;

    @SuppressWarnings("NullAway.Init") // set by Jetty before anything else
    private Session session;

    Broadcast(Set<Session> members) {
      this.members = members;
    }

    @Override
    public void onWebSocketOpen(Session opened) {
      session = opened;
      members.add(session);
      session.demand();
    }

    @Override
    public void onWebSocketBinary(ByteBuffer data, Callback release) {
      ByteBuffer copy = ByteBuffer.allocate(data.remaining()).put(data).flip();
      release.succeed();
      for (Session member : members) {
        member.sendBinary(copy.duplicate(), Callback.NOOP);
      }
      session.demand();
    }

    @Override
    public void onWebSocketClose(int code, String reason, Callback callback) {
      members.remove(session);
      callback.succeed();
    }
  }
}
