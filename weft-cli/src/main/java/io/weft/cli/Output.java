package io.weft.cli;

import java.util.Locale;

/// How messages that came are printed.
enum Output {
  /// A line each: text as it is, binary in hex.
  HEX,
  /// A line each: text as it is, binary in base64.
  BASE64,
  /// The bytes of each, and nothing between.
  RAW,
  /// All that happens, an object a line; as in a recording.
  JSON;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
