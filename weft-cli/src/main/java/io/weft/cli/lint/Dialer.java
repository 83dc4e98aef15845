package io.weft.cli.lint;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

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
    this.tls = factory(target.insecure());
    this.guards =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("weft-lint-guard").factory());
    guards.setRemoveOnCancelPolicy(true);
  }

  /// Connects, over TLS if the target wants it.
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
      socket.connect(new InetSocketAddress(target.host(), target.port()), timeoutMs);
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

  private synchronized long turnNs() {
    long now = System.nanoTime();
    nextNs = Math.max(now, nextNs + PACE_NS);
    return nextNs - now;
  }

  private Socket secure(Socket plain) throws IOException {
    SSLSocket socket = (SSLSocket) tls.createSocket(plain, target.host(), target.port(), true);
    if (!target.insecure()) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
    }
    socket.startHandshake();
    return socket;
  }

  private static SSLSocketFactory factory(boolean insecure) {
    try {
      if (!insecure) {
        return (SSLSocketFactory) SSLSocketFactory.getDefault();
      }
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new TrustsAll()}, null);
      return context.getSocketFactory();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java has no TLS", e);
    }
  }

  @Override
  public void close() {
    guards.shutdownNow();
  }

  /// For a server whose certificate nobody signed: what is linted is what is said inside.
  private static final class TrustsAll extends X509ExtendedTrustManager {

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
