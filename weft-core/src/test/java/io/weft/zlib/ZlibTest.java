package io.weft.zlib;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Both libraries beside the JDK's own classes and beside a decoder by the book.
final class ZlibTest {

  private static final byte[] TAIL = {0, 0, (byte) 0xFF, (byte) 0xFF};

  static Stream<Zlib> both() {
    assertNull(Zlib.refusal(), "this machine has a zlib, and the tests may call it");
    return Stream.of(Zlib.system(), Zlib.jdk());
  }

  static byte[] deflated(Compressor compressor, byte[] message, boolean direct, int outBytes) {
    ByteBuffer in =
        direct
            ? ByteBuffer.allocateDirect(message.length).put(message).flip()
            : ByteBuffer.wrap(message);
    var all = new ByteArrayOutputStream();
    ByteBuffer out = ByteBuffer.allocateDirect(outBytes);
    do {
      compressor.deflate(in, out.clear());
      byte[] some = new byte[out.flip().remaining()];
      out.get(some);
      all.writeBytes(some);
    } while (out.limit() == out.capacity());
    assertFalse(in.hasRemaining());
    byte[] whole = all.toByteArray();
    assertArrayEquals(TAIL, Arrays.copyOfRange(whole, whole.length - 4, whole.length));
    return Arrays.copyOf(whole, whole.length - 4);
  }

  @Test
  void findsTheSystems() {
    assertNull(Zlib.refusal());
    assertTrue(Zlib.system().name().matches("zlib \\d+\\.\\d+.*"), Zlib.system().name());
    assertEquals(9, Zlib.system().leastBits());
    assertEquals(15, Zlib.jdk().leastBits());
  }

  /// In a process of its own, since a library is looked for once: told to use the JDK's, and not
  /// allowed to call any other.
  @Test
  void fallsBackToTheJdks() throws IOException, InterruptedException {
    assertEquals("java.util.zip, null", found("-Dio.weft.zlib=jdk"));
    assertEquals(
        "java.util.zip, native access is not enabled (--enable-native-access)", found("-Da=b"));
    assertEquals(Zlib.system().name() + ", null", found("--enable-native-access=ALL-UNNAMED"));
  }

