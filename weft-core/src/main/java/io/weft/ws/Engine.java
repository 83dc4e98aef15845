package io.weft.ws;

import io.weft.bytes.Chunk;
import io.weft.bytes.Holder;
import io.weft.bytes.Outbox;
import io.weft.bytes.Utf8;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/// One end of a WebSocket connection after its handshake (RFC 6455 §5 to §8): bytes in, events out;
/// messages in, bytes out. Holds no buffer between two frames. Not for two threads.
///
/// ## Reading
///
/// Whoever has read bytes calls [#next] until it has nothing more to say. In what order:
///
/// ```text
///   connection = pull* ( CLOSE | ProtocolException ) null*
///   pull       = TEXT | BINARY | PING | PONG | null
/// ```
///
/// `null` means: everything was consumed, more bytes are needed. After a CLOSE or an exception
/// whatever still comes is consumed and means nothing (§1.4, §7.1.7), so that a caller may go on
/// reading until the peer ends the stream. After our own Close the peer's messages are still
/// events: it sent them before it knew.
///
/// ## Answering
///
/// The engine answers nothing by itself; that is for the caller, who knows what is asked too often:
///
/// | found | to be sent |
/// |---|---|
/// | PING | `pong(payload(), out)` (§5.5.2) |
/// | CLOSE | `close(closeCode(), "", out)`, which is the answer, or nothing if ours had gone (§5.5.1) |
/// | a [ProtocolException] | `close(breach.closeCode, why, out)` (§7.1.7) |
///
/// Then [#isClosed()] says that both have closed, and the server ends the TCP connection (§7.1.1).
///
/// A frame that lies whole in a chunk is not copied, and costs no object unless it is text.
public final class Engine {

  /// The longest payload of a control frame, in bytes (§5.5).
  public static final int MAX_CONTROL_BYTES = 125;

  /// The longest close reason in UTF-8, in bytes: two are for the code (§5.5.1).
  public static final int MAX_REASON_BYTES = MAX_CONTROL_BYTES - 2;

  private final Terms terms;
  private final Holder holder;
  private final @Nullable Extension extension;

  private Closing closing = Closing.OPEN;

  /// Payload bytes of the frame that is being read that have not come yet. Of that frame are also:
  private long left;

  private Opcode opcode = Opcode.CONTINUATION;
  private boolean fin;
  private boolean rsv1;

  /// What its next four bytes are masked with, first byte highest; 0 if it is not masked.
  private int maskingKey;

  /// What has come of a header, or of the payload of a control frame, whose end has not; else null.
  private @Nullable ByteBuffer partial;

  /// The message that has begun, until the pull after its end; null between messages, and for one
  /// that lies whole in a chunk.
  private @Nullable Assembly message;

  /// What the last event carried; null if it carried nothing, and after the next pull.
  private @Nullable ByteBuffer payload;

  /// The code of the peer's Close and what it said; null if there was none.
  private @Nullable PeerClose peerClose;

  private record PeerClose(int code, String reason) {}

  /// What holds for all connections of a server, or of one kind of a client.
  ///
  /// @param role which end
  /// @param bounds what the peer may make it hold
  /// @param maskingKeys a fresh, unpredictable key a call (§5.3); a server never asks
  public record Terms(Role role, Bounds bounds, IntSupplier maskingKeys) {}

  /// Makes one end of a connection that has just been opened.
  ///
  /// @param holder is charged for messages that do not lie whole in a chunk, and lends memory for
  ///   them
  /// @param extension what was negotiated, or null
  public Engine(Terms terms, Holder holder, @Nullable Extension extension) {
    this.terms = terms;
    this.holder = holder;
    this.extension = extension;
  }

