package io.weft.ws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// §5.5.1 and §7: one Close each way, and nothing after it.
final class ClosingHandshakeTest {

  private final Outbox out = Wire.outbox();

  @ParameterizedTest
  @EnumSource(Role.class)
  void isAnsweredOnceWithTheSameCode(Role role) throws ProtocolException {
    Engine engine = Wire.engine(role);
    assertEquals(1005, engine.closeCode(), "before any Close");
    assertEquals("", engine.closeReason(), "before any Close");

    assertEquals(Event.CLOSE, engine.next(in(role, "88:0fa16f7563 81:61")));
    assertEquals(4001, engine.closeCode());
    assertEquals("ouc", engine.closeReason());
    assertTrue(engine.maySend());
    assertFalse(engine.isClosed(), "the peer was first");

    assertTrue(engine.close(engine.closeCode(), "", out));
    assertTrue(engine.isClosed());
    assertFalse(engine.maySend());
    assertFalse(engine.close(1000, "again", out));
    assertEquals("CLOSE 4001", sent(role));
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void isBegunByUs(Role role) throws ProtocolException {
    Engine engine = Wire.engine(role);
    assertTrue(engine.close(1001, "再见", out));
    assertEquals("CLOSE 1001 再见", sent(role));
    assertFalse(engine.maySend());
    assertFalse(engine.isClosed());

    Chunk in = in(role, "81:61 89:62 88:03e9");
    assertEquals(Event.TEXT, engine.next(in), "sent before the peer knew");
    assertEquals(Event.PING, engine.next(in));
    engine.pong(engine.payload(), out);
    assertTrue(out.isEmpty(), "a pong after our Close");
    assertEquals(Event.CLOSE, engine.next(in));
    assertTrue(engine.isClosed(), "we were first, and nothing is to be answered");
    assertFalse(engine.close(1000, "", out));
    assertTrue(out.isEmpty());
  }

  @Test
  void answersACloseWithoutACodeWithoutOne() throws ProtocolException {
    Engine engine = Wire.engine(Role.SERVER);
    assertEquals(Event.CLOSE, engine.next(in(Role.SERVER, "88:")));
    assertTrue(engine.close(engine.closeCode(), "", out));
    assertEquals("8800", Wire.hex(Wire.drain(out)));
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void ignoresWhatFollowsAReceivedClose(Role role) throws ProtocolException {
    Engine engine = Wire.engine(role);
    Chunk in = in(role, "88:03e8 81:61 83: 88:");
    assertEquals(Event.CLOSE, engine.next(in));
    assertNull(engine.next(in));
    assertEquals(0, in.remaining());
    engine.close(1000, "", out);
    assertNull(engine.next(in(role, "8f:00")));
    assertEquals(1000, engine.closeCode());
    assertFalse(engine.isMidMessage());
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void ignoresWhatFollowsABreachButTellsWhy(Role role) throws ProtocolException {
    Engine engine = Wire.engine(role);
    Chunk in = in(role, "83: 81:61");
    assertThrows(ProtocolException.class, () -> engine.next(in));
    assertEquals(0, in.remaining());
    assertNull(engine.next(in(role, "81:61 88:03e8")));
    assertTrue(engine.maySend());
    assertFalse(engine.isClosed());
    assertTrue(engine.close(1002, "reserved", out));
    assertTrue(engine.isClosed());
    assertEquals("CLOSE 1002 reserved", sent(role));
  }

  @Test
  void endsAtABreachIfOurCloseHadGone() {
    Engine engine = Wire.engine(Role.SERVER);
    engine.close(1000, "", out);
    Chunk in = in(Role.SERVER, "83:");
    assertThrows(ProtocolException.class, () -> engine.next(in));
    assertTrue(engine.isClosed());
    assertFalse(engine.close(1002, "", out));
  }

  @Test
  void letsNothingGoBehindOurClose() {
    Engine engine = Wire.engine(Role.SERVER);
    engine.close(1000, "", out);
    Wire.drain(out);
    ByteBuffer some = ByteBuffer.allocate(1);
    assertThrows(IllegalStateException.class, () -> engine.text("a", out));
    assertThrows(IllegalStateException.class, () -> engine.binary(some, out));
    assertThrows(IllegalStateException.class, () -> engine.ping(some, out));
    engine.pong(some, out);
    assertTrue(out.isEmpty());
  }

  @ParameterizedTest
  @CsvSource({"by the peer, 88:03e8", "by a breach, 83:"})
  void letsWhatWasTakenBeforeGoAheadOfOurClose(String how, String frames) {
    Engine engine = Wire.engine(Role.SERVER);
    Wire.hear(engine, Wire.frames(Role.CLIENT, frames));
    engine.pong(ByteBuffer.allocate(1), out);
    assertTrue(out.isEmpty(), how + ": nobody waits for a pong");
    engine.text("a", out);
    assertTrue(engine.close(1000, "", out), how);
    assertEquals("TEXT a | CLOSE 1000", sent(Role.SERVER), how);
  }

  @ParameterizedTest
  @CsvSource({"999", "1004", "1006", "1015", "2999", "5000", "70000", "-1"})
  void refusesToSendACodeThatIsNotForTheWire(int code) {
    Engine engine = Wire.engine(Role.SERVER);
    var fault = assertThrows(IllegalArgumentException.class, () -> engine.close(code, "why", out));
    assertTrue(fault.getMessage().contains(Integer.toString(code)), fault.getMessage());
    assertTrue(engine.maySend());
    assertTrue(out.isEmpty());
  }

  @Test
  void refusesToSendAReasonWithoutACode() {
    Engine engine = Wire.engine(Role.SERVER);
    assertThrows(IllegalArgumentException.class, () -> engine.close(1005, "why", out));
    assertTrue(engine.close(1005, "", out));
  }

  @Test
  void sendsAReasonOf123BytesAndNoLonger() {
    Engine engine = Wire.engine(Role.SERVER);
    String longest = "再".repeat(41);
    var fault =
        assertThrows(IllegalArgumentException.class, () -> engine.close(1000, longest + "x", out));
    assertTrue(fault.getMessage().contains("124"), fault.getMessage());
    assertTrue(engine.close(1000, longest, out));
    assertEquals("CLOSE 1000 " + longest, sent(Role.SERVER));
  }

  private static Chunk in(Role role, String frames) {
    return Chunk.copyOf(Wire.frames(role.peer(), frames));
  }

  private String sent(Role by) {
    return Wire.hear(Wire.engine(by.peer()), Wire.drain(out));
  }
}
