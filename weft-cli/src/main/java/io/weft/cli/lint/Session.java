package io.weft.cli.lint;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// An open WebSocket, with judgements of what the server does on it. Everything that the server
/// sends is itself held against RFC 6455: a breach of it ends any rule.
final class Session implements AutoCloseable {

  /// How long a server may take to fail a connection before it is asked whether it is still there.
  private static final long GRACE_NS = 300_000_000;

  private static final int MAX_BYTES = 32 << 20;
  private static final int MAX_HEARD = 4;
  private static final AtomicInteger PINGS = new AtomicInteger();

  private final Wire wire;

  /// What the server agreed to of extensions, as its answer has it; "" for nothing.
  private final String agreed;

  private final List<String> heard = new ArrayList<>();

  /// The first byte of the message that is not whole yet; 0 for none.
  private int message;

  private final ByteArrayOutputStream parts = new ByteArrayOutputStream();

  Session(Wire wire, String agreed) {
    this.wire = wire;
    this.agreed = agreed;
  }

  /// What the server agreed to of extensions; "" for nothing.
  String agreed() {
    return agreed;
  }

  Wire wire() {
    return wire;
  }

  Session send(Frame... frames) {
    return send(Frame.bytes(frames));
  }

  Session send(byte[] bytes) {
    wire.send(bytes);
    wire.waitAfresh();
    return this;
  }

  // ---- Hearing ----------------------------------------------------------------------------------

  /// The next control frame or whole message; null if none came, and then the wire says why.
  @Nullable Frame next() throws Breach {
    for (; ; ) {
      Frame frame = readFrame();
      if (frame == null) {
        return null;
      }
      if (frame.isControl()) {
        note(frame.seen());
        if (frame.opcode() == Frame.CLOSE) {
          demandLegalClose(frame);
        }
        return frame;
      }
      Frame whole = assemble(frame);
      if (whole != null) {
        note(whole.seen());
        return whole;
      }
    }
  }

  private void note(String what) {
    if (heard.size() == MAX_HEARD) {
      heard.removeFirst();
    }
    heard.add(what);
  }

  private @Nullable Frame assemble(Frame frame) throws Breach {
    boolean starts = frame.opcode() != Frame.CONTINUATION;
    demand(starts == (message == 0), "§5.4", "it sent " + frame.seen() + " out of its turn");
    if (starts) {
      message = frame.first();
      parts.reset();
    }
    parts.writeBytes(frame.payload());
    demand(parts.size() <= MAX_BYTES, "§10.4", "it sent a message over " + MAX_BYTES + " bytes");
    if (!frame.isFinal()) {
      return null;
    }
    Frame whole = new Frame(message | Frame.FIN, false, parts.toByteArray());
    message = 0;
    if (whole.opcode() == Frame.TEXT && (whole.first() & Frame.RSV1) == 0) {
      demand(isUtf8(whole.payload(), 0), "§8.1", "it sent a text that is not UTF-8");
    }
    return whole;
  }

  private @Nullable Frame readFrame() throws Breach {
    int first = wire.read();
    int second = first < 0 ? first : wire.read();
    if (second < 0) {
      return null;
    }
    int seven = second & 0x7F;
    demandLegalStart(first, second, seven);
    int lengthBytes = seven < 126 ? 0 : seven == 126 ? 2 : 8;
    long length = lengthBytes == 0 ? seven : 0;
    for (int at = 0; at < lengthBytes; at++) {
      int next = wire.read();
      if (next < 0) {
        return null;
      }
      length = length << 8 | next;
    }
    long least = lengthBytes == 0 ? 0 : lengthBytes == 2 ? 126 : 0x1_0000;
    demand(length >= least, "§5.2", "it sent a length of " + length + " not in its shortest form");
    demand(length <= MAX_BYTES, "§10.4", "it announced a frame of " + length + " bytes");
    byte[] payload = new byte[(int) length];
    for (int at = 0; at < payload.length; at++) {
      int next = wire.read();
      if (next < 0) {
        return null;
      }
      payload[at] = (byte) next;
    }
    return new Frame(first, false, payload);
  }

  private void demandLegalStart(int first, int second, int seven) throws Breach {
    int opcode = first & 0x0F;
    int mark =
        !agreed.isEmpty() && (opcode == Frame.TEXT || opcode == Frame.BINARY) ? Frame.RSV1 : 0;
    demand((second & 0x80) == 0, "§5.1", "it sent a masked frame");
    demand(
        (first & 0x70 & ~mark) == 0,
        "§5.2",
        String.format(Locale.ROOT, "it sent a frame with a reserved bit, 0x%02x", first));
    demand(
        opcode <= Frame.BINARY || (opcode >= Frame.CLOSE && opcode <= Frame.PONG),
        "§5.2",
        String.format(Locale.ROOT, "it sent a frame of the reserved opcode 0x%x", opcode));
    boolean control = opcode >= Frame.CLOSE;
    demand(!control || (first & 0x80) != 0, "§5.5", "it sent a control frame in fragments");
    demand(!control || seven < 126, "§5.5", "it sent a control frame of more than 125 bytes");
  }

