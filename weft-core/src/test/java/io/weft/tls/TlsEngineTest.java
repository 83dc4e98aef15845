package io.weft.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import io.weft.bytes.Pool;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.SplittableRandom;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Two engines back to back, without a socket: whatever one seals the other opens, however the
/// bytes between them are cut.
final class TlsEngineTest {

  private static final TestAuthority AUTHORITY = TestAuthority.named("engines");
  private static final TestAuthority.Issued SERVER = AUTHORITY.issue("server.test");
  private static final byte[] TO_PLAIN = "speak TLS".getBytes(StandardCharsets.US_ASCII);

  private final Pool pool = new Pool(Pool.CHUNK_BYTES, 64 << 20);
  private final Scratch scratch = new Scratch(pool);

  /// One end of a connection.
  private final class End {
    final SSLEngine jdk;
    final TlsEngine engine;
    final Outbox plain = new Outbox(pool, 1 << 20, 4 << 20);
    final Outbox wire = new Outbox(pool, 1 << 20, 4 << 20);
    final ByteArrayOutputStream heard = new ByteArrayOutputStream();
    int opened;
    int tasks;
    boolean ended;

    End(SSLEngine jdk) throws SSLException {
      this.jdk = jdk;
      this.engine = new TlsEngine(jdk, TO_PLAIN);
      engine.begin();
    }

    /// Takes what arrives, as one read of a socket.
    void take(byte[] bytes) throws SSLException {
      Chunk in = Chunk.copyOf(bytes);
      while (true) {
        switch (engine.open(in, scratch, wire)) {
          case MORE -> {
            assertEquals(0, in.remaining(), "all is used up when more is asked for");
            return;
          }
          case PLAIN -> {
            byte[] plain = new byte[scratch.plain.remaining()];
            scratch.plain.buffer.get(plain);
            assertTrue(plain.length > 0);
            heard.writeBytes(plain);
          }
          case OPEN -> opened++;
          case TASK -> {
            for (Runnable task = engine.task(); task != null; task = engine.task()) {
              tasks++;
              task.run();
            }
            engine.taskDone();
          }
          case FULL -> throw new AssertionError("the wire is never full here");
          case ENDED -> {
            ended = true;
            return;
          }
        }
      }
    }

    /// What has been sealed, as one write would send it.
    byte[] send() throws SSLException {
      engine.seal(plain, scratch, wire);
      byte[] bytes = bytes(wire);
      wire.clear();
      return bytes;
    }

    void say(byte[] bytes) {
      plain.put(bytes, 0, bytes.length, 0);
    }

    byte[] heard() {
      byte[] all = heard.toByteArray();
      heard.reset();
      return all;
    }
  }

