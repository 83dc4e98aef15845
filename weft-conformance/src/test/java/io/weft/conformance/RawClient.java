package io.weft.conformance;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/// A WebSocket client of a few lines over a raw socket, which can leave as real ones do: politely,
/// by hanging up, or by breaking the line.
final class RawClient implements AutoCloseable {

  private static final int PATIENCE_MS = 30_000;
  private static final int TEXT = 0x81;
  private static final int CLOSE = 0x88;

  private final SplittableRandom random;
  private final Socket socket;
  private final DataInputStream in;
  private final OutputStream out;

  /// Connects to a server and shakes hands.
  ///
  /// @param from the address to connect from, one of 127.0.0.0/8
  RawClient(InetAddress from, int port, String path, SplittableRandom random) throws IOException {
    this.random = random;
    this.socket = new Socket();
    try {
      socket.setSoTimeout(PATIENCE_MS);
      socket.setTcpNoDelay(true);
      socket.bind(new InetSocketAddress(from, 0));
      socket.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), PATIENCE_MS);
      in = new DataInputStream(socket.getInputStream());
      out = socket.getOutputStream();
      shakeHands(port, path);
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  private void shakeHands(int port, String path) throws IOException {
    String request =
        """
        GET %s HTTP/1.1
        Host: 127.0.0.1:%d
        Upgrade: websocket
        Connection: Upgrade
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
        Sec-WebSocket-Version: 13

        """
            .formatted(path, port)
            .replace("\n", "\r\n");
    out.write(request.getBytes(StandardCharsets.US_ASCII));
    var answer = new StringBuilder();
    while (!answer.toString().endsWith("\r\n\r\n")) {
      answer.append((char) in.readUnsignedByte());
    }
    if (!answer.toString().startsWith("HTTP/1.1 101 ")
        || !answer.toString().contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")) {
      throw new IOException("the handshake was answered with " + answer);
    }
  }

  /// Sends a text and demands the same back.
  void echo(String text) throws IOException {
    byte[] payload = text.getBytes(StandardCharsets.UTF_8);
    send(TEXT, payload);
    demandFrame(TEXT, payload);
  }

  /// Says goodbye, hears it, and sees the server hang up first (RFC 6455 §7.1.1).
  void closePolitely() throws IOException {
    byte[] normal = {0x03, (byte) 0xe8};
    send(CLOSE, normal);
    demandFrame(CLOSE, normal);
    if (in.read() >= 0) {
      throw new IOException("bytes behind the server's close");
    }
  }

  /// Begins a frame of which the end will never come.
  void sendHalfAFrame() throws IOException {
    out.write(new byte[] {(byte) TEXT, (byte) (0x80 | 5), 1, 2, 3, 4, 'h'});
  }

  /// The next [#close] is a reset, not an orderly end of the stream.
  void reset() throws IOException {
    socket.setSoLinger(true, 0);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  private void send(int first, byte[] payload) throws IOException {
    int extended = payload.length < 126 ? 0 : 2;
    ByteBuffer frame = ByteBuffer.allocate(2 + extended + 4 + payload.length);
    frame.put((byte) first);
    if (extended == 0) {
      frame.put((byte) (0x80 | payload.length));
    } else {
      frame.put((byte) (0x80 | 126)).putShort((short) payload.length);
    }
    byte[] key = ByteBuffer.allocate(4).putInt(random.nextInt()).array();
    frame.put(key);
    for (int at = 0; at < payload.length; at++) {
      frame.put((byte) (payload[at] ^ key[at % 4]));
    }
    out.write(frame.array());
  }

  private void demandFrame(int first, byte[] expected) throws IOException {
    int came = in.read();
    if (came < 0) {
      throw new EOFException("the server ended the connection");
    }
    int length = in.readUnsignedByte();
    byte[] payload = new byte[length == 126 ? in.readUnsignedShort() : length];
    in.readFully(payload);
    if (came != first || length > 126 || !Arrays.equals(payload, expected)) {
      throw new IOException(
          "frame %02x with %d bytes, in place of %02x with %d"
              .formatted(came, payload.length, first, expected.length));
    }
  }
}
