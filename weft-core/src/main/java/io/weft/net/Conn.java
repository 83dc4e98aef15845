package io.weft.net;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// A connection: the joint between a socket, what waits to be sent on it, and the protocol spoken
/// at present. It belongs to one loop for life and is touched by that loop's thread only.
///
/// ```text
///                       finish()              outbox empty: FIN              peer's FIN
///  CONNECTING ──> OPEN ────────────> FINISHING ──────────────────> LINGERING ────────────> CLOSED
///     │             │ yieldEnd()      ^ peer's FIN                     │                      ^
///     │             ├─────────> YIELDING ──────────────────────────────┤                      │
///     └─ failure ───┴─ abort, failure, no progress ── close deadline ──┴──────────────────────┘
/// ```
///
/// It lingers, reading and dropping what the peer still sends, because a socket closed with unread
/// bytes resets the connection, and a reset can overtake the last bytes that were sent.
public final class Conn extends Wheel.Timer {

  /// No deadline.
  public static final long NEVER = Wheel.NEVER;

  /// What holds for all connections of a server or a client.
  ///
  /// @param softBytes soft mark of the outbox
  /// @param hardBytes hard mark of the outbox
  /// @param progressNs how long bytes may wait without any leaving
  /// @param closeNs how long finishing and lingering may last, counted from the last bytes that
  ///   left
  /// @param gone run when a connection's socket is closed, for whoever counts them
  public record Terms(int softBytes, int hardBytes, long progressNs, long closeNs, Runnable gone) {}

  private enum State {
    CONNECTING,
    OPEN,
    YIELDING,
    FINISHING,
    LINGERING,
    CLOSED
  }

  private final Loop loop;
  private final Socket socket;
  private final Terms terms;
  private final Outbox outbox;
  private Stage stage;
  private State state;

  /// Whether the poller has the outbox at present.
  private boolean writing;

  /// Whether it stands in the loop's list of connections to flush, or to go on with.
  boolean toFlush;

  boolean toGoOn;

  /// Whether the stage wants no bytes until [#resume()].
  private boolean paused;

  /// Whether the peer has said that it will send no more; the stage hears it behind the stash.
  private boolean peerEnded;

  private boolean toldEnded;

  /// Whether the stage is to hear when the outbox is low.
  private boolean tellWhenLow;

  /// Bytes that arrived and that the stage has not taken, oldest first; null if there are none.
  private @Nullable ArrayDeque<Chunk> stash;

  private long stageDeadlineNs = NEVER;

  /// When to give up: without progress while OPEN, without an end later.
  private long ownDeadlineNs = NEVER;

  /// Its neighbours among the loop's connections.
  @Nullable Conn next;

  @Nullable Conn previous;

  /// What a connection speaks before its stage is set.
  private static final Stage UNSET =
      new Stage() {
        @Override
        public Next read(Chunk in) {
          throw new IllegalStateException("the connection has no stage");
        }

        @Override
        public void ended() {}

        @Override
        public void writable() {}

        @Override
        public long expired(long nowNs) {
          return NEVER;
        }

        @Override
        public void closed(String reason) {}
      };

  /// @param connecting whether the connection is still to be made
  Conn(Loop loop, Socket socket, Terms terms, boolean connecting) {
    this.loop = loop;
    this.socket = socket;
    this.terms = terms;
    this.outbox = new Outbox(loop.pool(), terms.softBytes, terms.hardBytes);
    this.stage = UNSET;
    this.state = connecting ? State.CONNECTING : State.OPEN;
    socket.conn = this;
  }

  /// The loop it belongs to.
  public Loop loop() {
    return loop;
  }

  /// The address at the other end.
  public SocketAddress remote() {
    return socket.remote();
  }

  /// Where a stage appends what it wants sent; then it calls [#flush()].
  public Outbox outbox() {
    return outbox;
  }

  /// The protocol spoken at present.
  public Stage stage() {
    return stage;
  }

  /// Whether more can be sent.
  public boolean isOpen() {
    return state == State.OPEN;
  }