  /// Reads on, up to the next event.
  ///
  /// @param in bytes of the peer, whose unread ones are consumed and may be unmasked in place. It
  ///   must stay as it is until the next pull
  /// @return what was found; or null if everything was consumed and more bytes are needed
  /// @throws ProtocolException if the peer broke the protocol or a bound: with close code 1002,
  ///   1007, 1008 or 1009. Nothing more is read; our Close can still be sent
  public @Nullable Event next(Chunk in) throws ProtocolException {
    payload = null;
    if (message != null && message.isWhole()) {
      dropMessage();
    }
    try {
      while (closing.isReading() && (left > 0 || readHeader(in.buffer))) {
        if (left > 0 && !in.buffer.hasRemaining()) {
          return null;
        }
        Event event = opcode.isControl() ? readControl(in) : readData(in);
        if (event != null) {
          return event;
        }
      }
    } catch (ProtocolException breach) {
      move(Closing.Step.BREACH);
      skip(in.buffer);
      throw breach;
    }
    skip(in.buffer);
    return null;
  }

  /// What BINARY, PING or PONG carried, from position to limit: a window on what was received,
  /// read-only, big-endian, with its mark at its beginning; good until the next pull. Beyond the
  /// limits lies what is nobody's business: whoever hands it on, hands on a slice.
  ///
  /// @throws IllegalStateException if the last pull found none of them
  public ByteBuffer payload() {
    if (payload == null) {
      throw new IllegalStateException("the last pull found nothing that has a payload");
    }
    return payload;
  }

  /// What TEXT carried, made anew at each call; to be asked before the next pull.
  ///
  /// @throws IllegalStateException if the last pull found nothing with a payload
  public String text() {
    ByteBuffer utf8 = payload();
    if (utf8.hasArray()) {
      int from = utf8.arrayOffset() + utf8.position();
      return new String(utf8.array(), from, utf8.remaining(), StandardCharsets.UTF_8);
    }
    byte[] copy = new byte[utf8.remaining()];
    utf8.get(utf8.position(), copy);
    return new String(copy, StandardCharsets.UTF_8);
  }

  /// The code in the peer's Close; 1005 if there was none, or no Close yet (§7.1.5).
  public int closeCode() {
    return peerClose == null ? CloseCode.NO_STATUS : peerClose.code;
  }

  /// The reason in the peer's Close; empty if there was none (§7.1.6).
  public String closeReason() {
    return peerClose == null ? "" : peerClose.reason;
  }

  /// Whether a frame or a message has begun and not ended, were it by half a header.
  public boolean isMidMessage() {
    return left > 0 || partial != null || (message != null && !message.isWhole());
  }

  /// How many payload bytes have come of the message that is arriving, as they are on the wire; 0
  /// between messages.
  public long messageBytes() {
    return message == null ? 0 : message.wireBytes() - (opcode.isControl() ? 0 : left);
  }

  /// Whether messages, pings and our Close may be sent: that has not been yet, and is the last.
  /// They may also once the peer has closed, or broke the protocol: whoever took messages before
  /// can still have them leave (§5.5.1).
  public boolean maySend() {
    return closing.maySend();
  }

  /// Whether no frame will pass any more, in either direction. At a CLOSE event it says who was
  /// first: if true, we were, and there is nothing to answer.
  public boolean isClosed() {
    return closing == Closing.CLOSED;
  }

  /// Encodes a text message, to be sent by [#text(byte\[\], Outbox)] once or many times.
  ///
  /// @throws IllegalArgumentException naming the index, if half a surrogate pair stands alone
  public static byte[] utf8(String text) {
    return Utf16.toUtf8(text);
  }

  /// Appends a text message.
  ///
  /// @throws IllegalArgumentException naming the index, if half a surrogate pair stands alone
  /// @throws IllegalStateException unless [#maySend()]
  public void text(String text, Outbox out) {
    text(Utf16.toUtf8(text), out);
  }

  /// Appends a text message.
  ///
  /// @param utf8 as [#utf8(String)] gave it; not judged again
  /// @throws IllegalStateException unless [#maySend()]
  public void text(byte[] utf8, Outbox out) {
    text(utf8, Encoding.IF_SMALLER, out);
  }

