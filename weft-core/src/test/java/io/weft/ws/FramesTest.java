package io.weft.ws;

import static io.weft.ws.Hearing.assertHears;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// §5.1 to §5.3, §5.6, §5.7: single frames, masks and lengths, cut everywhere.
final class FramesTest {

  @ParameterizedTest
  @CsvSource({
    "§5.7 an unmasked text, CLIENT, 810548656c6c6f, TEXT Hello",
    "§5.7 a masked text, SERVER, 818537fa213d7f9f4d5158, TEXT Hello",
    "§5.7 a fragmented text, CLIENT, 010348656c80026c6f, TEXT Hello",
    "§5.7 a ping, CLIENT, 890548656c6c6f, PING 48656c6c6f",
    "§5.7 its pong, SERVER, 8a8537fa213d7f9f4d5158, PONG 48656c6c6f",
    "a tutorial's client, SERVER, 818b0489e4294cec88456ba9934676e580, TEXT Hello world",
    "a tutorial's Chinese client, SERVER, 81890a94ac23ee290cc6af2949b680, TEXT 你好啊",
    "a mask of zeros, SERVER, 818500000000 48656c6c6f, TEXT Hello",
    "an empty text, CLIENT, 8100, TEXT",
    "an empty masked binary, SERVER, 828037fa213d, BINARY",
    "nothing at all, CLIENT, '', ''",
  })
  void hearsGoldenFrames(String what, Role role, String hex, String events) {
    assertHears(events, role, Wire.hex(hex));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 8, 9, 125, 126, 127, 128, 1000})
  void hearsAnyLength(int length) {
    String payload = "5a".repeat(length);
    assertHears(("BINARY " + payload).trim(), "82:" + payload);
    assertHears(("TEXT " + "Z".repeat(length)).trim(), "81:" + payload);
  }

  @ParameterizedTest
  @ValueSource(ints = {65_535, 65_536, 300_000})
  void hearsLongFramesInAFewCuts(int length) {
    byte[] payload = new byte[length];
    for (int i = 0; i < length; i++) {
      payload[i] = (byte) (i * 31);
    }
    for (Role role : Role.values()) {
      byte[] wire = Wire.frame(role.peer(), 0x82, payload);
      String events = "BINARY " + Wire.hex(payload);
      assertEquals(events, Wire.hear(Wire.engine(role), wire));
      for (int cut : new int[] {1, 2, 9, 10, 13, 14, 15, 1000, 1003, length, length + 7}) {
        assertEquals(
            events,
            Wire.hear(Wire.engine(role), wire, Math.min(cut, wire.length)),
            "cut at byte " + cut);
      }
    }
  }

  @Test
  void hearsSeveralFramesOfOneRead() {
    assertHears(
        "TEXT a | BINARY 62 | PING 63 | PONG 64 | TEXT | BINARY | PING | PONG | TEXT e",
        "81:61 82:62 89:63 8a:64 81: 82: 89: 8a: 81:65");
  }

  @ParameterizedTest
  @CsvSource({
    "RSV1 without an extension, c1:61",
    "RSV1 without an extension on an empty frame, c2:",
    "RSV1 on a continuation, 01:61 c0:62",
    "RSV1 on a ping, c9:",
    "RSV2, a1:61",
    "RSV3, 91:61",
    "opcode 3, 83:",
    "opcode 7, 87:61",
    "opcode 11, 8b:",
    "opcode 15, 8f:61",
    "a fragmented ping, 09:61",
    "a fragmented close, 08:03e8",
  })
  void refusesAFrameWithCode1002(String what, String frames) {
    assertHears("BREACH 1002", frames);
    assertHears("TEXT x | BREACH 1002", "81:78 " + frames + " 81:79");
  }

  @ParameterizedTest
  @CsvSource({
    "§5.1 unmasked from a client, SERVER, 810161",
    "§5.1 masked from a server, CLIENT, 818137fa213d56",
    "§5.2 a long form for 125 bytes, CLIENT, 827e007d",
    "§5.2 the longest form for 65535 bytes, CLIENT, 827f000000000000ffff",
    "§5.2 a length of 2^63, CLIENT, 827f8000000000000000",
    "§5.2 a length of 2^63 of an unknown opcode, SERVER, 83ff8000000000000000",
    "§5.2 a length of 2^62 of an unknown opcode, SERVER, 83ff4000000000000000",
    "§5.5 a ping of 126 bytes, CLIENT, 897e007e",
  })
  void refusesAHeaderWithCode1002(String what, Role role, String hex) {
    assertHears("BREACH 1002", role, Wire.hex(hex));
  }
}