  /// Makes `next` the protocol from the next byte on. What the old one asked for (a deadline, a
  /// pause) is forgotten.
  public void become(Stage next) {
    stage = next;
    paused = false;
    wakeAt(NEVER);
    next.begun();
  }

  /// Sets what hears of the connection that is being made.
  void connecting(Stage first) {
    stage = first;
  }

  /// The connection that was being made is there.
  void connected() {
    if (state == State.CONNECTING) {
      state = State.OPEN;
      stage.begun();
    }
  }

  /// The connection broke, or cannot be made.
  void broke(String why) {
    abort((state == State.CONNECTING ? "cannot connect: " : "the connection broke: ") + why);
  }

  /// Has the outbox sent at the end of the turn.
  public void flush() {
    if (!writing && state != State.CLOSED) {
      loop.flushLater(this);
    }
  }

  /// Whether a write waits for the peer to take more, or for its completion.
  public boolean isWriting() {
    return writing;
  }

  /// Whether the stage has asked for no bytes.
  public boolean isPaused() {
    return paused;
  }

  /// Has the stage hear [Stage#writable()] once the outbox is low: when bytes have left, or next
  /// turn.
  public void tellWhenLow() {
    tellWhenLow = true;
    if (!writing && outbox.isLow()) {
      loop.goOnLater(this);
    }
  }

  /// Ends the pause that the stage asked for.
  public void resume() {
    if (paused) {
      paused = false;
      loop.goOnLater(this);
    }
  }

  /// Sets when the stage is to hear [Stage#expired], by the loop's clock.
  public void wakeAt(long deadlineNs) {
    stageDeadlineNs = deadlineNs;
    reschedule();
  }

  /// Sends what waits, then says that nothing more will come, and closes when the peer says so too.
  /// Nothing more is read.
  public void finish() {
    end(State.FINISHING);
  }

  /// The same, but leaves it to the peer to say first that nothing more will come: as a client of
  /// WebSocket does (RFC 6455 §7.1.1).
  public void yieldEnd() {
    end(peerEnded ? State.FINISHING : State.YIELDING);
  }

  private void end(State how) {
    if (state == State.OPEN) {
      state = how;
      paused = false;
      dropStash();
      stageDeadlineNs = NEVER;
      ownDeadlineNs = loop.nowNs() + terms.closeNs;
      reschedule();
      loop.poller().reading(socket, !peerEnded);
      flush();
    }
  }

  /// Closes at once; what waits is not sent.
  ///
  /// @param reason what happened, for the stage
  public void abort(String reason) {
    if (state == State.CLOSED) {
      return;
    }
    state = State.CLOSED;
    dropStash();
    loop.leave(this);
    loop.poller().close(socket);
    stage.closed(reason);
  }

  /// Bytes arrived.
  void read(Chunk in) {
    if (state != State.OPEN) {
      return; // lingering: read to be dropped
    }
    if (stash != null || paused) {
      keep(in);
      return;
    }
    Stage.Next wish = feed(in);
    if (state != State.OPEN) {
      return;
    }
    if (in.remaining() > 0) {
      keep(in);
    }
    if (wish == Stage.Next.PAUSE) {
      paused = true;
      loop.poller().reading(socket, false);
    } else if (stash != null) {
      loop.poller().reading(socket, false);
      loop.goOnLater(this);
    }
  }

  /// Goes on with what was kept, and reads again once nothing is.
  void goOn() {
    if (!writing) {
      tellIfLow();
    }
    while (state == State.OPEN && !paused && stash != null) {
      Chunk kept = stash.getFirst();
      Stage.Next wish = feed(kept);
      if (stash != null && kept.remaining() == 0) {
        loop.pool().give(stash.removeFirst());
        stash = stash.isEmpty() ? null : stash;
      }
      if (wish == Stage.Next.PAUSE) {
        paused = state == State.OPEN;
      } else if (wish == Stage.Next.LATER && stash != null) {
        loop.goOnLater(this);
        return;
      }
    }
    if (state == State.OPEN && !paused) {
      if (peerEnded) {
        tellEnded();
      } else {
        loop.poller().reading(socket, true);
      }
    }
  }

