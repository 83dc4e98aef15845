package io.weft.bench.load;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import io.weft.bytes.Pool;
import io.weft.net.Conn;
import io.weft.net.Loop;
import io.weft.net.Nio;
import io.weft.net.Stage;
import io.weft.net.Terms;
import io.weft.net.Uring;
import io.weft.tls.TlsEngine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// Echoes over many connections. In a closed loop each connection sends some binary messages in one
/// write, waits until they are back, and goes on; at a rate, messages are due at even intervals and
/// are as old as they are late.
///
/// It runs on a loop of our own, over io_uring where that can be had: a server can only show what
/// it can do to a load that costs less than it does.
public final class EchoLoad extends Load {

  /// Different contents, so that an answer meant for another is noticed.
  private static final int VARIANTS = 4;

  private static final int READ_BYTES = 64 << 10;
  private static final long POOL_BYTES = 512 << 20;

  private static final int MOST_HEAD_BYTES = 64 << 10;

  /// Connections that are being made at a time.
  private static final int MAKING = 64;

  private static final long TICK_NS = Duration.ofMillis(100).toNanos();

  private final Target target;
  private final Loop loop;
  private final Terms terms;
  private final byte[] handshake;
  private final int burstBytes;
  private final int inFlight;
  private final Chunk[] bursts = new Chunk[VARIANTS];
  private final ByteBuffer[] answers = new ByteBuffer[VARIANTS];

  /// Holds the bursts, so that they outlast being sent.
  private final Outbox keeper;

  private final List<Line> lines = new ArrayList<>();
  private int open;
  private int underWay;

  /// What went wrong first.
  private @Nullable IOException failure;

  private boolean closing;

  /// Null in a closed loop.
  private @Nullable Schedule schedule;

  /// A connection with its part of the schedule.
  private final class Line implements Stage {
    final Conn conn;

    boolean isSecured;

    /// Null once the handshake was answered.
    @Nullable StringBuilder head = new StringBuilder();

    int variant;
    boolean isIdle = true;

    /// Bytes that have come back of what is under way.
    int received;

    /// When what is under way was sent, or should have been.
    long sinceNs;

    /// How many messages are due and not sent, and when the first of them was due.
    int late;

    long lateSinceNs;

    Line(Conn conn, int number) {
      this.conn = conn;
      this.variant = number % VARIANTS;
    }

    /// Comes once when the connection is there, and over TLS again when hands are shaken.
    @Override
    public void begun() {
      if (target.isTls() && !isSecured) {
        isSecured = true;
        conn.secure(new TlsEngine(Wire.trusting(), new byte[0]), this);
        return;
      }
      conn.outbox().put(handshake, 0, handshake.length, 0);
      conn.flush();
    }

    @Override
    public Next read(Chunk in) {
      try {
        if (head == null) {
          echoed(in.buffer);
        } else {
          answered(in.buffer, head);
        }
      } catch (IOException e) {
        fail(e);
        in.buffer.position(in.buffer.limit());
      }
      return Next.MORE;
    }

    private void answered(ByteBuffer in, StringBuilder so) throws IOException {
      while (in.hasRemaining()) {
        so.append((char) (in.get() & 0xFF));
      }
      if (so.length() > MOST_HEAD_BYTES) {
        throw new IOException("the answer to the handshake is over " + MOST_HEAD_BYTES + " bytes");
      }
      if (so.length() >= 4 && so.indexOf("\r\n\r\n") == so.length() - 4) {
        Target.checkHead(so.toString());
        head = null;
        open++;
      }
    }

    private void echoed(ByteBuffer in) throws IOException {
      if (isIdle || received == 0) {
        answerPings(in);
      }
      ByteBuffer answer = answers[variant];
      boolean wasIdle = isIdle;
      if (!wasIdle) {
        received = Frames.receive(in, received, answer);
        isIdle = received == answer.limit();
      }
      if (!isIdle) {
        return;
      }
      answerPings(in);
      if (in.hasRemaining()) {
        throw new IOException("more came back than was sent");
      }
      if (!wasIdle) {
        long now = System.nanoTime();
        count(inFlight, now - sinceNs);
        underWay--;
        goOn(this, now);
      }
    }

    private void answerPings(ByteBuffer in) {
      while (Frames.isPing(in)) {
        ByteBuffer pong = Frames.pong(in);
        conn.outbox().put(pong, 0, pong.limit(), 0);
        conn.flush();
      }
    }

    @Override
    public void ended() {
      conn.abort("the server ended the stream");
    }

    @Override
    public void writable() {}

    @Override
    public long expired(long nowNs) {
      return Conn.NEVER;
    }

    @Override
    public void closed(String reason) {
      fail(new IOException("the server closed a connection: " + reason));
    }
  }

  /// Messages due at even intervals, in turn on each connection.
  private static final class Schedule {
    final double intervalNs;
    final long startNs;
    long next;

