package io.weft.ws;

/// Whether an extension is to encode a message.
public enum Encoding {
  /// Send it as it is: it holds a secret beside what others may choose, or is compressed already.
  NEVER,
  /// Encode it unless it is too short for that to pay, or would not shrink.
  IF_SMALLER,
  /// Encode it, even if it grows, as far as the extension has the memory.
  ALWAYS
}
