package io.weft.ws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Outbox;
import io.weft.zlib.CodecMemory;
import io.weft.zlib.Compressor;
import io.weft.zlib.Corpus;
import io.weft.zlib.Counting;
import io.weft.zlib.Decompressor;
import io.weft.zlib.StrictInflater;
import io.weft.zlib.Zlib;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// RFC 7692: compressed messages in and out of an engine, with either library, and the memory of
/// it.
final class DeflateTest {

  private static final Bounds SMALL = new Bounds(10, 100, 64);
  private static final DeflateOffer TAKEOVER = new DeflateOffer(false, false, 0, 0);
  private static final DeflateOffer ALONE = new DeflateOffer(true, true, 0, 0);

  private final CodecMemory memory = new CodecMemory();
  private final List<Codecs> all = new ArrayList<>();
  private final List<Engine> engines = new ArrayList<>();

  static Stream<Zlib> both() {
    return Stream.of(Zlib.system(), Zlib.jdk());
  }

  private Codecs codecs(Zlib zlib, long mostBytes) {
    return codecs(zlib, mostBytes, 64, 100);
  }

  private Codecs codecs(Zlib zlib, long mostBytes, int threshold, int ratio) {
    return codecs(zlib, new Codecs.Settings(6, 5, 5, threshold, ratio, mostBytes));
  }

  private Codecs codecs(Zlib zlib, Codecs.Settings settings) {
    var codecs = new Codecs(zlib, memory, settings);
    all.add(codecs);
    return codecs;
  }

  private Codecs codecs(Zlib zlib) {
    return codecs(zlib, 1 << 30);
  }

  private Engine engine(Role role, Bounds bounds, Extension deflate) {
    Engine engine = Wire.engine(role, bounds, deflate);
    engines.add(engine);
    return engine;
  }

  /// Whatever a test does: when the connections are gone and the loop ends, no codec is left.
  @AfterEach
  void nothingIsLeft() {
    engines.forEach(Engine::release);
    all.forEach(Codecs::close);
    assertEquals(0, memory.bytes());
  }

  // ---- Receiving --------------------------------------------------------------------------------

  /// The examples of RFC 7692 §7.2.3, and what lies beside them.
  @ParameterizedTest
  @CsvSource({
    "§7.2.3.1, c1:f248cdc9c90700, TEXT Hello",
    "§7.2.3.1 in two fragments, 41:f248cd 80:c9c90700, TEXT Hello",
    "§7.2.3.2 the same again, c1:f248cdc9c90700 c1:f248cdc9c90700, TEXT Hello | TEXT Hello",
    "§7.2.3.3 a stored block, c1:000500faff48656c6c6f00, TEXT Hello",
    "§7.2.3.4 a final block, c1:f348cdc9c9070000, TEXT Hello",
    "a final block without padding, c1:f348cdc9c90700, TEXT Hello",
    "and a message after it, c1:f348cdc9c90700 c1:f248cdc9c90700, TEXT Hello | TEXT Hello",
    "a final block in the middle, c1:f348cdc9c90700f248cdc9c90700, TEXT HelloHello",
    "two final blocks, c1:f348cdc9c90700f348cdc9c9070000, TEXT HelloHello",
    "§7.2.3.5 two blocks, c1:f248050000 00ffffcac9c90700, TEXT Hello",
    "§7.2.3.6 an empty message, c1:00, TEXT",
    "an empty message without its byte, c1:, TEXT",
    "empty blocks, c1:000000ffff000000ffff00, TEXT",
    "empty fragments, 41: 00:f248cdc9c90700 00: 80:, TEXT Hello",
    "a ping between, 41:f248cd 89:61 80:c9c90700, PING 61 | TEXT Hello",
    "a plain message between, c1:f248cdc9c90700 81:61 c2:f248cdc9c90700, TEXT Hello | TEXT a | BINARY 48656c6c6f",
    "a plain one in fragments, 01:61 80:62 c1:00, TEXT ab | TEXT",
    "a block of type 3, c1:06, BREACH 1007",
    "a wrong length, c1:000500faf048656c6c6f00, BREACH 1007",
    "a reference before the beginning, c1:022600000000, BREACH 1007",
    "not UTF-8, c1:000200fdffc32800, BREACH 1007",
    "half a code point, c1:000100feffe400, BREACH 1007",
    "half a code point in each of two blocks, c1:000100feffc3000100feffa900, TEXT é",
    "RSV1 on a continuation, 41:f248cd c0:c9c90700, BREACH 1002",
    "RSV1 on a ping, c9:, BREACH 1002",
    "RSV2, e1:00, BREACH 1002",
    "10 bytes, c2:000a00f5ff6161616161616161616100, BINARY 61616161616161616161",
    "11 bytes, c2:000b00f4ff616161616161616161616100, BREACH 1009",
    "11 bytes in two, 42:000a00f5ff61616161616161616161 80:000100feff6100, BREACH 1009",
  })
  void inflates(String what, String frames, String events) {
    for (Zlib zlib : both().toList()) {
      for (DeflateOffer agreed : List.of(TAKEOVER, ALONE)) {
        for (Role role : Role.values()) {
          byte[] wire = Wire.frames(role.peer(), frames.replace("0000 00", "000000"));
          Codecs codecs = codecs(zlib);
          assertEquals(events, Wire.hear(hearing(role, codecs, agreed), wire), what);
          assertEquals(events, Wire.hearByteByByte(hearing(role, codecs, agreed), wire), what);
          for (int cut = 0; cut <= wire.length; cut++) {
            String cutAt = what + " cut at byte " + cut;
            assertEquals(events, Wire.hear(hearing(role, codecs, agreed), wire, cut), cutAt);
          }
        }
      }
    }
  }

