package io.weft;

import java.nio.ByteBuffer;
import java.util.Objects;

/// A whole message, as [Conversation#receive()] gives it.
public sealed interface Message {

  /// A text message.
  ///
  /// @param text its text; every code point is whole
  record Text(String text) implements Message {
    /// Makes one.
    public Text {
      Objects.requireNonNull(text, "text");
    }
  }

  /// A binary message.
  ///
  /// @param data its bytes, from position to limit; the receiver's own
  record Binary(ByteBuffer data) implements Message {
    /// Makes one.
    public Binary {
      Objects.requireNonNull(data, "data");
    }
  }
}