  /// Feeds the stage, and the one that takes its place, until they have enough.
  @SuppressWarnings("ReferenceEquality") // the same stage, not an equal one
  private Stage.Next feed(Chunk in) {
    while (true) {
      Stage fed = stage;
      Stage.Next wish = fed.read(in);
      if (state != State.OPEN || fed == stage || in.remaining() == 0) {
        assert wish != Stage.Next.MORE || state != State.OPEN || in.remaining() == 0;
        return wish;
      }
    }
  }

  /// The peer will send no more.
  void ended() {
    peerEnded = true;
    switch (state) {
      case OPEN -> {
        if (stash == null && !paused) {
          tellEnded();
        }
      }
      case YIELDING -> {
        state = State.FINISHING;
        flush();
      }
      case LINGERING -> abort("closed");
      case CONNECTING, FINISHING, CLOSED -> {}
    }
  }

  private void tellEnded() {
    if (!toldEnded) {
      toldEnded = true;
      stage.ended();
    }
  }

  /// The poller wrote `bytes` bytes of the outbox.
  void wrote(long bytes) {
    writing = false;
    outbox.sent(bytes);
    if (state == State.CLOSED) {
      return;
    }
    stage.wrote(bytes);
    if (state == State.OPEN) {
      ownDeadlineNs = NEVER; // set again by the next write
    } else {
      ownDeadlineNs = loop.nowNs() + terms.closeNs; // bytes leave: it is slow, and alive
    }
    if (!outbox.isEmpty()) {
      loop.flushLater(this);
    } else if (state == State.FINISHING) {
      finished();
    }
    tellIfLow();
  }

  private void tellIfLow() {
    if (tellWhenLow && state == State.OPEN && outbox.isLow()) {
      tellWhenLow = false;
      stage.writable();
    }
  }

  /// Hands the outbox to the poller, at the end of a turn.
  void write() {
    if (state == State.CLOSED || writing) {
      return;
    }
    if (!outbox.isEmpty()) {
      writing = true;
      if (state == State.OPEN) {
        ownDeadlineNs = loop.nowNs() + terms.progressNs;
        reschedule();
      }
      loop.poller().write(socket, outbox);
    } else if (state == State.FINISHING) {
      finished();
    }
  }

  private void finished() {
    if (peerEnded) {
      abort("closed");
    } else {
      state = State.LINGERING;
      loop.poller().finish(socket);
    }
  }

  @Override
  void due(long nowNs) {
    try {
      expire(nowNs);
    } catch (Throwable bug) {
      Loop.abandon(this, bug);
    }
  }

  private void expire(long nowNs) {
    if (nowNs >= ownDeadlineNs) {
      abort(
          state == State.OPEN
              ? "no progress with " + outbox.bytes() + " bytes waiting to be sent"
              : "the peer did not close in time");
      return;
    }
    if (nowNs >= stageDeadlineNs) {
      stageDeadlineNs = NEVER;
      long next = stage.expired(nowNs);
      if (state != State.OPEN && state != State.CONNECTING) {
        return;
      }
      stageDeadlineNs = Math.min(stageDeadlineNs, next);
    }
    reschedule();
  }

  /// The poller is done with the socket: its memory can go.
  void gone() {
    outbox.clear();
    terms.gone.run();
  }

  private void reschedule() {
    if (state != State.CLOSED) {
      loop.wheel().schedule(this, Math.min(stageDeadlineNs, ownDeadlineNs));
    }
  }

  private void keep(Chunk in) {
    if (stash == null) {
      stash = new ArrayDeque<>(4);
    }
    int end = in.buffer.limit();
    while (in.remaining() > 0) {
      Chunk kept = loop.pool().take();
      int step = Math.min(in.remaining(), kept.capacity());
      kept.buffer.clear().put(in.buffer.limit(in.buffer.position() + step)).flip();
      in.buffer.limit(end);
      stash.add(kept);
    }
  }

  private void dropStash() {
    if (stash != null) {
      stash.forEach(loop.pool()::give);
      stash = null;
    }
  }
}