  private Engine hearing(Role role, Codecs codecs, DeflateOffer agreed) {
    return engine(role, SMALL, new Deflate(codecs, role, agreed, 15));
  }

  /// §7.2.3.2: with context takeover the second message refers to the first; without it that is a
  /// reference before the beginning.
  @Test
  void takesTheContextOverOnlyIfAgreed() {
    for (Zlib zlib : both().toList()) {
      byte[] wire = Wire.frames(Role.CLIENT, "c1:f248cdc9c90700 c1:f200110000");
      Engine with = hearing(Role.SERVER, codecs(zlib), TAKEOVER);
      assertEquals("TEXT Hello | TEXT Hello", Wire.hear(with, wire));
      Engine without = hearing(Role.SERVER, codecs(zlib), ALONE);
      assertEquals("TEXT Hello | BREACH 1007", Wire.hear(without, wire));
      var asymmetric = new DeflateOffer(false, true, 0, 0);
      Engine server = hearing(Role.SERVER, codecs(zlib), asymmetric);
      assertEquals("TEXT Hello | BREACH 1007", Wire.hear(server, wire));
      byte[] back = Wire.frames(Role.SERVER, "c1:f248cdc9c90700 c1:f200110000");
      Engine client = hearing(Role.CLIENT, codecs(zlib), asymmetric);
      assertEquals("TEXT Hello | TEXT Hello", Wire.hear(client, back));
    }
  }

  /// A corpus, in random fragments and reads, with pings between, beside the JDK's own classes.
  @ParameterizedTest
  @MethodSource("both")
  void inflatesWhatZlibDeflates(Zlib zlib) {
    for (long seed = 0; seed < 150; seed++) {
      var random = new SplittableRandom(seed);
      boolean takeover = random.nextBoolean();
      DeflateOffer agreed = takeover ? TAKEOVER : ALONE;
      var wire = new ByteArrayOutputStream();
      var expected = new ArrayList<String>();
      Deflater deflater = new Deflater(random.nextInt(1, 10), true);
      for (int n = random.nextInt(1, 5); n > 0; n--) {
        byte[] message = Corpus.message(random, random.nextInt(1, 50_000));
        expected.add("BINARY " + Wire.hex(message));
        byte[] payload = deflated(deflater, message);
        fragments(random, wire, expected, payload);
        if (!takeover) {
          deflater.reset();
        }
      }
      deflater.end();
      Engine engine =
          engine(
              Role.SERVER,
              Wire.BOUNDS,
              new Deflate(codecs(zlib, 1L << 30, 64, 2000), Role.SERVER, agreed, 15));
      byte[] bytes = wire.toByteArray();
      int[] cuts = random.ints(random.nextInt(30), 0, bytes.length).sorted().toArray();
      assertEquals(String.join(" | ", expected), Wire.hear(engine, bytes, cuts), "seed " + seed);
    }
  }

  private static byte[] deflated(Deflater deflater, byte[] message) {
    deflater.setInput(message);
    byte[] out = new byte[2 * message.length + 100];
    int bytes = deflater.deflate(out, 0, out.length, Deflater.SYNC_FLUSH);
    return Arrays.copyOf(out, bytes - 4);
  }

  private static void fragments(
      SplittableRandom random, ByteArrayOutputStream wire, List<String> expected, byte[] payload) {
    int from = 0;
    int first = 0x42;
    for (int more = random.nextInt(5); more > 0; more--) {
      int to = random.nextInt(from, payload.length + 1);
      wire.writeBytes(Wire.frame(Role.CLIENT, first, Arrays.copyOfRange(payload, from, to)));
      if (random.nextInt(3) == 0) {
        wire.writeBytes(Wire.frames(Role.CLIENT, "89:07"));
        expected.add(expected.size() - 1, "PING 07");
      }
      from = to;
      first = 0;
    }
    byte[] rest = Arrays.copyOfRange(payload, from, payload.length);
    wire.writeBytes(Wire.frame(Role.CLIENT, 0x80 | first, rest));
  }