  /// Appends a text message.
  ///
  /// @param utf8 as of the other
  /// @param how whether the extension is to encode it
  /// @throws IllegalStateException unless [#maySend()]
  public void text(byte[] utf8, Encoding how, Outbox out) {
    message(Opcode.TEXT, ByteBuffer.wrap(utf8), how, out);
  }

  /// Appends a binary message.
  ///
  /// @param data its payload, from position to limit, which stay
  /// @throws IllegalStateException unless [#maySend()]
  public void binary(ByteBuffer data, Outbox out) {
    binary(data, Encoding.IF_SMALLER, out);
  }

  /// Appends a binary message.
  ///
  /// @param data its payload, from position to limit, which stay
  /// @param how whether the extension is to encode it
  /// @throws IllegalStateException unless [#maySend()]
  public void binary(ByteBuffer data, Encoding how, Outbox out) {
    message(Opcode.BINARY, data, how, out);
  }

  /// Appends a ping.
  ///
  /// @param payload at most [#MAX_CONTROL_BYTES]; its position and limit stay
  /// @throws IllegalArgumentException if it is longer
  /// @throws IllegalStateException unless [#maySend()]
  public void ping(ByteBuffer payload, Outbox out) {
    requireSending();
    requireControl(payload);
    frame(Opcode.PING, false, payload, out);
  }

  /// Appends a pong; none once a Close has passed or the connection failed, for then nobody waits
  /// for it (§5.5.2).
  ///
  /// @param payload as of [#ping]
  /// @throws IllegalArgumentException if it is longer
  public void pong(ByteBuffer payload, Outbox out) {
    requireControl(payload);
    if (closing == Closing.OPEN) {
      frame(Opcode.PONG, false, payload, out);
    }
  }

  /// Appends our Close, the last frame; an answer if the peer's has come.
  ///
  /// @param code legal on the wire; or 1005 for a Close without one, which has no reason either
  /// @param reason at most [#MAX_REASON_BYTES] in UTF-8; for people who debug
  /// @return false if ours had been sent: nothing is sent again
  /// @throws IllegalArgumentException if the code or the reason may not be sent
  public boolean close(int code, String reason, Outbox out) {
    byte[] utf8 = Utf16.toUtf8(reason);
    if (utf8.length > MAX_REASON_BYTES) {
      throw new IllegalArgumentException(
          "a close reason of " + utf8.length + " bytes; it may have " + MAX_REASON_BYTES);
    }
    boolean hasCode = code != CloseCode.NO_STATUS;
    if (hasCode ? !CloseCode.isLegalOnWire(code) : utf8.length > 0) {
      throw new IllegalArgumentException(
          "close code " + code + " may not be sent" + (hasCode ? "" : " with a reason"));
    }
    if (!closing.maySend()) {
      return false;
    }
    ByteBuffer body = ByteBuffer.allocate(hasCode ? 2 + utf8.length : 0);
    if (hasCode) {
      body.putShort((short) code).put(utf8).flip();
    }
    frame(Opcode.CLOSE, false, body, out);
    move(Closing.Step.SENT);
    return true;
  }

  /// What a frame takes on the wire, its header counted, in bytes.
  public static int frameBytes(Role sender, int payloadBytes) {
    return FrameHeader.bytes(sender, payloadBytes) + payloadBytes;
  }

  /// Writes a server's frame that is a whole message, to be shared by many connections: all of them
  /// without an extension, or all with one that would decode it to the same message.
  ///
  /// @param opcode TEXT or BINARY
  /// @param encoded whether an extension encoded the payload
  /// @param payload its position does not move
  /// @param into becomes the frame, and has room for [#frameBytes]
  public static void frame(Opcode opcode, boolean encoded, ByteBuffer payload, Chunk into) {
    assert opcode.beginsMessage();
    ByteBuffer frame = into.buffer.clear();
    FrameHeader.write(frame, Role.SERVER, opcode, encoded, payload.remaining(), 0);
    frame.put(payload.duplicate()).flip();
  }

