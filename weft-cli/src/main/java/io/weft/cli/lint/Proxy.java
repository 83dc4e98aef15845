package io.weft.cli.lint;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.URI;
import java.net.URLDecoder;
import java.util.Base64;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A proxy on the way to the target: one that is asked by CONNECT (RFC 9110 §9.3.6), or one that
/// speaks SOCKS5 (RFC 1928). Names of targets are the proxy's to look up.
///
/// @param socks whether it speaks SOCKS5
/// @param host a name or an address, without brackets
/// @param port 1 to 65535
/// @param user to say who we are; empty for nobody
/// @param password of that user
public record Proxy(boolean socks, String host, int port, String user, String password) {

  private static final int HTTP_PORT = 80;
  private static final int SOCKS_PORT = 1080;

  /// The longest answer of an HTTP proxy, in bytes.
  private static final int MAX_HEAD_BYTES = 16 << 10;

  private static final int MAX_FIELD_BYTES = 255;

  /// Reads a URL as `http://user:password@host:3128` or `socks5://host`.
  ///
  /// @throws IllegalArgumentException if it is none; the message does not repeat the password
  public static Proxy parse(String url) {
    URI uri;
    try {
      uri = new URI(url);
    } catch (java.net.URISyntaxException e) {
      throw new IllegalArgumentException("the URL of the proxy: " + e.getReason(), e);
    }
    String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
    boolean socks = scheme.equals("socks5") || scheme.equals("socks5h");
    if ((!socks && !scheme.equals("http")) || uri.getHost() == null) {
      throw new IllegalArgumentException(
          "the URL of a proxy begins with http:// or socks5://, and a host follows");
    }
    int port = uri.getPort() >= 0 ? uri.getPort() : socks ? SOCKS_PORT : HTTP_PORT;
    String info = uri.getRawUserInfo() == null ? "" : uri.getRawUserInfo().replace("+", "%2B");
    int colon = info.indexOf(':');
    String user = URLDecoder.decode(colon < 0 ? info : info.substring(0, colon), UTF_8);
    String password = colon < 0 ? "" : URLDecoder.decode(info.substring(colon + 1), UTF_8);
    if (socks && Math.max(bytes(user).length, bytes(password).length) > MAX_FIELD_BYTES) {
      throw new IllegalArgumentException(
          "user and password of a SOCKS5 proxy have at most 255 bytes (RFC 1929 §2)");
    }
    return new Proxy(socks, Target.bare(uri.getHost()), port, user, password);
  }

  /// The proxy that the JVM has been told of for a ws or wss URL, by system properties or a
  /// [ProxySelector]; null if there is none.
  public static @Nullable Proxy ofJvm(URI url) {
    ProxySelector selector = ProxySelector.getDefault();
    for (String scheme : new String[] {"https", "http"}) {
      if (selector == null || (scheme.equals("http") && "wss".equals(url.getScheme()))) {
        return null;
      }
      URI asked = URI.create(scheme + "://" + url.getRawAuthority() + "/");
      java.net.Proxy first = selector.select(asked).getFirst();
      if (first.address() instanceof InetSocketAddress at) {
        boolean socks = first.type() == java.net.Proxy.Type.SOCKS;
        return new Proxy(socks, at.getHostString(), at.getPort(), "", "");
      }
    }
    return null;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  /// Has the proxy, to which `socket` is connected, connect to the target.
  ///
  /// @param timeoutMs for all of it
  /// @throws IOException if it does not, saying what it answered
  void tunnel(Socket socket, Target target, int timeoutMs) throws IOException {
    Answer answer = new Answer(socket, System.nanoTime() + timeoutMs * 1_000_000L);
    try {
      if (socks) {
        socks(socket, target, answer);
      } else {
        connect(socket, target, answer);
      }
    } catch (IOException e) {
      throw new IOException("through " + this + ": " + e.getMessage(), e);
    }
  }

  private void connect(Socket socket, Target target, Answer answer) throws IOException {
    String authority = target.uri().getHost() + ":" + target.port();
    StringBuilder request = new StringBuilder("CONNECT " + authority + " HTTP/1.1\r\n");
    request.append("Host: ").append(authority).append("\r\n");
    if (!user.isEmpty()) {
      String basic = Base64.getEncoder().encodeToString(bytes(user + ":" + password));
      request.append("Proxy-Authorization: Basic ").append(basic).append("\r\n");
    }
    socket.getOutputStream().write(request.append("\r\n").toString().getBytes(ISO_8859_1));
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      if (head.length() >= MAX_HEAD_BYTES) {
        throw new IOException("its answer to CONNECT is over " + MAX_HEAD_BYTES + " bytes");
      }
      head.append((char) answer.next());
    }
    String line = head.substring(0, head.indexOf("\r\n"));
    if (!line.matches("HTTP/1\\.[01] 2\\d\\d( .*)?")) {
      throw new IOException("it answers CONNECT with: " + line);
    }
  }

  private void socks(Socket socket, Target target, Answer answer) throws IOException {
    byte[] methods = user.isEmpty() ? new byte[] {5, 1, 0} : new byte[] {5, 2, 0, 2};
    socket.getOutputStream().write(methods);
    answer.require(5, "it does not speak SOCKS5: its answer begins with ");
    int method = answer.next();
    if (method == 2 && !user.isEmpty()) {
      var login = new ByteArrayOutputStream();
      login.write(1);
      for (String field : new String[] {user, password}) {
        login.write(bytes(field).length);
        login.writeBytes(bytes(field));
      }
      socket.getOutputStream().write(login.toByteArray());
      answer.next();
      answer.require(0, "it refuses user and password with status ");
    } else if (method != 0) {
      throw new IOException("it wants a user and a password, or something else");
    }
    socket.getOutputStream().write(request(target));
    answer.require(5, "it does not speak SOCKS5: its reply begins with ");
    answer.require(0, "it cannot connect to the target: SOCKS5 reply ");
    answer.next();
    int type = answer.next();
    int addressBytes = type == 1 ? 4 : type == 4 ? 16 : answer.next();
    for (int left = addressBytes + 2; left > 0; left--) {
      answer.next();
    }
  }

  /// The request (RFC 1928 §4).
  private static byte[] request(Target target) {
    var request = new ByteArrayOutputStream();
    request.writeBytes(new byte[] {5, 1, 0});
    try {
      byte[] address = InetAddress.ofLiteral(target.host()).getAddress();
      request.write(address.length == 4 ? 1 : 4);
      request.writeBytes(address);
    } catch (IllegalArgumentException name) {
      byte[] host = bytes(target.host());
      request.write(3);
      request.write(host.length);
      request.writeBytes(host);
    }
    request.write(target.port() >> 8);
    request.write(target.port());
    return request.toByteArray();
  }

  /// Without user and password.
  @Override
  public String toString() {
    String name = host.contains(":") ? "[" + host + "]" : host;
    return "the proxy " + (socks ? "socks5://" : "http://") + name + ":" + port;
  }

  /// What the proxy says, a byte at a time, so that nothing of the target's is taken.
  private record Answer(Socket socket, long deadlineNs) {

    int next() throws IOException {
      long leftMs = (deadlineNs - System.nanoTime()) / 1_000_000;
      socket.setSoTimeout((int) Math.max(1, leftMs));
      InputStream in = socket.getInputStream();
      int value = in.read();
      if (value < 0) {
        throw new EOFException("it ended the connection");
      }
      return value;
    }

    void require(int wanted, String otherwise) throws IOException {
      int value = next();
      if (value != wanted) {
        throw new IOException(otherwise + value);
      }
    }
  }
}
