package io.weft.tls;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// One TLS connection, either end, without I/O: records in, plain bytes out, and the other way.
///
/// ```text
///               hands shaken              end(): close_notify, or a failure
///  HANDSHAKING ───────────────> OPEN ─────────────────────────────────────────> SEALED
///       └──────────────────────────────────────────────────────────────────────────^
/// ```
///
/// What arrives is opened by [#open] until it has no more to say; what is to be sent is sealed by
/// [#seal] as far as the wire takes it. What the protocol itself has to say in between (the
/// handshake, answers to key updates, alerts) goes to the wire by itself. Between two calls nothing
/// is held but the engine and, if a record has arrived in part, that part.
///
/// It refuses to negotiate anew, which only TLS 1.2 knows and nobody needs (RFC 9325 §3.5).
public final class TlsEngine {

  /// What [#open] came to.
  public enum Step {
    /// All that arrived is used up: bring more.
    MORE,
    /// Plain bytes stand in [Scratch#plain]; take them and go on.
    PLAIN,
    /// Hands are shaken, told once: from now on plain bytes go both ways; go on.
    OPEN,
    /// Before anything else, [#task()]s are to be run, on any thread; then [#taskDone()].
    TASK,
    /// The wire holds so much of the protocol's own that it has to be sent first.
    FULL,
    /// The peer has said that it will send no more (close_notify, RFC 8446 §6.1).
    ENDED
  }

  private enum State {
    HANDSHAKING,
    OPEN,
    SEALED
  }

  /// What the wire may hold before no more is sealed for it: what a few writes take.
  public static final int WIRE_BYTES = 64 << 10;

  /// A record's type, version and length (RFC 8446 §5.1).
  private static final int HEADER_BYTES = 5;

  private static final int LENGTH_AT = 3;

  /// The most that a record may hold, sealed (RFC 5246 §6.2.3).
  private static final int MAX_FRAGMENT_BYTES = (1 << 14) + 2048;

  private static final int CHANGE_CIPHER_SPEC = 20;
  private static final int HANDSHAKE = 22;
  private static final int APPLICATION_DATA = 23;
  private static final int MAJOR_VERSION = 3;

  private static final ByteBuffer[] NOTHING = {};

  private final SSLEngine engine;
  private final byte[] toPlain;
  private State state = State.HANDSHAKING;

  /// Whether a record of the peer has arrived.
  private boolean peerSpoke;

  /// Whether a handshake that begins now is a negotiation anew; in TLS 1.3 none can.
  private boolean isRenegotiable;

  /// Whether the engine has said that hands are shaken.
  private boolean isShaken;

  /// Why it failed, while plain bytes that came before are still to be taken.
  private @Nullable SSLException failure;

  /// What is to be done next, as the engine last said.
  private HandshakeStatus status = HandshakeStatus.NOT_HANDSHAKING;

  /// A record of which a part has arrived, from index 0 to the buffer's position; null if there is
  /// none.
  private @Nullable Chunk half;

  /// @param engine fresh, with its mode and parameters set
  /// @param toPlain what a peer is told, in the clear, whose first bytes are not TLS; may be empty
  public TlsEngine(SSLEngine engine, byte[] toPlain) {
    this.engine = engine;
    this.toPlain = toPlain;
  }

  /// Begins the handshake; [#open] goes on with it, even before anything has arrived.
  public void begin() throws SSLException {
    engine.beginHandshake();
    status = engine.getHandshakeStatus();
  }

  /// Whether hands are shaken and neither end() nor a failure has been.
  public boolean isOpen() {
    return state == State.OPEN;
  }

  /// Whether nothing more is sealed: [#end] has been called, or it failed.
  public boolean isSealed() {
    return state == State.SEALED;
  }

  /// Whether the peer has said that it will send no more.
  public boolean isEnded() {
    return engine.isInboundDone();
  }

  /// What was agreed on, and who the peer is.
  public SSLSession session() {
    return engine.getSession();
  }

  /// Native memory that holds a part of a record, in bytes.
  public int keptBytes() {
    return half == null ? 0 : half.capacity();
  }

  // ---- In -------------------------------------------------------------------------------------

  /// Opens what has arrived, and goes on with the handshake.
  ///
  /// @param in records of the peer, from its position on, cut anywhere; used up when this answers
  ///   [Step#MORE]
  /// @param wire what the protocol itself has to say is appended to it
  /// @throws SSLException if the peer or its certificate will not do. The alert that says so to the
  ///   peer, if there is one, stands in `wire` then
  public Step open(Chunk in, Scratch scratch, Outbox wire) throws SSLException {
    if (failure != null) {
      throw failure;
    }
    ByteBuffer plain = scratch.plain.buffer.clear();
    try {
      Step step = advance(in.buffer, plain, scratch, wire);
      return plain.position() > 0 ? Step.PLAIN : step;
    } catch (SSLException | RuntimeException e) {
      failure = failed(e, scratch, wire);
      if (plain.position() == 0) {
        throw failure;
      }
      return Step.PLAIN; // what came before it is good
    } finally {
      plain.flip();
    }
  }