  private void message(Opcode what, ByteBuffer data, Encoding how, Outbox out) {
    requireSending();
    ByteBuffer encoded = extension == null ? null : extension.encode(data, how);
    frame(what, encoded != null, encoded == null ? data : encoded, out);
  }

  private void frame(Opcode what, boolean encoded, ByteBuffer data, Outbox out) {
    Role role = terms.role;
    int key = role == Role.CLIENT ? terms.maskingKeys.getAsInt() : 0;
    int from = data.position();
    int to = data.limit();
    ByteBuffer room = out.room(FrameHeader.MAX_BYTES);
    FrameHeader.write(room, role, what, encoded, to - from, key);
    out.wrote();
    out.put(data, from, to, key);
  }

  private void requireSending() {
    if (!closing.maySend()) {
      throw new IllegalStateException("nothing may be sent: our Close was the last");
    }
  }

  private static void requireControl(ByteBuffer payload) {
    if (payload.remaining() > MAX_CONTROL_BYTES) {
      throw new IllegalArgumentException(
          "a control frame of " + payload.remaining() + " bytes; it may have " + MAX_CONTROL_BYTES);
    }
  }

  /// Reads the next header, also one that comes in pieces, and judges the frame by it.
  ///
  /// @return false if `in` ended before it did; then `in` is consumed
  private boolean readHeader(ByteBuffer in) throws ProtocolException {
    boolean whole = partial == null ? takeHeader(in) : readCutHeader(in, partial);
    if (whole) {
      partial = null;
      if (!opcode.isControl()) {
        admit();
      }
    } else if (in.hasRemaining()) {
      partial = ByteBuffer.allocate(FrameHeader.MAX_BYTES).put(in);
    }
    return whole;
  }

  /// Takes the header at the position of `in`, which moves past it, if it is whole.
  private boolean takeHeader(ByteBuffer in) throws ProtocolException {
    int headerBytes = FrameHeader.judge(in, terms.role.peer());
    if (headerBytes == 0) {
      return false;
    }
    int first = in.get(in.position());
    opcode = Opcode.of(first & FrameHeader.OPCODE);
    fin = FrameHeader.fin(first);
    rsv1 = FrameHeader.rsv1(first);
    left = FrameHeader.payloadBytes(in);
    maskingKey = FrameHeader.maskingKey(in, headerBytes);
    in.position(in.position() + headerBytes);
    return true;
  }

  /// Goes on with a header of which `cut` holds the beginning, up to its position.
  private boolean readCutHeader(ByteBuffer in, ByteBuffer cut) throws ProtocolException {
    int had = cut.position();
    int step = Math.min(cut.remaining(), in.remaining());
    cut.put(had, in, in.position(), step).position(0).limit(had + step);
    boolean whole = takeHeader(cut);
    int used = whole ? cut.position() - had : step;
    in.position(in.position() + used);
    cut.limit(cut.capacity()).position(had + used);
    return whole;
  }

  /// Judges a data frame by its header, before anything is allocated for its payload (§5.4, §10.4).
  private void admit() throws ProtocolException {
    boolean begins = opcode.beginsMessage();
    if (begins != (message == null)) {
      throw new ProtocolException(
          CloseCode.PROTOCOL_ERROR,
          "§5.4",
          begins ? "a message begins inside another" : "a continuation of no message");
    }
    if (rsv1 && extension == null) {
      throw new ProtocolException(
          CloseCode.PROTOCOL_ERROR, "§5.2", "RSV1 is set, but no extension was negotiated");
    }
    if (message == null && fin && !rsv1) {
      terms.bounds.checkMessage(left); // it needs no assembly, unless it comes in several reads
      return;
    }
    if (message == null) {
      message = assemble();
    }
    message.admit(left);
  }

  private Assembly assemble() {
    return new Assembly(terms.bounds, holder, opcode, rsv1 ? extension : null);
  }

