package io.weft.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weft.Logged;
import io.weft.bytes.Chunk;
import io.weft.bytes.Pool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The operating system says no, does less than it was asked for, or does it late: each call in
/// turn, and many at once. Whatever comes of it, a byte reaches the connection that it was meant
/// for, once and in order, every connection that began ends, once, and nothing is left: no file, no
/// chunk of memory, no request.
@Timeout(600)
final class FaultTest {

  private static final int CLIENTS = 4;

  /// Bytes that each client sends and has back. A chunk is small, so that a write is gathered.
  private static final int STREAM_BYTES = 6000;

  private static final int CHUNK_BYTES = 512;
  private static final int SHARE_BYTES = 1024;

  /// Turns that a conversation may take; without a byte moved, each is 20 ms by its clock.
  private static final int TURNS = 4000;

  private static final long IDLE_TURN_NS = 20_000_000;

  private enum Kind {
    NIO,
    IO_URING,
    IO_URING_SMALL;

    Poller open(Faults faults, boolean fatal) throws IOException {
      return switch (this) {
        case NIO -> new Nio(new FaultyChannels(faults, fatal), SHARE_BYTES);
        case IO_URING ->
            new Uring(
                () -> new FaultyLinux(faults, fatal),
                SHARE_BYTES,
                UringProbe.found().counts(),
                64,
                128,
                8,
                Operands.MOST);
        case IO_URING_SMALL ->
            new Uring(() -> new FaultyLinux(faults, fatal), SHARE_BYTES, false, 2, 4, 2, 1);
      };
    }

    void orSkip() {
      String refusal = this == NIO ? null : Uring.refusal();
      assumeTrue(refusal == null, () -> "io_uring is refused: " + refusal);
    }
  }

  /// The byte with number `at` of what a client sends: its own, and no neighbour's.
  private static byte streamed(int client, int at) {
    int mixed = (at + 1) * 0x9E3779B1 + client * 0x85EBCA6B;
    return at == 0 ? (byte) client : (byte) (mixed >>> 11 ^ mixed >>> 23);
  }

  /// One server and its clients, on one loop, turned by hand.
  private static final class Talk {
    final String name;
    final Faults faults;
    final Poller poller;
    final Pool pool = new Pool(CHUNK_BYTES, 1 << 20);
    final Loop loop;
    final Listener listener;
    final List<Line> lines = new ArrayList<>();
    long nowNs = 1;
    long moved;
    int gone;

    Talk(String name, Kind kind, Faults faults, boolean fatal) throws IOException {
      this.name = name;
      this.faults = faults;
      this.poller = kind.open(faults, fatal);
      this.loop = new Loop(poller, () -> nowNs, new SplittableRandom(1), pool, 1000);
      this.listener =
          new Listener(List.of(loop), 100, terms(), conn -> conn.become(new Line(this, conn, -1)));
      loop.attach();
    }

    Terms terms() {
      return new Terms(
          1 << 16, 1 << 20, 5_000_000_000L, 1_000_000_000L, 1 << 20, Runnable::run, () -> gone++);
    }

    /// Turns as often as it takes.
    void until(java.util.function.BooleanSupplier isSo) {
      for (int left = TURNS; left > 0 && !isSo.getAsBoolean() && !loop.hasFailed(); left--) {
        long before = moved;
        loop.post(() -> {}); // so that it does not wait
        if (left % 4 == 0) {
          poller.wake();
        }
        loop.tryTurn();
        nowNs += moved == before ? IDLE_TURN_NS : 1000;
      }
    }

    void run() {
      CompletableFuture<InetSocketAddress> opened =
          listener.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      until(opened::isDone);
      if (opened.isDone() && !opened.isCompletedExceptionally()) {
        InetSocketAddress to = opened.join();
        for (int client = 0; client < CLIENTS && !loop.hasFailed(); client++) {
          connect(client, to);
        }
        until(() -> lines.stream().allMatch(line -> line.gone > 0));
        assertTrue(
            loop.hasFailed() || lines.stream().allMatch(line -> line.gone > 0),
            () -> name + ": a connection does not end: " + lines);
      }
      CompletableFuture<?> closed = listener.close();
      until(closed::isDone);
      faults.end();
      loop.close();
      for (Line line : lines) {
        assertTrue(line.wrong == null, () -> name + ": " + line);
        assertEquals(1, line.closed, () -> name + ": closed is told once: " + line);
        assertEquals(1, line.gone, () -> name + ": gone is told once: " + line);
      }
      assertTrue(gone >= lines.size(), () -> name + ": each is counted out"); // some had no stage
      assertEquals(0, listener.connections(), () -> name + ": none is counted");
      assertEquals(0, pool.lentChunks(), () -> name + ": chunks are lent");
      if (poller instanceof Uring uring) {
        assertEquals(0, uring.inFlight(), () -> name + ": requests are in flight");
        assertEquals(0, uring.operandsTaken(), () -> name + ": operands are taken");
      }
    }