  // ---- Bombs ------------------------------------------------------------------------------------

  private static final Map<Integer, byte[]> BOMBS = new ConcurrentHashMap<>();

  /// So many zeros, compressed; made once.
  static byte[] bomb(int bytes) {
    return BOMBS.computeIfAbsent(bytes, DeflateTest::zeros);
  }

  private static byte[] zeros(int bytes) {
    Deflater deflater = new Deflater(9, true);
    byte[] zeros = new byte[1 << 20];
    var wire = new ByteArrayOutputStream();
    byte[] out = new byte[1 << 16];
    for (int left = bytes; left > 0; left -= zeros.length) {
      deflater.setInput(zeros, 0, Math.min(left, zeros.length));
      int step;
      do {
        step = deflater.deflate(out, 0, out.length, Deflater.NO_FLUSH);
        wire.write(out, 0, step);
      } while (step > 0);
    }
    int step = deflater.deflate(out, 0, out.length, Deflater.SYNC_FLUSH);
    wire.write(out, 0, step - 4);
    deflater.end();
    return wire.toByteArray();
  }

  /// However it comes, a bomb ends when a message is one byte too large, or too much came of too
  /// little; nothing is inflated beyond, and its memory is free at once.
  @ParameterizedTest
  @CsvSource({
    "16777216, 100, 81920",
    "16777216, 5000, 1048577",
    "1073741824, 100, 81920",
    "1073741824, 5000, 1048577",
  })
  void endsABomb(int bytes, int ratio, long inflated) {
    byte[] bomb = bomb(bytes);
    for (Zlib zlib : both().toList()) {
      for (int fragmentBytes : new int[] {bomb.length, 1000, 1}) {
        var bounds = new Bounds(1 << 20, 1 << 24, 64);
        var counting = new Counting(zlib);
        Codecs codecs = codecs(counting, 1 << 30, 64, ratio);
        Engine engine = engine(Role.SERVER, bounds, new Deflate(codecs, Role.SERVER, ALONE, 15));
        String end = Wire.hear(engine, fragmented(bomb, fragmentBytes, 8_000));
        assertEquals("BREACH 1009", end, fragmentBytes + " bytes a fragment");
        assertEquals(inflated, counting.inflatedBytes, fragmentBytes + " bytes a fragment");
      }
    }
  }

  /// As many fragments as it takes to be noticed.
  private static byte[] fragmented(byte[] payload, int fragmentBytes, int most) {
    if (fragmentBytes == payload.length && payload.length < 2 << 20) {
      return Wire.frame(Role.CLIENT, 0xC2, payload);
    }
    var wire = new ByteArrayOutputStream();
    for (int n = 0; n < most && (n + 1) * fragmentBytes < payload.length; n++) {
      byte[] piece = Arrays.copyOfRange(payload, n * fragmentBytes, (n + 1) * fragmentBytes);
      wire.writeBytes(Wire.frame(Role.CLIENT, n == 0 ? 0x42 : 0, piece));
    }
    return wire.toByteArray();
  }

  @Test
  void ends200BombsAtOnce() {
    byte[] bomb = bomb(16 << 20);
    Codecs codecs = codecs(Zlib.system(), 1 << 30, 64, 5000);
    List<Engine> victims = new ArrayList<>();
    for (int n = 0; n < 200; n++) {
      victims.add(engine(Role.SERVER, Wire.BOUNDS, new Deflate(codecs, Role.SERVER, ALONE, 15)));
    }
    int half = 900;
    for (Engine victim : victims) {
      byte[] first = Wire.frame(Role.CLIENT, 0x42, Arrays.copyOf(bomb, half));
      assertEquals("", Wire.hear(victim, first));
    }
    assertEquals(200 * Zlib.system().decompressorBytes(15), memory.bytes());
    byte[] rest = Wire.frame(Role.CLIENT, 0x80, Arrays.copyOfRange(bomb, half, bomb.length));
    for (Engine victim : victims) {
      assertEquals("BREACH 1009", Wire.hear(victim, rest));
    }
    assertTrue(memory.bytes() < 5 * Zlib.system().decompressorBytes(15), memory.bytes() + " bytes");
  }

