package io.weft.net;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import io.weft.tls.TlsEngine;
import java.util.ArrayDeque;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// What stands between a [Conn] and its socket when the connection is TLS: records that arrived and
/// are not opened yet, the engine, and what is sealed and has not left.
///
/// ```text
///  socket ──> held ──> engine ──> Conn.take ──> stage
///  socket <── wire <── engine <── Conn.outbox <── stage
/// ```
///
/// Records are opened only as the stage takes what is in them, and sealed only when those before
/// have left; so backpressure goes through. Work of a handshake that takes its time is done by the
/// executor of [Terms]; until its result is mailed back the engine is not touched here.
final class TlsLayer {

  /// Heap that a handshake takes with the JDK's provider, and what stays of it for the connection's
  /// life, in bytes; as measured, see ADR 9.
  static final int HANDSHAKE_BYTES = 16 << 10;

  static final int SESSION_BYTES = 8 << 10;

  private static final Chunk NOTHING = Chunk.ofSize(1);

  private final Conn conn;
  private final Loop loop;
  private final TlsEngine engine;

  /// What is to leave, sealed, or in the clear if it was there before TLS was.
  final Outbox wire;

  /// What arrived and waits until the stage or a task is done, oldest first; null if nothing does.
  private @Nullable ArrayDeque<Chunk> held;

  /// Whether hands are shaken.
  private boolean shaken;

  /// How many bytes of the outbox stand sealed in the wire, and how many bytes of the wire stand
  /// before them. No more are sealed before these have left, so that what has left can be told in
  /// bytes of the outbox.
  private int sealedBytes;

  private long aheadBytes;

  /// Whether a task is run by another thread.
  private boolean busy;

  /// Whether the engine waits for the wire to take more.
  private boolean full;

  /// @param held what arrived behind the last clear byte, if anything has
  TlsLayer(Conn conn, TlsEngine engine, Outbox wire, @Nullable ArrayDeque<Chunk> held) {
    this.conn = conn;
    this.loop = conn.loop();
    this.engine = engine;
    this.wire = wire;
    this.held = held;
  }

  /// Begins the handshake; [#goOn] goes on with it.
  void begin() {
    try {
      engine.begin();
    } catch (SSLException e) {
      failed(e);
    }
  }

  SSLSession session() {
    return engine.session();
  }

  /// What it means that TCP, or the peer's half of TLS, has ended; null if that was in order.
  @Nullable String cut() {
    if (!shaken) {
      return "the peer ended the connection in the TLS handshake";
    }
    return engine.isEnded()
        ? null
        : "the connection was cut: TCP ended without a close_notify of TLS (RFC 8446 §6.1)";
  }

  /// Whether all that arrived is opened, as far as it is whole.
  boolean isIdle() {
    return held == null && !busy && !full;
  }

  boolean isShaken() {
    return shaken;
  }

  /// Native memory that it holds of what arrived, in bytes.
  int keptBytes() {
    int chunks = held == null ? 0 : held.size();
    return chunks * loop.pool().chunkBytes() + engine.keptBytes();
  }

  // ---- In -------------------------------------------------------------------------------------

  /// Bytes arrived.
  void arrived(Chunk in) {
    if (isIdle() && !conn.isBehind()) {
      pull(in);
    }
    if (in.remaining() > 0 && conn.mayTake()) {
      ArrayDeque<Chunk> kept = held == null ? new ArrayDeque<>(4) : held;
      loop.books().keep(conn, in, kept);
      held = kept.isEmpty() ? null : kept;
    }
    if (!isIdle()) {
      loop.poller().reading(conn.socket(), false);
    }
  }

  /// Opens what is held, and lets the engine say what it has to, until there is no more or somebody
  /// has to be waited for.
  void goOn() {
    do {
      Chunk oldest = held == null ? NOTHING : held.getFirst();
      pull(oldest);
      if (held != null && oldest.remaining() == 0) {
        loop.books().giveKept(held.removeFirst());
        held = held.isEmpty() ? null : held;
      }
    } while (held != null && !busy && !full && !conn.isBehind() && conn.mayTake());
  }

  private void pull(Chunk in) {
    try {
      boolean more = true;
      while (more && !busy && !conn.isBehind() && conn.mayTake()) {
        full = false;
        more = step(in);
      }
    } catch (SSLException e) {
      failed(e);
    }
    if (!wire.isEmpty()) {
      conn.flush();
    }
  }

