package io.weft.ws;

import static io.weft.ws.Hearing.assertHears;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// §5.4: fragments, what may stand between them, and what may not.
final class FragmentsTest {

  @ParameterizedTest
  @CsvSource({
    "two, 01:4865 80:6c6f, TEXT Helo",
    "three, 02:01 00:02 80:03, BINARY 010203",
    "an empty first, 01: 80:61, TEXT a",
    "an empty last, 01:61 80:, TEXT a",
    "an empty one between, 02:01 00: 80:02, BINARY 0102",
    "all empty, 01: 00: 80:, TEXT",
    "all empty and binary, 02: 80:, BINARY",
    "a ping between, 01:61 89:70 80:62, PING 70 | TEXT ab",
    "a pong before the empty end, 01:61 8a: 80:, PONG | TEXT a",
    "pings everywhere, 89: 01: 89:01 00:61 89:02 80: 89:03,"
        + " PING | PING 01 | PING 02 | TEXT a | PING 03",
    "two messages, 01:61 80:62 02:63 80:64, TEXT ab | BINARY 6364",
    "a whole one after, 01:61 80:62 81:63, TEXT ab | TEXT c",
  })
  void assembles(String what, String frames, String events) {
    assertHears(events, frames);
  }

  @Test
  void dropsAMessageThatACloseCutsShort() {
    assertHears("CLOSE 1000", "01:61 88:03e8 80:62");
  }

  @ParameterizedTest
  @CsvSource({
    "a continuation of nothing, 80:61, ''",
    "an unfinished continuation of nothing, 00:61, ''",
    "a continuation after a whole message, 81:61 80:62, TEXT a | ''",
    "a continuation after the last fragment, 01:61 80:62 80:63, TEXT ab | ''",
    "a text inside a text, 01:61 81:62, ''",
    "a fragmented text inside a text, 01:61 01:62, ''",
    "a binary inside a text, 01:61 82:62, ''",
    "a text inside a binary of empty fragments, 02: 81:62, ''",
    "a text behind a ping inside a message, 01:61 89: 81:62, PING | ''",
  })
  void refusesWithCode1002(String what, String frames, String before) {
    assertHears(before.replace("''", "") + "BREACH 1002", frames);
  }
}