  /// 100 to 1 is judged above 64 KiB, every 16 KiB, by what the message took up to there.
  @Test
  void judgesTheRatio() {
    for (Zlib zlib : both().toList()) {
      Codecs codecs = codecs(zlib);
      assertEquals("81919", heard(codecs, bomb(81_919)), "below the first step that is judged");
      assertEquals("BREACH 1009", heard(codecs, bomb(81_920)));
      // 64 KiB of zeros after enough of what does not shrink
      byte[] honest = new byte[200_000];
      new SplittableRandom(1).nextBytes(honest);
      Arrays.fill(honest, 2_000, honest.length, (byte) 0);
      Deflater deflater = new Deflater(9, true);
      assertEquals("200000", heard(codecs, deflated(deflater, honest)));
      deflater.end();
    }
  }

  private String heard(Codecs codecs, byte[] payload) {
    Engine engine = engine(Role.SERVER, Wire.BOUNDS, new Deflate(codecs, Role.SERVER, ALONE, 15));
    String whole = Wire.hear(engine, Wire.frame(Role.CLIENT, 0xC2, payload));
    Engine cut = engine(Role.SERVER, Wire.BOUNDS, new Deflate(codecs, Role.SERVER, ALONE, 15));
    assertEquals(whole, Wire.hearByteByByte(cut, Wire.frame(Role.CLIENT, 0xC2, payload)));
    return whole.startsWith("BINARY ") ? "" + (whole.length() - 7) / 2 : whole;
  }

  // ---- Sending ----------------------------------------------------------------------------------

  @Test
  void sendsTheExamplesOfTheRfc() {
    for (Zlib zlib : both().toList()) {
      var deflate = new Deflate(codecs(zlib), Role.SERVER, TAKEOVER, 15);
      Engine engine = engine(Role.SERVER, Wire.BOUNDS, deflate);
      assertEquals("c107f248cdc9c90700", sent(engine, "Hello", Encoding.ALWAYS), "§7.2.3.1");
      assertEquals("c105f200110000", sent(engine, "Hello", Encoding.ALWAYS), "§7.2.3.2");
      assertEquals("c10100", sent(engine, "", Encoding.ALWAYS), "§7.2.3.6");
      assertTrue(sent(engine, "Hello", Encoding.ALWAYS).startsWith("c104"), "still known");
      deflate.restart();
      assertEquals("c107f248cdc9c90700", sent(engine, "Hello", Encoding.ALWAYS), "forgotten");
      assertEquals("c105f200110000", sent(engine, "Hello", Encoding.ALWAYS), "known again");
      assertEquals("810548656c6c6f", sent(engine, "Hello", Encoding.NEVER));
      assertEquals("810548656c6c6f", sent(engine, "Hello", Encoding.IF_SMALLER), "too short");
      assertTrue(sent(engine, "Hello", Encoding.ALWAYS).startsWith("c104"), "still known");
      engine.release();
    }
  }

  private static String sent(Engine engine, String text, Encoding how) {
    Outbox out = Wire.outbox();
    engine.text(Engine.utf8(text), how, out);
    return Wire.hex(Wire.drain(out));
  }

  @Test
  void leavesWhatDoesNotShrink() {
    for (DeflateOffer agreed : List.of(TAKEOVER, ALONE)) {
      Codecs codecs = codecs(Zlib.system(), 1 << 30, 0, 100);
      Engine engine =
          engine(Role.SERVER, Wire.BOUNDS, new Deflate(codecs, Role.SERVER, agreed, 12));
      var strict = new StrictInflater(12, true);
      var random = new SplittableRandom(5);
      for (int n = 0; n < 50; n++) {
        byte[] noise = new byte[random.nextInt(1, 80_000)];
        random.nextBytes(noise);
        ByteBuffer data = ByteBuffer.wrap(noise);
        Outbox out = Wire.outbox();
        engine.binary(data, out);
        assertEquals(data.capacity(), data.remaining());
        byte[] plain = Wire.drain(out);
        assertEquals((byte) 0x82, plain[0], noise.length + " bytes");
        byte[] text = Corpus.text(random, 3_000);
        engine.text(text, out);
        byte[] frame = Wire.drain(out);
        assertEquals((byte) 0xC1, frame[0]);
        assertArrayEquals(text, strict.message(Arrays.copyOfRange(frame, 4, frame.length)));
      }
      assertEquals("8100", sent(engine, "", Encoding.IF_SMALLER));
      assertEquals("c10100", sent(engine, "", Encoding.ALWAYS));
    }
  }

  @Test
  void sendsLargeMessagesInOneFrame() {
    byte[] noise = new byte[1_000_000];
    new SplittableRandom(3).nextBytes(noise);
    Codecs codecs = codecs(Zlib.system());
    Engine engine = engine(Role.SERVER, Wire.BOUNDS, new Deflate(codecs, Role.SERVER, ALONE, 9));
    for (int length : new int[] {1_000_000, 16_384, 16_379, 65_536, 131_072}) {
      Outbox out = Wire.outbox();
      byte[] message = Arrays.copyOf(noise, length);
      engine.binary(ByteBuffer.wrap(message), Encoding.ALWAYS, out);
      byte[] wire = Wire.drain(out);
      assertEquals((byte) 0xC2, wire[0]);
      assertArrayEquals(message, new StrictInflater(9, false).message(payload(wire)));
    }
  }

