package io.weft.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import io.weft.bytes.Pool;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;

/// Any bytes of a peer, before the handshake, in it, and behind it: they are opened, waited for the
/// end of, or refused, in a bounded number of steps, and leave nothing behind. The inputs in
/// `TlsEngineFuzzInputs/open` are replayed with every test run; `JAZZER_FUZZ=1` looks for more.
///
/// The first byte says at which end we are, where the bytes come, and how large a read is. Behind
/// the handshake they are laid over a record that was sound.
final class TlsEngineFuzz {

  private static final int ALL = 1 << 20;

  /// Steps that no handshake takes.
  private static final int ENDLESS = 10_000;

  private static final TestAuthority AUTHORITY = TestAuthority.named("fuzz");
  private static final SSLContext CONTEXT = context();

  private static SSLContext context() {
    try {
      KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
      keys.init(AUTHORITY.issue("server.test").keyStore("x"), "x".toCharArray());
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      trust.init(AUTHORITY.trust());
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    } catch (Exception e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /// One end of a connection, with what it holds.
  private static final class End {
    final Pool pool = new Pool(16 << 10, 64 << 20);
    final Scratch scratch = new Scratch(pool);
    final Outbox plain = new Outbox(pool, ALL, ALL);
    final Outbox wire = new Outbox(pool, ALL, ALL);
    final TlsEngine engine;

    End(boolean client) throws SSLException {
      SSLEngine of = CONTEXT.createSSLEngine("server.test", 443);
      of.setUseClientMode(client);
      engine = new TlsEngine(of, "no TLS".getBytes(StandardCharsets.US_ASCII));
      engine.begin();
      hear(new byte[0]);
    }

    void hear(byte[] bytes) throws SSLException {
      Chunk in = Chunk.copyOf(bytes);
      for (int steps = 0; !engine.isEnded(); steps++) {
        assertTrue(steps < ENDLESS, "it goes on for ever");
        switch (engine.open(in, scratch, wire)) {
          case MORE -> {
            return;
          }
          case TASK -> {
            for (Runnable task = engine.task(); task != null; task = engine.task()) {
              task.run();
            }
            engine.taskDone();
          }
          case FULL -> wire.clear();
          case PLAIN, OPEN, ENDED -> {}
        }
      }
    }

    byte[] said() {
      ByteBuffer said = ByteBuffer.allocate(ALL);
      ByteBuffer[] all = new ByteBuffer[64];
      int count = wire.gather(all);
      for (int at = 0; at < count; at++) {
        said.put(all[at]);
      }
      wire.clear();
      return Arrays.copyOf(said.array(), said.position());
    }

    void leavesNothing() {
      engine.release(scratch);
      plain.clear();
      wire.clear();
      assertEquals(0, pool.lentChunks());
    }
  }

  @FuzzTest(maxDuration = "5m")
  void open(byte[] input) throws SSLException {
    if (input.length == 0) {
      return;
    }
    boolean weAreClient = (input[0] & 1) != 0;
    int rounds = input[0] >> 1 & 3;
    int cut = 1 << (input[0] >> 3 & 15);
    byte[] bytes = Arrays.copyOfRange(input, 1, input.length);
    End we = new End(weAreClient);
    End peer = new End(!weAreClient);
    for (int round = 0; round < rounds; round++) {
      peer.hear(we.said());
      we.hear(peer.said());
    }
    if (rounds == 3) {
      bytes = over(bytes, peer);
    }
    try {
      for (int at = 0; at < bytes.length; at += cut) {
        we.hear(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + cut)));
      }
    } catch (SSLException refused) {
      we.said(); // the alert, if there is one
    }
    we.leavesNothing();
    peer.leavesNothing();
  }

  /// A record of `peer` with `bytes` laid over its beginning.
  private static byte[] over(byte[] bytes, End peer) throws SSLException {
    byte[] text = new byte[64];
    peer.plain.put(text, 0, text.length, 0);
    peer.engine.seal(peer.plain, peer.scratch, peer.wire);
    byte[] sealed = peer.said();
    byte[] all = Arrays.copyOf(sealed, Math.max(sealed.length, bytes.length));
    for (int at = 0; at < bytes.length; at++) {
      all[at] ^= bytes[at];
    }
    return all;
  }
}
