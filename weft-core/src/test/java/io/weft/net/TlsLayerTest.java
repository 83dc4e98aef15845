package io.weft.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import io.weft.bytes.Pool;
import io.weft.tls.Scratch;
import io.weft.tls.TestAuthority;
import io.weft.tls.TlsEngine;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A connection that becomes TLS, driven by hand: a scripted poller, and an engine of our own as
/// the peer.
final class TlsLayerTest {

  private static final TestAuthority AUTHORITY = TestAuthority.named("layers");
  private static final TestAuthority.Issued SERVER = AUTHORITY.issue("server.test");
  private static final int ALL = 1 << 20;

  private final ScriptedPoller poller = new ScriptedPoller();
  private final Pool pool = new Pool(16 << 10, 64 << 20);
  private long clockNs;
  private final Loop loop = new Loop(poller, () -> clockNs, new SplittableRandom(1), pool, 4);
  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private Executor executor = tasks::add;
  private final ScriptedPoller.Line line = new ScriptedPoller.Line();
  private int gone;

  /// Notes what it hears; a `P` pauses, and `S` begins TLS.
  private final class Noting implements Stage {
    final StringBuilder heard = new StringBuilder();
    final boolean mayBegin;

    Noting(boolean mayBegin) {
      this.mayBegin = mayBegin;
    }

    @Override
    public void begun() {
      heard.append("begun|");
    }

    @Override
    public Next read(Chunk in) {
      while (in.buffer.hasRemaining()) {
        char next = (char) in.buffer.get();
        if (next == 'S' && mayBegin) {
          conn.secure(engine(), after);
          return Next.MORE;
        }
        if (next == 'P') {
          return Next.PAUSE;
        }
        heard.append(next);
      }
      return Next.MORE;
    }

    @Override
    public void ended() {
      heard.append("|ended");
    }

    @Override
    public void writable() {}

    @Override
    public long expired(long nowNs) {
      heard.append("|expired");
      return Conn.NEVER;
    }

    @Override
    public void closed(String reason) {
      heard.append("|closed: ").append(reason);
    }
  }

  private final Noting before = new Noting(true);
  private final Noting after = new Noting(false);
  private Conn conn;

  // The peer: a client.
  private final Pool theirPool = new Pool(16 << 10, 64 << 20);
  private final Scratch theirScratch = new Scratch(theirPool);
  private final Outbox theirPlain = new Outbox(theirPool, ALL, ALL);
  private final Outbox theirWire = new Outbox(theirPool, ALL, ALL);
  private final StringBuilder theirHeard = new StringBuilder();
  private TlsEngine client;

