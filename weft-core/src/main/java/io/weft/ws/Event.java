package io.weft.ws;

/// What [Engine#next] found.
public enum Event {
  /// A whole text message; [Engine#text()].
  TEXT,
  /// A whole binary message; [Engine#payload()].
  BINARY,
  /// A ping to answer with a pong of the same payload (§5.5.2); [Engine#payload()].
  PING,
  /// A pong, asked for or not (§5.5.3); [Engine#payload()].
  PONG,
  /// The peer's Close, its last frame (§5.5.1); [Engine#closeCode()] and [Engine#closeReason()].
  CLOSE
}
