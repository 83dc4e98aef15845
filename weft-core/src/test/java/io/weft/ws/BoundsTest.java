package io.weft.ws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Chunk;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// §10.4: every bound met, and crossed by one.
final class BoundsTest {

  /// At most 10 bytes in at most 4 fragments, 2 of them empty.
  private static final Bounds SMALL = new Bounds(10, 4, 2);

  private static final String TEN = "61616161616161616161";

  @ParameterizedTest
  @CsvSource({
    "one frame of 10 bytes, 81:" + TEN + ", TEXT aaaaaaaaaa",
    "fragments of 10 bytes, 01:61616161 80:616161616161, TEXT aaaaaaaaaa",
    "one frame of 11 bytes, 81:" + TEN + "61, BREACH 1009",
    "one binary frame of 11 bytes, 82:" + TEN + "61, BREACH 1009",
    "a first fragment of 11 bytes, 01:" + TEN + "61, BREACH 1009",
    "fragments of 11 bytes, 02:61616161 80:61616161616161, BREACH 1009",
    "fragments of 11 bytes and no end, 02:" + TEN + " 00:61, BREACH 1009",
    "a large ping inside a message, 01:"
        + TEN
        + " 89:"
        + TEN
        + TEN
        + " 80:,"
        + " PING "
        + TEN
        + TEN
        + " | TEXT aaaaaaaaaa",
    "4 fragments, 02:01 00:02 00:03 80:04, BINARY 01020304",
    "5 fragments, 02:01 00:02 00:03 00:04 80:05, BREACH 1008",
    "5 fragments and pings, 02:01 89: 00:02 00:03 89: 00:04 80:05, PING | PING | BREACH 1008",
    "2 empty fragments, 02: 00:02 80:, BINARY 02",
    "3 empty fragments, 02: 00: 00: 80:01, BREACH 1008",
    "3 empty fragments at the end, 02:01 00: 00: 80:, BREACH 1008",
    "a new count for a new message, 02: 00: 80:61 02: 00: 80:62, BINARY 61 | BINARY 62",
    "whole empty messages, 81: 81: 81: 81:, TEXT | TEXT | TEXT | TEXT",
  })
  void hold(String what, String frames, String events) {
    for (Role role : Role.values()) {
      byte[] wire = Wire.frames(role.peer(), frames);
      assertEquals(events, Wire.hear(small(role), wire), what);
      assertEquals(events, Wire.hearByteByByte(small(role), wire), what);
      for (int cut = 0; cut <= wire.length; cut++) {
        assertEquals(events, Wire.hear(small(role), wire, cut), what + " cut at byte " + cut);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "11 bytes, 820b, 1009",
    "2^31 bytes, 827f0000000080000000, 1009",
    "2^62 bytes, 827f4000000000000000, 1009",
    "2^63 - 1 bytes, 827f7fffffffffffffff, 1009",
    "2^63 - 1 bytes in a first fragment, 027f7fffffffffffffff, 1009",
    "2^63 - 1 bytes in a second fragment, 020161007f7fffffffffffffff, 1009",
  })
  void areHeldByTheHeaderBeforeThePayloadComes(String what, String hex, int code) {
    Engine engine = small(Role.CLIENT);
    Chunk header = Chunk.copyOf(Wire.hex(hex));
    var breach = assertThrows(ProtocolException.class, () -> engine.next(header), what);
    assertEquals(code, breach.closeCode);
    assertTrue(breach.getMessage().contains("10 bytes"), breach.getMessage());
  }

  @Test
  void mayForbidEmptyFragments() {
    Bounds none = new Bounds(10, 4, 0);
    byte[] wire = Wire.frames(Role.CLIENT, "81: 01:");
    assertEquals("TEXT | BREACH 1008", Wire.hear(Wire.engine(Role.SERVER, none, null), wire));
  }

  @Test
  void mayBeAsSmallAsOneByteInOneFrame() {
    Bounds least = new Bounds(1, 1, 0);
    byte[] wire = Wire.frames(Role.CLIENT, "81:61 81: 01:61 80:");
    assertEquals(
        "TEXT a | TEXT | BREACH 1008", Wire.hear(Wire.engine(Role.SERVER, least, null), wire));
  }

  @ParameterizedTest
  @CsvSource({"0, 1, 0", "-1, 1, 0", "1, 0, 0", "1, 1, -1"})
  void haveToMakeSense(int messageBytes, int fragments, int emptyFragments) {
    assertThrows(
        IllegalArgumentException.class, () -> new Bounds(messageBytes, fragments, emptyFragments));
  }

  @Test
  void meetAMessageThatHasBegun() throws ProtocolException {
    for (Role role : Role.values()) {
      byte[] wire = Wire.frames(role.peer(), "82:0102 01:61 89:70 80:62 8a:71");
      Engine engine = Wire.engine(role);
      assertFalse(engine.isMidMessage(), "at the start");
      int mask = role == Role.SERVER ? 4 : 0;
      int[] ends = {4 + mask, 13 + 4 * mask, 16 + 5 * mask}; // of whole messages and lone pongs
      for (int at = 1; at <= wire.length; at++) {
        Chunk one = Chunk.copyOf(Arrays.copyOfRange(wire, at - 1, at));
        while (engine.next(one) != null) {
          // Only where it stands is asked here.
        }
        boolean atEnd = at == ends[0] || at == ends[1] || at == ends[2];
        assertEquals(!atEnd, engine.isMidMessage(), role + " at byte " + at);
      }
    }
  }

  @Test
  void letGoOfWhatHadBegunAtAClose() throws ProtocolException {
    Engine engine = Wire.engine(Role.SERVER);
    assertNull(engine.next(Chunk.copyOf(Wire.frames(Role.CLIENT, "01:61"))));
    assertTrue(engine.isMidMessage());
    assertEquals(Event.CLOSE, engine.next(Chunk.copyOf(Wire.frames(Role.CLIENT, "88:"))));
    assertFalse(engine.isMidMessage());
  }

  @Test
  void tellHowMuchOfAMessageHasCome() throws ProtocolException {
    Engine engine = Wire.engine(Role.SERVER);
    Chunk begun = Chunk.copyOf(java.util.HexFormat.of().parseHex("0285000000000102"));
    assertEquals(0, engine.messageBytes());
    assertNull(engine.next(begun));
    assertEquals(2, engine.messageBytes());
    assertNull(engine.next(Chunk.copyOf(java.util.HexFormat.of().parseHex("030405"))));
    assertEquals(5, engine.messageBytes());
    assertNull(engine.next(Chunk.copyOf(java.util.HexFormat.of().parseHex("898400000000aabb"))));
    assertEquals(5, engine.messageBytes(), "a ping between is none of it");
  }

  private static Engine small(Role role) {
    return Wire.engine(role, SMALL, null);
  }
}