  private static SSLContext context() throws Exception {
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(SERVER.keyStore("x"), "x".toCharArray());
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(AUTHORITY.trust());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  private static TlsEngine engine() {
    try {
      SSLEngine engine = context().createSSLEngine();
      engine.setUseClientMode(false);
      return new TlsEngine(engine, "no TLS".getBytes(StandardCharsets.US_ASCII));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @BeforeEach
  void adopt() throws Exception {
    loop.attach();
    long aSecond = Duration.ofSeconds(1).toNanos();
    Terms terms =
        new Terms(
            100_000,
            400_000,
            aSecond,
            aSecond,
            1 << 20,
            task -> executor.execute(task),
            () -> gone++);
    loop.adopt(
        line,
        terms,
        made -> {
          conn = made;
          made.become(before);
        });
    SSLEngine engine = context().createSSLEngine("server.test", 443);
    engine.setUseClientMode(true);
    client = new TlsEngine(engine, new byte[0]);
    client.begin();
    hear(new byte[0]);
  }

  @AfterEach
  void nothingIsLeft() {
    conn.abort("the test is over");
    loop.turn();
    loop.turn();
    assertEquals(1, gone);
    assertEquals(0, pool.lentChunks());
  }

  /// Brings bytes to the client.
  private void hear(byte[] bytes) throws SSLException {
    if (client.isEnded()) {
      return;
    }
    Chunk in = Chunk.copyOf(bytes);
    while (true) {
      switch (client.open(in, theirScratch, theirWire)) {
        case PLAIN -> {
          ByteBuffer plain = theirScratch.plain.buffer;
          theirHeard.append(StandardCharsets.ISO_8859_1.decode(plain));
        }
        case TASK -> {
          for (Runnable task = client.task(); task != null; task = client.task()) {
            task.run();
          }
          client.taskDone();
        }
        case OPEN -> theirHeard.append("open|");
        case ENDED -> {
          theirHeard.append("|end");
          return;
        }
        case MORE -> {
          return;
        }
        case FULL -> throw new AssertionError("it is never full");
      }
    }
  }

  /// What the client has to send.
  private byte[] say(String plain) throws SSLException {
    byte[] bytes = plain.getBytes(StandardCharsets.US_ASCII);
    theirPlain.put(bytes, 0, bytes.length, 0);
    client.seal(theirPlain, theirScratch, theirWire);
    ByteBuffer[] all = new ByteBuffer[64];
    int count = theirWire.gather(all);
    ByteBuffer wire = ByteBuffer.allocate(ALL);
    for (int at = 0; at < count; at++) {
      wire.put(all[at]);
    }
    theirWire.clear();
    return Arrays.copyOf(wire.array(), wire.position());
  }

  private void reads(byte[] bytes) {
    poller.completes(into -> into.read(line, Chunk.copyOf(bytes)));
  }

  /// Turns until nobody has anything to say.
  private void talk() throws SSLException {
    for (int turns = 0; turns < 20; turns++) {
      loop.turn();
      for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
        task.run();
      }
      poller.takes(line, ALL);
      loop.turn();
      byte[] written = line.written.toByteArray();
      line.written.reset();
      hear(written);
      byte[] said = say("");
      if (said.length > 0) {
        reads(said);
      }
    }
  }

  private static byte[] join(String clear, byte[] rest) {
    byte[] all =
        Arrays.copyOf(clear.getBytes(StandardCharsets.US_ASCII), clear.length() + rest.length);
    System.arraycopy(rest, 0, all, clear.length(), rest.length);
    return all;
  }

  @Test
  void beginsInTheMiddleOfAConnectionWithBytesBehind() throws Exception {
    reads(join("helloS", say("")));
    talk();
    assertEquals("begun|hello", before.heard.toString());
    assertEquals("begun|", after.heard.toString());
    assertEquals("open|", theirHeard.toString());
    reads(say("hi"));
    talk();
    assertEquals("begun|hi", after.heard.toString());
    assertEquals("TLSv1.3", conn.session().getProtocol());
    assertThrows(IllegalStateException.class, () -> conn.secure(engine(), after));
  }

  @Test
  void beginsWithBytesThatWereKeptWhileTheStagePaused() throws Exception {
    reads(join("aP", "bS".getBytes(StandardCharsets.US_ASCII)));
    loop.turn();
    reads(say(""));
    loop.turn();
    conn.resume();
    talk();
    assertEquals("begun|ab", before.heard.toString());
    assertEquals("open|", theirHeard.toString());
  }

  @Test
  void sendsWhatWasThereBeforeInTheClearAndInFront() throws Exception {
    byte[] clear = "go ahead".getBytes(StandardCharsets.US_ASCII);
    conn.outbox().put(clear, 0, clear.length, 0);
    conn.flush();
    loop.turn(); // the poller has it, and takes its time
    conn.secure(engine(), after);
    reads(say(""));
    loop.turn();
    tasks.remove().run();
    loop.turn();
    poller.takes(line, ALL);
    loop.turn();
    byte[] written = line.written.toByteArray();
    assertEquals("go ahead", new String(written, 0, clear.length, StandardCharsets.US_ASCII));
    line.written.reset();
    hear(Arrays.copyOfRange(written, clear.length, written.length));
    talk();
    assertEquals("open|", theirHeard.toString());
    assertEquals("begun|", after.heard.toString());
  }

  private void shakeHands() throws Exception {
    conn.secure(engine(), after);
    reads(say(""));
    talk();
    assertEquals("open|", theirHeard.toString());
  }

  @Test
  void pausesWithTheStageAndLosesNothing() throws Exception {
    shakeHands();
    reads(say("oneP two"));
    reads(say(" three"));
    loop.turn();
    assertEquals("begun|one", after.heard.toString());
    assertFalse(line.reading);
    conn.resume();
    talk();
    assertEquals("begun|one two three", after.heard.toString());
    assertTrue(line.reading);
    assertEquals(0, pool.lentChunks());
  }

  @Test
  void countsWhatIsSealedAndHasNotLeft() throws Exception {
    shakeHands();
    byte[] much = new byte[90_000];
    conn.outbox().put(much, 0, much.length, 0);
    conn.flush();
    loop.turn();
    int sealed = conn.outbox().bytes();
    assertTrue(sealed > much.length && sealed < much.length + 500, "" + sealed);
    assertEquals(much.length, conn.waitingBytes());
    int record = 16 << 10;
    poller.takes(line, record + 100);
    loop.turn();
    int left = much.length - conn.waitingBytes();
    assertTrue(left >= record, "the first record has left, and its " + left + " bytes may arrive");
    assertTrue(left <= record + 100, left + " bytes");
    talk();
    assertEquals(0, conn.waitingBytes());
    assertTrue(conn.outbox().isEmpty());
    assertEquals("open|".length() + much.length, theirHeard.length());
  }

  @Test
  void endsWithACloseNotifyBehindWhatWasSent() throws Exception {
    shakeHands();
    byte[] last = "bye".getBytes(StandardCharsets.US_ASCII);
    conn.outbox().put(last, 0, last.length, 0);
    conn.finish();
    talk();
    assertEquals("open|bye|end", theirHeard.toString());
    assertTrue(line.finished);
    poller.ends(line);
    loop.turn();
    assertEquals("begun||closed: closed", after.heard.toString());
  }

  @Test
  void hearsACloseNotifyAndSaysWhatACutIs() throws Exception {
    shakeHands();
    client.end(theirScratch, theirWire);
    reads(say(""));
    theirPlain.clear();
    talk();
    assertEquals("begun||ended", after.heard.toString());
  }

  @Test
  void saysThatItWasCut() throws Exception {
    shakeHands();
    poller.ends(line);
    loop.turn();
    assertTrue(after.heard.toString().startsWith("begun||closed: the connection was cut"));
  }

  @Test
  void closesWhenNoThreadTakesItsTasks() {
    executor =
        task -> {
          throw new RejectedExecutionException("on purpose");
        };
    conn.secure(engine(), after);
    reads(sayHello());
    loop.turn();
    assertTrue(after.heard.toString().contains("limit tlsTasks"), after.heard::toString);
  }

  private byte[] sayHello() {
    try {
      return say("");
    } catch (SSLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void survivesATaskThatEndsAfterTheConnection() throws Exception {
    conn.secure(engine(), after);
    byte[] hello = say("");
    reads(Arrays.copyOf(hello, hello.length - 1));
    loop.turn();
    assertEquals(1, pool.lentChunks(), "half a record waits");
    reads(Arrays.copyOfRange(hello, hello.length - 1, hello.length));
    loop.turn();
    conn.abort("on purpose");
    loop.turn();
    tasks.remove().run();
    loop.turn();
    assertEquals("|closed: on purpose", after.heard.toString());
  }
}
