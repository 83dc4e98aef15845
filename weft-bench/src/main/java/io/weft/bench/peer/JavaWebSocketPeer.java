package io.weft.bench.peer;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.java_websocket.WebSocket;
import org.java_websocket.handshake.ClientHandshake;
import org.java_websocket.server.WebSocketServer;

/// Java-WebSocket: one selector thread and one that decodes.
final class JavaWebSocketPeer extends WebSocketServer {

  private final CountDownLatch started = new CountDownLatch(1);
  private final Set<WebSocket> members = ConcurrentHashMap.newKeySet();

  private JavaWebSocketPeer() {
    super(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
    setTcpNoDelay(true);
  }

  static Peer.Started start(Peer.Order order) throws InterruptedException {
    JavaWebSocketPeer server = new JavaWebSocketPeer();
    server.start();
    server.started.await();
    return new Peer.Started(server.getPort(), WebSocketServer.class);
  }

  @Override
  public void onStart() {
    started.countDown();
  }

  @Override
  public void onOpen(WebSocket ws, ClientHandshake handshake) {
    if (handshake.getResourceDescriptor().startsWith("/broadcast")) {
      members.add(ws);
    }
  }

  @Override
  public void onMessage(WebSocket ws, String text) {
    ws.send(text);
  }

  @Override
  public void onMessage(WebSocket ws, ByteBuffer data) {
    if (members.contains(ws)) {
      broadcast(data, members);
    } else {
      ws.send(data);
    }
  }

  @Override
  public void onClose(WebSocket ws, int code, String reason, boolean remote) {
    members.remove(ws);
  }

  @Override
  public void onError(WebSocket ws, Exception why) {
    System.err.println("Java-WebSocket: " + why);
  }
}
