package io.weft.ws;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.weft.bytes.Utf8;
import io.weft.zlib.CodecMemory;
import io.weft.zlib.Zlib;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/// Any bytes as the payload of a compressed message, cut anywhere, beside `java.util.zip` run over
/// the whole. The inputs in `DeflateFuzzInputs/inflate` are replayed with every test run;
/// `JAZZER_FUZZ=1` looks for more.
///
/// The first byte says whether the context is taken over, whether it is text, and how large a read
/// and a fragment are; the rest is the payload.
final class DeflateFuzz {

  private static final Bounds BOUNDS = new Bounds(1 << 20, 1 << 16, 1 << 16);

  /// What anything may inflate to; the bound on a message is another matter.
  private static final int ANY_RATIO = 2000;

  @FuzzTest(maxDuration = "5m")
  void inflate(byte[] input) {
    if (input.length == 0) {
      return;
    }
    int cut = 1 + (input[0] >> 3 & 0xF);
    boolean takeover = (input[0] & 1) != 0;
    boolean text = (input[0] & 2) != 0;
    byte[] payload = Arrays.copyOfRange(input, 1, input.length);
    byte[] whole = Wire.frame(Role.CLIENT, text ? 0xC1 : 0xC2, payload);
    String expected = expected(payload, text);
    for (Zlib zlib : new Zlib[] {Zlib.system(), Zlib.jdk()}) {
      assertHeard(expected, heard(zlib, takeover, whole));
      assertHeard(expected, heardCut(zlib, takeover, fragmented(payload, text, cut), cut));
    }
  }

  /// Of two breaches in one message the first to be seen counts, which depends on the cuts.
  private static void assertHeard(String expected, String heard) {
    assertEquals(expected, heard.startsWith("BREACH 100") ? "BREACH" : heard);
  }

  private static String heardCut(Zlib zlib, boolean takeover, byte[] wire, int cut) {
    return heard(zlib, takeover, wire, Math.min(cut, wire.length));
  }

  private static String heard(Zlib zlib, boolean takeover, byte[] wire, int... cuts) {
    var memory = new CodecMemory();
    var codecs = new Codecs(zlib, memory, new Codecs.Settings(6, 3, 5, 64, ANY_RATIO, 1 << 20));
    var agreed = new DeflateOffer(!takeover, !takeover, 0, 0);
    Engine engine = Wire.engine(Role.SERVER, BOUNDS, new Deflate(codecs, Role.SERVER, agreed, 15));
    String heard = Wire.hear(engine, wire, cuts);
    engine.release();
    codecs.close();
    assertEquals(0, memory.bytes());
    return heard;
  }

  private static byte[] fragmented(byte[] payload, boolean text, int cut) {
    var wire = new ByteArrayOutputStream();
    int first = text ? 0x41 : 0x42;
    int from = 0;
    for (; from + cut < payload.length; from += cut) {
      wire.writeBytes(
          Wire.frame(Role.CLIENT, first, Arrays.copyOfRange(payload, from, from + cut)));
      first = 0;
    }
    byte[] rest = Arrays.copyOfRange(payload, from, payload.length);
    wire.writeBytes(Wire.frame(Role.CLIENT, 0x80 | first, rest));
    return wire.toByteArray();
  }

  /// What the JDK makes of it, a stream after the other, with the tail at the end.
  private static String expected(byte[] payload, boolean text) {
    var all = new ByteArrayOutputStream();
    Inflater inflater = new Inflater(true);
    try {
      boolean begun = inflate(inflater, payload, all);
      if (begun) {
        inflate(inflater, Wire.hex("0000ffff"), all);
      }
    } catch (DataFormatException e) {
      return "BREACH";
    } finally {
      inflater.end();
    }
    byte[] bytes = all.toByteArray();
    boolean sound =
        bytes.length <= BOUNDS.messageBytes()
            && (!text || Utf8.judge(Utf8.BOUNDARY, bytes, 0, bytes.length) == Utf8.BOUNDARY);
    if (!sound) {
      return "BREACH";
    }
    return (text ? "TEXT " + new String(bytes, UTF_8) : "BINARY " + Wire.hex(bytes)).trim();
  }

  private static boolean inflate(Inflater inflater, byte[] in, ByteArrayOutputStream all)
      throws DataFormatException {
    byte[] out = new byte[4096];
    boolean begun = in.length > 0;
    inflater.setInput(in);
    while (true) {
      int step = inflater.inflate(out);
      all.write(out, 0, step);
      if (inflater.finished()) {
        int left = inflater.getRemaining();
        inflater.reset();
        inflater.setInput(in, in.length - left, left);
        begun = left > 0;
      } else if (step == 0) {
        return begun;
      }
    }
  }
}
