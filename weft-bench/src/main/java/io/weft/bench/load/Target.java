package io.weft.bench.load;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// Where a server answers, and how to get there.
///
/// @param address its host and port
/// @param path of the endpoint, beginning with a slash
/// @param isTls whether it speaks TLS
public record Target(InetSocketAddress address, String path, boolean isTls) {

  /// What a server must answer to our key (RFC 6455 §1.3).
  static final String ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

  private static final int PATIENCE_MS = 10_000;

  /// An endpoint of a server on this machine.
  public static Target local(int port, String path) {
    return new Target(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), path, false);
  }

  /// What a URL names.
  ///
  /// @throws IllegalArgumentException unless it is `ws://host:port/path`, or one of `wss`
  public static Target of(URI url) {
    boolean isTls = "wss".equals(url.getScheme());
    if (!(isTls || "ws".equals(url.getScheme())) || url.getHost() == null) {
      throw new IllegalArgumentException(url + " is no ws://host:port/path");
    }
    String path = url.getRawPath().isEmpty() ? "/" : url.getRawPath();
    String query = url.getRawQuery() == null ? "" : "?" + url.getRawQuery();
    int port = url.getPort() < 0 ? isTls ? 443 : 80 : url.getPort();
    return new Target(new InetSocketAddress(url.getHost(), port), path + query, isTls);
  }

  /// The request that opens a connection.
  byte[] handshake() {
    return handshake("");
  }

  /// @param more headers, each with its end of line
  private byte[] handshake(String more) {
    return String.format(
            Locale.ROOT,
            """
            GET %s HTTP/1.1\r
            Host: %s:%d\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
            %s\r
            """,
            path,
            address.getHostString(),
            address.getPort(),
            more)
        .getBytes(StandardCharsets.US_ASCII);
  }

  /// Opens a connection, handshake and all, and makes it non-blocking.
  ///
  /// @param number which one it is: many loopback addresses are used in turn, so that ports do not
  ///   run out
  Wire open(int number) throws IOException {
    return open(number, "");
  }

  /// The same with more headers.
  ///
  /// @param more each with its end of line
  Wire open(int number, String more) throws IOException {
    SocketChannel channel = channel(number);
    try {
      channel.socket().connect(address, PATIENCE_MS);
      channel.socket().setSoTimeout(PATIENCE_MS);
      Wire wire = new Wire(channel, isTls);
      wire.write(ByteBuffer.wrap(handshake(more)));
      wire.head = readHead(wire);
      channel.configureBlocking(false);
      return wire;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /// A socket that has not been connected yet.
  SocketChannel channel(int number) throws IOException {
    SocketChannel channel = SocketChannel.open();
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    if (address.getAddress() != null && address.getAddress().isLoopbackAddress()) {
      int at = number % 60_000;
      byte[] from = {127, 0, (byte) (1 + at / 250), (byte) (1 + at % 250)};
      channel.bind(new InetSocketAddress(InetAddress.getByAddress(from), 0));
    }
    return channel;
  }

  private static String readHead(Wire wire) throws IOException {
    ByteBuffer head = ByteBuffer.allocate(64 << 10);
    do {
      if (wire.read(head) < 0) {
        throw new IOException(
            "the handshake was not answered: " + text(head.array(), head.position()));
      }
    } while (!endsHead(head.array(), head.position()));
    String answer = text(head.array(), head.position());
    checkHead(answer);
    return answer;
  }

  /// Whether so many bytes end with an empty line.
  static boolean endsHead(byte[] head, int length) {
    return length >= 4
        && head[length - 4] == '\r'
        && head[length - 3] == '\n'
        && head[length - 2] == '\r'
        && head[length - 1] == '\n';
  }

  /// Judges the answer to our request.
  static void checkHead(String head) throws IOException {
    if (!head.startsWith("HTTP/1.1 101 ") || !head.contains(ACCEPT)) {
      throw new IOException("the handshake was refused: " + head);
    }
  }

  private static String text(byte[] head, int length) {
    return new String(head, 0, length, StandardCharsets.US_ASCII);
  }
}