  /// Below the threshold nothing is compressed, from it on what shrinks is.
  @Test
  void keepsToTheThreshold() {
    Codecs codecs = codecs(Zlib.system(), 1 << 30, 30, 100);
    Engine engine = engine(Role.SERVER, Wire.BOUNDS, new Deflate(codecs, Role.SERVER, ALONE, 12));
    assertTrue(sent(engine, "a".repeat(29), Encoding.IF_SMALLER).startsWith("811d61"));
    assertTrue(sent(engine, "a".repeat(30), Encoding.IF_SMALLER).startsWith("c1"));
  }

  /// Every pair of windows and either role: what is sent passes a decoder of exactly the window
  /// agreed on, in one read or many, after rests and restarts; and the other engine hears it.
  @Test
  void keepsToTheWindowOnEveryPath() {
    for (long seed = 0; seed < 150; seed++) {
      var random = new SplittableRandom(seed);
      Role role = random.nextBoolean() ? Role.SERVER : Role.CLIENT;
      boolean takeover = random.nextBoolean();
      int bits = random.nextInt(9, 16);
      int other = random.nextInt(8, 16);
      int own = random.nextInt(9, 16);
      DeflateOffer agreed =
          role == Role.SERVER
              ? new DeflateOffer(!takeover, !takeover, bits, other)
              : new DeflateOffer(!takeover, !takeover, other, bits);
      Codecs codecs = codecs(Zlib.system());
      var deflate = new Deflate(codecs, role, agreed, own);
      Engine sender = engine(role, Wire.BOUNDS, deflate);
      Engine receiver =
          engine(
              role.peer(),
              Wire.BOUNDS,
              new Deflate(codecs(Zlib.system(), 1 << 30, 64, 2000), role.peer(), agreed, 15));
      var strict = new StrictInflater(bits, takeover);
      for (int n = 0; n < 6; n++) {
        byte[] message = Corpus.message(random, random.nextInt(1, 60_000));
        Outbox out = Wire.outbox();
        sender.binary(ByteBuffer.wrap(message), how(random), out);
        byte[] wire = Wire.drain(out);
        byte[] payload = payload(wire);
        byte[] seen = (wire[0] & 0x40) == 0 ? payload : strict.message(payload);
        assertArrayEquals(message, seen, "seed " + seed);
        int[] cuts = random.ints(random.nextInt(6), 0, wire.length).sorted().toArray();
        assertEquals(("BINARY " + Wire.hex(message)).trim(), Wire.hear(receiver, wire, cuts));
        switch (random.nextInt(4)) {
          case 0 -> deflate.restart();
          case 1 -> codecs.sweep();
          default -> {}
        }
      }
      sender.release();
      receiver.release();
    }
  }

  private static Encoding how(SplittableRandom random) {
    return switch (random.nextInt(3)) {
      case 0 -> Encoding.NEVER;
      case 1 -> Encoding.IF_SMALLER;
      default -> Encoding.ALWAYS;
    };
  }

  /// The unmasked payload of the one frame in `wire`.
  static byte[] payload(byte[] wire) {
    int length = wire[1] & 0x7F;
    int at = 2 + (length == 126 ? 2 : length == 127 ? 8 : 0);
    boolean masked = wire[1] < 0;
    byte[] payload = Arrays.copyOfRange(wire, at + (masked ? 4 : 0), wire.length);
    for (int i = 0; masked && i < payload.length; i++) {
      payload[i] ^= wire[at + i % 4];
    }
    return payload;
  }

  /// A window that no library compresses with: nothing is compressed, and that is legal.
  @Test
  void sendsPlainWhereTheWindowIsTooSmall() {
    var eight = new DeflateOffer(false, false, 0, 8);
    var deflate = new Deflate(codecs(Zlib.system()), Role.CLIENT, eight, 15);
    assertEquals(0, deflate.sharedBits());
    assertEquals(eight, deflate.agreed());
    Engine engine = engine(Role.CLIENT, Wire.BOUNDS, deflate);
    assertTrue(sent(engine, "a".repeat(200), Encoding.ALWAYS).startsWith("81"));
    assertEquals(12, new Deflate(codecs(Zlib.system()), Role.SERVER, ALONE, 12).sharedBits());
    var ten = new DeflateOffer(true, true, 10, 0);
    assertEquals(0, new Deflate(codecs(Zlib.jdk()), Role.SERVER, ten, 15).sharedBits());
  }

