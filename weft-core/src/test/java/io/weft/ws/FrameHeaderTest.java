package io.weft.ws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// §5.2. Each legal header is read whole and cut at every byte, as a network may; bytes are in hex.
final class FrameHeaderTest {

  @ParameterizedTest
  @CsvSource({
    "8100, SERVER, true, false, TEXT, 0, 0",
    "008537fa213d, CLIENT, false, false, CONTINUATION, 5, 939139389",
    "828000000000, CLIENT, true, false, BINARY, 0, 0",
    "8a7d, SERVER, true, false, PONG, 125, 0",
    "897d, SERVER, true, false, PING, 125, 0",
    "8802, SERVER, true, false, CLOSE, 2, 0",
    "c17e007e, SERVER, true, true, TEXT, 126, 0",
    "027effff, SERVER, false, false, BINARY, 65535, 0",
    "827f0000000000010000, SERVER, true, false, BINARY, 65536, 0",
    "827f7fffffffffffffff, SERVER, true, false, BINARY, 9223372036854775807, 0",
    "82ff000000000001000000000001, CLIENT, true, false, BINARY, 65536, 1",
  })
  void readsALegalHeader(
      String hex, Role sender, boolean fin, boolean rsv1, Opcode opcode, long bytes, int key)
      throws ProtocolException {
    byte[] wire = HexFormat.of().parseHex(hex);
    for (int cut = 0; cut < wire.length; cut++) {
      ByteBuffer in = ByteBuffer.wrap(wire, 0, cut);
      assertEquals(0, FrameHeader.judge(in, sender), "cut at byte " + cut);
      assertEquals(0, in.position(), "cut at byte " + cut);
    }
    ByteBuffer in = ByteBuffer.allocate(wire.length + 1).put(wire).put((byte) 0xFF).flip();
    assertEquals(wire.length, FrameHeader.judge(in, sender), "the first byte of the payload");
    assertEquals(fin, FrameHeader.fin(wire[0]));
    assertEquals(rsv1, FrameHeader.rsv1(wire[0]));
    assertEquals(opcode, Opcode.of(wire[0] & FrameHeader.OPCODE));
    assertEquals(bytes, FrameHeader.payloadBytes(in));
    assertEquals(key, FrameHeader.maskingKey(in, wire.length));
    assertEquals(0, in.position());
  }

  @ParameterizedTest
  @CsvSource({
    "§5.2, RSV2, a100, SERVER",
    "§5.2, RSV3, 9100, SERVER",
    "§5.2, RSV2 on a control frame, a900, SERVER",
    "§5.2, opcode 3, 8300, SERVER",
    "§5.2, opcode 4, 8400, SERVER",
    "§5.2, opcode 5, 8580, CLIENT",
    "§5.2, opcode 6, 8600, SERVER",
    "§5.2, opcode 7, 8700, SERVER",
    "§5.2, opcode 11, 8b00, SERVER",
    "§5.2, opcode 12, 8c00, SERVER",
    "§5.2, opcode 13, 8d00, SERVER",
    "§5.2, opcode 14, 8e00, SERVER",
    "§5.2, opcode 15, 8f80, CLIENT",
    "§5.2, opcode 3 with a length of 2^62 that has not come, 837f, SERVER",
    "§5.2, opcode 3 with a length of 2^63 that has not come, 83ff, CLIENT",
    "§5.5, a fragmented ping, 0900, SERVER",
    "§5.5, a fragmented close, 0802, SERVER",
    "§5.5, a ping of 126 bytes, 897e, SERVER",
    "§5.5, a pong of 65536 bytes, 8a7f, SERVER",
    "§5.1, unmasked from a client, 8100, CLIENT",
    "§5.1, masked from a server, 8180, SERVER",
    "§5.2, 125 in two bytes, 827e007d, SERVER",
    "§5.2, 0 in two bytes, 827e0000, SERVER",
    "§5.2, 65535 in eight bytes, 827f000000000000ffff, SERVER",
    "§5.2, a length of 2^63, 827f8000000000000000, SERVER",
    "§5.2, a length of 2^64 - 1, 82ffffffffffffffffff00000000, CLIENT",
    "RFC 7692 §6.1, a compressed pong, ca00, SERVER",
    "RFC 7692 §6.1, a compressed continuation, c000, SERVER",
  })
  void refusesAnIllegalHeader(String section, String what, String hex, Role sender) {
    ByteBuffer in = ByteBuffer.wrap(HexFormat.of().parseHex(hex));
    var breach = assertThrows(ProtocolException.class, () -> FrameHeader.judge(in, sender), what);
    assertEquals(CloseCode.PROTOCOL_ERROR, breach.closeCode, what);
    assertTrue(breach.getMessage().contains(section), breach.getMessage());
    assertEquals(0, in.position(), what);
  }

  @Test
  void takesAnyOtherBytesAsAHeaderABreachOrTooFew() {
    for (long seed = 0; seed < 20_000; seed++) {
      var random = new SplittableRandom(seed);
      ByteBuffer in = ByteBuffer.allocate(random.nextInt(FrameHeader.MAX_BYTES + 2));
      random.nextBytes(in.array());
      int bytes = 0;
      try {
        bytes = FrameHeader.judge(in, random.nextBoolean() ? Role.CLIENT : Role.SERVER);
      } catch (ProtocolException breach) {
        // As good an answer as the others; it must not have moved the buffer.
      }
      assertEquals(0, in.position(), "seed " + seed);
      assertTrue(bytes <= Math.min(in.limit(), FrameHeader.MAX_BYTES), "seed " + seed);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "SERVER, TEXT, false, 0, 8100",
    "SERVER, BINARY, true, 125, c27d",
    "SERVER, PING, false, 5, 8905",
    "SERVER, BINARY, false, 126, 827e007e",
    "SERVER, BINARY, false, 65535, 827effff",
    "SERVER, BINARY, false, 65536, 827f0000000000010000",
    "SERVER, BINARY, false, 2147483647, 827f000000007fffffff",
    "CLIENT, TEXT, false, 5, 818537fa213d",
    "CLIENT, PONG, false, 0, 8a8037fa213d",
    "CLIENT, TEXT, true, 256, c1fe010037fa213d",
    "CLIENT, BINARY, false, 65536, 82ff000000000001000037fa213d",
  })
  void writesTheShortestHeader(
      Role sender, Opcode opcode, boolean rsv1, int payloadBytes, String hex) {
    ByteBuffer out = ByteBuffer.allocate(FrameHeader.MAX_BYTES);
    FrameHeader.write(out, sender, opcode, rsv1, payloadBytes, Wire.KEY);
    assertEquals(FrameHeader.bytes(sender, payloadBytes), out.position());
    assertEquals(hex, HexFormat.of().formatHex(out.array(), 0, out.position()));
  }
}