  private static void demandLegalClose(Frame close) throws Breach {
    int code = close.code();
    int length = close.payload().length;
    boolean reserved = code < 1000 || code > 4999 || code == 1005 || code == 1006 || code == 1015;
    demand(length != 1, "§5.5.1", "it sent a Close of one byte");
    demand(length == 0 || !reserved, "§7.4", "it sent a Close of the code " + code);
    demand(
        length == 0 || isUtf8(close.payload(), 2),
        "§5.5.1",
        "it sent a Close whose reason is not UTF-8");
  }

  private static void demand(boolean legal, String section, String otherwise) throws Breach {
    if (!legal) {
      throw new Breach(section, otherwise);
    }
  }

  private static boolean isUtf8(byte[] bytes, int from) {
    try {
      UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, from, bytes.length - from));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  /// What was heard last, in words.
  String seen() {
    List<String> all = new ArrayList<>(heard);
    if (wire.end() != Wire.End.NONE) {
      all.add(wire.end().words());
    }
    return all.isEmpty() ? "nothing" : String.join(", then ", all);
  }

  // ---- Judging ----------------------------------------------------------------------------------

  /// A ping that has not been sent before.
  static Frame newPing() {
    return Frame.ping("weft lint " + PINGS.incrementAndGet());
  }

  /// Judges that the connection goes on: a ping sent now is answered.
  Verdict goesOn() throws Breach {
    Frame ping = newPing();
    send(ping);
    return answers(ping) ? Verdict.ok("it goes on") : Verdict.fail(seen());
  }

  /// Whether the pong to this ping comes, whatever else may come before it but a Close.
  boolean answers(Frame ping) throws Breach {
    for (Frame frame = next(); frame != null; frame = next()) {
      if (frame.is(Frame.PONG, ping.payload())) {
        return true;
      } else if (frame.opcode() == Frame.CLOSE) {
        return false;
      }
    }
    return false;
  }

  /// Judges that the server fails the connection (§7.1.7), and with which code. Without a Close, or
  /// with another code, that is worth a warning.
  Verdict fails(Integer... codes) throws Breach {
    Frame ping = newPing();
    wire.waitNs(GRACE_NS);
    boolean asked = false;
    for (; ; ) {
      Frame frame = next();
      if (frame == null && wire.end() == Wire.End.SILENCE && !asked) {
        asked = true;
        send(ping);
      } else if (frame == null) {
        boolean ended = wire.end() == Wire.End.STREAM || wire.end() == Wire.End.RESET;
        return ended ? Verdict.warn(seen() + " without a Close") : Verdict.fail(seen());
      } else if (frame.is(Frame.PONG, ping.payload())) {
        return Verdict.fail("the connection goes on: " + seen());
      } else if (frame.opcode() == Frame.CLOSE) {
        boolean right = frame.payload().length >= 2 && Arrays.asList(codes).contains(frame.code());
        return right ? Verdict.ok(frame.seen()) : Verdict.warn(frame.seen());
      }
    }
  }

  /// Judges that the connection ends, in whichever way.
  Verdict ends(Integer... codes) throws Breach {
    Verdict verdict = fails(codes);
    return verdict.outcome() == Outcome.WARN ? Verdict.ok(verdict.seen()) : verdict;
  }

  /// Judges that a message comes back as it is; others may come before it.
  Verdict echoes(Frame message) throws Breach {
    for (Frame frame = next(); frame != null; frame = next()) {
      if (frame.is(message.opcode(), message.payload())) {
        return Verdict.ok("it came back");
      } else if (frame.opcode() == Frame.CLOSE) {
        break;
      }
    }
    return Verdict.fail(seen());
  }

  /// The Close of the server; null if none comes.
  @Nullable Frame awaitClose() throws Breach {
    for (Frame frame = next(); frame != null; frame = next()) {
      if (frame.opcode() == Frame.CLOSE) {
        return frame;
      }
    }
    return null;
  }

  /// Judges that the server ends TCP, and in order.
  Verdict endsTcp() {
    wire.waitAfresh();
    while (wire.read() >= 0) {
      // What still comes is judged elsewhere.
    }
    return switch (wire.end()) {
      case STREAM -> Verdict.ok("the end of the stream");
      case RESET -> Verdict.warn("a reset");
      default -> Verdict.fail("TCP is still open");
    };
  }

  @Override
  public void close() {
    wire.close();
  }
}
