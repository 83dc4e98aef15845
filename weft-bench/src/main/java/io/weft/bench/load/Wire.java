package io.weft.bench.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/// A connected socket, with TLS if it is asked for; whose certificate the server has is not asked.
final class Wire {

  /// A record of TLS and another, with what is around them.
  private static final int NET_BYTES = 2 * (17 << 10);

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  final SocketChannel channel;

  /// What the server answered to the handshake.
  String head = "";

  /// Null without TLS.
  private final @Nullable SSLEngine tls;

  /// What has come and is not unwrapped yet: to be written to.
  private final ByteBuffer netIn;

  /// What is wrapped and has not left yet: to be read from.
  private final ByteBuffer netOut;

  /// Takes a connected, blocking channel, and shakes hands if it is to be TLS.
  Wire(SocketChannel channel, boolean isTls) throws IOException {
    this.channel = channel;
    this.tls = isTls ? trusting() : null;
    this.netIn = tls == null ? NOTHING : ByteBuffer.allocate(NET_BYTES);
    this.netOut = tls == null ? NOTHING : ByteBuffer.allocate(NET_BYTES).flip();
    if (tls != null) {
      shakeHands(tls);
    }
  }

  /// Made when it is first needed.
  private static final class Holder {
    static final SSLContext TRUSTING = trusting();

    private static SSLContext trusting() {
      try {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new Trusting()}, new SecureRandom());
        return context;
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /// Takes every certificate: the servers are our own, and on this machine.
  private static final class Trusting implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  /// An engine of a client that takes every certificate.
  static SSLEngine trusting() {
    SSLEngine engine = Holder.TRUSTING.createSSLEngine();
    engine.setUseClientMode(true);
    return engine;
  }

  private void shakeHands(SSLEngine engine) throws IOException {
    engine.beginHandshake();
    ByteBuffer none = ByteBuffer.allocate(NET_BYTES);
    for (HandshakeStatus next = engine.getHandshakeStatus();
        next != HandshakeStatus.FINISHED && next != HandshakeStatus.NOT_HANDSHAKING;
        next = engine.getHandshakeStatus()) {
      switch (next) {
        case NEED_TASK -> engine.getDelegatedTask().run();
        case NEED_WRAP -> write(NOTHING);
        default -> {
          if (read(none) < 0) {
            throw new IOException("the server ended the TLS handshake");
          }
        }
      }
    }
  }

  /// Reads what there is.
  ///
  /// @param to with room for two records
  /// @return how many bytes came, perhaps none; -1 at the end
  int read(ByteBuffer to) throws IOException {
    if (tls == null) {
      return fill(to);
    }
    int before = to.position();
    // While shaking hands a record may be left from the read before.
    int came = tls.getHandshakeStatus() == HandshakeStatus.NEED_UNWRAP && unwrap(tls, to) ? 0 : 1;
    if (came == 1) {
      came = fill(netIn);
      unwrap(tls, to);
    }
    return to.position() == before && came < 0 ? -1 : to.position() - before;
  }

  /// Unwraps what it can.
  ///
  /// @return whether there was a record
  private boolean unwrap(SSLEngine engine, ByteBuffer to) throws IOException {
    boolean found = false;
    netIn.flip();
    while (netIn.hasRemaining()) {
      SSLEngineResult result = engine.unwrap(netIn, to);
      if (result.bytesConsumed() == 0) {
        break;
      }
      found = true;
      if (engine.getHandshakeStatus() == HandshakeStatus.NEED_TASK
          || engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
        break;
      }
    }
    netIn.compact();
    return found;
  }

  /// Writes what it can; [#isPending()] says whether something of it is left here.
  void write(ByteBuffer out) throws IOException {
    if (tls == null) {
      channel.write(out);
      return;
    }
    do {
      if (!netOut.hasRemaining()) {
        tls.wrap(out, netOut.clear());
        netOut.flip();
      }
      channel.write(netOut);
    } while (!netOut.hasRemaining() && out.hasRemaining());
  }

  /// Whether bytes that were taken have not left yet.
  boolean isPending() {
    return netOut.hasRemaining();
  }

  /// Reads once: with the socket's timeout while the channel blocks.
  private int fill(ByteBuffer to) throws IOException {
    if (!channel.isBlocking()) {
      return channel.read(to);
    }
    byte[] some = new byte[Math.min(4096, to.remaining())];
    int came = channel.socket().getInputStream().read(some);
    if (came > 0) {
      to.put(some, 0, came);
    }
    return came;
  }
}