  /// @return whether there may be more to come of it
  private boolean step(Chunk in) throws SSLException {
    switch (open(in)) {
      case PLAIN -> conn.take(loop.scratch().plain);
      case OPEN -> {
        shaken = true;
        conn.letGo(HANDSHAKE_BYTES - SESSION_BYTES);
        conn.stage().begun();
      }
      case TASK -> runTasks();
      case FULL -> full = true;
      case ENDED -> {
        in.buffer.position(in.buffer.limit()); // nothing counts behind it
        conn.ended();
        return false;
      }
      case MORE -> {
        return false;
      }
    }
    return !full;
  }

  /// Has the engine open what arrived, and the connection charged for what it keeps of it.
  private TlsEngine.Step open(Chunk in) throws SSLException {
    int before = engine.keptBytes();
    try {
      return engine.open(in, loop.scratch(), wire);
    } finally {
      settle(before);
    }
  }

  private void settle(int before) {
    int more = engine.keptBytes() - before;
    if (more > 0) {
      loop.books().kept(conn, more);
    } else if (more < 0) {
      loop.books().letGoOfKept(-more);
    }
  }

  private void failed(SSLException why) {
    conn.fail("TLS failed: " + why.getMessage());
  }

  private void runTasks() throws SSLException {
    busy = true;
    try {
      conn.terms()
          .tasks()
          .execute(() -> {
            @Nullable Throwable failure = null;
            try {
              for (Runnable task = engine.task(); task != null; task = engine.task()) {
                task.run();
              }
            } catch (Throwable thrown) {
              failure = thrown;
            }
            @Nullable Throwable how = failure;
            loop.postSurely(() -> tasksDone(how));
          });
    } catch (Error e) {
      busy = false; // no thread can be had, or no memory
      throw e;
    } catch (RejectedExecutionException e) {
      busy = false;
      throw new SSLException("too many handshakes wait for a thread (limit tlsTasks)", e);
    }
  }

  private void tasksDone(@Nullable Throwable failure) {
    busy = false;
    try {
      goOnAfterTasks(failure);
    } catch (Throwable bug) {
      conn.failed(bug);
    }
  }

  private void goOnAfterTasks(@Nullable Throwable failure) {
    if (conn.isClosed()) {
      release();
    } else if (failure != null) {
      failed(new SSLException("a task of the TLS provider failed: " + failure, failure));
    } else {
      engine.taskDone();
      loop.goOnLater(conn);
      conn.flush();
    }
  }

  // ---- Out ------------------------------------------------------------------------------------

  /// Seals what waits, as far as the wire takes it.
  ///
  /// @param last whether nothing follows: then close_notify stands behind it (RFC 8446 §6.1)
  void seal(Outbox plain, boolean last) {
    if (busy) {
      return;
    }
    try {
      if (sealedBytes == 0) {
        int before = clearBytes(plain);
        aheadBytes = wire.bytes();
        engine.seal(plain, loop.scratch(), wire);
        sealedBytes = before - clearBytes(plain);
      }
      if (engine.hasTask()) {
        loop.goOnLater(conn);
      } else if (last && (!engine.isOpen() || clearBytes(plain) == 0)) {
        engine.end(loop.scratch(), wire);
      }
    } catch (SSLException e) {
      failed(e);
    }
    if (engine.isSealed()) {
      plain.clear(); // it can be sent no more
    }
  }

  /// Whether nothing more will be sealed.
  boolean isSealed() {
    return engine.isSealed();
  }

  /// What waits in an outbox and is not sealed.
  private int clearBytes(Outbox plain) {
    return plain.bytes() - wire.bytes();
  }

  /// How many bytes of the outbox have not left, whatever they have become.
  int waitingBytes(Outbox plain) {
    return clearBytes(plain) + sealedBytes;
  }

  /// Bytes of the wire have left.
  ///
  /// @return how many bytes of the outbox have left with them, or a few more that are about to: a
  ///   record is longer than what is in it, and is counted as if its ends were too
  int wrote(long bytes) {
    wire.sent(bytes);
    if (full) {
      loop.goOnLater(conn);
    }
    long ahead = Math.min(aheadBytes, bytes);
    aheadBytes -= ahead;
    int left = (int) Math.min(sealedBytes, bytes - ahead);
    sealedBytes -= left;
    return left;
  }

  // ---- The end --------------------------------------------------------------------------------

  /// Drops what arrived.
  void drop() {
    dropHeld();
    release();
  }

  /// Drops what arrived and has not been opened, but for a part of a record.
  void dropHeld() {
    conn.giveAll(held);
    held = null;
  }

  private void release() {
    if (!busy) {
      int before = engine.keptBytes();
      engine.release(loop.scratch());
      settle(before);
    }
  }
}
