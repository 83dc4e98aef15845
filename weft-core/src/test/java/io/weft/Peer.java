package io.weft;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// A client that does what it is told, right or wrong, over a plain blocking socket; every read has
/// a deadline, so that a test fails and does not hang.
final class Peer implements AutoCloseable {

  static final int CONTINUATION = 0;
  static final int TEXT = 1;
  static final int BINARY = 2;
  static final int CLOSE = 8;
  static final int PING = 9;
  static final int PONG = 10;

  private static final int WAIT_MS = 20_000;
  private static final byte[] KEY = {0x12, 0x34, 0x56, 0x78};

  /// What every peer speaks TLS with, in the tests that set it; null for plain TCP.
  static volatile @Nullable SSLContext tls;

  final Socket socket;
  private final InputStream in;

  /// A frame of the server.
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Frame(boolean fin, int opcode, byte[] payload) {

    String text() {
      return new String(payload, StandardCharsets.UTF_8);
    }

    /// The close code, or 1005.
    int code() {
      return payload.length < 2 ? 1005 : ByteBuffer.wrap(payload).getShort() & 0xFFFF;
    }

    String reason() {
      return new String(payload, 2, payload.length - 2, StandardCharsets.UTF_8);
    }
  }

  Peer(Socket socket) throws IOException {
    this.socket = socket;
    this.in = socket.getInputStream();
    socket.setSoTimeout(WAIT_MS);
    socket.setTcpNoDelay(true);
  }

  /// Connects, by TLS if that is set, and says nothing.
  static Peer tcp(int port) throws IOException {
    return new Peer(secured(new Socket(InetAddress.getLoopbackAddress(), port)));
  }

  /// Connects TCP and nothing else.
  static Peer bare(int port) throws IOException {
    return new Peer(new Socket(InetAddress.getLoopbackAddress(), port));
  }

  /// Has peers, and the servers of [#speakingTls], speak TLS or not from now on.
  static void speakTls(boolean secure) throws GeneralSecurityException {
    tls = secure ? TlsServerTest.context(null) : null;
  }

  /// A server as peers speak to it: over TLS if that is set.
  static Server.Builder speakingTls(Server.Builder server) {
    return tls == null ? server : server.tls(TlsServerTest.localhost());
  }

  static Socket secured(Socket tcp) throws IOException {
    SSLContext context = tls;
    return context == null
        ? tcp
        : context.getSocketFactory().createSocket(tcp, "localhost", tcp.getPort(), true);
  }

  /// Connects with a small receive buffer, so that not reading is felt soon.
  static Peer narrow(int port, String path) throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(4096);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    Peer peer = new Peer(secured(socket));
    peer.shakeHands(path);
    return peer;
  }

  /// Opens a WebSocket.
  static Peer open(int port, String path, String... headers) throws IOException {
    Peer peer = tcp(port);
    peer.shakeHands(path, headers);
    return peer;
  }

  void shakeHands(String path, String... headers) throws IOException {
    send(handshake(path, headers));
    head = readHead();
    if (!head.startsWith("HTTP/1.1 101 ")) {
      throw new IOException("refused: " + head);
    }
  }

  /// A handshake as it should be, with more headers behind.
  static String handshake(String path, String... headers) {
    StringBuilder head =
        new StringBuilder("GET ")
            .append(path)
            .append(" HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
            .append("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    return head.append("\r\n").toString();
  }

  /// Whether compressed messages are fine: RSV1 is then left in [Frame#opcode()] as 0x40.
  boolean compressed;

  /// The head of the answer to its handshake.
  String head = "";

  void send(String latin1) throws IOException {
    send(latin1.getBytes(StandardCharsets.ISO_8859_1));
  }

  void send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
  }

  void sendHex(String hex) throws IOException {
    send(HexFormat.of().parseHex(hex));
  }

  void sendText(String text) throws IOException {
    send(frame(true, TEXT, text.getBytes(StandardCharsets.UTF_8)));
  }

  void sendBinary(byte[] payload) throws IOException {
    send(frame(true, BINARY, payload));
  }

  void sendClose(int code, String reason) throws IOException {
    byte[] utf8 = reason.getBytes(StandardCharsets.UTF_8);
    send(
        frame(
            true,
            CLOSE,
            ByteBuffer.allocate(2 + utf8.length).putShort((short) code).put(utf8).array()));
  }

  /// A masked frame.
  static byte[] frame(boolean fin, int opcode, byte[] payload) {
    ByteBuffer frame = ByteBuffer.allocate(14 + payload.length);
    frame.put((byte) ((fin ? 0x80 : 0) | opcode));
    if (payload.length < 126) {
      frame.put((byte) (0x80 | payload.length));
    } else if (payload.length < 0x1_0000) {
      frame.put((byte) (0x80 | 126)).putShort((short) payload.length);
    } else {
      frame.put((byte) (0x80 | 127)).putLong(payload.length);
    }
    frame.put(KEY);
    for (int at = 0; at < payload.length; at++) {
      frame.put((byte) (payload[at] ^ KEY[at & 3]));
    }
    return Arrays.copyOf(frame.array(), frame.position());
  }

  /// Reads an HTTP head, its empty line included.
  String readHead() throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
      head.write(readByte());
    }
    return head.toString(StandardCharsets.ISO_8859_1);
  }

  /// Reads all until the server ends the stream.
  String readAll() throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
  }

  Frame read() throws IOException {
    int first = readByte();
    int second = readByte();
    if ((first & (compressed ? 0x30 : 0x70)) != 0 || (second & 0x80) != 0) {
      throw new IOException("a server's frame with RSV bits or a mask");
    }
    long length = second;
    if (length >= 126) {
      int lengthBytes = length == 126 ? 2 : 8;
      length = 0;
      for (int at = 0; at < lengthBytes; at++) {
        length = length << 8 | readByte();
      }
    }
    byte[] payload = in.readNBytes((int) length);
    if (payload.length < length) {
      throw new EOFException("the stream ended inside a frame");
    }
    return new Frame((first & 0x80) != 0, first & 0x4F, payload);
  }

  int readByte() throws IOException {
    int next = in.read();
    if (next < 0) {
      throw new EOFException("the stream ended");
    }
    return next;
  }

  /// Reads frames until a Close comes.
  Frame readClose() throws IOException {
    Frame frame = read();
    while (frame.opcode() != CLOSE) {
      frame = read();
    }
    return frame;
  }

  /// Reads until TCP ends, one way or another.
  void awaitEnd() throws IOException {
    try {
      while (in.read() >= 0) {
        // Whatever still comes.
      }
    } catch (SocketException reset) {
      // An end too.
    }
  }

  void wait(Duration most) throws IOException {
    socket.setSoTimeout((int) most.toMillis());
  }

  /// Ends TCP, with a FIN.
  void hangUp() throws IOException {
    socket.close();
  }

  /// Ends with a reset instead of a FIN.
  void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
