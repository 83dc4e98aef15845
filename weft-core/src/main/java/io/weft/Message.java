package io.weft;

import java.nio.ByteBuffer;

/// A whole message, as [Conversation#receive()] gives it.
public sealed interface Message {

  /// A text message.
  ///
  /// @param text its text; every code point is whole
  record Text(String text) implements Message {}

  /// A binary message.
  ///
  /// @param data its bytes, from position to limit; the receiver's own
  record Binary(ByteBuffer data) implements Message {}
}
