package io.weft;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Base64;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/// A proxy over plain sockets, for CONNECT or SOCKS5 as the first byte says. Whatever host it is
/// asked for, it connects to the loopback address at that port.
final class TestProxy implements AutoCloseable {

  private final ServerSocket listening;
  private final ConcurrentLinkedQueue<Socket> sockets = new ConcurrentLinkedQueue<>();
  private final @Nullable String credentials;

  /// What it was asked for, `host:port` each.
  final BlockingQueue<String> asked = new LinkedBlockingQueue<>();

  /// @param credentials that it wants, `user:password`, or null
  TestProxy(@Nullable String credentials) throws IOException {
    this.credentials = credentials;
    this.listening = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::serve);
  }

  int port() {
    return listening.getLocalPort();
  }

  /// Its URL, with what may stand before the host: nothing, or credentials and an at sign.
  String url(String scheme, String credentials) {
    return scheme + "://" + credentials + "127.0.0.1:" + port();
  }

  private void serve() {
    while (!listening.isClosed()) {
      try {
        Socket socket = listening.accept();
        sockets.add(socket);
        Thread.ofVirtual().start(() -> play(socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void play(Socket client) {
    try (client) {
      client.setTcpNoDelay(true);
      InputStream in = client.getInputStream();
      int first = in.read();
      Socket server = first == 5 ? socks(client, in) : http(client, first, in);
      if (server != null) {
        sockets.add(server);
        server.setTcpNoDelay(true);
        Thread back = Thread.ofVirtual().start(() -> copy(server, client));
        copy(client, server);
        back.join();
        server.close();
      }
    } catch (IOException | InterruptedException e) {
      // one of both has had enough
    }
  }

  private @Nullable Socket http(Socket client, int first, InputStream in) throws IOException {
    String head = (char) first + RawServer.readHead(in);
    String authority = head.split(" ", -1)[1];
    asked.add(authority);
    String wanted = credentials;
    if (wanted != null) {
      String basic = Base64.getEncoder().encodeToString(wanted.getBytes(UTF_8));
      if (!head.contains("\r\nProxy-Authorization: Basic " + basic + "\r\n")) {
        say(
            client,
            "HTTP/1.1 407 Proxy Authentication Required\r\n"
                + "Proxy-Authenticate: Basic realm=\"the test\"\r\nContent-Length: 0\r\n\r\n");
        return null;
      }
    }
    Socket server = connect(authority.substring(authority.lastIndexOf(':') + 1));
    say(client, "HTTP/1.1 200 Connection established\r\n\r\n");
    return server;
  }

  private @Nullable Socket socks(Socket client, InputStream in) throws IOException {
    byte[] methods = in.readNBytes(in.read());
    String wanted = credentials;
    boolean offered = new String(methods, ISO_8859_1).indexOf(2) >= 0;
    if (wanted != null && !offered) {
      say(client, "\5\u00ff");
      return null;
    }
    say(client, wanted == null ? "\5\0" : "\5\2");
    if (wanted != null) {
      in.readNBytes(1);
      String user = new String(in.readNBytes(in.read()), UTF_8);
      String password = new String(in.readNBytes(in.read()), UTF_8);
      boolean right = wanted.equals(user + ":" + password);
      say(client, right ? "\1\0" : "\1\1");
      if (!right) {
        return null;
      }
    }
    byte[] request = in.readNBytes(4);
    String host =
        switch (request[3]) {
          case 1 -> InetAddress.getByAddress(in.readNBytes(4)).getHostAddress();
          case 4 -> "[" + InetAddress.getByAddress(in.readNBytes(16)).getHostAddress() + "]";
          default -> new String(in.readNBytes(in.read()), ISO_8859_1);
        };
    String port = "" + (in.read() << 8 | in.read());
    asked.add(host + ":" + port);
    Socket server = connect(port);
    say(client, "\5\0\0\1\0\0\0\0\0\0");
    return server;
  }

  private static Socket connect(String port) throws IOException {
    return new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(port));
  }

  private static void say(Socket socket, String latin1) throws IOException {
    RawServer.say(socket, latin1);
  }

  /// Hands on what comes, and its end.
  private static void copy(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException e) {
      // one of both has had enough
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
