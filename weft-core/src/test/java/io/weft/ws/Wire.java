package io.weft.ws;

import io.weft.bytes.Chunk;
import io.weft.bytes.Holder;
import io.weft.bytes.Outbox;
import io.weft.bytes.Pool;
import io.weft.bytes.SlowMask;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Frames by the book, one byte at a time, and what an engine makes of them: what the tests of this
/// package are written in.
///
/// Frames are written `first:payload`, both in hex: `01:4865 80:6c6f` is a text in two fragments.
/// Events are written as their name and what they carry: a text as it is, bytes in hex.
final class Wire {

  static final Bounds BOUNDS = new Bounds(1 << 20, 1024, 64);
  static final Pool POOL = new Pool(Pool.CHUNK_BYTES, 1 << 20);
  static final int KEY = 0x37FA_213D;

  private static final int READ_BYTES = 1 << 16;

  /// What the reads go into, made once: there are millions of them.
  private static final ThreadLocal<Chunk> IN =
      ThreadLocal.withInitial(() -> Chunk.ofSize(READ_BYTES));

  private Wire() {}

  /// An engine at one end, with no extension.
  static Engine engine(Role role) {
    return engine(role, BOUNDS, null);
  }

  static Engine engine(Role role, Bounds bounds, @Nullable Extension extension) {
    return new Engine(
        new Engine.Terms(role, bounds, () -> KEY),
        Holder.uncounted(new Pool(Pool.CHUNK_BYTES, READ_BYTES)),
        extension);
  }

  static byte[] hex(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  /// One frame as `sender` writes it.
  ///
  /// @param first its first byte
  static byte[] frame(Role sender, int first, byte[] payload) {
    var frame = new ByteArrayOutputStream();
    int mask = sender == Role.CLIENT ? 0x80 : 0;
    frame.write(first);
    if (payload.length < 126) {
      frame.write(mask | payload.length);
    } else if (payload.length < 65_536) {
      frame.write(mask | 126);
      frame.write(payload.length >> 8);
      frame.write(payload.length);
    } else {
      frame.write(mask | 127);
      frame.writeBytes(ByteBuffer.allocate(8).putLong(payload.length).array());
    }
    byte[] body = payload.clone();
    if (sender == Role.CLIENT) {
      int key = KEY * (1 + payload.length); // another one for another frame
      frame.writeBytes(ByteBuffer.allocate(4).putInt(key).array());
      SlowMask.apply(body, 0, body.length, key);
    }
    frame.writeBytes(body);
    return frame.toByteArray();
  }

  /// Frames such as `01:4865 80:6c6f`, as `sender` writes them.
  static byte[] frames(Role sender, String frames) {
    var wire = new ByteArrayOutputStream();
    for (String frame : frames.split(" ", -1)) {
      String[] parts = frame.split(":", 2);
      wire.writeBytes(frame(sender, Integer.parseInt(parts[0], 16), hex(parts[1])));
    }
    return wire.toByteArray();
  }

  /// What `engine` finds in `wire` when it comes in reads that end at `cuts`, as ` | `-joined text.
  static String hear(Engine engine, byte[] wire, int... cuts) {
    List<String> events = new ArrayList<>();
    Chunk chunk = IN.get();
    int from = 0;
    for (int cut : cuts) {
      read(engine, chunk, wire, from, cut, events);
      from = cut;
    }
    read(engine, chunk, wire, from, wire.length, events);
    return String.join(" | ", events);
  }

  /// What `engine` finds when each byte comes by itself.
  static String hearByteByByte(Engine engine, byte[] wire) {
    int[] cuts = new int[wire.length];
    for (int i = 0; i < cuts.length; i++) {
      cuts[i] = i;
    }
    return hear(engine, wire, cuts);
  }

  private static void read(
      Engine engine, Chunk chunk, byte[] wire, int from, int to, List<String> events) {
    int at = from;
    do {
      int step = Math.min(to - at, READ_BYTES - 8);
      int offset = at % 8; // all alignments come up
      chunk.buffer.clear().position(offset).put(wire, at, step).flip().position(offset);
      pull(engine, chunk, events);
      at += step;
    } while (at < to);
  }

  /// Pulls until there is nothing more, and checks what is promised of every pull.
  static void pull(Engine engine, Chunk chunk, List<String> events) {
    while (true) {
      try {
        Event event = engine.next(chunk);
        if (event == null) {
          check(chunk.remaining() == 0, "null left bytes unread");
          return;
        }
        events.add(told(engine, event));
      } catch (ProtocolException breach) {
        events.add("BREACH " + breach.closeCode);
        check(chunk.remaining() == 0, "a breach left bytes unread");
        check(!engine.isMidMessage(), "a breach left a message begun");
        check(engine.maySend() != engine.isClosed(), "a breach decides whether our Close may go");
      }
    }
  }

  private static String told(Engine engine, Event event) {
    return switch (event) {
      case TEXT -> ("TEXT " + engine.text()).trim();
      case BINARY, PING, PONG -> {
        ByteBuffer payload = engine.payload();
        check(payload.isReadOnly(), "a payload can be written to");
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes).reset();
        check(payload.remaining() == bytes.length, "reset() does not go back to the beginning");
        yield (event + " " + hex(bytes)).trim();
      }
      case CLOSE -> ("CLOSE " + engine.closeCode() + " " + engine.closeReason()).trim();
    };
  }

  private static void check(boolean promise, String broken) {
    if (!promise) {
      throw new AssertionError(broken);
    }
  }

  /// An outbox that takes what the tests send.
  static Outbox outbox() {
    return new Outbox(new Pool(128, 1 << 26), 1 << 24, 1 << 25);
  }

  /// What waits in `out`, which is empty then.
  static byte[] drain(Outbox out) {
    var all = new ByteArrayOutputStream();
    ByteBuffer[] one = new ByteBuffer[1];
    while (!out.isEmpty()) {
      out.gather(one);
      byte[] bytes = new byte[one[0].remaining()];
      one[0].get(bytes);
      all.writeBytes(bytes);
      out.sent(bytes.length);
    }
    return all.toByteArray();
  }
}