  /// A message that several receivers share, compressed by itself: those that keep a context go on
  /// from there, if the sender begins anew.
  @Test
  void goesOnAfterASharedMessage() {
    Codecs codecs = codecs(Zlib.system());
    var deflate = new Deflate(codecs, Role.SERVER, new DeflateOffer(false, false, 10, 0), 15);
    Engine sender = engine(Role.SERVER, Wire.BOUNDS, deflate);
    var strict = new StrictInflater(10, true);
    for (int n = 0; n < 20; n++) {
      byte[] own =
          ("{\"own\":" + n + ",\"and\":\"" + "text ".repeat(20) + "\"}")
              .getBytes(StandardCharsets.UTF_8);
      Outbox out = Wire.outbox();
      sender.text(own, out);
      assertArrayEquals(own, strict.message(payload(Wire.drain(out))));
      byte[] shared = Corpus.text(new SplittableRandom(n), 2_000);
      ByteBuffer form =
          codecs.encode(ByteBuffer.wrap(shared), Encoding.IF_SMALLER, deflate.sharedBits());
      byte[] bytes = new byte[form.remaining()];
      form.get(bytes);
      deflate.restart();
      assertArrayEquals(shared, strict.message(bytes));
    }
  }

  /// With context takeover and little memory, messages of any size, large ones by themselves: the
  /// receiver's context goes on through all of them.
  @Test
  void goesOnAfterLargeMessages() {
    for (Zlib zlib : both().toList()) {
      for (int memoryLevel = 1; memoryLevel <= 6; memoryLevel++) {
        for (int bits = zlib.leastBits(); bits <= 15; bits++) {
          var random = new SplittableRandom(bits);
          Codecs codecs = codecs(zlib, new Codecs.Settings(6, memoryLevel, 5, 64, 100, 1 << 30));
          var agreed = new DeflateOffer(false, false, bits, 0);
          Engine sender =
              engine(Role.SERVER, Wire.BOUNDS, new Deflate(codecs, Role.SERVER, agreed, 15));
          var strict = new StrictInflater(bits, true);
          for (int n = 0; n < 8; n++) {
            int most = random.nextBoolean() ? 3_000 : 150_000;
            byte[] message = Corpus.message(random, random.nextInt(1, most));
            Outbox out = Wire.outbox();
            sender.binary(ByteBuffer.wrap(message), Encoding.IF_SMALLER, out);
            byte[] wire = Wire.drain(out);
            boolean compressed = (wire[0] & 0x40) != 0;
            assertArrayEquals(message, compressed ? strict.message(payload(wire)) : payload(wire));
          }
          codecs.sweep();
        }
      }
    }
  }

  /// A library that has no memory is asked again and again, and no byte stays counted for what it
  /// did not make.
  @Test
  void countsNoCodecThatCouldNotBeMade() {
    Codecs codecs = codecs(new Exhausted(Zlib.jdk()));
    for (int n = 0; n < 3; n++) {
      ByteBuffer message = ByteBuffer.wrap(new byte[1_000]);
      assertThrows(OutOfMemoryError.class, () -> codecs.encode(message, Encoding.ALWAYS, 15));
      assertThrows(OutOfMemoryError.class, () -> codecs.borrowDecompressor(15));
      assertEquals(0, memory.bytes());
    }
  }

  /// Makes no codec.
  private record Exhausted(Zlib like) implements Zlib {
    @Override
    public String name() {
      return "exhausted";
    }

    @Override
    public int leastBits() {
      return like.leastBits();
    }

    @Override
    public Compressor compressor(int windowBits, int level, int memoryLevel) {
      throw new OutOfMemoryError("no memory for deflateInit2");
    }

    @Override
    public Decompressor decompressor(int windowBits) {
      throw new OutOfMemoryError("no memory for inflateInit2");
    }

    @Override
    public long compressorBytes(int windowBits, int memoryLevel) {
      return like.compressorBytes(windowBits, memoryLevel);
    }

    @Override
    public long decompressorBytes(int windowBits) {
      return like.decompressorBytes(windowBits);
    }
  }

