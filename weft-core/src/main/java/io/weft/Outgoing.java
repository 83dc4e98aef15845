package io.weft;

import io.weft.bytes.Outbox;
import io.weft.net.Conn;
import io.weft.net.Loop;
import io.weft.ws.Deflate;
import io.weft.ws.Engine;
import io.weft.ws.Opcode;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The way of the application's messages out of one connection: whether there is room for one, what
/// the application is told about it, and the hand-over from other threads to the loop's.
///
/// ```text
///  loop's thread, no mail waits ─────> room? ──> Engine ──> Outbox
///  any other ──> room? promised bytes, mail ───────^
/// ```
///
/// So what is asked of a connection is done in the order asked, whichever threads ask: on its own
/// thread a call waits behind the mail of those that asked before.
///
/// `send` and what it needs may be called from any thread; everything else belongs to the loop's.
///
/// It is the one half of a [WsStage], and a class of its own to be read by itself; one object,
/// since every idle connection has one.
abstract sealed class Outgoing permits WsStage {

  private static final VarHandle PROMISED;

  static {
    try {
      PROMISED = MethodHandles.lookup().findVarHandle(Outgoing.class, "promised", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /// What a mailed message counts for beside its payload: its frame header and its mail.
  private static final int MAIL_BYTES = 64;

  /// How long one who was refused for want of memory waits before it is told to try again.
  private static final long SHORT_OF_MEMORY_NS = Duration.ofMillis(20).toNanos();

  final Core core;
  final Conn conn;
  final Engine engine;

  /// What was agreed on; null for no compression.
  final @Nullable Deflate deflate;

  /// Bytes that other threads were told they may send and whose mail is on its way.
  @SuppressWarnings("unused") // by PROMISED
  private volatile int promised;

  /// Whether the endpoint is to hear that there is room again.
  private volatile boolean owesWritable;

  /// Whether nobody has closed; for other threads, the engine knows it for the loop's.
  private volatile boolean open = true;

  /// @param deflate what was agreed on, which is this connection's from now on; null for none
  Outgoing(Core core, Conn conn, @Nullable Deflate deflate) {
    this.core = core;
    this.conn = conn;
    this.engine = new Engine(core.terms, conn, deflate);
    this.deflate = deflate;
  }

  /// Whether messages are taken, as far as this thread sees.
  boolean isOpen() {
    return open;
  }

  /// Has no more messages taken.
  void takeNoMore() {
    open = false;
  }

  /// Bytes taken and not yet handed to the operating system, as far as this thread sees.
  long bufferedBytes() {
    return (long) conn.outbox().bytes() + promised;
  }

  Send text(String text, Compress compress) {
    byte[] utf8 = Engine.utf8(text);
    return conn.loop().isFree()
        ? here(Opcode.TEXT, utf8, compress)
        : mail(Opcode.TEXT, utf8, compress);
  }

  Send binary(ByteBuffer data, Compress compress) {
    if (conn.loop().isFree()) {
      if (!hasRoom(data.remaining())) {
        return refused();
      }
      engine.binary(data, compress.encoding, conn.outbox());
      return sent();
    }
    byte[] copy = new byte[data.remaining()];
    data.get(data.position(), copy);
    return mail(Opcode.BINARY, copy, compress);
  }

  /// Takes a message at once, whatever waits for the loop; on its thread.
  Send ahead(Message message) {
    return switch (message) {
      case Message.Text(String text) -> here(Opcode.TEXT, Engine.utf8(text), Compress.AUTO);
      case Message.Binary(ByteBuffer data) -> {
        byte[] copy = new byte[data.remaining()];
        data.get(data.position(), copy);
        yield here(Opcode.BINARY, copy, Compress.AUTO);
      }
    };
  }

  private Send here(Opcode opcode, byte[] payload, Compress compress) {
    if (!hasRoom(payload.length)) {
      return refused();
    }
    encode(opcode, payload, compress);
    return sent();
  }

  private void encode(Opcode opcode, byte[] payload, Compress compress) {
    if (opcode == Opcode.TEXT) {
      engine.text(payload, compress.encoding, conn.outbox());
    } else {
      engine.binary(ByteBuffer.wrap(payload), compress.encoding, conn.outbox());
    }
  }

  private boolean hasRoom(int messageBytes) {
    checkSize(messageBytes, core.limits);
    Outbox out = conn.outbox();
    return open
        && maySend()
        && out.fits(messageBytes, promised)
        && conn.loop().hasRoomFor(messageBytes, out.isSmallWith(messageBytes));
  }

  /// Whether more than the soft mark waits, what other threads and the mail have promised included.
  boolean isHigh() {
    return bufferedBytes() > core.limits.outboxSoftBytes();
  }

  /// Whether what was taken goes out: our Close has not, and TCP is there. What is appended to the
  /// outbox of a connection that is gone would stay there.
  boolean maySend() {
    return conn.isOpen() && engine.maySend();
  }

  private Send sent() {
    conn.flush();
    if (!conn.outbox().isHigh()) {
      return Send.SENT;
    }
    oweWritable();
    return Send.QUEUED;
  }

  private Send refused() {
    if (open) {
      oweWritable();
    }
    return Send.REFUSED;
  }

  /// Takes a message on a foreign thread, or on the loop's behind other mail: the bytes are
  /// promised, so that all threads together keep the limit, and mailed.
  private Send mail(Opcode opcode, byte[] payload, Compress compress) {
    checkSize(payload.length, core.limits);
    if (!open) {
      return Send.REFUSED;
    }
    int bytes = payload.length + MAIL_BYTES;
    long waiting = promise(bytes);
    if (waiting < 0) {
      return refused();
    }
    Loop loop = conn.loop();
    if (!loop.reserveMail(bytes)) {
      PROMISED.getAndAdd(this, -bytes);
      return refused();
    }
    try {
      loop.postReserved(() -> mailed(opcode, payload, compress, bytes));
    } catch (OutOfMemoryError noMemory) {
      PROMISED.getAndAdd(this, -bytes);
      loop.pool().redeem(bytes);
      throw noMemory;
    }
    if (waiting <= core.limits.outboxSoftBytes()) {
      return Send.SENT;
    }
    oweWritable();
    return Send.QUEUED;
  }

  /// Promises room for a mailed message, if it fits beside what waits and what was promised before.
  /// It is judged before it is counted: so one that does not fit takes no room from others
  /// meanwhile, and the count stays below both marks and a message, which an int holds.
  ///
  /// @param bytes of the message and its mail
  /// @return how much waits with it, in bytes; -1 if there is no room
  long promise(int bytes) {
    Limits limits = core.limits;
    while (true) {
      int before = promised;
      long waiting = (long) before + conn.outbox().bytes();
      boolean fits =
          waiting <= limits.outboxSoftBytes()
              || waiting + bytes - MAIL_BYTES <= limits.outboxHardBytes();
      if (!fits) {
        return -1;
      }
      if (PROMISED.compareAndSet(this, before, before + bytes)) {
        return waiting + bytes;
      }
    }
  }

  private void mailed(Opcode opcode, byte[] payload, Compress compress, int promisedBytes) {
    PROMISED.getAndAdd(this, -promisedBytes);
    conn.loop().pool().redeem(promisedBytes);
    try {
      if (maySend()) {
        encode(opcode, payload, compress);
        conn.flush();
      }
    } catch (Throwable bug) {
      conn.failed(bug); // a message that was taken is never left out
    }
  }

  /// Does something on the loop's thread without which the connection could not go on.
  final void onLoop(Runnable task) {
    conn.loop()
        .inOrder(() -> {
          try {
            task.run();
          } catch (Throwable bug) {
            conn.failed(bug);
          }
        });
  }

  /// Sends a frame that members of a group share.
  ///
  /// @return false if there is no room for it
  boolean shared(Published.Frames frames) {
    if (!maySend()) {
      return true; // it is leaving anyway
    }
    Published.Frame frame = frames.of(deflate == null ? Published.PLAIN : deflate.sharedBits());
    Outbox out = conn.outbox();
    if (!out.fits(frame.frameBytes(), promised) || !(frame.hasMemory() || out.isLow())) {
      return false;
    }
    out.share(frame.frame(), 0, frame.frameBytes());
    if (deflate != null && frame.compressed()) {
      deflate.restart();
    }
    conn.flush();
    return true;
  }

  /// Whether the endpoint is to hear now that there is room again; it is told once.
  boolean takeOwedWritable() {
    if (!owesWritable) {
      return false;
    }
    owesWritable = false;
    return open;
  }

  private void oweWritable() {
    if (!owesWritable) {
      owesWritable = true;
      onLoop(this::tellWhenThereIsRoom);
    }
  }

  /// An outbox that is low says nothing while the loop's memory is lent to others, and whoever was
  /// refused for want of it would be asked again and again; so that waits a moment.
  private void tellWhenThereIsRoom() {
    if (conn.loop().pool().hasSpare(core.limits.outboxHardBytes())) {
      conn.tellWhenLow();
    } else {
      conn.loop().after(SHORT_OF_MEMORY_NS, conn::tellWhenLow);
    }
  }

  /// @throws IllegalArgumentException if a message of that size could never be sent
  static void checkSize(int messageBytes, Limits limits) {
    if (messageBytes > limits.outboxHardBytes()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a message of %d bytes can never be sent: the limit outboxHardBytes is %d",
              messageBytes,
              limits.outboxHardBytes()));
    }
  }
}
