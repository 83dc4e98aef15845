package io.weft.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/// A closed loop of echoes over many connections, on the calling thread: each connection sends some
/// binary messages in one write, waits until they are back, holds every byte against what was sent,
/// and goes on.
final class EchoLoad implements AutoCloseable {

  private static final int MASKING_KEY = 0x5A3C_1E77;
  private static final String HANDSHAKE =
      """
      GET /echo HTTP/1.1\r
      Host: localhost\r
      Upgrade: websocket\r
      Connection: Upgrade\r
      Sec-WebSocket-Version: 13\r
      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
      \r
      """;

  private final Selector selector = Selector.open();
  private final int inFlight;

  /// The messages of one burst, masked; and what comes back for them.
  private final ByteBuffer burst;

  private final ByteBuffer answer;
  private final ByteBuffer in = ByteBuffer.allocateDirect(256 << 10);
  private long echoes;

  /// How many bytes of its burst's answer a connection has.
  private static final class Line {
    int received;
  }

  /// Opens the connections and sends the first burst on each.
  ///
  /// @param inFlight messages that a connection has under way at once
  EchoLoad(int port, int connections, int messageBytes, int inFlight) throws IOException {
    this.inFlight = inFlight;
    this.burst = burst(messageBytes, inFlight, true);
    this.answer = burst(messageBytes, inFlight, false);
    for (int n = 0; n < connections; n++) {
      SocketChannel channel = open(port);
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_READ, new Line());
      send(channel);
    }
  }

  /// Echoes for a while.
  ///
  /// @return how many messages came back
  long run(Duration time) throws IOException {
    long before = echoes;
    long end = System.nanoTime() + time.toNanos();
    while (System.nanoTime() < end) {
      selector.select(this::receive, 100);
    }
    return echoes - before;
  }

  private void receive(SelectionKey key) {
    try {
      SocketChannel channel = (SocketChannel) key.channel();
      if (channel.read(in.clear()) < 0) {
        throw new IOException("the server closed a connection");
      }
      in.flip();
      Line line = (Line) key.attachment();
      ByteBuffer expected = answer.duplicate().position(line.received);
      if (in.remaining() > expected.remaining()) {
        throw new IOException("more came back than was sent");
      }
      line.received += in.remaining();
      if (!in.equals(expected.limit(line.received))) {
        throw new IOException("what came back is not what was sent");
      }
      if (line.received == answer.limit()) {
        line.received = 0;
        echoes += inFlight;
        send(channel);
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private void send(SocketChannel channel) throws IOException {
    ByteBuffer rest = burst.duplicate();
    while (rest.hasRemaining()) {
      channel.write(rest); // the server holds nothing of this connection, so there is room soon
    }
  }

  private static SocketChannel open(int port) throws IOException {
    SocketChannel channel =
        SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.write(ByteBuffer.wrap(HANDSHAKE.getBytes(StandardCharsets.US_ASCII)));
    StringBuilder head = new StringBuilder();
    ByteBuffer one = ByteBuffer.allocate(1);
    while (head.indexOf("\r\n\r\n") < 0) {
      if (channel.read(one.clear()) < 0) {
        throw new IOException("the handshake was refused: " + head);
      }
      head.append((char) one.get(0));
    }
    return channel;
  }

  /// Some binary messages, as a client sends them or as a server does.
  private static ByteBuffer burst(int messageBytes, int messages, boolean masked) {
    ByteBuffer burst = ByteBuffer.allocateDirect(messages * (messageBytes + 14));
    int mask = masked ? 0x80 : 0;
    for (int n = 0; n < messages; n++) {
      burst.put((byte) 0x82);
      if (messageBytes < 126) {
        burst.put((byte) (mask | messageBytes));
      } else if (messageBytes < 0x1_0000) {
        burst.put((byte) (mask | 126)).putShort((short) messageBytes);
      } else {
        burst.put((byte) (mask | 127)).putLong(messageBytes);
      }
      if (masked) {
        burst.putInt(MASKING_KEY);
      }
      for (int at = 0; at < messageBytes; at++) {
        int key = masked ? MASKING_KEY >>> (24 - 8 * (at & 3)) : 0;
        burst.put((byte) ((n + at * 31) ^ key));
      }
    }
    return burst.flip();
  }

  @Override
  public void close() throws IOException {
    for (SelectionKey key : selector.keys()) {
      key.channel().close();
    }
    selector.close();
  }
}
