package io.weft.ws;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Arrays;

/// Any bytes from the peer, beside the slow twin. The inputs in `EngineFuzzInputs/hear` are heard
/// with every test run; `JAZZER_FUZZ=1` looks for more.
///
/// The first byte says which end hears (0: the server) and how large a read is; the rest is what is
/// read.
final class EngineFuzz {

  private static final Bounds BOUNDS = new Bounds(300, 5, 2);

  @FuzzTest(maxDuration = "5m")
  void hear(byte[] input) {
    if (input.length == 0) {
      return;
    }
    Role role = (input[0] & 1) == 0 ? Role.SERVER : Role.CLIENT;
    int readBytes = 1 + ((input[0] & 0xFF) >> 1);
    byte[] wire = Arrays.copyOfRange(input, 1, input.length);
    int[] cuts = new int[wire.length / readBytes];
    for (int i = 0; i < cuts.length; i++) {
      cuts[i] = readBytes * i;
    }
    String expected = Oracle.hear(role, BOUNDS, wire);
    assertEquals(expected, Wire.hear(Wire.engine(role, BOUNDS, null), wire));
    assertEquals(expected, Wire.hear(Wire.engine(role, BOUNDS, null), wire, cuts));
  }
}
