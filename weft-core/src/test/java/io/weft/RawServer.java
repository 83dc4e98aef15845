package io.weft;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.concurrent.ConcurrentLinkedQueue;

/// A server over plain sockets that plays a part with each of its connections, on a thread of its
/// own.
final class RawServer implements AutoCloseable {

  static final String SWITCH = "HTTP/1.1 101 Switching Protocols\r\n";
  static final String UPGRADE = SWITCH + "Upgrade: websocket\r\nConnection: Upgrade\r\n";

  private final ServerSocket listening;
  private final ConcurrentLinkedQueue<Socket> sockets = new ConcurrentLinkedQueue<>();

  /// What a server does with a connection whose request it has read.
  interface Part {
    void play(Socket socket, String accept) throws Exception;
  }

  /// What it does with a connection from its first byte on.
  interface Whole {
    void play(Socket socket) throws Exception;
  }

  RawServer(Part part) throws IOException {
    this((Whole) socket -> part.play(socket, acceptOf(readHead(socket.getInputStream()))));
  }

  RawServer(Whole part) throws IOException {
    this(part, 0);
  }

  /// @param receiveBytes what the kernel holds of what has not been read; 0 for its own choice
  RawServer(Whole part, int receiveBytes) throws IOException {
    listening = new ServerSocket();
    if (receiveBytes > 0) {
      listening.setReceiveBufferSize(receiveBytes);
    }
    listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1_000);
    Thread.ofVirtual().start(() -> serve(part));
  }

  private void serve(Whole part) {
    while (!listening.isClosed()) {
      try {
        Socket socket = listening.accept();
        socket.setTcpNoDelay(true);
        sockets.add(socket);
        Thread.ofVirtual().start(() -> play(part, socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private static void play(Whole part, Socket socket) {
    try {
      part.play(socket);
    } catch (Exception e) {
      // The client has had enough.
    }
  }

  int port() {
    return listening.getLocalPort();
  }

  Client client() {
    return Client.to("ws://127.0.0.1:" + port() + "/part")
        .limits(l -> l.handshakeTimeout(Duration.ofSeconds(20)));
  }

  @Override
  public void close() throws IOException {
    listening.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  static String readHead(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("the client left");
      }
      head.write(next);
    }
    return head.toString(StandardCharsets.ISO_8859_1);
  }

  static String acceptOf(String request) throws Exception {
    String key = request.replaceAll("(?s).*Sec-WebSocket-Key: ([^\r]*)\r.*", "$1");
    byte[] sha =
        MessageDigest.getInstance("SHA-1")
            .digest(
                (key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
                    .getBytes(StandardCharsets.ISO_8859_1));
    return "Sec-WebSocket-Accept: " + Base64.getEncoder().encodeToString(sha) + "\r\n";
  }

  static void say(Socket socket, String latin1) throws IOException {
    socket.getOutputStream().write(latin1.getBytes(StandardCharsets.ISO_8859_1));
  }

  static void sayHex(Socket socket, String hex) throws IOException {
    socket.getOutputStream().write(HexFormat.of().parseHex(hex));
  }

  static void reset(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }
}
