package io.weft.ws;

import static io.weft.ws.Hearing.assertHears;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// §5.5: pings, pongs and the Close frame, cut everywhere.
final class ControlFramesTest {

  @Test
  void carryUpTo125Bytes() {
    String payload = "a5".repeat(125);
    assertHears("PING " + payload, "89:" + payload);
    assertHears("PONG " + payload, "8a:" + payload);
    assertHears("CLOSE 1000 " + "x".repeat(123), "88:03e8" + "78".repeat(123));
  }

  @ParameterizedTest
  @CsvSource({
    "no code, 88:, CLOSE 1005",
    "a code, 88:03e8, CLOSE 1000",
    "a code and a reason, 88:03e9627965, CLOSE 1001 bye",
    "a reason in Chinese, 88:03e8e58886e6898be4ba86, CLOSE 1000 分手了",
    "1003, 88:03eb, CLOSE 1003",
    "1007, 88:03ef, CLOSE 1007",
    "1012, 88:03f4, CLOSE 1012",
    "1014, 88:03f6, CLOSE 1014",
    "3000, 88:0bb8, CLOSE 3000",
    "3999, 88:0f9f, CLOSE 3999",
    "4000, 88:0fa0, CLOSE 4000",
    "4999, 88:1387, CLOSE 4999",
  })
  void closeWith(String what, String frames, String events) {
    assertHears(events, frames);
    assertHears("TEXT a | " + events, "81:61 " + frames);
  }

  @ParameterizedTest
  @CsvSource({
    "§5.5.1 half a code, 88:03, 1002",
    "§7.4 0, 88:0000, 1002",
    "§7.4 999, 88:03e7, 1002",
    "§7.4 1004, 88:03ec, 1002",
    "§7.4 1005, 88:03ed, 1002",
    "§7.4 1006, 88:03ee, 1002",
    "§7.4 1015, 88:03f7, 1002",
    "§7.4 1016 with a reason, 88:03f8627965, 1002",
    "§7.4 2999, 88:0bb7, 1002",
    "§7.4 5000, 88:1388, 1002",
    "§7.4 65535, 88:ffff, 1002",
    "§8.1 a reason with a bad byte, 88:03e861ff, 1007",
    "§8.1 a reason that ends inside a code point, 88:03e8e4bd, 1007",
    "§8.1 a reason with half a surrogate pair, 88:03e8eda080, 1007",
  })
  void refuseToCloseWith(String what, String frames, int code) {
    assertHears("BREACH " + code, frames);
  }

  @Test
  void areAnsweredByTheCallerOneByOne() throws ProtocolException {
    Engine server = Wire.engine(Role.SERVER);
    Outbox out = Wire.outbox();
    StringBuilder pings = new StringBuilder();
    StringBuilder pongs = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      String payload = String.format("%02x", i).repeat(i);
      pings.append(" 89:").append(payload);
      pongs.append(" | ").append(("PONG " + payload).trim());
    }
    Chunk in = Chunk.copyOf(Wire.frames(Role.CLIENT, pings.substring(1)));
    while (server.next(in) == Event.PING) {
      server.pong(server.payload(), out);
    }
    assertEquals(pongs.substring(3), Wire.hear(Wire.engine(Role.CLIENT), Wire.drain(out)));
  }
}