  private @Nullable Event readData(Chunk in) throws ProtocolException {
    int from = in.buffer.position();
    int to = takeUnmasked(in);
    if (message == null && left == 0) {
      return wholeFrame(in, from, to);
    }
    if (message == null) {
      message = assemble();
      message.admit(to - from + left);
    }
    boolean last = fin && left == 0;
    message.take(in, from, to, last);
    return last ? wholeMessage(message) : null;
  }

  private Event wholeFrame(Chunk in, int from, int to) throws ProtocolException {
    boolean isText = opcode == Opcode.TEXT;
    if (isText && Utf8.judge(Utf8.BOUNDARY, in, from, to) != Utf8.BOUNDARY) {
      throw new ProtocolException(CloseCode.INVALID_DATA, "§8.1", "a text is not UTF-8");
    }
    payload = in.view(from, to).mark();
    return isText ? Event.TEXT : Event.BINARY;
  }

  private Event wholeMessage(Assembly whole) {
    payload = (whole.isText ? whole.payload() : whole.payload().asReadOnlyBuffer()).mark();
    return whole.isText ? Event.TEXT : Event.BINARY;
  }

  private @Nullable Event readControl(Chunk in) throws ProtocolException {
    int from = in.buffer.position();
    int to = takeUnmasked(in);
    ByteBuffer whole = in.view(from, to);
    if (partial != null || left > 0) {
      if (partial == null) {
        partial = ByteBuffer.allocate((int) left + to - from);
      }
      partial.put(whole);
      if (left > 0) {
        return null;
      }
      whole = partial.flip().asReadOnlyBuffer();
      partial = null;
    }
    if (opcode == Opcode.CLOSE) {
      readClose(whole);
      return Event.CLOSE;
    }
    payload = whole.mark();
    return opcode == Opcode.PING ? Event.PING : Event.PONG;
  }

  /// Takes the code and the reason from the peer's Close (§5.5.1).
  private void readClose(ByteBuffer body) throws ProtocolException {
    if (body.remaining() == 1) {
      throw new ProtocolException(CloseCode.PROTOCOL_ERROR, "§5.5.1", "a Close has half a code");
    }
    if (body.hasRemaining()) {
      int code = body.getShort() & 0xFFFF;
      if (!CloseCode.isLegalOnWire(code)) {
        throw new ProtocolException(
            CloseCode.PROTOCOL_ERROR, "§7.4", "close code " + code + " is not for the wire");
      }
      byte[] reason = new byte[body.remaining()];
      body.get(reason);
      if (Utf8.judge(Utf8.BOUNDARY, reason, 0, reason.length) != Utf8.BOUNDARY) {
        throw new ProtocolException(CloseCode.INVALID_DATA, "§8.1", "a close reason is not UTF-8");
      }
      peerClose = new PeerClose(code, new String(reason, StandardCharsets.UTF_8));
    }
    move(Closing.Step.RECEIVED);
  }

  /// Takes what there is of the frame's payload, and unmasks it in place.
  ///
  /// @return the index after it
  private int takeUnmasked(Chunk in) {
    int from = in.buffer.position();
    int step = (int) Math.min(left, in.buffer.remaining());
    if (maskingKey != 0) {
      in.xor(from, from + step, maskingKey);
      maskingKey = Integer.rotateLeft(maskingKey, step * Byte.SIZE);
    }
    left -= step;
    in.buffer.position(from + step);
    return from + step;
  }

  /// Frees all that it holds: the connection is gone, with or without a Close.
  public void release() {
    dropMessage();
    if (extension != null) {
      extension.release(false);
    }
  }

  /// The one place where the state changes. What was half read when reading ends is dropped, and
  /// the extension frees what it needs no more.
  private void move(Closing.Step step) {
    closing = closing.after(step);
    if (extension != null) {
      extension.release(closing.isReading());
    }
    if (!closing.isReading()) {
      dropMessage();
      partial = null;
      left = 0;
    }
  }

  private void dropMessage() {
    if (message != null) {
      message.release();
      message = null;
    }
  }

  private static void skip(ByteBuffer in) {
    in.position(in.limit());
  }
}
