package io.weft.net;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import io.weft.tls.TlsEngine;
import java.lang.System.Logger;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.Locale;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// A connection: the joint between a socket, what waits to be sent on it, and the protocol spoken
/// at present. It belongs to one loop for life and is touched by that loop's thread only.
///
/// ```text
///                  finish(), TLS fails        outbox empty: FIN              peer's FIN
///  CONNECTING ──> OPEN ────────────> FINISHING ──────────────────> LINGERING ────────────> ENDING
///     │             │ yieldEnd()      ^ peer's FIN                     │                      ^ │
///     │             ├─────────> YIELDING ──────────────────────────────┤                      │ │
///     └─ failure ───┴─ abort, failure, no progress ── close deadline ──┴──────────────────────┘ │
///                                   CLOSED <── the stage is told ── UNTOLD <── socket closed ───┘
/// ```
///
/// From ENDING to CLOSED it goes at once, unless there is no memory for it: then the loop tries
/// again, until it is done.
///
/// A connection may be TLS, from its first byte on or from a later one: see [#secure]. The stage
/// sees plain bytes all the same, and what it appends to the outbox is sealed on its way.
///
/// It lingers, reading and dropping what the peer still sends, because a socket closed with unread
/// bytes resets the connection, and a reset can overtake the last bytes that were sent.
public final class Conn extends Charged {

  /// No deadline.
  public static final long NEVER = Wheel.NEVER;

  private static final Logger LOG = System.getLogger("io.weft.loop");

  private enum State {
    CONNECTING,
    OPEN,
    YIELDING,
    FINISHING,
    LINGERING,
    ENDING,
    UNTOLD,
    CLOSED
  }

  private final Socket socket;
  private final Terms terms;
  private Outbox outbox;
  private Stage stage;
  private State state;

  /// What stands between the outbox and the socket; null while the connection is plain TCP.
  private @Nullable TlsLayer tls;

  /// Bytes that the poller has been given to write, and has not answered for; 0 if there are none.
  private int writingBytes;

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

  /// What the peer had acknowledged when last looked at; see [Tcp].
  private int acknowledged;

  /// Bytes that came since it is to end, up to the bound and one read more.
  private int lingered;

  private long stageDeadlineNs = NEVER;

  /// When to give up: without progress while OPEN, without an end later.
  private long ownDeadlineNs = NEVER;

  /// Its neighbours among the loop's connections.
  @Nullable Conn next;

  @Nullable Conn previous;