  private static byte[] bytes(Outbox outbox) {
    ByteBuffer[] all = new ByteBuffer[1024];
    int count = outbox.gather(all);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int at = 0; at < count; at++) {
      byte[] piece = new byte[all[at].remaining()];
      all[at].get(piece);
      out.writeBytes(piece);
    }
    return out.toByteArray();
  }

  private static SSLContext serverContext() throws GeneralSecurityException {
    return contextOf(SERVER, null);
  }

  private static SSLContext contextOf(TestAuthority.Issued identity, TestAuthority trusted)
      throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(identity == null ? null : identity.keyStore("x"), "x".toCharArray());
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted == null ? AUTHORITY.trust() : trusted.trust());
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  private End server(String... protocols) throws Exception {
    SSLEngine jdk = serverContext().createSSLEngine();
    jdk.setUseClientMode(false);
    jdk.setEnabledProtocols(protocols);
    return new End(jdk);
  }

  private End client(String... protocols) throws Exception {
    SSLEngine jdk = contextOf(null, AUTHORITY).createSSLEngine("server.test", 443);
    jdk.setUseClientMode(true);
    jdk.setEnabledProtocols(protocols);
    End client = new End(jdk);
    client.take(new byte[0]); // says ClientHello
    return client;
  }

  /// Carries bytes both ways, `cut` at a time, until nobody has anything to say.
  private static void carry(End one, End other, int cut) throws SSLException {
    boolean moved = true;
    while (moved) {
      moved = carryOne(one, other, cut);
      moved |= carryOne(other, one, cut);
    }
  }

  private static boolean carryOne(End from, End to, int cut) throws SSLException {
    byte[] bytes = from.send();
    for (int at = 0; at < bytes.length; at += cut) {
      to.take(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + cut)));
    }
    return bytes.length > 0;
  }

  @AfterEach
  void everyChunkIsBack() {
    assertEquals(0, pool.lentChunks());
  }

  private static byte[] random(int bytes, long seed) {
    byte[] random = new byte[bytes];
    new SplittableRandom(seed).nextBytes(random);
    return random;
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
  void carriesWhateverIsSaidHoweverItIsCut(String protocol) throws Exception {
    for (int cut : new int[] {1, 2, 3, 4, 5, 6, 7, 100, 1000, 16_000, 1 << 20}) {
      End server = server(protocol);
      End client = client(protocol);
      carry(client, server, cut);
      assertEquals(1, client.opened, protocol + " cut at " + cut);
      assertEquals(1, server.opened, protocol + " cut at " + cut);
      assertEquals(protocol, server.engine.session().getProtocol());
      assertTrue(server.tasks > 0 && client.tasks > 0, "long work is handed out");
      for (int bytes : new int[] {1, 125, 16_384, 16_385, 100_000}) {
        if (bytes / cut > 5_000) {
          continue;
        }
        byte[] said = random(bytes, bytes);
        client.say(said);
        carry(client, server, cut);
        assertArrayEquals(said, server.heard(), bytes + " bytes cut at " + cut);
        server.say(said);
        carry(client, server, cut);
        assertArrayEquals(said, client.heard(), bytes + " bytes cut at " + cut);
      }
      assertEquals(0, pool.lentChunks(), "nothing is kept between records");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
  void survivesACutAtEveryByte(String protocol) throws Exception {
    End server = server(protocol);
    End client = client(protocol);
    carry(client, server, 1 << 20);
    byte[] said = random(40, 1);
    for (int cut = 0; ; cut++) {
      client.say(said);
      client.say(said);
      byte[] first = client.send();
      client.say(said);
      byte[] second = client.send();
      byte[] bytes = Arrays.copyOf(first, first.length + second.length);
      System.arraycopy(second, 0, bytes, first.length, second.length);
      if (cut > bytes.length) {
        server.take(bytes);
        break;
      }
      server.take(Arrays.copyOf(bytes, cut));
      server.take(Arrays.copyOfRange(bytes, cut, bytes.length));
      byte[] heard = server.heard();
      assertEquals(3 * said.length, heard.length, "cut at " + cut);
      assertArrayEquals(said, Arrays.copyOf(heard, said.length));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
  void endsWithACloseNotify(String protocol) throws Exception {
    End server = server(protocol);
    End client = client(protocol);
    carry(client, server, 1 << 20);
    client.say(random(10, 1));
    byte[] last = client.send();
    client.engine.end(scratch, client.wire);
    assertTrue(client.engine.isSealed());
    assertFalse(server.engine.isEnded());
    server.take(last);
    server.take(client.send());
    assertTrue(server.ended);
    assertTrue(server.engine.isEnded());
    assertEquals(10, server.heard().length, "what was said before it");
    server.engine.end(scratch, server.wire);
    client.take(server.send());
    assertTrue(client.ended);
    server.say(random(10, 2));
    assertEquals(0, server.send().length, "nothing is said behind it");
    server.plain.clear();
  }

  @Test
  void sealsNoMoreThanTheWireIsToHold() throws Exception {
    End server = server("TLSv1.3");
    End client = client("TLSv1.3");
    carry(client, server, 1 << 20);
    byte[] said = random(1 << 20, 1);
    client.say(said);
    client.engine.seal(client.plain, scratch, client.wire);
    int wire = client.wire.bytes();
    assertTrue(wire >= TlsEngine.WIRE_BYTES && wire < TlsEngine.WIRE_BYTES + 17_000, "" + wire);
    client.engine.seal(client.plain, scratch, client.wire);
    assertEquals(wire, client.wire.bytes());
    carry(client, server, 1 << 20);
    assertArrayEquals(said, server.heard());
  }

  @Test
  void asksForNoneOfThePeersBytesWhileTheWireIsFull() throws Exception {
    End server = server("TLSv1.3");
    byte[] full = new byte[TlsEngine.WIRE_BYTES];
    server.wire.put(full, 0, full.length, 0);
    End client = client("TLSv1.3");
    Chunk hello = Chunk.copyOf(client.send());
    assertEquals(TlsEngine.Step.TASK, server.engine.open(hello, scratch, server.wire));
    for (Runnable task = server.engine.task(); task != null; task = server.engine.task()) {
      task.run();
    }
    server.engine.taskDone();
    assertEquals(TlsEngine.Step.FULL, server.engine.open(hello, scratch, server.wire));
    assertEquals(full.length, server.wire.bytes());
    server.wire.clear();
    assertEquals(TlsEngine.Step.MORE, server.engine.open(hello, scratch, server.wire));
    carry(client, server, 1 << 20);
    assertEquals(1, client.opened);
    assertEquals(1, server.opened);
  }

  @Test
  void answersAKeyUpdateOfThePeer() throws Exception {
    // JDK engines update their keys when asked to begin a handshake anew in TLS 1.3.
    End server = server("TLSv1.3");
    End client = client("TLSv1.3");
    carry(client, server, 1 << 20);
    for (int times = 0; times < 3; times++) {
      client.jdk.beginHandshake();
      client.engine.taskDone(); // looks at what is to be done next
      client.take(new byte[0]);
      carry(client, server, 7);
      client.say(random(100, times));
      server.say(random(100, times));
      carry(client, server, 7);
      assertArrayEquals(random(100, times), server.heard());
      assertArrayEquals(random(100, times), client.heard());
    }
    assertEquals(1, server.opened, "hands are shaken once");
  }

  @Test
  void refusesToNegotiateAnew() throws Exception {
    End server = server("TLSv1.2");
    End client = client("TLSv1.2");
    carry(client, server, 1 << 20);
    client.jdk.beginHandshake();
    client.engine.taskDone();
    client.take(new byte[0]);
    byte[] hello = client.send();
    assertTrue(hello.length > 0);
    SSLException refused = assertThrows(SSLException.class, () -> server.take(hello));
    assertTrue(refused.getMessage().contains("anew"), refused.getMessage());
    assertTrue(server.engine.isSealed());
    assertTrue(server.send().length > 0, "the peer is told");
  }

  @Test
  void deliversWhatCameBeforeAFailure() throws Exception {
    End server = server("TLSv1.3");
    End client = client("TLSv1.3");
    carry(client, server, 1 << 20);
    client.say(random(50, 1));
    byte[] good = client.send();
    byte[] bad = Arrays.copyOf(good, good.length + 7);
    Arrays.fill(bad, good.length, bad.length, (byte) 'x');
    assertThrows(SSLException.class, () -> server.take(bad));
    assertArrayEquals(random(50, 1), server.heard());
    assertThrows(SSLException.class, () -> server.take(good), "it stays failed");
    assertTrue(server.send().length > 0, "the peer is told");
  }

  @Test
  void failsOnATamperedRecordAndSaysSo() throws Exception {
    End server = server("TLSv1.3");
    End client = client("TLSv1.3");
    carry(client, server, 1 << 20);
    client.say(random(50, 1));
    byte[] bytes = client.send();
    bytes[bytes.length - 1] ^= 1;
    assertThrows(SSLException.class, () -> server.take(bytes));
    byte[] alert = server.send();
    SSLException told = assertThrows(SSLException.class, () -> client.take(alert));
    assertTrue(told.getMessage().contains("alert"), told.getMessage());
  }

  @Test
  void tellsAPeerThatDoesNotSpeakTls() throws Exception {
    for (String first : new String[] {"GET / HTTP/1.1\r\n", "\r", "\0\0", "\u0080."}) {
      for (int cut = 1; cut <= first.length(); cut++) {
        End server = server("TLSv1.3");
        byte[] bytes = first.substring(0, cut).getBytes(StandardCharsets.ISO_8859_1);
        SSLException told = assertThrows(SSLException.class, () -> server.take(bytes));
        assertTrue(told.getMessage().contains("does not speak TLS"), told.getMessage());
        assertArrayEquals(TO_PLAIN, server.send());
        server.engine.release(scratch);
      }
    }
  }

  @Test
  void refusesARecordThatIsTooLong() throws Exception {
    End server = server("TLSv1.3");
    byte[] header = {22, 3, 1, 0x48, 1};
    assertThrows(SSLException.class, () -> server.take(header));
    server.engine.release(scratch);
    server.wire.clear();
  }

  @Test
  void failsOnWhateverElseArrivesAndHoldsNothing() throws Exception {
    for (long seed = 0; seed < 300; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      End server = server("TLSv1.3", "TLSv1.2");
      byte[] garbage = new byte[random.nextInt(1, 2000)];
      random.nextBytes(garbage);
      garbage[0] = 22;
      if (garbage.length > 5 && random.nextBoolean()) {
        garbage[1] = 3;
        garbage[3] = 0;
        garbage[4] = (byte) random.nextInt(200);
      }
      try {
        server.take(garbage);
      } catch (SSLException e) {
        assertTrue(server.engine.isSealed(), "seed " + seed);
      }
      assertFalse(server.engine.isOpen(), "seed " + seed);
      server.engine.release(scratch);
      server.wire.clear();
    }
  }
}
