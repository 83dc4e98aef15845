package io.weft.ws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// §9 and RFC 7692 §6: what an extension that claims RSV1 is given, and what it may give.
final class ExtensionTest {

  private static final Bounds SMALL = new Bounds(10, 100, 64);

  /// Run lengths: `(count, byte)*` on the wire. The bytes decoded are judged, bound and delivered;
  /// a pair may be cut anywhere. Sends what gets shorter.
  private static final class Runs implements Extension {

    /// What was said at each [#release].
    final List<Boolean> released = new ArrayList<>();

    private int count = -1;

    @Override
    public void decode(Chunk in, int from, int to, boolean last, Assembly into)
        throws ProtocolException {
      for (int at = from; at < to; at++) {
        if (count < 0) {
          count = in.buffer.get(at) & 0xFF;
          continue;
        }
        for (; count > 0; count--) {
          into.append(in, at, at + 1);
        }
        count = -1;
      }
      if (last && count >= 0) {
        throw new ProtocolException(CloseCode.INVALID_DATA, "Runs", "half a run");
      }
    }

    @Override
    public @Nullable ByteBuffer encode(ByteBuffer message, Encoding how) {
      ByteBuffer runs = ByteBuffer.allocate(2 * message.remaining());
      int at = message.position();
      while (at < message.limit()) {
        int start = at;
        while (at < message.limit() && at < start + 255 && message.get(at) == message.get(start)) {
          at++;
        }
        runs.put((byte) (at - start)).put(message.get(start));
      }
      return runs.position() < message.remaining() ? runs.flip() : null;
    }

    @Override
    public void release(boolean reads) {
      released.add(reads);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "a text, c1:0361, TEXT aaa",
    "an empty text, c1:, TEXT",
    "a binary, c2:01020203, BINARY 020303",
    "fragments, 41:0161 00:01 80:62, TEXT ab",
    "an empty first fragment, 42: 80:0262, BINARY 6262",
    "a ping between, 42:02 89:0361 80:62, PING 0361 | BINARY 6262",
    "a plain one, 81:0361, TEXT \u0003a",
    "plain and encoded in turn, 81:61 c1:0162 01:63 80:64 41:01 80:65, TEXT a | TEXT b | TEXT cd | TEXT e",
    "10 bytes decoded, c2:0a61, BINARY 61616161616161616161",
    "11 bytes decoded, c2:0b61, BREACH 1009",
    "11 bytes decoded in fragments, 42:0a61 80:0162, BREACH 1009",
    "more on the wire than decoded, c2:016101610161016101610161, BINARY 616161616161",
    "a code point cut by the encoding, c1:01e401bd01a0, TEXT 你",
    "a code point cut by a fragment, 41:01e401bd 80:01a0, TEXT 你",
    "decoded to no UTF-8, c1:01ff, BREACH 1007",
    "decoded to an unfinished code point, c1:01e4, BREACH 1007",
    "a breach that the extension finds, c2:01, BREACH 1007",
    "RSV1 on a continuation, 41:0161 c0:0161, BREACH 1002",
    "RSV1 on a ping, c9:, BREACH 1002",
    "RSV2, e1:0161, BREACH 1002",
    "encoded inside another, 41:0161 c1:0161, BREACH 1002",
  })
  void decodes(String what, String frames, String events) {
    for (Role role : Role.values()) {
      byte[] wire = Wire.frames(role.peer(), frames);
      assertEquals(events, Wire.hear(small(role), wire), what);
      assertEquals(events, Wire.hearByteByByte(small(role), wire), what);
      for (int cut = 0; cut <= wire.length; cut++) {
        assertEquals(events, Wire.hear(small(role), wire, cut), what + " cut at byte " + cut);
      }
    }
  }

  @Test
  void failsAtTheFirstImpossibleDecodedByte() throws ProtocolException {
    Engine engine = small(Role.CLIENT);
    Chunk in = Chunk.copyOf(Wire.hex("c106 01e4 0161")); // and two bytes that have not come
    var breach = assertThrows(ProtocolException.class, () -> engine.next(in));
    assertEquals(CloseCode.INVALID_DATA, breach.closeCode);
  }

  /// Twice the bound and 64 bytes may come for one message, whatever they decode to.
  @Test
  void boundsWhatComesOnTheWire() {
    String nothing = "00ff".repeat(42); // runs of no bytes
    assertEquals("BINARY", hearSmall("c2:" + nothing));
    assertEquals("BINARY", hearSmall("42:" + nothing.substring(4) + " 80:00ff"));
    assertEquals("BREACH 1009", hearSmall("c2:" + nothing + "00ff"));
    assertEquals("BREACH 1009", hearSmall("42:" + nothing + " 00:00ff"));
    Chunk endless = Chunk.copyOf(Wire.hex("c27f7fffffffffffffff"));
    var breach = assertThrows(ProtocolException.class, () -> small(Role.CLIENT).next(endless));
    assertEquals(CloseCode.TOO_BIG, breach.closeCode);
  }

  @ParameterizedTest
  @CsvSource({
    "SERVER, aaaa, c1020461",
    "SERVER, ab, 81026162",
    "CLIENT, aaaa, c18237fa213d339b",
  })
  void encodesIfItLikes(Role role, String text, String hex) {
    Outbox out = Wire.outbox();
    Wire.engine(role, Wire.BOUNDS, new Runs()).text(text, out);
    assertEquals(hex, Wire.hex(Wire.drain(out)));
  }

  @Test
  void reachesTheOtherEnd() {
    Outbox out = Wire.outbox();
    Engine client = Wire.engine(Role.CLIENT, Wire.BOUNDS, new Runs());
    ByteBuffer data = ByteBuffer.wrap(Wire.hex("07".repeat(300)));
    client.binary(data, out);
    client.ping(ByteBuffer.wrap(Wire.hex("0808080808")), out);
    client.text("aaaaaa", out);
    client.text("abc", out);
    assertTrue(out.bytes() < 60);
    Engine server = Wire.engine(Role.SERVER, Wire.BOUNDS, new Runs());
    assertEquals(
        "BINARY " + "07".repeat(300) + " | PING 0808080808 | TEXT aaaaaa | TEXT abc",
        Wire.hear(server, Wire.drain(out)));
  }

  @Test
  void isReleasedAsTheConnectionCloses() {
    var byUs = new Runs();
    Engine engine = Wire.engine(Role.SERVER, SMALL, byUs);
    engine.close(CloseCode.NORMAL, "", Wire.outbox());
    assertEquals(List.of(true), byUs.released, "the peer may still send");
    Wire.hear(engine, Wire.frames(Role.CLIENT, "c1:0361 88:"));
    assertEquals(List.of(true, false), byUs.released);

    var byBreach = new Runs();
    hear(byBreach, "c1:02");
    assertEquals(List.of(false), byBreach.released);

    var byPeer = new Runs();
    hear(byPeer, "41:0361 88:");
    assertEquals(List.of(false), byPeer.released);

    var byNobody = new Runs();
    Wire.engine(Role.SERVER, SMALL, byNobody).release();
    assertEquals(List.of(false), byNobody.released);
    Wire.engine(Role.SERVER, SMALL, null).release();
  }

  private static void hear(Runs runs, String frames) {
    Wire.hear(Wire.engine(Role.SERVER, SMALL, runs), Wire.frames(Role.CLIENT, frames));
  }

  private static String hearSmall(String frames) {
    return Wire.hear(small(Role.SERVER), Wire.frames(Role.CLIENT, frames));
  }

  private static Engine small(Role role) {
    return Wire.engine(role, SMALL, new Runs());
  }
}
