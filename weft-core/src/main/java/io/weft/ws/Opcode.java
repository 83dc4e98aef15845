package io.weft.ws;

/// What the payload of a frame is (§5.2); the declared order of each half is that of the wire.
public enum Opcode {
  /// More of the message that an earlier frame began.
  CONTINUATION(0x0),
  /// A message in UTF-8, or its beginning.
  TEXT(0x1),
  /// A message of bytes, or its beginning.
  BINARY(0x2),
  /// The last frame of its sender.
  CLOSE(0x8),
  /// A question that a [#PONG] answers.
  PING(0x9),
  /// An answer to a [#PING], or a sign of life.
  PONG(0xA);

  /// The four bits on the wire.
  final int code;

  Opcode(int code) {
    this.code = code;
  }

  /// Whether the frame stands by itself, within a message or outside, and carries no part of one
  /// (§5.5).
  boolean isControl() {
    return code >= CLOSE.code;
  }

  /// Whether the frame is the first of a message.
  boolean beginsMessage() {
    return this == TEXT || this == BINARY;
  }

  /// Finds the meaning of an opcode.
  ///
  /// @param code four bits
  /// @throws ProtocolException with close code 1002, if the opcode is reserved
  static Opcode of(int code) throws ProtocolException {
    return switch (code) {
      case 0x0 -> CONTINUATION;
      case 0x1 -> TEXT;
      case 0x2 -> BINARY;
      case 0x8 -> CLOSE;
      case 0x9 -> PING;
      case 0xA -> PONG;
      default ->
          throw new ProtocolException(
              CloseCode.PROTOCOL_ERROR, "§5.2", "opcode " + code + " is reserved");
    };
  }
}