  private Step advance(ByteBuffer in, ByteBuffer plain, Scratch scratch, Outbox wire)
      throws SSLException {
    while (true) {
      switch (status) {
        case NEED_TASK -> {
          return Step.TASK;
        }
        case NEED_WRAP -> {
          if (wire.bytes() >= WIRE_BYTES) {
            return Step.FULL;
          }
          SSLEngineResult result = wrap(NOTHING, 0, scratch, wire);
          if (result.bytesProduced() == 0 && status == HandshakeStatus.NEED_WRAP) {
            return stuck();
          }
        }
        default -> {
          if (engine.isInboundDone()) {
            return Step.ENDED;
          }
          ByteBuffer record = record(in, scratch, wire);
          if (record == null) {
            return Step.MORE;
          }
          if (!unwrap(record, plain, scratch)) {
            return Step.PLAIN; // there is no room for more before these are taken
          }
        }
      }
      if (state == State.HANDSHAKING && isShaken) {
        state = State.OPEN;
        isRenegotiable = !engine.getSession().getProtocol().equals("TLSv1.3");
        return Step.OPEN;
      }
    }
  }

  /// Keeps what is to be done next, and whether that was the end of the handshake.
  private void note(SSLEngineResult result) {
    status = result.getHandshakeStatus();
    if (status == HandshakeStatus.FINISHED) {
      isShaken = true;
      status = engine.getHandshakeStatus(); // there may be a ticket, or an answer, to send
    }
  }

  /// The engine says that it has something to send, and has nothing: its peer has left it.
  private Step stuck() throws SSLException {
    if (engine.isInboundDone()) {
      return Step.ENDED;
    }
    throw new SSLException("the TLS provider makes no progress");
  }

  /// Opens one record.
  ///
  /// @return false if `plain` has no room for what it may hold, and the record stays
  private boolean unwrap(ByteBuffer record, ByteBuffer plain, Scratch scratch) throws SSLException {
    int end = record.limit();
    int start = record.position();
    record.limit(start + recordBytes(record));
    SSLEngineResult result = engine.unwrap(record, plain);
    record.limit(end);
    note(result);
    if (result.getStatus() == Status.BUFFER_OVERFLOW && plain.position() > 0) {
      return false;
    }
    boolean idle = record.position() == start && result.getStatus() != Status.CLOSED;
    if (idle && status != HandshakeStatus.NEED_WRAP && status != HandshakeStatus.NEED_TASK) {
      throw new SSLException("the TLS provider makes no progress: " + result.getStatus());
    }
    Chunk kept = half;
    if (kept != null && !record.hasRemaining()) {
      half = null;
      scratch.pool.giveKept(kept);
    }
    return true;
  }

  /// The buffer at whose position a whole record stands: `in` itself, or where the parts of one are
  /// put together; null if none is whole yet, and then `in` is used up.
  private @Nullable ByteBuffer record(ByteBuffer in, Scratch scratch, Outbox wire)
      throws SSLException {
    Chunk kept = half;
    if (kept == null) {
      check(in, wire);
      int bytes = recordBytes(in);
      if (bytes > 0 && in.remaining() >= bytes) {
        return in;
      }
      if (!in.hasRemaining()) {
        return null;
      }
      kept = scratch.pool.keep(Math.max(bytes, HEADER_BYTES));
      kept.buffer.clear();
      half = kept;
    } else if (kept.buffer.position() == 0) {
      return kept.buffer; // it is whole, and waited for room
    }
    return complete(kept, in, scratch, wire);
  }

  private @Nullable ByteBuffer complete(Chunk part, ByteBuffer in, Scratch scratch, Outbox wire)
      throws SSLException {
    Chunk kept = part;
    move(in, kept.buffer, HEADER_BYTES);
    ByteBuffer head = kept.buffer.duplicate().flip();
    check(head, wire);
    int bytes = recordBytes(head);
    if (bytes > kept.capacity()) {
      Chunk larger = scratch.pool.keep(bytes);
      larger.buffer.clear().put(head);
      scratch.pool.giveKept(kept);
      kept = larger;
      half = larger;
    }
    if (bytes == 0) {
      return null;
    }
    move(in, kept.buffer, bytes);
    return kept.buffer.position() == bytes ? kept.buffer.flip() : null;
  }

  /// Moves bytes until `to` holds `bytes` of them, or `from` is used up.
  private static void move(ByteBuffer from, ByteBuffer to, int bytes) {
    int step = Math.min(from.remaining(), bytes - to.position());
    if (step > 0) {
      int end = from.limit();
      to.put(from.limit(from.position() + step));
      from.limit(end);
    }
  }

  /// The length of the record at the buffer's position, its header included; 0 if that is not
  /// whole.
  private static int recordBytes(ByteBuffer in) {
    return in.remaining() < HEADER_BYTES
        ? 0
        : HEADER_BYTES + (in.getShort(in.position() + LENGTH_AT) & 0xFFFF);
  }

