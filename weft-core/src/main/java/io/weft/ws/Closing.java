package io.weft.ws;

/// Where a connection stands between its opening and its end (§7). Each side sends one Close frame,
/// its last; names say whose Close has passed.
///
/// ```text
///                 SENT
///         OPEN ------------> CLOSE_SENT -----+
///          |  \                              | RECEIVED, BREACH
///          |   \ RECEIVED              SENT  v
///          |    +------> CLOSE_RECEIVED --> CLOSED
///          | BREACH                    SENT  ^
///          +----------------> FAILED --------+
/// ```
///
/// | state | reads (§5.5.1, §7.1.7) | frames may go, our Close as the last (§5.5.1) |
/// |---|---|---|
/// | OPEN | yes | yes |
/// | CLOSE_SENT | yes, what the peer sent before it saw our Close | no |
/// | CLOSE_RECEIVED | no: the peer's Close was its last frame | yes: what was begun, and the answer |
/// | FAILED | no: the peer broke the protocol | yes: what was begun, and the reason |
/// | CLOSED | no | no |
enum Closing {
  OPEN,
  CLOSE_SENT,
  CLOSE_RECEIVED,
  FAILED,
  CLOSED;

  /// What moves a connection on.
  enum Step {
    /// We sent a Close frame.
    SENT,
    /// The peer's Close frame arrived.
    RECEIVED,
    /// The peer broke the protocol or a bound.
    BREACH
  }

  /// Where `step` leads from here.
  Closing after(Step step) {
    assert step == Step.SENT ? maySend() : isReading();
    if (this != OPEN) {
      return CLOSED;
    }
    return switch (step) {
      case SENT -> CLOSE_SENT;
      case RECEIVED -> CLOSE_RECEIVED;
      case BREACH -> FAILED;
    };
  }

  /// Whether the peer's bytes still mean something.
  boolean isReading() {
    return this == OPEN || this == CLOSE_SENT;
  }

  /// Whether frames may be sent, for our Close was not.
  boolean maySend() {
    return this != CLOSE_SENT && this != CLOSED;
  }
}
