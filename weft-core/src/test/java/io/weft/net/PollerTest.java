package io.weft.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weft.bytes.Outbox;
import io.weft.bytes.Pool;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What every poller promises, driven by hand on the test's own thread, with the JDK's sockets at
/// the other end.
@Timeout(120)
final class PollerTest {

  private static final int SHARE = 4096;
  private static final long WAIT_NS = Duration.ofSeconds(20).toNanos();
  private static final InetAddress HERE = InetAddress.getLoopbackAddress();

  /// The pollers; io_uring also as on a kernel that does not count what a request brings, with
  /// queues and buffers so few that they run out all the time, and on a kernel that often takes
  /// nothing of what it is asked for, or a part.
  private enum Kind {
    NIO,
    IO_URING,
    IO_URING_ONE_BUFFER_EACH,
    IO_URING_SHORT_OF_ALL,
    IO_URING_REFUSED;

    Poller open() throws IOException {
      if (this != NIO) {
        String refusal = Uring.refusal();
        assumeTrue(refusal == null, () -> "io_uring is refused: " + refusal);
      }
      return switch (this) {
        case NIO -> new Nio(SHARE);
        case IO_URING -> new Uring(SHARE);
        case IO_URING_ONE_BUFFER_EACH ->
            new Uring(Linux::new, SHARE, false, 64, 128, 16, Operands.MOST);
        case IO_URING_REFUSED -> {
          Faults faults = Faults.random(1, 30);
          yield new Uring(() -> new RefusingLinux(faults), SHARE, false, 16, 32, 16, 4);
        }
        case IO_URING_SHORT_OF_ALL ->
            new Uring(Linux::new, SHARE, UringProbe.found().counts(), 2, 4, 2, 1);
      };
    }
  }

  /// A kernel that takes no request, or some, or is interrupted, whenever it is asked for that.
  private static final class RefusingLinux extends Linux {
    private final Faults faults;

    RefusingLinux(Faults faults) {
      this.faults = faults;
    }

    @Override
    long call(int number, long a, long b, long c, long d, long e, long f) {
      if (number == IO_URING_ENTER && faults.strikes()) {
        if (b < 2 || faults.below(2) == 0) {
          return -faults.of(EAGAIN, EBUSY, EINTR, ENOMEM);
        }
        return super.call(number, a, 1 + faults.below((int) b - 1), c, d, e, f);
      }
      return super.call(number, a, b, c, d, e, f);
    }
  }

  /// What a poller has told of one socket.
  private static final class Told {
    final Socket socket;
    final ByteArrayOutputStream read = new ByteArrayOutputStream();
    final List<Completion.Kind> kinds = new ArrayList<>();
    long written;
    int mostInATurn;
    int inThisTurn;

    Told(Socket socket) {
      this.socket = socket;
    }

    boolean has(Completion.Kind kind) {
      return kinds.contains(kind);
    }
  }

  /// A poller, what it told, and turns for it.
  private static final class Turns implements AutoCloseable {
    final Poller poller;
    final Completion completion = new Completion();
    final Map<Socket, Told> told = new HashMap<>();
    final List<Told> accepted = new ArrayList<>();
    int port;

    Turns(Kind kind) throws IOException {
      poller = kind.open();
    }

    Turns listen() throws IOException {
      port = poller.listen(new InetSocketAddress(HERE, 0), 1024).getPort();
      return this;
    }

    Told of(Socket socket) {
      return told.computeIfAbsent(socket, Told::new);
    }

    void turn(long waitNs) throws IOException {
      told.values().forEach(each -> each.inThisTurn = 0);
      poller.poll(waitNs);
      while (poller.next(completion)) {
        Socket socket = completion.socket;
        switch (completion.kind) {
          case ACCEPTED -> {
            poller.adopt(socket);
            accepted.add(of(socket));
          }
          case ACCEPT_FAILED -> throw completion.error;
          case READ -> {
            Told of = of(socket);
            int bytes = completion.chunk.remaining();
            byte[] copy = new byte[bytes];
            completion.chunk.buffer.get(copy);
            of.read.write(copy, 0, bytes);
            of.inThisTurn += bytes;
            of.mostInATurn = Math.max(of.mostInATurn, of.inThisTurn);
          }
          case WROTE -> of(socket).written += completion.bytes;
          default -> {}
        }
        if (socket != null) {
          of(socket).kinds.add(completion.kind);
        }
      }
    }