  /// Judges what is there of a record's header, so that no provider has to guess.
  private void check(ByteBuffer in, Outbox wire) throws SSLException {
    if (!in.hasRemaining()) {
      return;
    }
    int type = in.get(in.position()) & 0xFF;
    boolean isRecord = type >= CHANGE_CIPHER_SPEC && type <= APPLICATION_DATA;
    if (in.remaining() > 1) {
      isRecord &= in.get(in.position() + 1) == MAJOR_VERSION;
    }
    if (!isRecord) {
      if (!peerSpoke && state == State.HANDSHAKING) {
        wire.put(toPlain, 0, toPlain.length, 0);
        state = State.SEALED;
        throw new SSLException("the peer does not speak TLS");
      }
      throw new SSLException("what arrived is no TLS record (RFC 8446 §5.1)");
    }
    if (recordBytes(in) > HEADER_BYTES + MAX_FRAGMENT_BYTES) {
      throw new SSLException(
          "a record of over " + MAX_FRAGMENT_BYTES + " bytes arrived (RFC 5246 §6.2.3)");
    }
    peerSpoke |= in.remaining() >= HEADER_BYTES;
    if (isRenegotiable && type == HANDSHAKE) {
      throw new SSLException("the peer asked to negotiate anew, which is refused");
    }
  }

  // ---- Tasks ----------------------------------------------------------------------------------

  /// A piece of work that takes its time, to be run before anything else is asked; null if there is
  /// none left.
  public @Nullable Runnable task() {
    return engine.getDelegatedTask();
  }

  /// Whether tasks are to be run before more can be sealed.
  public boolean hasTask() {
    return status == HandshakeStatus.NEED_TASK;
  }

  /// Every task has been run.
  public void taskDone() {
    status = engine.getHandshakeStatus();
  }

  // ---- Out ------------------------------------------------------------------------------------

  /// Seals what waits in `plain`, as long as `wire` holds less than [#WIRE_BYTES], and moves it
  /// there. Nothing is sealed before hands are shaken, or after the end.
  public void seal(Outbox plain, Scratch scratch, Outbox wire) throws SSLException {
    try {
      sealAll(plain, scratch, wire);
    } catch (SSLException | RuntimeException e) {
      throw failed(e, scratch, wire);
    }
  }

  private void sealAll(Outbox plain, Scratch scratch, Outbox wire) throws SSLException {
    ByteBuffer[] gathered = scratch.gathered;
    while (state == State.OPEN && wire.bytes() < WIRE_BYTES) {
      int count = plain.gather(gathered);
      if (count == 0) {
        return;
      }
      SSLEngineResult result = wrap(gathered, count, scratch, wire);
      plain.sent(result.bytesConsumed());
      if (result.bytesConsumed() == 0 && result.bytesProduced() == 0) {
        if (status == HandshakeStatus.NEED_TASK) {
          return;
        }
        state = State.SEALED; // in TLS 1.2 nothing may follow the peer's close_notify
      }
    }
  }

  /// Says that nothing more will come (close_notify), once; what was not sealed is not sent.
  public void end(Scratch scratch, Outbox wire) throws SSLException {
    if (state != State.SEALED) {
      state = State.SEALED;
      engine.closeOutbound();
      wrapLast(scratch, wire);
    }
  }

  /// Has the peer told why it failed, if the engine has words for it.
  private SSLException failed(Exception why, Scratch scratch, Outbox wire) {
    if (state != State.SEALED) {
      state = State.SEALED;
      try {
        wrapLast(scratch, wire);
        engine.closeOutbound();
        wrapLast(scratch, wire);
      } catch (SSLException | RuntimeException e) {
        // It has none, or cannot say them any more; that it failed is told anyway.
      }
    }
    return why instanceof SSLException expected
        ? expected
        : new SSLException("the TLS provider failed: " + why, why);
  }

  private void wrapLast(Scratch scratch, Outbox wire) throws SSLException {
    while (!engine.isOutboundDone()
        && engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP
        && wrap(NOTHING, 0, scratch, wire).bytesProduced() > 0) {
      // One alert a call.
    }
  }

  private SSLEngineResult wrap(ByteBuffer[] from, int count, Scratch scratch, Outbox wire)
      throws SSLException {
    SSLEngineResult result = engine.wrap(from, 0, count, scratch.sealed.clear());
    while (result.getStatus() == Status.BUFFER_OVERFLOW) {
      int needed = engine.getSession().getPacketBufferSize();
      if (needed <= scratch.sealed.capacity()) {
        throw new SSLException("the TLS provider has no use for " + needed + " bytes of room");
      }
      scratch.sealed = ByteBuffer.allocate(needed);
      result = engine.wrap(from, 0, count, scratch.sealed);
    }
    note(result);
    wire.put(scratch.sealed.array(), 0, scratch.sealed.position(), 0);
    return result;
  }

  /// Gives back what it holds of a record; the last call.
  public void release(Scratch scratch) {
    Chunk kept = half;
    if (kept != null) {
      half = null;
      scratch.pool.giveKept(kept);
    }
  }
}