    private void connect(int client, InetSocketAddress to) {
      try {
        loop.connect(to, terms(), conn -> new Line(this, conn, client));
      } catch (IOException e) {
        // No more files: there is no connection.
      }
    }
  }

  /// One end of a connection: a client says its stream and hears it again, the server echoes.
  private static final class Line implements Stage {
    final Talk talk;
    final Conn conn;
    final boolean isServer;
    int client;
    int read;
    int said;
    int closed;
    int gone;
    @Nullable String why;
    @Nullable String wrong;

    Line(Talk talk, Conn conn, int client) {
      this.talk = talk;
      this.conn = conn;
      this.isServer = client < 0;
      this.client = client;
      talk.lines.add(this);
    }

    @Override
    public void begun() {
      if (!isServer) {
        say();
      }
    }

    /// Says the next part of its stream.
    private void say() {
      int end = Math.min(STREAM_BYTES, said + 1 + talk.loop.chance().nextInt(4000));
      byte[] part = new byte[end - said];
      for (int at = 0; at < part.length; at++) {
        part[at] = streamed(client, said++);
      }
      conn.outbox().put(part, 0, part.length, 0);
      conn.flush();
    }

    @Override
    public Next read(Chunk in) {
      talk.moved += in.remaining();
      ByteBuffer bytes = in.buffer;
      int from = bytes.position();
      while (bytes.hasRemaining()) {
        byte each = bytes.get();
        if (isServer && read == 0) {
          client = each;
        }
        if (each != streamed(client, read) && wrong == null) {
          wrong = "byte " + read + " is not that of client " + client;
          conn.abort("a wrong byte");
        }
        read++;
      }
      if (isServer) {
        conn.outbox().put(bytes, from, bytes.limit(), 0);
        conn.flush();
      } else if (read == STREAM_BYTES) {
        conn.finish();
      } else if (read == said) {
        say();
      }
      return Next.MORE;
    }

    @Override
    public void ended() {
      conn.finish();
    }

    @Override
    public void writable() {}

    @Override
    public void wrote(long bytes) {
      talk.moved += bytes;
    }

    @Override
    public long expired(long nowNs) {
      return Conn.NEVER;
    }

    @Override
    public void closed(String reason) {
      closed++;
      why = reason;
    }

    @Override
    public void gone() {
      gone++;
    }

    @Override
    public String toString() {
      return "%s %d: read %d, said %d, closed %d (%s), gone %d, %s"
          .formatted(isServer ? "server" : "client", client, read, said, closed, why, gone, wrong);
    }
  }

  private static long files() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return files.count();
    }
  }

  /// Runs a conversation.
  ///
  /// @return how many calls it took
  private static long run(String name, Kind kind, Faults faults, boolean fatal) throws IOException {
    long before = files();
    talk(name, kind, faults, fatal);
    // What other tests of this JVM left open may close meanwhile.
    long after = files();
    assertTrue(after <= before, () -> name + ": " + (after - before) + " files are left open");
    return faults.calls();
  }

  private static void talk(String name, Kind kind, Faults faults, boolean fatal) {
    Talk talk;
    try {
      talk = new Talk(name, kind, faults, fatal);
    } catch (IOException e) {
      return; // there is no poller to be had
    }
    talk.run();
  }

  @SuppressWarnings("try") // it keeps the log quiet
  private static void each(Kind kind, int variants, int seeds) throws IOException {
    kind.orSkip();
    try (Logged logged = new Logged()) {
      for (int seed = 0; seed < 20; seed++) { // classes are loaded from files too
        talk("seed " + seed, kind, Faults.random(seed, 10), true);
      }
      long calls = run("no faults", kind, Faults.none(), false);
      for (int variant = 0; variant < variants; variant++) {
        for (long call = 0; call < calls; call++) {
          run(
              kind + ", call " + call + ", variant " + variant,
              kind,
              Faults.only(call, 31 * call + variant),
              variant % 4 == 3);
        }
      }
      for (int seed = 0; seed < seeds; seed++) {
        int percent = 1 + seed % 30;
        run(kind + ", seed " + seed, kind, Faults.random(seed, percent), seed % 8 == 7);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void losesAndMixesNothingWhateverTheSystemAnswers(Kind kind) throws Exception {
    each(kind, 4, 300);
  }

  @Tag("full")
  @ParameterizedTest
  @EnumSource(Kind.class)
  void losesAndMixesNothingForThousandsOfSeeds(Kind kind) throws Exception {
    each(kind, 30, 5000);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void isWholeWithoutFaults(Kind kind) throws Exception {
    kind.orSkip();
    Talk talk = new Talk("no faults", kind, Faults.none(), false);
    talk.run();
    assertEquals(2 * CLIENTS, talk.lines.size());
    talk.lines.forEach(line -> assertEquals(STREAM_BYTES, line.read, line::toString));
  }
}