    void until(String what, BooleanSupplier isSo) throws IOException {
      long end = System.nanoTime() + WAIT_NS;
      while (!isSo.getAsBoolean()) {
        assertTrue(System.nanoTime() < end, "in time: " + what);
        turn(50_000_000);
      }
    }

    /// Another connection, accepted.
    java.net.Socket dial() throws IOException {
      int before = accepted.size();
      java.net.Socket peer = new java.net.Socket(HERE, port);
      until("accepted", () -> accepted.size() > before);
      return peer;
    }

    @Override
    public void close() {
      poller.close();
    }
  }

  private static byte[] random(int bytes) {
    byte[] random = new byte[bytes];
    new SplittableRandom(bytes).nextBytes(random);
    return random;
  }

  private static long files() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return files.count();
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void readsInSharesAndInOrder(Kind kind) throws Exception {
    byte[] sent = random(3 << 20);
    try (Turns turns = new Turns(kind).listen();
        java.net.Socket peer = turns.dial()) {
      Thread sender =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  peer.getOutputStream().write(sent);
                  peer.shutdownOutput();
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      Told line = turns.accepted.getFirst();
      turns.until("the end", () -> line.has(Completion.Kind.ENDED));
      sender.join();
      assertArrayEquals(sent, line.read.toByteArray());
      assertTrue(line.mostInATurn <= SHARE, line.mostInATurn + " bytes in one turn");
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void servesManyAtOnceHoweverFewItsBuffersAre(Kind kind) throws Exception {
    List<java.net.Socket> peers = new ArrayList<>();
    try (Turns turns = new Turns(kind).listen()) {
      for (int at = 0; at < 200; at++) {
        peers.add(turns.dial());
      }
      for (int round = 1; round <= 20; round++) {
        for (java.net.Socket peer : peers) {
          peer.getOutputStream().write(random(100));
        }
        int bytes = 100 * round;
        turns.until(
            "round " + round,
            () -> turns.accepted.stream().allMatch(line -> line.read.size() == bytes));
      }
    } finally {
      for (java.net.Socket peer : peers) {
        peer.close();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void writesWhatAnOutboxHoldsAsThePeerTakesIt(Kind kind) throws Exception {
    byte[] sent = random(5 << 20);
    Pool pool = new Pool(10_000, 16 << 20);
    Outbox outbox = new Outbox(pool, 1 << 20, 16 << 20);
    outbox.put(sent, 0, sent.length, 0);
    try (Turns turns = new Turns(kind).listen();
        java.net.Socket peer = turns.dial()) {
      Told line = turns.accepted.getFirst();
      ByteArrayOutputStream read = new ByteArrayOutputStream();
      Thread reader =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  peer.getInputStream().transferTo(read);
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      long forgotten = 0;
      while (!outbox.isEmpty()) {
        long before = line.written;
        turns.poller.write(line.socket, outbox);
        turns.until("some has left", () -> line.written > before);
        outbox.sent(line.written - forgotten);
        forgotten = line.written;
      }
      turns.poller.finish(line.socket);
      reader.join();
      assertArrayEquals(sent, read.toByteArray());
      assertEquals(0, pool.lentChunks());
    }
  }

  /// Many writes a turn, each of several ranges, whenever the kernel takes them.
  @ParameterizedTest
  @EnumSource(Kind.class)
  void sendsToEachWhatIsItsOwn(Kind kind) throws Exception {
    Pool pool = new Pool(1000, 16 << 20);
    int lines = 50;
    int rounds = 40;
    int bytes = 5000;
    List<java.net.Socket> peers = new ArrayList<>();
    List<Outbox> outboxes = new ArrayList<>();
    try (Turns turns = new Turns(kind).listen()) {
      for (int at = 0; at < lines; at++) {
        peers.add(turns.dial());
        outboxes.add(new Outbox(pool, 1 << 20, 16 << 20));
      }
      for (int round = 1; round <= rounds; round++) {
        long all = (long) round * bytes;
        for (int at = 0; at < lines; at++) {
          byte[] own = new byte[bytes];
          java.util.Arrays.fill(own, (byte) at);
          outboxes.get(at).put(own, 0, bytes, 0);
          turns.poller.write(turns.accepted.get(at).socket, outboxes.get(at));
        }
        turns.until(
            "it has left",
            () -> {
              for (int at = 0; at < lines; at++) {
                Told line = turns.accepted.get(at);
                long left = line.written - (all - outboxes.get(at).bytes());
                outboxes.get(at).sent(left);
                if (left > 0 && !outboxes.get(at).isEmpty()) {
                  turns.poller.write(line.socket, outboxes.get(at));
                }
              }
              return outboxes.stream().allMatch(Outbox::isEmpty);
            });
      }
      for (int at = 0; at < lines; at++) {
        byte[] got = peers.get(at).getInputStream().readNBytes(rounds * bytes);
        for (byte each : got) {
          assertEquals(at, each, "whose byte it is");
        }
        peers.get(at).close();
      }
      assertEquals(0, pool.lentChunks());
    }
  }

  /// What was under way when it was switched off may come; no more than that.
  @ParameterizedTest
  @EnumSource(Kind.class)
  void leavesBytesToTheKernelWhileReadingIsOff(Kind kind) throws Exception {
    byte[] sent = random(256 << 10);
    try (Turns turns = new Turns(kind).listen();
        java.net.Socket peer = turns.dial()) {
      Told line = turns.accepted.getFirst();
      turns.poller.reading(line.socket, false);
      Thread sender =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  peer.getOutputStream().write(sent);
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      for (int at = 0; at < 20; at++) {
        turns.turn(10_000_000);
      }
      assertTrue(line.read.size() <= SHARE, line.read.size() + " bytes came");
      turns.poller.reading(line.socket, true);
      turns.poller.reading(line.socket, false);
      turns.poller.reading(line.socket, true);
      turns.until("all is there", () -> line.read.size() == sent.length);
      sender.join();
      assertArrayEquals(sent, line.read.toByteArray());
    }
  }

  /// Closed at once with a write that the peer does not take, a read that waits, and bytes unread:
  /// CLOSED comes, once, and nothing behind it, though its place is taken again and again.
  @ParameterizedTest
  @EnumSource(Kind.class)
  void closesWithEverythingUnderWay(Kind kind) throws Exception {
    Pool pool = new Pool(100_000, 32 << 20);
    try (Turns turns = new Turns(kind).listen()) {
      long files = files();
      for (int round = 0; round < 100; round++) {
        Outbox outbox = new Outbox(pool, 1 << 20, 32 << 20);
        outbox.put(new byte[8 << 20], 0, 8 << 20, 0);
        java.net.Socket peer = turns.dial();
        Told line = turns.accepted.getLast();
        turns.poller.write(line.socket, outbox);
        if (round % 3 > 0) {
          turns.turn(0);
        }
        if (round % 2 > 0) {
          peer.getOutputStream().write(new byte[20_000]);
        }
        turns.poller.close(line.socket);
        int before = line.kinds.size();
        turns.until("closed", () -> line.has(Completion.Kind.CLOSED));
        List<Completion.Kind> last = new ArrayList<>(line.kinds.subList(before, line.kinds.size()));
        last.remove(Completion.Kind.WROTE); // once at most
        assertEquals(List.of(Completion.Kind.CLOSED), last);
        outbox.clear();
        assertEquals(0, pool.lentChunks());
        peer.close();
        turns.turn(0);
        assertEquals(Completion.Kind.CLOSED, line.kinds.getLast());
      }
      assertTrue(files() <= files, "files are left open");
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void tellsWhatLeftOfAWriteAtTheEnd(Kind kind) throws Exception {
    Pool pool = new Pool(Pool.CHUNK_BYTES, 64 << 20);
    SplittableRandom random = new SplittableRandom(12);
    try (Turns turns = new Turns(kind).listen()) {
      for (int at = 0; at < 50; at++) {
        int bytes = 1 + random.nextInt(1 << random.nextInt(1, 22));
        Outbox outbox = new Outbox(pool, 0, 0);
        outbox.put(new byte[bytes], 0, bytes, 0);
        try (java.net.Socket peer = turns.dial()) {
          Told told = turns.accepted.getLast();
          turns.poller.write(told.socket, outbox);
          turns.poller.close(told.socket);
          turns.until("closed", () -> told.has(Completion.Kind.CLOSED));
          assertEquals(Completion.Kind.CLOSED, told.kinds.getLast());
          assertEquals(peer.getInputStream().readAllBytes().length, told.written, "told");
          assertTrue(told.written > 0, "the kernel had room");
        }
        outbox.clear();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void tellsResetsAndLeaksNoFile(Kind kind) throws Exception {
    try (Turns turns = new Turns(kind).listen()) {
      long files = files();
      for (int round = 0; round < 500; round++) {
        java.net.Socket peer = turns.dial();
        Told line = turns.accepted.getLast();
        if (round % 2 == 0) {
          peer.getOutputStream().write(1);
          turns.until("a byte", () -> line.read.size() == 1);
        }
        peer.setSoLinger(true, 0);
        peer.close();
        turns.until("the reset", () -> line.has(Completion.Kind.FAILED));
        turns.poller.close(line.socket);
        turns.until("closed", () -> line.has(Completion.Kind.CLOSED));
      }
      assertTrue(files() <= files, "files are left open");
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void freesEverythingWithRequestsUnderWay(Kind kind) throws Exception {
    new Turns(kind).close(); // classes are loaded from files too
    Pool pool = new Pool(100_000, 32 << 20);
    long files = files();
    for (int round = 0; round < 20; round++) {
      List<java.net.Socket> peers = new ArrayList<>();
      List<Outbox> outboxes = new ArrayList<>();
      Turns turns = new Turns(kind).listen();
      for (int at = 0; at < 20; at++) {
        peers.add(turns.dial());
        Outbox outbox = new Outbox(pool, 1 << 20, 32 << 20);
        outbox.put(new byte[4 << 20], 0, 4 << 20, 0);
        turns.poller.write(turns.accepted.getLast().socket, outbox);
        peers.getLast().getOutputStream().write(new byte[SHARE]);
        outboxes.add(outbox);
      }
      peers.add(new java.net.Socket(HERE, turns.port)); // nobody has accepted it
      turns.poller.connect(new InetSocketAddress(HERE, turns.port));
      turns.close();
      turns.poller.wake(); // late
      outboxes.forEach(Outbox::clear);
      for (java.net.Socket peer : peers) {
        peer.close();
      }
      new ServerSocket(turns.port, 1, HERE).close();
    }
    assertTrue(files() <= files, "files are left open");
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void freesThePortAsSoonAsItDoesNotListen(Kind kind) throws Exception {
    for (int round = 0; round < 50; round++) {
      try (Turns turns = new Turns(kind).listen()) {
        if (round % 2 > 0) {
          turns.turn(0);
        }
        turns.poller.unlisten();
        new ServerSocket(turns.port, 1, HERE).close();
        turns.turn(0);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void acceptsOnlyWhileItIsTold(Kind kind) throws Exception {
    try (Turns turns = new Turns(kind).listen();
        java.net.Socket first = turns.dial()) {
      turns.poller.accepting(false);
      try (java.net.Socket second = new java.net.Socket(HERE, turns.port)) {
        for (int at = 0; at < 10; at++) {
          turns.turn(5_000_000);
        }
        assertEquals(1, turns.accepted.size());
        turns.poller.accepting(true);
        turns.poller.accepting(false);
        turns.poller.accepting(true);
        turns.until("accepted", () -> turns.accepted.size() == 2);
        first.getOutputStream().write(1);
        second.getOutputStream().write(2);
        turns.until(
            "both are read", () -> turns.accepted.stream().allMatch(line -> line.read.size() == 1));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void connects(Kind kind) throws Exception {
    for (String host : new String[] {"127.0.0.1", "::1"}) {
      try (Turns turns = new Turns(kind);
          ServerSocket server = new ServerSocket(0, 10, InetAddress.getByName(host))) {
        InetSocketAddress to = (InetSocketAddress) server.getLocalSocketAddress();
        Told line = turns.of(turns.poller.connect(to));
        turns.until("connected", () -> line.has(Completion.Kind.CONNECTED));
        assertEquals(to, line.socket.remote());
        try (java.net.Socket peer = server.accept()) {
          peer.getOutputStream().write(new byte[] {1, 2, 3});
          turns.until("read", () -> line.read.size() == 3);
        }
        turns.until("the end", () -> line.has(Completion.Kind.ENDED));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void saysWhyItCannotConnect(Kind kind) throws Exception {
    int port;
    try (ServerSocket gone = new ServerSocket(0, 1, HERE)) {
      port = gone.getLocalPort();
    }
    try (Turns turns = new Turns(kind)) {
      Told refused = turns.of(turns.poller.connect(new InetSocketAddress(HERE, port)));
      turns.poller.poll(WAIT_NS);
      while (!turns.poller.next(turns.completion)) {
        turns.poller.poll(WAIT_NS);
      }
      assertEquals(Completion.Kind.FAILED, turns.completion.kind);
      assertEquals("Connection refused", turns.completion.error.getMessage());
      assertTrue(turns.completion.error instanceof ConnectException);
      turns.poller.close(refused.socket);
      turns.until("closed", () -> refused.has(Completion.Kind.CLOSED));
      // TEST-NET-1: nobody answers, or there is no way there; it may be closed before it is told.
      Told far = turns.of(turns.poller.connect(new InetSocketAddress("192.0.2.1", 9)));
      turns.turn(0);
      turns.poller.close(far.socket);
      turns.until("closed", () -> far.has(Completion.Kind.CLOSED));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void hearsEveryWakingInAStorm(Kind kind) throws Exception {
    int wakers = 6;
    int times = 3000;
    try (Turns turns = new Turns(kind)) {
      AtomicInteger asked = new AtomicInteger();
      AtomicInteger answered = new AtomicInteger();
      List<Thread> threads = new ArrayList<>();
      for (int at = 0; at < wakers; at++) {
        threads.add(
            Thread.ofPlatform()
                .start(() -> {
                  for (int time = 0; time < times; time++) {
                    int mine = asked.incrementAndGet();
                    turns.poller.wake();
                    for (int looks = 0; answered.get() < mine; looks++) {
                      if (looks < 1000) {
                        Thread.onSpinWait();
                      } else {
                        LockSupport.parkNanos(1); // the one that hears may need the processor
                      }
                    }
                  }
                }));
      }
      long end = System.nanoTime() + WAIT_NS;
      try {
        while (answered.get() < wakers * times && System.nanoTime() < end) {
          turns.poller.poll(WAIT_NS); // a waking that is lost costs all of it
          assertTrue(!turns.poller.next(turns.completion));
          answered.set(asked.get());
        }
        assertEquals(wakers * times, answered.get());
      } finally {
        answered.set(Integer.MAX_VALUE); // if it failed, they would wait for ever
        for (Thread thread : threads) {
          thread.join();
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void sleepsAsLongAsItMayAndNoLonger(Kind kind) throws Exception {
    try (Turns turns = new Turns(kind)) {
      for (long waitMs : new long[] {30, 1, 0}) {
        long begunNs = System.nanoTime();
        turns.turn(waitMs * 1_000_000);
        long sleptMs = (System.nanoTime() - begunNs) / 1_000_000;
        assertTrue(sleptMs >= waitMs - 1, "it woke by itself after " + sleptMs + " ms");
      }
      Thread waker =
          Thread.ofPlatform()
              .start(() -> {
                long until = System.nanoTime() + 200_000_000;
                while (System.nanoTime() < until) {
                  Thread.onSpinWait();
                }
                turns.poller.wake();
              });
      long begunNs = System.nanoTime();
      turns.turn(Conn.NEVER);
      assertTrue(System.nanoTime() - begunNs >= 150_000_000, "it woke by itself");
      waker.join();
    }
  }
}