    Schedule(double perSecond) {
      this.intervalNs = 1e9 / perSecond;
      this.startNs = System.nanoTime();
    }

    long dueNs(long number) {
      return startNs + (long) (number * intervalNs);
    }
  }

  /// Opens the connections.
  ///
  /// @param inFlight messages that a connection has under way at once
  public EchoLoad(Target target, int connections, int messageBytes, int inFlight)
      throws IOException {
    this.target = target;
    this.handshake = target.handshake();
    this.inFlight = inFlight;
    Pool pool = new Pool(Pool.CHUNK_BYTES, POOL_BYTES);
    this.loop =
        new Loop(
            Uring.refusal() == null ? new Uring(READ_BYTES) : new Nio(READ_BYTES),
            System::nanoTime,
            new SplittableRandom(),
            pool,
            Integer.MAX_VALUE);
    this.terms =
        new Terms(
            Integer.MAX_VALUE,
            Integer.MAX_VALUE,
            PATIENCE_NS,
            PATIENCE_NS,
            Integer.MAX_VALUE,
            Runnable::run,
            EchoLoad::nothing);
    this.keeper = new Outbox(pool, Integer.MAX_VALUE, Integer.MAX_VALUE);
    for (int variant = 0; variant < VARIANTS; variant++) {
      ByteBuffer burst = Frames.burst(messageBytes, inFlight, variant, true);
      bursts[variant] = pool.take(burst.remaining());
      bursts[variant].buffer.clear().put(burst.duplicate());
      keeper.share(bursts[variant], 0, burst.remaining());
      answers[variant] = Frames.burst(messageBytes, inFlight, variant, false);
    }
    this.burstBytes = keeper.bytes() / VARIANTS;
    loop.attach();
    tick();
    try {
      open(connections);
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /// Has a turn end now and then though nothing comes.
  private void tick() {
    loop.after(TICK_NS, this::tick);
  }

  private void open(int connections) throws IOException {
    long endNs = System.nanoTime() + PATIENCE_NS;
    while (open < connections) {
      while (lines.size() < connections && lines.size() - open < MAKING) {
        loop.connect(target.address(), terms, this::first);
      }
      int before = open;
      turn();
      if (open > before) {
        endNs = System.nanoTime() + PATIENCE_NS;
      } else if (System.nanoTime() > endNs) {
        throw new IOException(
            String.format(Locale.ROOT, "%d of %d handshakes were answered", open, connections));
      }
    }
  }

  private Stage first(Conn conn) {
    Line line = new Line(conn, lines.size());
    lines.add(line);
    return line;
  }

  private static void nothing() {}

  private void fail(IOException why) {
    if (failure == null && !closing) {
      failure = why;
    }
  }

  private void turn() throws IOException {
    loop.turn();
    if (failure != null) {
      throw failure;
    }
  }

  /// Waits until nothing is under way, and from then on sends so many messages a second, all
  /// connections together.
  public void paceAt(double perSecond) throws IOException {
    settle();
    schedule = new Schedule(perSecond);
  }

  /// Sends one burst on each connection, waits for the echoes, and stands still.
  public void once() throws IOException {
    settling = false;
    begin();
    settle();
  }

  @Override
  boolean isSettled() {
    return underWay == 0;
  }

  @Override
  void begin() {
    if (schedule == null) {
      long now = System.nanoTime();
      for (Line line : lines) {
        if (line.isIdle) {
          send(line, now);
        }
      }
    }
  }

  @Override
  void step(long nowNs) throws IOException {
    Schedule due = schedule;
    if (due != null && !settling) {
      sendDue(due, nowNs);
      loop.post(EchoLoad::nothing); // the turn does not sleep then
    }
    turn();
  }

  private void sendDue(Schedule due, long nowNs) {
    while (due.dueNs(due.next) <= nowNs) {
      Line line = lines.get((int) (due.next % lines.size()));
      long dueNs = due.dueNs(due.next++);
      if (line.isIdle) {
        send(line, dueNs);
      } else {
        line.lateSinceNs = line.late++ == 0 ? dueNs : line.lateSinceNs;
      }
    }
  }

  private void goOn(Line line, long nowNs) {
    Schedule due = schedule;
    if (settling) {
      line.late = 0;
    } else if (due == null) {
      send(line, nowNs);
    } else if (line.late > 0) {
      long dueNs = line.lateSinceNs;
      line.late--;
      line.lateSinceNs += (long) (due.intervalNs * lines.size());
      send(line, dueNs);
    }
  }

  private void send(Line line, long sinceNs) {
    line.isIdle = false;
    line.sinceNs = sinceNs;
    line.variant = (line.variant + 1) % VARIANTS;
    line.received = 0;
    Chunk burst = bursts[line.variant];
    line.conn.outbox().share(burst, 0, burstBytes);
    underWay++;
    line.conn.flush();
  }

  @Override
  public void close() {
    closing = true;
    loop.close();
    keeper.clear();
  }
}
