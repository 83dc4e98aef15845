package io.weft.conformance;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/// A TCP relay in front of a server, which counts what passes, and whose connections can be reset
/// all at once.
final class Relay implements AutoCloseable {

  private final ServerSocket listening;
  private final int serverPort;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final LongAdder toServer = new LongAdder();
  private final LongAdder toClients = new LongAdder();

  Relay(int serverPort) throws IOException {
    this.serverPort = serverPort;
    this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::serve);
  }

  int port() {
    return listening.getLocalPort();
  }

  private void serve() {
    while (true) {
      try {
        Socket client = listening.accept();
        Socket server = new Socket();
        server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), serverPort));
        sockets.add(client);
        sockets.add(server);
        Thread.ofVirtual().start(() -> pass(client, server, toServer));
        Thread.ofVirtual().start(() -> pass(server, client, toClients));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  /// Bytes that clients have sent so far.
  long toServer() {
    return toServer.sum();
  }

  /// Bytes that the server has sent so far.
  long toClients() {
    return toClients.sum();
  }

  private static void pass(Socket from, Socket to, LongAdder bytes) {
    byte[] piece = new byte[16 << 10];
    try (from;
        to) {
      for (int read = from.getInputStream().read(piece);
          read >= 0;
          read = from.getInputStream().read(piece)) {
        bytes.add(read);
        to.getOutputStream().write(piece, 0, read);
      }
    } catch (IOException e) {
      // Reset, by whomever.
    }
  }

  /// Resets all connections.
  void cut() throws IOException {
    for (Socket socket : sockets) {
      if (!socket.isClosed()) {
        socket.setSoLinger(true, 0);
        socket.close();
      }
    }
    sockets.clear();
  }

  @Override
  public void close() throws IOException {
    listening.close();
    cut();
  }
}