  /// What follows a large message refers to its end, if there was a context before; a large message
  /// alone has none made.
  @Test
  void refersToALargeMessage() {
    Zlib zlib = Zlib.system();
    Codecs codecs = codecs(zlib, new Codecs.Settings(6, 3, 5, 64, 100, 1 << 30));
    Engine engine =
        engine(
            Role.SERVER,
            Wire.BOUNDS,
            new Deflate(codecs, Role.SERVER, new DeflateOffer(false, true, 0, 0), 12));
    byte[] noise = new byte[16 << 10];
    new SplittableRandom(1).nextBytes(noise);
    assertEquals(noise.length, compressedBytes(engine, noise), "no smaller: as it is");
    String words =
        new String(Corpus.text(new SplittableRandom(2), 64 << 10), StandardCharsets.UTF_8);
    byte[] large = words.getBytes(StandardCharsets.UTF_8);
    byte[] end = Arrays.copyOfRange(large, large.length - 1_000, large.length);
    assertTrue(compressedBytes(engine, large) < large.length / 2);
    assertEquals(zlib.compressorBytes(12, 5), memory.bytes(), "the loop's, and none of its own");
    int alone = compressedBytes(engine, end);
    assertTrue(alone > 200, alone + " bytes");
    byte[] other = Corpus.text(new SplittableRandom(3), 5_000);
    compressedBytes(engine, other);
    int forgotten = compressedBytes(engine, end);
    assertTrue(forgotten > 200, forgotten + " bytes");
    compressedBytes(engine, other);
    compressedBytes(engine, large);
    int behind = compressedBytes(engine, end);
    assertTrue(behind < 40, behind + " bytes");
    assertEquals(
        zlib.compressorBytes(12, 5) + zlib.compressorBytes(12, 3), memory.bytes(), "and its own");
  }

  /// Where there is no memory for another compressor, a connection's own does it.
  @Test
  void compressesALargeMessageItselfWhereMemoryIsShort() {
    Zlib zlib = Zlib.system();
    long own = zlib.compressorBytes(12, 3);
    Codecs codecs = codecs(zlib, new Codecs.Settings(6, 3, 5, 64, 100, own));
    Engine engine =
        engine(
            Role.SERVER,
            Wire.BOUNDS,
            new Deflate(codecs, Role.SERVER, new DeflateOffer(false, true, 0, 0), 12));
    byte[] large = Corpus.text(new SplittableRandom(2), 64 << 10);
    assertTrue(compressedBytes(engine, large) < large.length / 2);
    assertEquals(own, memory.bytes());
    byte[] end = Arrays.copyOfRange(large, large.length - 1_000, large.length);
    assertTrue(compressedBytes(engine, end) < 40);
  }

  private static int compressedBytes(Engine engine, byte[] message) {
    Outbox out = Wire.outbox();
    engine.binary(ByteBuffer.wrap(message), Encoding.IF_SMALLER, out);
    return payload(Wire.drain(out)).length;
  }

  // ---- Memory -----------------------------------------------------------------------------------

  @Test
  void holdsNothingBetweenMessagesWithoutTakeover() {
    Codecs codecs = codecs(Zlib.system());
    byte[] text = Corpus.text(new SplittableRandom(1), 300);
    long most = 0;
    for (int n = 0; n < 15_000; n++) {
      var deflate = new Deflate(codecs, Role.SERVER, ALONE, 15);
      assertTrue(deflate.isReady());
      Engine engine = Wire.engine(Role.SERVER, Wire.BOUNDS, deflate);
      Outbox out = Wire.outbox();
      engine.text(text, out);
      byte[] back = Wire.frame(Role.CLIENT, 0xC1, payload(Wire.drain(out)));
      assertTrue(Wire.hear(engine, back).startsWith("TEXT"));
      most = Math.max(most, memory.bytes());
    } // none of them is closed
    Zlib zlib = Zlib.system();
    assertEquals(zlib.compressorBytes(15, 5) + zlib.decompressorBytes(15), most, "the loop's own");
  }

  @Test
  void givesARestingCompressorBack() {
    Zlib zlib = Zlib.system();
    Codecs codecs = codecs(zlib);
    List<Engine> kept = new ArrayList<>();
    for (int n = 0; n < 10; n++) {
      kept.add(
          engine(
              Role.CLIENT,
              Wire.BOUNDS,
              new Deflate(codecs, Role.CLIENT, new DeflateOffer(true, false, 0, 0), 11)));
      sent(kept.getLast(), "a".repeat(100), Encoding.ALWAYS);
    }
    long each = zlib.compressorBytes(11, 5);
    assertEquals(10 * each, memory.bytes());
    codecs.sweep();
    assertEquals(10 * each, memory.bytes(), "used since the last sweep");
    sent(kept.get(3), "a".repeat(100), Encoding.ALWAYS);
    codecs.sweep();
    assertEquals(5 * each, memory.bytes(), "one in use, four free ones kept");
    sent(kept.get(0), "a".repeat(100), Encoding.ALWAYS);
    assertEquals(5 * each, memory.bytes(), "a free one is lent again");
    codecs.sweep();
    assertEquals(2 * each, memory.bytes(), "one in use, one just taken");
    codecs.sweep();
    codecs.sweep();
    assertEquals(0, memory.bytes());
  }

