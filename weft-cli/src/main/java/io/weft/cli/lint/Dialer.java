package io.weft.cli.lint;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/// Makes connections to the target, never faster than the pace, and closes what is forgotten.
final class Dialer implements AutoCloseable {

  /// Between two connections: 200 a second at most.
  private static final long PACE_NS = 5_000_000;

  private final Target target;
  private final ScheduledThreadPoolExecutor guards;
  private final SSLSocketFactory tls;
  private long nextNs = System.nanoTime();

  Dialer(Target target) {
    this.target = target;
    this.tls = target.tls().context().getSocketFactory();
    this.guards =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("weft-lint-guard").factory());
    guards.setRemoveOnCancelPolicy(true);
  }

  /// Connects, through the proxy and over TLS if the target wants it.
  Wire open() throws IOException, InterruptedException {
    return open(target.timeout());
  }

  /// Connects, and lets each wait on that connection last as long.
  Wire open(Duration wait) throws IOException, InterruptedException {
    Thread.sleep(Duration.ofNanos(turnNs()));
    Socket socket = new Socket();
    try {
      int timeoutMs = (int) Math.min(target.timeout().toMillis(), Integer.MAX_VALUE);
      socket.setTcpNoDelay(true);
      connect(socket, timeoutMs);
      if (target.isTls()) {
        socket.setSoTimeout(timeoutMs);
        socket = secure(socket);
      }
      return new Wire(socket, wait.toNanos(), guards);
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  private void connect(Socket socket, int timeoutMs) throws IOException {
    Proxy proxy = target.proxy();
    if (proxy == null) {
      socket.connect(new InetSocketAddress(target.host(), target.port()), timeoutMs);
      return;
    }
    try {
      socket.connect(new InetSocketAddress(proxy.host(), proxy.port()), timeoutMs);
    } catch (UnknownHostException e) {
      throw new IOException("the host of " + proxy + " is not known", e);
    } catch (IOException e) {
      throw new IOException("to " + proxy + ": " + e.getMessage(), e);
    }
    proxy.tunnel(socket, target, timeoutMs);
  }

  private synchronized long turnNs() {
    long now = System.nanoTime();
    nextNs = Math.max(now, nextNs + PACE_NS);
    return nextNs - now;
  }

  private Socket secure(Socket plain) throws IOException {
    SSLSocket socket = (SSLSocket) tls.createSocket(plain, target.host(), target.port(), true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    return socket;
  }

  @Override
  public void close() {
    guards.shutdownNow();
  }
}
