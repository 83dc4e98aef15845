package io.weft.ws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.weft.bytes.Chunk;
import io.weft.bytes.Holder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

/// What no peer can cause: the faults of whoever calls, and our own.
final class OwnMistakesTest {

  @Test
  void aPayloadIsGoodUntilTheNextPull() throws ProtocolException {
    Engine engine = Wire.engine(Role.CLIENT);
    assertThrows(IllegalStateException.class, engine::payload);
    assertThrows(IllegalStateException.class, engine::text);
    Chunk in = Chunk.copyOf(Wire.frames(Role.SERVER, "81:61 88:03e8"));
    assertEquals(Event.TEXT, engine.next(in));
    assertEquals("a", engine.text());
    assertEquals("a", engine.text(), "as often as one likes");
    assertEquals(Event.CLOSE, engine.next(in));
    assertThrows(IllegalStateException.class, engine::payload);
    assertNull(engine.next(in));
    assertThrows(IllegalStateException.class, engine::text);
  }

  @Test
  void aBreachHasACodeThatCanBeSent() {
    assertThrows(AssertionError.class, () -> new ProtocolException(1006, "§7.1.5", "none"));
    var breach = new ProtocolException(1002, "§5.2", "RSV2 is set");
    assertEquals("§5.2: RSV2 is set", breach.getMessage());
    assertEquals(0, breach.getStackTrace().length);
  }

  @Test
  void headersAreBigEndianAndBeginAMessage() {
    ByteBuffer little = ByteBuffer.allocate(FrameHeader.MAX_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    assertThrows(AssertionError.class, () -> FrameHeader.judge(little, Role.CLIENT));
    assertThrows(
        AssertionError.class,
        () -> FrameHeader.write(little, Role.SERVER, Opcode.TEXT, false, 0, 0));
    ByteBuffer out = ByteBuffer.allocate(FrameHeader.MAX_BYTES);
    assertThrows(
        AssertionError.class,
        () -> FrameHeader.write(out, Role.SERVER, Opcode.CONTINUATION, false, 0, 0));
    assertThrows(
        AssertionError.class,
        () -> new Assembly(Wire.BOUNDS, Holder.uncounted(Wire.POOL), Opcode.CONTINUATION, null));
    Chunk chunk = Chunk.ofSize(10);
    assertThrows(AssertionError.class, () -> Engine.frame(Opcode.PING, false, out, chunk));
  }
}