  /// At the bound a compressor is taken from whoever has rested longest; a decompressor cannot be
  /// had, and its message is answered with 1013.
  @Test
  void keepsToItsMemory() {
    Zlib zlib = Zlib.system();
    long compressor = zlib.compressorBytes(12, 5);
    long decompressor = zlib.decompressorBytes(12);
    Codecs codecs = codecs(zlib, 2 * compressor + 2 * decompressor);
    var agreed = new DeflateOffer(false, false, 12, 12);
    List<Deflate> deflates = new ArrayList<>();
    List<Engine> kept = new ArrayList<>();
    for (int n = 0; n < 2; n++) {
      deflates.add(new Deflate(codecs, Role.SERVER, agreed, 12));
      kept.add(engine(Role.SERVER, Wire.BOUNDS, deflates.getLast()));
      sent(kept.getLast(), "Hello", Encoding.ALWAYS);
      assertTrue(deflates.getLast().isReady());
    }
    assertTrue(knows(kept.get(0)));
    // A third takes what the second, which has rested longest, has
    var third = new Deflate(codecs, Role.SERVER, new DeflateOffer(false, true, 12, 12), 12);
    Engine engine = engine(Role.SERVER, Wire.BOUNDS, third);
    assertFalse(knows(engine));
    assertTrue(knows(kept.get(0)));
    assertFalse(knows(kept.get(1)), "taken, and now taken from the third");
    assertFalse(knows(engine));
    // Decompressors take what compressors have, until there is none
    var hungry = new Deflate(codecs, Role.SERVER, agreed, 12);
    assertTrue(hungry.isReady());
    var more = new ArrayList<Deflate>();
    do {
      more.add(new Deflate(codecs, Role.SERVER, agreed, 12));
      engine(Role.SERVER, Wire.BOUNDS, more.getLast());
    } while (more.getLast().isReady());
    assertEquals("810548656c6c6f", sent(kept.get(0), "Hello", Encoding.ALWAYS), "no memory: plain");
    var alone = new Deflate(codecs, Role.SERVER, new DeflateOffer(true, true, 12, 12), 12);
    Engine plain = engine(Role.SERVER, Wire.BOUNDS, alone);
    assertEquals("810548656c6c6f", sent(plain, "Hello", Encoding.ALWAYS), "no memory: plain");
    byte[] wire = Wire.frames(Role.CLIENT, "c1:f248cdc9c90700");
    assertEquals("BREACH 1013", Wire.hear(plain, wire));
    assertEquals("TEXT Hello", Wire.hear(kept.get(0), wire), "it has its own");
    more.getFirst().release(false);
    Engine next =
        engine(Role.SERVER, Wire.BOUNDS, new Deflate(codecs, Role.SERVER, alone.agreed(), 12));
    assertEquals("TEXT Hello", Wire.hear(next, wire), "now there is one");
    hungry.release(false);
    assertTrue(memory.bytes() <= 2 * compressor + 2 * decompressor);
  }

  /// Whether a message is shorter for what was sent before it.
  private static boolean knows(Engine engine) {
    return sent(engine, "Hello", Encoding.ALWAYS).length() < "c107f248cdc9c90700".length();
  }

  /// After our Close only the peer still sends, and the compressor is not needed.
  @Test
  void freesAsTheConnectionCloses() {
    Zlib zlib = Zlib.system();
    Codecs codecs = codecs(zlib, 1 << 20);
    Engine engine =
        engine(Role.SERVER, Wire.BOUNDS, new Deflate(codecs, Role.SERVER, TAKEOVER, 15));
    sent(engine, "Hello", Encoding.ALWAYS);
    engine.close(CloseCode.NORMAL, "", Wire.outbox());
    codecs.close();
    assertEquals(zlib.decompressorBytes(15), memory.bytes());
    byte[] wire = Wire.frames(Role.CLIENT, "c1:f248cdc9c90700 88:03e8");
    assertEquals("TEXT Hello | CLOSE 1000", Wire.hear(engine, wire));
    codecs.close();
    assertEquals(0, memory.bytes());
  }

  @Test
  void keepsFourFreeDecompressors() {
    Codecs codecs = codecs(Zlib.system());
    List<Engine> some = new ArrayList<>();
    for (int n = 0; n < 6; n++) {
      some.add(engine(Role.SERVER, Wire.BOUNDS, new Deflate(codecs, Role.SERVER, TAKEOVER, 15)));
    }
    some.forEach(Engine::release);
    some.forEach(Engine::release);
    assertEquals(4 * Zlib.system().decompressorBytes(15), memory.bytes());
    assertNotEquals(0, memory.bytes());
    assertNull(codecs.encode(ByteBuffer.allocate(1), Encoding.NEVER, 15));
  }
}