  /// @param connecting whether the connection is still to be made
  Conn(Loop loop, Socket socket, Terms terms, boolean connecting) {
    super(loop);
    this.socket = socket;
    this.terms = terms;
    this.outbox = newOutbox();
    this.stage = new Unset(null);
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

  private Outbox newOutbox() {
    return new Outbox(loop.pool(), terms.softBytes(), terms.hardBytes());
  }

  /// What was agreed on in TLS, and who the peer is; null over plain TCP. For any thread once a
  /// stage has begun on it.
  public @Nullable SSLSession session() {
    return tls == null ? null : tls.session();
  }

  /// How many bytes the stage has appended that have not left: the unit of [Stage#wrote]. With TLS
  /// that is less than the outbox says, which counts what sealing adds.
  public int waitingBytes() {
    return tls == null ? outbox.bytes() : tls.waitingBytes(outbox);
  }

  @Override
  public boolean hold(int bytes) {
    return !pays && !isClosed() && loop.books().hold(this, bytes);
  }

  /// Native memory that it holds of what arrived, in bytes.
  int keptBytes() {
    int chunks = stash == null ? 0 : stash.size();
    return chunks * loop.pool().chunkBytes() + (tls == null ? 0 : tls.keptBytes());
  }

  /// Whether bytes have waited for the peer for so long, and it has taken none.
  boolean isStuck(long ns) {
    long now = loop.nowNs();
    boolean waits = state == State.OPEN && isWriting();
    if (waits && ownDeadlineNs - now < terms.progressNs() - ns && peerTook()) {
      ownDeadlineNs = now + terms.progressNs();
    }
    return waits && ownDeadlineNs - now < terms.progressNs() - ns;
  }

  /// Ends it, since memory is short.
  void pay(String why) {
    dropStash();
    if (tls != null) {
      tls.dropHeld();
    }
    boolean talks =
        state == State.OPEN && (tls == null || tls.isShaken()) && !isStuck(Books.STUCK_NS);
    if (!talks || !stage.pay(why)) {
      abort(why);
    }
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

  /// Begins TLS, with the next byte either way. What was appended to the outbox before leaves in
  /// the clear, in front of it; what has arrived and was not taken is TLS already. So it may be
  /// called on a fresh connection, in [Stage#begun], or in a [Stage#read] that has agreed on it
  /// with the peer in the clear.
  ///
  /// `next` is the stage from now on: it hears `begun` when hands are shaken, and before that only
  /// `expired`, for which the caller sets a deadline by [#wakeAt], and `closed`, with the reason if
  /// TLS failed.
  ///
  /// @throws IllegalStateException if it is TLS already
  public void secure(TlsEngine engine, Stage next) {
    if (tls != null) {
      throw new IllegalStateException("the connection is TLS already");
    }
    TlsLayer layer = new TlsLayer(this, engine, outbox, stash);
    outbox = newOutbox();
    outbox.leavesBy(layer.wire);
    stash = null;
    tls = layer;
    stage = next;
    paused = false;
    wakeAt(NEVER);
    if (hold(TlsLayer.SESSION_BYTES) && hold(TlsLayer.HANDSHAKE_BYTES - TlsLayer.SESSION_BYTES)) {
      layer.begin();
      loop.goOnLater(this);
    } else {
      abort("no memory for another TLS handshake (limit receivedBytes)");
    }
  }

  /// TLS failed: what the peer is to be told of it leaves, and the stage hears why at once.
  void fail(String why) {
    if (state == State.OPEN || state == State.YIELDING) {
      Stage told = stage;
      stage = new Unset(told);
      end(State.FINISHING);
      write(); // at once, since whoever is told may close it
      told.closed(why);
    }
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
    abort(state == State.CONNECTING ? why : "the connection broke: " + why);
  }

  Socket socket() {
    return socket;
  }

  Terms terms() {
    return terms;
  }

  /// Whether it has ended, told or not.
  boolean isClosed() {
    return state.compareTo(State.ENDING) >= 0;
  }

  /// Has the outbox sent at the end of the turn.
  public void flush() {
    if (!isWriting() && !isClosed()) {
      loop.flushLater(this);
    }
  }

  /// Whether a write waits for the peer to take more, or for its completion.
  public boolean isWriting() {
    return writingBytes > 0;
  }

  /// Whether the stage has asked for no bytes.
  public boolean isPaused() {
    return paused;
  }

  /// Has the stage hear [Stage#writable()] once the outbox is low: when bytes have left, or next
  /// turn.
  public void tellWhenLow() {
    tellWhenLow = true;
    if (!isWriting() && outbox.isLow()) {
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
    if (state == State.OPEN) {
      end(State.FINISHING);
    }
  }

  /// The same, but leaves it to the peer to say first that nothing more will come: as a client of
  /// WebSocket does (RFC 6455 §7.1.1).
  public void yieldEnd() {
    if (state == State.OPEN) {
      end(peerEnded ? State.FINISHING : State.YIELDING);
    }
  }

  private void end(State how) {
    state = how;
    paused = false;
    dropStash();
    stageDeadlineNs = NEVER;
    ownDeadlineNs = loop.nowNs() + terms.closeNs();
    reschedule();
    loop.poller().reading(socket, !peerEnded);
    flush();
  }

  /// Closes at once; what waits is not sent. It never fails.
  ///
  /// @param reason what happened, for the stage
  public void abort(String reason) {
    if (isClosed()) {
      return;
    }
    state = State.ENDING;
    loop.leave(this);
    if (!endNow(reason)) {
      loop.ends().later();
    }
  }

  /// Closes it because its code failed, so that it costs no other; on the loop's thread.
  public void failed(Throwable bug) {
    Loop.abandon(this, bug);
  }

  /// Goes through the end: what fails for want of memory is to be tried again, and what fails for
  /// another reason is reported, and left.
  ///
  /// @return whether it is through
  boolean endNow(String reason) {
    while (state != State.CLOSED) {
      try {
        if (state == State.ENDING) {
          drop();
          loop.poller().close(socket);
        } else {
          stage.closed(reason);
          letGo(heldBytes);
        }
      } catch (OutOfMemoryError noMemory) {
        return false;
      } catch (Throwable bug) {
        Report.error(LOG, "The end of a connection failed.", bug);
      }
      state = state == State.ENDING ? State.UNTOLD : State.CLOSED;
    }
    return true;
  }

  private void drop() {
    dropStash();
    if (tls != null) {
      tls.drop();
    }
  }

  /// Bytes arrived.
  void read(Chunk in) {
    if (state != State.OPEN) {
      linger(in.remaining());
    }
    if (!mayTake()) {
      return; // lingering: read to be dropped
    }
    boolean clear = tls == null;
    if (clear) {
      take(in);
    }
    if (tls != null && in.remaining() > 0) {
      tls.arrived(in); // all of it, or what stands behind the last clear byte
    }
  }

  /// Counts what comes of a peer that is to hear of the end and sends on. Past the bound it is left
  /// to the kernel: whatever that costs is the peer's, and no reset overtakes what was sent.
  private void linger(int bytes) {
    lingered += bytes;
    if (lingered > terms.lingerBytes()) {
      loop.poller().reading(socket, false);
    }
  }

  /// Whether bytes that arrive are looked at; one that yields looks for the end in them.
  boolean mayTake() {
    return !pays && (state == State.OPEN || (state == State.YIELDING && tls != null));
  }

  /// Takes plain bytes that arrived: feeds the stage, and keeps what it leaves.
  @SuppressWarnings("ReferenceEquality") // the same layer, not an equal one
  void take(Chunk in) {
    if (state != State.OPEN || pays) {
      in.buffer.position(in.buffer.limit());
      return;
    }
    if (stash != null || paused) {
      keep(in);
      return;
    }
    TlsLayer before = tls;
    Stage.Next wish = feed(in);
    while (wish == Stage.Next.LATER
        && state == State.OPEN
        && before == tls
        && !loop.books().hasRoomToKeep(in.remaining())) {
      wish = feed(in); // at once then, and the others wait
    }
    if (state != State.OPEN || before != tls) {
      return; // it ended, or what is left is not plain any more
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
    if (!isWriting()) {
      tellIfLow();
    }
    while (state == State.OPEN && !paused && stash != null) {
      Chunk kept = stash.getFirst();
      Stage.Next wish = feed(kept);
      if (stash != null && kept.remaining() == 0) {
        loop.books().giveKept(stash.removeFirst());
        stash = stash.isEmpty() ? null : stash;
      }
      if (wish == Stage.Next.PAUSE) {
        paused = state == State.OPEN;
      } else if (wish == Stage.Next.LATER && stash != null) {
        loop.goOnLater(this);
        return;
      }
    }
    if (tls != null && mayTake() && !isBehind()) {
      tls.goOn();
    }
    if (mayTake() && isCaughtUp()) {
      if (peerEnded) {
        tellEnded();
      } else if (lingered <= terms.lingerBytes()) {
        loop.poller().reading(socket, true);
      }
    }
  }

  /// Whether the stage has not taken what it was offered.
  boolean isBehind() {
    return stash != null || paused;
  }

  /// Whether the stage has had everything that arrived.
  private boolean isCaughtUp() {
    return !isBehind() && (tls == null || tls.isIdle());
  }

  /// Feeds the stage, and the one that takes its place, until they have enough, or the rest is TLS.
  @SuppressWarnings("ReferenceEquality") // the same stage and layer, not equal ones
  private Stage.Next feed(Chunk in) {
    TlsLayer before = tls;
    while (true) {
      Stage fed = stage;
      Stage.Next wish = fed.read(in);
      if (state != State.OPEN || before != tls || in.remaining() == 0) {
        return wish;
      }
      if (fed == stage) {
        assert wish != Stage.Next.MORE : "a stage wants more and has not taken what there is";
        return wish;
      }
    }
  }

  /// The peer will send no more.
  void ended() {
    peerEnded = true;
    switch (state) {
      case OPEN -> {
        if (isCaughtUp()) {
          tellEnded();
        }
      }
      case YIELDING -> {
        state = State.FINISHING;
        flush();
      }
      case LINGERING -> abort("closed");
      case CONNECTING, FINISHING, ENDING, UNTOLD, CLOSED -> {}
    }
  }

  private void tellEnded() {
    if (toldEnded || state != State.OPEN) {
      return;
    }
    toldEnded = true;
    String cut = tls == null ? null : tls.cut();
    if (cut == null) {
      stage.ended();
    } else {
      abort(cut);
    }
  }

  /// The poller wrote `bytes` bytes of the outbox.
  void wrote(long bytes) {
    writingBytes = 0;
    long left = bytes;
    if (tls == null) {
      outbox.sent(bytes);
    } else {
      left = tls.wrote(bytes);
    }
    if (left > 0) {
      stage.wrote(left);
    }
    if (isClosed()) {
      return;
    }
    if (state == State.OPEN) {
      ownDeadlineNs = NEVER; // set again by the next write
    } else {
      ownDeadlineNs = loop.nowNs() + terms.closeNs(); // bytes leave: it is slow, and alive
    }
    if (!outbox.isEmpty() || (tls != null && state == State.FINISHING)) {
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
    if (tls != null && !isWriting() && !isClosed()) {
      tls.seal(outbox, state == State.FINISHING);
    }
    if (isClosed() || isWriting()) {
      return;
    }
    Outbox ready = tls == null ? outbox : tls.wire;
    if (!ready.isEmpty()) {
      writingBytes = ready.bytes();
      if (state == State.OPEN) {
        ownDeadlineNs = loop.nowNs() + terms.progressNs();
        reschedule();
      }
      loop.poller().write(socket, ready);
    } else if (state == State.FINISHING && (tls == null || tls.isSealed())) {
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

  /// Whether the peer has taken bytes since this was last asked: it has acknowledged some, by what
  /// TCP knows. Bytes that wait in the system's send buffer have not been taken.
  public boolean peerTook() {
    Tcp now = loop.tcp.of(loop.poller(), socket);
    boolean took = now.wrote || (now.known && now.acknowledged != acknowledged);
    acknowledged = now.acknowledged;
    return took;
  }

  /// How many bytes the system may hold, where [#peerTook()] cannot tell what was taken; else 0.
  public int mayHoldBytes() {
    return loop.tcp.mayHoldBytes;
  }

  /// Whether the peer has ended its half, or reset the connection; also while it is not read from.
  public boolean hasPeerEnded() {
    return peerEnded || loop.tcp.of(loop.poller(), socket).ended;
  }

  private void expire(long nowNs) {
    if (ownDeadlineNs != NEVER && peerTook()) {
      ownDeadlineNs = nowNs + (state == State.OPEN ? terms.progressNs() : terms.closeNs());
    }
    if (nowNs >= ownDeadlineNs) {
      abort(
          state == State.OPEN
              ? String.format(
                  Locale.ROOT,
                  "the peer took nothing for the progressTimeout of %d ms, with %d bytes waiting to be sent",
                  terms.progressNs() / 1_000_000,
                  outbox.bytes())
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

  /// The poller ended without a word of the socket: what it had to write may have left, and what
  /// may have left must not be sent again.
  void forgotten() {
    if (isWriting()) {
      wrote(writingBytes);
    }
    gone();
  }

  /// The poller is done with the socket: its memory can go.
  void gone() {
    try {
      outbox.clear();
      if (tls != null) {
        tls.wire.clear();
      }
      stage.gone();
    } catch (Throwable bug) {
      Report.error(LOG, "The end of a connection failed.", bug);
    } finally {
      terms.gone().accept(socket);
    }
  }

  private void reschedule() {
    if (!isClosed()) {
      long spanNs = state == State.OPEN ? terms.progressNs() : terms.closeNs();
      long lookNs = Looks.nextNs(ownDeadlineNs, spanNs, loop.nowNs());
      loop.wheel().schedule(this, Math.min(stageDeadlineNs, lookNs));
    }
  }

  private void keep(Chunk in) {
    ArrayDeque<Chunk> kept = stash == null ? new ArrayDeque<>(4) : stash;
    loop.books().keep(this, in, kept);
    stash = kept.isEmpty() ? null : kept;
  }

  private void dropStash() {
    giveAll(stash);
    stash = null;
  }
}
