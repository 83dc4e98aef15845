package io.weft.conformance;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;

/// A proxy of another maker that lets nobody through without a user and a password.
final class ForeignProxy implements AutoCloseable {

  static final String USER = "weft";
  static final String PASSWORD = "secret";

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration GLANCE = Duration.ofMillis(20);

  private final String scheme;
  private final int port;
  private final Program program;

  /// tinyproxy, which speaks HTTP.
  static ForeignProxy tinyproxy() throws IOException, InterruptedException {
    Path binary = Tools.tinyproxy();
    int port = Tools.freePort();
    Path home = Files.createDirectories(Tools.target().resolve("foreign").resolve("tinyproxy"));
    Path settings =
        Files.write(
            home.resolve("tinyproxy-" + port + ".conf"),
            List.of(
                "Port " + port,
                "Listen 127.0.0.1",
                "Timeout 60",
                "MaxClients 50",
                "LogLevel Connect",
                "BasicAuth " + USER + " " + PASSWORD));
    return new ForeignProxy(
        "http", port, home, List.of(binary.toString(), "-d", "-c", settings.toString()));
  }

  /// microsocks, which speaks SOCKS5.
  static ForeignProxy microsocks() throws IOException, InterruptedException {
    Path binary = Tools.microsocks();
    int port = Tools.freePort();
    Path home = Tools.target().resolve("foreign").resolve("microsocks");
    return new ForeignProxy(
        "socks5",
        port,
        home,
        List.of(binary.toString(), "-i", "127.0.0.1", "-p", "" + port, "-u", USER, "-P", PASSWORD));
  }

  private ForeignProxy(String scheme, int port, Path home, List<String> command)
      throws IOException, InterruptedException {
    this.scheme = scheme;
    this.port = port;
    this.program = Program.start(scheme + " proxy", home, command);
    long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
    while (!listens()) {
      if (System.nanoTime() > deadlineNs) {
        program.close();
        throw new AssertionError(
            "the " + scheme + " proxy does not listen after " + PATIENCE + program.report());
      }
      Thread.sleep(GLANCE);
    }
  }

  private boolean listens() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException notYet) {
      return false;
    }
  }

  int port() {
    return port;
  }

  /// As a client is told of it.
  ///
  /// @param credentials `user:password@`, or nothing
  String url(String credentials) {
    return scheme + "://" + credentials + "127.0.0.1:" + port;
  }

  /// The same, with what it wants to see.
  String url() {
    return url(USER + ":" + PASSWORD + "@");
  }

  /// Waits until it says that somebody asked it for a way to a port of localhost.
  void awaitRequestFor(int serverPort) throws InterruptedException {
    program.awaitLine(Pattern.compile("(CONNECT|connected to) localhost:" + serverPort), PATIENCE);
  }

  @Override
  public void close() {
    program.close();
  }
}
