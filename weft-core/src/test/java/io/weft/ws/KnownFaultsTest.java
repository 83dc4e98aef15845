package io.weft.ws;

import static io.weft.ws.Hearing.assertHears;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import io.weft.bytes.Pool;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Faults that well-known peers have or had; each must not be ours.
final class KnownFaultsTest {

  @Test
  void aMessageIsNotLostWhenItsFirstFragmentIsEmpty() {
    assertHears("TEXT lost", "01: 80:6c6f7374");
    assertHears("BINARY 6c6f7374", "02: 00: 80:6c6f7374");
  }

  @Test
  void aTextIsNotDecodedFragmentByFragment() {
    assertHears("TEXT 你", "01:e4 00:bd 80:a0");
    assertHears("TEXT \uD83D\uDE00", "01:f09f 80:9880");
  }

  @Test
  void aPingCanBeAnsweredWithItsPayloadInsideAMessage() throws ProtocolException {
    Engine server = Wire.engine(Role.SERVER);
    Outbox out = Wire.outbox();
    Chunk in = Chunk.copyOf(Wire.frames(Role.CLIENT, "01:61 89:7069 80:62"));
    assertEquals(Event.PING, server.next(in));
    server.pong(server.payload(), out);
    assertEquals(Event.TEXT, server.next(in));
    assertEquals("8a027069", Wire.hex(Wire.drain(out)));
  }

  @Test
  void aNewTextIsNotAcceptedInsideAnUnfinishedMessage() {
    assertHears("BREACH 1002", "01:61 81:62 80:63");
  }

  @Test
  void anUnmaskedClientFrameIsNotAccepted() {
    assertHears("BREACH 1002", Role.SERVER, Wire.frames(Role.SERVER, "81:61"));
    assertHears("BREACH 1002", Role.SERVER, Wire.frames(Role.SERVER, "88:03e8"));
  }

  @Test
  void aSharedFrameIsTheSameForAllWhoHoldIt() {
    Pool pool = new Pool(256, 1 << 20);
    Outbox first = new Outbox(pool, 1 << 10, 1 << 10);
    Outbox second = new Outbox(pool, 1 << 10, 1 << 10);
    byte[] utf8 = Engine.utf8("to all");
    Chunk frame = pool.take(Engine.frameBytes(Role.SERVER, utf8.length));
    Engine.frame(Opcode.TEXT, false, ByteBuffer.wrap(utf8), frame);
    Engine engine = Wire.engine(Role.SERVER);
    engine.text("before", first);
    first.share(frame, frame.buffer.position(), frame.buffer.limit());
    second.share(frame, frame.buffer.position(), frame.buffer.limit());
    engine.text("after", first);
    assertEquals(
        "TEXT before | TEXT to all | TEXT after",
        Wire.hear(Wire.engine(Role.CLIENT), Wire.drain(first)));
    assertEquals("TEXT to all", Wire.hear(Wire.engine(Role.CLIENT), Wire.drain(second)));
    assertEquals(0, pool.lentChunks());
  }

  @Test
  void twoConnectionsShareNothingThatChanges() {
    Engine one = Wire.engine(Role.SERVER);
    Engine other = Wire.engine(Role.SERVER);
    byte[] ones = Wire.frames(Role.CLIENT, "01:e4 89:31 80:bda0 88:0fa1");
    byte[] others = Wire.frames(Role.CLIENT, "02:ff 8a:32 80:00 88:0fa2");
    List<String> heardOne = new ArrayList<>();
    List<String> heardOther = new ArrayList<>();
    for (int i = 0; i < ones.length; i++) {
      Wire.pull(one, Chunk.copyOf(new byte[] {ones[i]}), heardOne);
      Wire.pull(other, Chunk.copyOf(new byte[] {others[i % others.length]}), heardOther);
    }
    assertEquals(List.of("PING 31", "TEXT 你", "CLOSE 4001"), heardOne);
    assertEquals(List.of("PONG 32", "BINARY ff00", "CLOSE 4002"), heardOther);
  }

  @ParameterizedTest
  @ValueSource(ints = {1012, 1013, 1014, 3000, 3999})
  void aLegalCloseCodeIsNotReportedAsAnother(int code) {
    assertHears("CLOSE " + code, "88:" + String.format("%04x", code));
  }

  @Test
  void noPongIsLostUnderLoad() throws ProtocolException {
    Engine server = Wire.engine(Role.SERVER);
    Outbox out = Wire.outbox();
    byte[] ping = Wire.frames(Role.CLIENT, "89:70 82:00");
    Chunk in = Chunk.ofSize(1000 * ping.length);
    in.buffer.clear();
    for (int i = 0; i < 1000; i++) {
      in.buffer.put(ping);
    }
    in.buffer.flip();
    for (Event event = server.next(in); event != null; event = server.next(in)) {
      switch (event) {
        case PING -> server.pong(server.payload(), out);
        default -> server.binary(server.payload(), out);
      }
    }
    assertEquals("8a0170820100".repeat(1000), Wire.hex(Wire.drain(out)));
  }

  @Test
  void theLengthOfATextIsCountedInBytesNotInCharacters() {
    Outbox out = Wire.outbox();
    Wire.engine(Role.SERVER).text("你".repeat(42), out); // 126 bytes: a longer form
    byte[] wire = Wire.drain(out);
    assertEquals("817e007e", Wire.hex(wire).substring(0, 8));
    assertArrayEquals(Wire.frame(Role.SERVER, 0x81, Engine.utf8("你".repeat(42))), wire);
  }
}