  private static String found(String option) throws IOException, InterruptedException {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                option,
                "-cp",
                System.getProperty("java.class.path"),
                Found.class.getName())
            .redirectErrorStream(true)
            .start();
    String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, child.waitFor(), said);
    return said.strip();
  }

  /// Says which library a process finds.
  static final class Found {
    public static void main(String[] args) {
      System.out.println(Zlib.system().name() + ", " + Zlib.refusal());
    }
  }

  @Test
  void refusesAWindowThatItCannotKeep() {
    assertThrows(IllegalArgumentException.class, () -> Zlib.system().compressor(8, 6, 8));
    assertThrows(IllegalArgumentException.class, () -> Zlib.jdk().compressor(14, 6, 8));
    assertThrows(IllegalStateException.class, () -> Zlib.system().compressor(16, 6, 8));
  }

  /// Windows, levels and message sizes, from heap and direct memory, in small and large pieces; the
  /// strict decoder has exactly the window asked for.
  @ParameterizedTest
  @MethodSource("both")
  void compressesWithinItsWindow(Zlib zlib) {
    for (long seed = 0; seed < 60; seed++) {
      var random = new SplittableRandom(seed);
      int bits = random.nextInt(zlib.leastBits(), 16);
      int level = random.nextInt(1, 10);
      Compressor compressor = zlib.compressor(bits, level, random.nextInt(1, 10));
      var strict = new StrictInflater(bits, true);
      for (int n = 0; n < 5; n++) {
        byte[] message = Corpus.message(random, random.nextInt(1, 100_000));
        byte[] wire =
            deflated(compressor, message, random.nextBoolean(), random.nextInt(7, 20_000));
        assertArrayEquals(message, strict.message(wire), "seed " + seed + " bits " + bits);
      }
      compressor.reset();
      byte[] message = Corpus.message(random, 5_000);
      byte[] alone = deflated(compressor, message, true, 9_000);
      assertArrayEquals(message, new StrictInflater(bits, false).message(alone));
      compressor.close();
    }
  }

  /// A text that the peer has had by other ways, from heap and direct memory, with other bytes
  /// around it.
  @ParameterizedTest
  @MethodSource("both")
  void goesOnBehindATextThatItDidNotWrite(Zlib zlib) {
    for (long seed = 0; seed < 30; seed++) {
      var random = new SplittableRandom(seed);
      int bits = random.nextInt(zlib.leastBits(), 16);
      Compressor one = zlib.compressor(bits, 6, 3);
      Compressor other = zlib.compressor(bits, 6, 8);
      var strict = new StrictInflater(bits, true);
      byte[] first = Corpus.message(random, 3_000);
      assertArrayEquals(first, strict.message(deflated(one, first, true, 9_000)));
      byte[] text = new byte[random.nextInt(1, 60_000)];
      random.nextBytes(text);
      assertArrayEquals(text, strict.message(deflated(other, text, true, 90_000)));
      boolean direct = random.nextBoolean();
      ByteBuffer around = direct ? ByteBuffer.allocateDirect(70_000) : ByteBuffer.allocate(70_000);
      around.position(1_000).put(text).flip().position(1_000);
      one.reset(around);
      assertEquals(text.length, around.remaining());
      byte[] end = Arrays.copyOfRange(text, Math.max(0, text.length - 200), text.length);
      byte[] wire = deflated(one, end, true, 9_000);
      assertArrayEquals(end, strict.message(wire), "seed " + seed + " bits " + bits);
      assertTrue(end.length < 200 || wire.length < 30, wire.length + " bytes");
      one.close();
      other.close();
    }
  }

  /// The strict decoder would notice: with a larger window the same messages do not pass, and a
  /// distance of one byte more than the window fails.
  @Test
  void strictMeansStrict() {
    byte[] message = new byte[9_000];
    new SplittableRandom(1).nextBytes(message);
    System.arraycopy(message, 0, message, 8_192 + 100, 700);
    Compressor wide = Zlib.jdk().compressor(15, 6, 8);
    byte[] wire = deflated(wide, message, true, 20_000);
    wide.close();
    for (int bits = 8; bits < 14; bits++) {
      var strict = new StrictInflater(bits, false);
      assertThrows(IllegalStateException.class, () -> strict.message(wire), bits + " bits");
    }
    var fits = new StrictInflater(14, false);
    assertArrayEquals(message, fits.message(wire));
    assertEquals(8_292, fits.farthest());
    // A fixed block: three bytes from 513 back (symbol 257, distance code 18, 8 extra bits 0).
    byte[] first = new byte[513];
    var nine = new StrictInflater(9, true);
    assertEquals(513, nine.message(stored(first)).length);
    byte[] beyond = HexFormat.of().parseHex("0226000000");
    var refusal = assertThrows(IllegalStateException.class, () -> nine.message(beyond));
    assertEquals("a distance of 513 over 512", refusal.getMessage());
    var ten = new StrictInflater(10, true);
    ten.message(stored(first));
    assertEquals(3, ten.message(beyond).length);
  }

  private static byte[] stored(byte[] bytes) {
    return ByteBuffer.allocate(bytes.length + 6)
        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
        .put((byte) 0)
        .putShort((short) bytes.length)
        .putShort((short) ~bytes.length)
        .put(bytes)
        .put((byte) 0)
        .array();
  }

  /// Any split of the stream and any room for the output come to what the JDK makes of it whole;
  /// streams with final blocks in the middle among them.
  @ParameterizedTest
  @MethodSource("both")
  void inflatesHoweverItIsCut(Zlib zlib) throws DataFormatException {
    for (long seed = 0; seed < 200; seed++) {
      var random = new SplittableRandom(seed);
      byte[] wire = Corpus.stream(random);
      if (random.nextInt(4) == 0) {
        wire[random.nextInt(wire.length)] ^= (byte) (1 << random.nextInt(8));
      }
      String whole = outcome(wire);
      Decompressor decompressor = zlib.decompressor(15);
      assertEquals(whole, outcome(decompressor, random, wire), "seed " + seed);
      decompressor.close();
    }
  }

  /// What `java.util.zip.Inflater` makes of it, a stream after the other.
  private static String outcome(byte[] wire) {
    var all = new ByteArrayOutputStream();
    Inflater inflater = new Inflater(true);
    byte[] out = new byte[1000];
    int from = 0;
    try {
      while (true) {
        inflater.setInput(wire, from, wire.length - from);
        int step;
        do {
          step = inflater.inflate(out);
          all.write(out, 0, step);
        } while (step > 0 && !inflater.finished());
        if (!inflater.finished()) {
          return HexFormat.of().formatHex(all.toByteArray());
        }
        from = wire.length - inflater.getRemaining();
        inflater.reset();
      }
    } catch (DataFormatException e) {
      return "a fault";
    } finally {
      inflater.end();
    }
  }

  private static String outcome(Decompressor decompressor, SplittableRandom random, byte[] wire) {
    var all = new ByteArrayOutputStream();
    int most = random.nextInt(1, 3000);
    ByteBuffer in = ByteBuffer.allocateDirect(wire.length).put(wire);
    ByteBuffer out = ByteBuffer.allocateDirect(most);
    try {
      for (int at = 0; at < wire.length; ) {
        in.position(at);
        at = Math.min(wire.length, at + random.nextInt(most) + 1);
        in.limit(at);
        do {
          int room = random.nextInt(1, most + 1);
          try {
            decompressor.inflate(in, out.clear().limit(room));
          } finally {
            byte[] some = new byte[out.flip().remaining()];
            out.get(some);
            all.writeBytes(some);
            out.limit(room);
          }
        } while (in.hasRemaining() || out.position() == out.limit());
        in.limit(wire.length);
      }
      return HexFormat.of().formatHex(all.toByteArray());
    } catch (DataFormatException e) {
      return "a fault";
    }
  }

  @Test
  void saysWhenAFinalBlockEnds() throws DataFormatException {
    for (Zlib zlib : both().toList()) {
      Decompressor decompressor = zlib.decompressor(15);
      ByteBuffer in = direct("f348cdc9c90700 f348cdc9c90700");
      ByteBuffer out = ByteBuffer.allocateDirect(100);
      assertTrue(decompressor.inflate(in, out));
      assertEquals(7, in.position());
      assertEquals(5, out.position());
      assertTrue(decompressor.inflate(in, out));
      assertEquals(10, out.position());
      decompressor.close();
    }
  }

  /// A process grows by no more than the formula says.
  @Test
  void countsWhatACodecTakes() throws IOException, DataFormatException {
    Zlib zlib = Zlib.system();
    int count = 1000;
    byte[] message = Corpus.message(new SplittableRandom(2), 70_000);
    ByteBuffer in = ByteBuffer.allocateDirect(message.length).put(message);
    ByteBuffer out = ByteBuffer.allocateDirect(100_000);
    for (int bits : new int[] {9, 12, 15}) {
      int level = bits == 15 ? 8 : 5;
      long counted = count * (zlib.compressorBytes(bits, level) + zlib.decompressorBytes(bits));
      List<Compressor> compressors = new ArrayList<>();
      List<Decompressor> decompressors = new ArrayList<>();
      long before = residentBytes();
      for (int n = 0; n < count; n++) {
        compressors.add(zlib.compressor(bits, 1, level));
        compressors.getLast().deflate(in.flip(), out.clear());
        decompressors.add(zlib.decompressor(bits));
        decompressors.getLast().inflate(out.flip(), in.clear());
      }
      long grown = residentBytes() - before;
      compressors.forEach(Compressor::close);
      decompressors.forEach(Decompressor::close);
      assertTrue(grown < counted + (8 << 20), grown + " bytes, and " + counted + " counted");
    }
  }

  private static long residentBytes() throws IOException {
    String pages = Files.readString(Path.of("/proc/self/statm")).split(" ", -1)[1];
    return Long.parseLong(pages) * 4096;
  }

  @Test
  void countsWithinABound() {
    var memory = new CodecMemory();
    assertTrue(memory.take(60, 100));
    assertFalse(memory.take(41, 100));
    assertTrue(memory.take(40, 100));
    memory.give(60);
    assertEquals(40, memory.bytes());
  }

  private static ByteBuffer direct(String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }
}
