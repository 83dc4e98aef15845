package io.weft.ws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Chunk;
import io.weft.bytes.Holder;
import io.weft.bytes.Outbox;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// §6.1: what we send, byte for byte, and what the other end makes of it.
final class SendingTest {

  private final Outbox out = Wire.outbox();

  @ParameterizedTest
  @CsvSource({
    "SERVER, Hello, 810548656c6c6f",
    "CLIENT, Hello, 818537fa213d7f9f4d5158",
    "SERVER, 你好啊, 8109e4bda0e5a5bde5958a",
    "SERVER, '', 8100",
    "CLIENT, '', 818037fa213d",
  })
  void writesAText(Role role, String text, String hex) {
    Wire.engine(role).text(text, out);
    assertEquals(hex, Wire.hex(Wire.drain(out)));
  }

  @Test
  void writesTheClientFramesOfTheTutorials() {
    int[] keys = {0x0489_E429, 0x0A94_AC23};
    var next = new AtomicInteger();
    Engine client =
        new Engine(
            new Engine.Terms(Role.CLIENT, Wire.BOUNDS, () -> keys[next.getAndIncrement()]),
            Holder.uncounted(Wire.POOL),
            null);
    client.text("Hello world", out);
    client.text("你好啊", out);
    assertEquals(
        "818b0489e4294cec88456ba9934676e580" + "81890a94ac23ee290cc6af2949b680",
        Wire.hex(Wire.drain(out)));
  }

  @Test
  void asksForAFreshKeyForEachFrameOfAClientAndForNoneOfAServer() {
    var asked = new AtomicInteger();
    for (Role role : Role.values()) {
      Engine engine =
          new Engine(
              new Engine.Terms(role, Wire.BOUNDS, asked::incrementAndGet),
              Holder.uncounted(Wire.POOL),
              null);
      engine.text("a", out);
      engine.binary(ByteBuffer.allocate(0), out);
      engine.ping(ByteBuffer.allocate(1), out);
      engine.pong(ByteBuffer.allocate(1), out);
      engine.close(1000, "", out);
      assertEquals(5, asked.get(), role.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 112, 113, 114, 125, 126, 127, 65_535, 65_536, 200_000})
  void reachesTheOtherEnd(int length) {
    byte[] data = new byte[length];
    new SplittableRandom(length).nextBytes(data);
    String text = "é".repeat(length / 2);
    for (Role role : Role.values()) {
      Engine engine = Wire.engine(role);
      ByteBuffer source = ByteBuffer.wrap(data);
      engine.binary(source, out);
      assertEquals(length, source.remaining());
      engine.text(text, out);
      engine.text(Engine.utf8(text), out);
      int textBytes = 2 * (length / 2);
      assertEquals(
          Engine.frameBytes(role, length) + 2 * Engine.frameBytes(role, textBytes), out.bytes());
      String expected =
          ("BINARY " + Wire.hex(data)).trim() + (" | " + ("TEXT " + text).trim()).repeat(2);
      assertEquals(expected, Wire.hear(Wire.engine(role.peer()), Wire.drain(out)));
    }
  }

  @Test
  void writesAFrameToBeShared() {
    for (int length : new int[] {0, 3, 125, 126, 65_536}) {
      byte[] data = new byte[length];
      new SplittableRandom(length).nextBytes(data);
      ByteBuffer payload = ByteBuffer.wrap(data);
      Chunk chunk = Chunk.ofSize(Engine.frameBytes(Role.SERVER, length) + 5);
      for (int loop = 0; loop < 2; loop++) {
        Engine.frame(Opcode.BINARY, false, payload, chunk);
        assertEquals(length, payload.remaining(), "it can be framed for another loop");
        byte[] frame = new byte[chunk.remaining()];
        chunk.buffer.get(0, frame);
        assertArrayEquals(Wire.frame(Role.SERVER, 0x82, data), frame);
      }
    }
  }

  @Test
  void sendsControlFramesOf125BytesAndNoLonger() {
    Engine engine = Wire.engine(Role.CLIENT);
    ByteBuffer longest = ByteBuffer.allocate(125);
    engine.ping(longest.duplicate(), out);
    engine.pong(longest.duplicate(), out);
    String zeros = "00".repeat(125);
    assertEquals(
        "PING " + zeros + " | PONG " + zeros, Wire.hear(Wire.engine(Role.SERVER), Wire.drain(out)));
    ByteBuffer longer = ByteBuffer.allocate(126);
    var fault = assertThrows(IllegalArgumentException.class, () -> engine.ping(longer, out));
    assertTrue(fault.getMessage().contains("126"), fault.getMessage());
    assertThrows(IllegalArgumentException.class, () -> engine.pong(longer, out));
    assertTrue(out.isEmpty());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 6, 7, 8, 9, 15, 16, 40})
  void refusesHalfASurrogatePairAndSaysWhere(int at) {
    Engine engine = Wire.engine(Role.SERVER);
    String before = "你".repeat(at / 2) + "a".repeat(at - at / 2);
    for (String half : new String[] {"\uD83D", "\uDE00", "\uDE00\uD83D", "\uD83D\uD83D\uDE00"}) {
      for (String after : new String[] {"", "a", "好啊好啊好啊"}) {
        String text = before + half + after;
        var fault = assertThrows(IllegalArgumentException.class, () -> engine.text(text, out));
        assertTrue(fault.getMessage().contains("index " + at + " "), fault.getMessage());
      }
    }
    assertThrows(IllegalArgumentException.class, () -> engine.close(1000, "\uD83D", out));
    assertTrue(out.isEmpty());
    assertTrue(engine.maySend());
  }

  @ParameterizedTest
  @ValueSource(strings = {"?", "why?", "什么?", "\uD83D\uDE00?", "????????", "1234567?", "12345678?"})
  void sendsQuestionMarksAndWholePairs(String text) {
    assertArrayEquals(text.getBytes(StandardCharsets.UTF_8), Engine.utf8(text));
  }
}
