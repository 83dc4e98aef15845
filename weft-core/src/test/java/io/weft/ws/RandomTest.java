package io.weft.ws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// Conversations and noise from seeds, in reads of random sizes: the engine tells what its slow
/// twin tells.
final class RandomTest {

  private static final Bounds BOUNDS = new Bounds(500, 6, 2);
  private static final String LETTERS = "az你é\uD83D\uDE00";

  @Test
  void hearsConversations() {
    Map<String, Integer> ends = new TreeMap<>();
    for (long seed = 0; seed < 10_000; seed++) {
      var random = new SplittableRandom(seed);
      Role role = random.nextBoolean() ? Role.CLIENT : Role.SERVER;
      byte[] wire = conversation(random, role.peer());
      if (wire.length > 0 && random.nextInt(4) == 0) {
        wire[random.nextInt(wire.length)] ^= (byte) (1 << random.nextInt(8));
      }
      String events = hear(random, role, wire, "seed " + seed);
      String end = events.startsWith("CLOSE") ? "CLOSE" : events;
      ends.merge(end.matches("CLOSE|BREACH .*") ? end : "none", 1, Integer::sum);
    }
    assertEquals(
        Set.of("none", "CLOSE", "BREACH 1002", "BREACH 1007", "BREACH 1008", "BREACH 1009"),
        ends.keySet());
    assertTrue(Collections.min(ends.values()) > 100, "the generator goes everywhere: " + ends);
  }

  @Test
  void hearsNoise() {
    for (long seed = 0; seed < 10_000; seed++) {
      var random = new SplittableRandom(seed);
      Role role = random.nextBoolean() ? Role.CLIENT : Role.SERVER;
      byte[] wire = new byte[random.nextInt(60)];
      random.nextBytes(wire);
      for (int i = 0; i < wire.length && random.nextInt(10) > 0; i++) {
        boolean second = i % 2 == 1 && role == Role.SERVER;
        wire[i] = (byte) (second ? 0x80 | random.nextInt(4) : wire[i] & 0x8B); // likely frames
      }
      hear(random, role, wire, "seed " + seed);
    }
  }

  /// Checks one wire, whole and in random reads.
  ///
  /// @return the last event
  private static String hear(SplittableRandom random, Role role, byte[] wire, String seed) {
    String expected = Oracle.hear(role, BOUNDS, wire);
    assertEquals(expected, Wire.hear(Wire.engine(role, BOUNDS, null), wire), seed);
    int[] cuts = new int[random.nextInt(8)];
    for (int i = 0; i < cuts.length; i++) {
      cuts[i] = random.nextInt(wire.length + 1);
    }
    Arrays.sort(cuts);
    assertEquals(expected, Wire.hear(Wire.engine(role, BOUNDS, null), wire, cuts), seed);
    return expected.substring(expected.lastIndexOf('|') + 1).trim();
  }

  private static byte[] conversation(SplittableRandom random, Role sender) {
    var wire = new ByteArrayOutputStream();
    for (int count = random.nextInt(6); count > 0; count--) {
      switch (random.nextInt(8)) {
        case 0 -> wire.writeBytes(Wire.frame(sender, 0x89, bytes(random, 125)));
        case 1 -> wire.writeBytes(Wire.frame(sender, 0x8A, bytes(random, 125)));
        default -> message(random, sender, wire);
      }
    }
    switch (random.nextInt(6)) {
      case 0 -> wire.writeBytes(Wire.frame(sender, 0x88, Wire.hex("03e8e4bda0")));
      case 1 -> wire.writeBytes(Wire.frame(sender, 0x88, bytes(random, 4)));
      default -> {}
    }
    return wire.toByteArray();
  }

  /// A message in up to eight fragments, with pings between them.
  private static void message(SplittableRandom random, Role sender, ByteArrayOutputStream wire) {
    boolean text = random.nextBoolean();
    byte[] all = text ? text(random) : bytes(random, 520);
    int first = text ? 1 : 2;
    int from = 0;
    for (int more = random.nextInt(3) * random.nextInt(5); more > 0; more--) {
      int to = from + random.nextInt(all.length - from + 1);
      wire.writeBytes(Wire.frame(sender, first, Arrays.copyOfRange(all, from, to)));
      if (random.nextInt(4) == 0) {
        wire.writeBytes(Wire.frame(sender, 0x89, bytes(random, 3)));
      }
      from = to;
      first = 0;
    }
    byte[] rest = Arrays.copyOfRange(all, from, all.length);
    wire.writeBytes(Wire.frame(sender, 0x80 | first, rest));
  }

  private static byte[] text(SplittableRandom random) {
    var text = new StringBuilder();
    for (int count = random.nextInt(80); count > 0; count--) {
      int codePoints = LETTERS.codePointCount(0, LETTERS.length());
      text.appendCodePoint(
          LETTERS.codePointAt(LETTERS.offsetByCodePoints(0, random.nextInt(codePoints))));
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] bytes(SplittableRandom random, int most) {
    byte[] bytes = new byte[random.nextInt(most + 1)];
    random.nextBytes(bytes);
    return bytes;
  }
}
