package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// A server in a process of its own, neighbours that echo all the time, and crowds that take and
/// give nothing back.
final class Crowd implements AutoCloseable {

  private static final int NEIGHBOURS = 10;
  private static final int AT_ONCE = 100;

  /// Files that the JVM may open for itself meanwhile, as it loads classes.
  private static final int OWN_FILES = 8;

  /// What somebody in a crowd does, once it is connected.
  interface Deed {
    void to(Peer peer) throws IOException;
  }

  /// What the server says of itself.
  ///
  /// @param receivedBytes heap charged for what was received
  /// @param keptBytes native memory charged for it
  record State(int connections, long receivedBytes, long keptBytes, int loops, int files) {}

  private final Process process;
  private final BufferedReader says;
  private final int port;
  private final boolean tls;
  private final Queue<Peer> there = new ConcurrentLinkedQueue<>();
  private final List<Thread> neighbours = new ArrayList<>();
  private final List<Long> roundTripsNs = new ArrayList<>();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private volatile boolean leaving;
  private final State before;

  /// @param heap as `64m`
  @SuppressWarnings("StaticAssignmentInConstructor") // peers are told so, one crowd at a time
  Crowd(Transport transport, boolean tls, String heap) throws Exception {
    this.tls = tls;
    Peer.tls = tls ? trusting() : null;
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap,
                "-ea",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "io.weft.CrowdServer",
                transport.name(),
                tls ? "tls" : "plain")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    says =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
    port = Integer.parseInt(answer("port"));
    CountDownLatch all = new CountDownLatch(NEIGHBOURS);
    for (int at = 0; at < NEIGHBOURS; at++) {
      neighbours.add(Thread.ofVirtual().start(() -> live(all)));
    }
    boolean thereAll = all.await(60, TimeUnit.SECONDS);
    assertNeighboursEcho();
    assertTrue(thereAll, "the neighbours are there");
    before = state();
  }

  /// A client that trusts anybody: the server's authority is made in its own process.
  private static SSLContext trusting() throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new Anybody()}, null);
    return context;
  }

  private static final class Anybody extends X509ExtendedTrustManager {
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

  /// A neighbour: echoes until it is told to leave.
  private void live(CountDownLatch there) {
    List<Long> mine = new ArrayList<>();
    try (Peer peer = Peer.open(port, "/echo")) {
      peer.sendBinary(new byte[20]);
      peer.read();
      there.countDown();
      while (!leaving) {
        long since = System.nanoTime();
        peer.sendBinary(new byte[20]);
        Peer.Frame frame = peer.read();
        assertEquals(20, frame.payload().length, "of opcode " + frame.opcode());
        mine.add(System.nanoTime() - since);
        Thread.sleep(5);
      }
    } catch (Throwable thrown) {
      failure.compareAndSet(null, thrown);
      there.countDown();
    }
    synchronized (roundTripsNs) {
      roundTripsNs.addAll(mine);
    }
  }

  /// Has so many connect and do something, a hundred at a time; each stays as long as it may.
  void come(int count, Deed deed) throws InterruptedException {
    Semaphore turn = new Semaphore(AT_ONCE);
    CountDownLatch done = new CountDownLatch(count);
    for (int at = 0; at < count; at++) {
      turn.acquire();
      Thread.ofVirtual()
          .start(() -> {
            try {
              Peer peer = Peer.bare(port);
              there.add(peer);
              peer.socket.setSoTimeout(5_000);
              deed.to(peer);
            } catch (IOException refused) {
              // So it may be.
            } finally {
              turn.release();
              done.countDown();
            }
          });
    }
    assertTrue(done.await(5, TimeUnit.MINUTES), "the crowd has come");
  }

  /// Half of a message of 1 MiB, all but its last byte.
  static void halfMessage(Peer peer) throws IOException {
    peer.shakeHands("/echo");
    peer.send(ByteBuffer.allocate(14).put((byte) 0x82).put((byte) 0xFF).putLong(1 << 20).array());
    peer.send(new byte[(1 << 20) - 1]);
  }

  static void halfHead(Peer peer) throws IOException {
    peer.send("GET /echo HTTP/1.1\r\nHost: x\r\nX: " + "x".repeat(15_000));
  }

  static void halfRecord(Peer peer) throws IOException {
    byte[] half = new byte[8_000];
    ByteBuffer.wrap(half).put((byte) 22).putShort((short) 0x0301).putShort((short) 16_000);
    peer.send(half);
  }

  static void keptHead(Peer peer) throws IOException {
    peer.shakeHands("/echo", "Cookie: " + "c".repeat(15_000));
  }

  static void halfBody(Peer peer) throws IOException {
    peer.send("GET /page HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n");
    peer.send(new byte[(1 << 20) - 1]);
  }

  static void member(Peer peer) throws IOException {
    peer.shakeHands("/room");
  }

  /// The same over TLS.
  Deed secured(Deed deed) {
    return !tls
        ? deed
        : peer -> {
          Peer secure = new Peer(Peer.secured(peer.socket));
          secure.socket.setSoTimeout(5_000);
          deed.to(secure);
        };
  }

  /// Publishes 1 MiB to all members.
  void publish() throws IOException {
    say("publish");
    answer("publish");
  }

  /// So many come, one after the other, are served, and go.
  void assertAdmits(int newcomers) throws IOException {
    for (int at = 0; at < newcomers; at++) {
      try (Peer peer = Peer.open(port, "/echo")) {
        peer.sendBinary(new byte[30]);
        assertEquals(30, peer.read().payload().length);
      }
    }
  }

  /// So many come and stay, each of them served.
  void assertHouses(int newcomers) throws IOException {
    for (int at = 0; at < newcomers; at++) {
      Peer peer = Peer.open(port, "/echo");
      there.add(peer);
      peer.sendBinary(new byte[30]);
      assertEquals(30, peer.read().payload().length);
    }
  }

  void assertNeighboursEcho() {
    Throwable why = failure.get();
    if (why != null) {
      throw new AssertionError("a neighbour was not served", why);
    }
  }

  /// Has the crowd leave. What it took is back then, and nobody's loop has ended.
  void leave() throws Exception {
    for (Peer peer = there.poll(); peer != null; peer = there.poll()) {
      peer.close();
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    State now = state();
    while (!isAsBefore(now) && System.nanoTime() < deadline) {
      Thread.sleep(50);
      now = state();
    }
    assertTrue(isAsBefore(now), now + " is not as before, " + before);
    assertEquals(2, now.loops);
    assertNeighboursEcho();
  }

  private boolean isAsBefore(State now) {
    return now.connections == before.connections
        && now.receivedBytes == before.receivedBytes
        && now.keptBytes == 0
        && now.files <= before.files + OWN_FILES;
  }

  /// What the slowest hundredth of the neighbours' echoes took at least, in milliseconds; they
  /// leave.
  long p99Ms() throws InterruptedException {
    leaving = true;
    for (Thread neighbour : neighbours) {
      assertTrue(neighbour.join(Duration.ofSeconds(30)));
    }
    synchronized (roundTripsNs) {
      long[] sorted = roundTripsNs.stream().mapToLong(Long::longValue).sorted().toArray();
      return TimeUnit.NANOSECONDS.toMillis(sorted[(int) (sorted.length * 0.99)]);
    }
  }

  State state() throws IOException {
    say("state");
    long[] numbers =
        Arrays.stream(answer("state").split(" ", -1)).mapToLong(Long::parseLong).toArray();
    return new State((int) numbers[0], numbers[1], numbers[2], (int) numbers[3], (int) numbers[4]);
  }

  private void say(String line) throws IOException {
    process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
    process.getOutputStream().flush();
  }

  private String answer(String to) throws IOException {
    String line = says.readLine();
    if (line == null || !line.startsWith(to + " ")) {
      throw new IOException("the server says " + line);
    }
    return line.substring(to.length() + 1);
  }

  @Override
  public void close() throws IOException {
    leaving = true;
    for (Peer peer : there) {
      peer.close();
    }
    try {
      Peer.tls = null;
      process.destroy();
      if (!process.waitFor(40, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("SIGTERM does not end the server");
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      throw new IOException("the server was not waited for", e);
    }
  }
}
