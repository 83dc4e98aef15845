package io.weft.bench.peer;

import io.helidon.common.buffers.BufferData;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.websocket.WsConfig;
import io.helidon.webserver.websocket.WsRouting;
import io.helidon.websocket.WsCloseCodes;
import io.helidon.websocket.WsListener;
import io.helidon.websocket.WsSession;
import java.io.UncheckedIOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Helidon: blocking code on a virtual thread for each connection. It hands out frames.
final class HelidonPeer {

  private HelidonPeer() {}

  static Peer.Started start(Peer.Order order) {
    Set<WsSession> members = ConcurrentHashMap.newKeySet();
    WebServer server =
        WebServer.builder()
            .host("127.0.0.1")
            .port(0)
            .connectionOptions(options -> options.tcpNoDelay(true))
            .addProtocol(
                WsConfig.builder()
                    .maxFrameLength(Math.max(1 << 20, order.maxMessageBytes()))
                    .build())
            .addRouting(
                WsRouting.builder()
                    .endpoint("/echo", Echo::new)
                    .endpoint("/broadcast", () -> new Broadcast(members)))
            .build()
            .start();
    return new Peer.Started(server.port(), WebServer.class);
  }

  /// Sends each frame back.
  private static final class Echo implements WsListener {

    @Override
    public void onMessage(WsSession session, String text, boolean last) {
      session.send(text, last);
    }

    @Override
    public void onMessage(WsSession session, BufferData data, boolean last) {
      session.send(data, last);
    }
  }

  /// Sends each message to all members, one at a time, since a session is not for two threads.
  private static final class Broadcast implements WsListener {

    private final Set<WsSession> members;

    Broadcast(Set<WsSession> members) {
      this.members = members;
    }

    @Override
    public void onOpen(WsSession session) {
      members.add(session);
    }

    @Override
    public void onMessage(WsSession session, BufferData data, boolean last) {
      byte[] bytes = data.readBytes();
      synchronized (members) {
        members.removeIf(member -> !sent(member, bytes, last));
      }
    }

    /// Whether it could be sent: a connection that ended without a Close is still a member.
    private static boolean sent(WsSession member, byte[] bytes, boolean last) {
      try {
        member.send(BufferData.create(bytes), last);
        return true;
      } catch (UncheckedIOException gone) {
        return false;
      }
    }

    @Override
    public void onClose(WsSession session, int status, String reason) {
      members.remove(session);
      session.close(WsCloseCodes.NORMAL_CLOSE, "");
    }

    @Override
    public void onError(WsSession session, Throwable why) {
      members.remove(session);
    }
  }
}
