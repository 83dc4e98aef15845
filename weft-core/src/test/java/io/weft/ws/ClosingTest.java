package io.weft.ws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.weft.ws.Closing.Step;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// §7: every state, what it allows, and every step from it.
final class ClosingTest {

  @ParameterizedTest
  @CsvSource({
    "OPEN, true, true",
    "CLOSE_SENT, true, false",
    "CLOSE_RECEIVED, false, true",
    "FAILED, false, true",
    "CLOSED, false, false",
  })
  void allows(Closing state, boolean reading, boolean sending) {
    assertEquals(reading, state.isReading());
    assertEquals(sending, state.maySend());
  }

  @ParameterizedTest
  @CsvSource({
    "OPEN, SENT, CLOSE_SENT",
    "OPEN, RECEIVED, CLOSE_RECEIVED",
    "OPEN, BREACH, FAILED",
    "CLOSE_SENT, RECEIVED, CLOSED",
    "CLOSE_SENT, BREACH, CLOSED",
    "CLOSE_RECEIVED, SENT, CLOSED",
    "FAILED, SENT, CLOSED",
  })
  void moves(Closing from, Step step, Closing to) {
    assertEquals(to, from.after(step));
  }

  @ParameterizedTest
  @CsvSource({
    "CLOSE_SENT, SENT",
    "CLOSE_RECEIVED, RECEIVED",
    "CLOSE_RECEIVED, BREACH",
    "FAILED, RECEIVED",
    "FAILED, BREACH",
    "CLOSED, SENT",
    "CLOSED, RECEIVED",
    "CLOSED, BREACH",
  })
  void neverMoves(Closing from, Step step) {
    assertThrows(AssertionError.class, () -> from.after(step));
  }
}
