package io.weft;

import io.weft.ws.Encoding;

/// Whether one message is to be compressed, where the connection agreed on permessage-deflate (RFC
/// 7692). Where it did not, every message goes as it is.
public enum Compress {
  /// Unless it is shorter than [Compression#thresholdBytes()], or would not become shorter.
  AUTO(Encoding.IF_SMALLER),

  /// In any case: for testing, or where a message's context helps those that follow. Only without
  /// memory for a compressor ([Limits#codecBytes()]) does it go as it is.
  YES(Encoding.ALWAYS),

  /// Never: for a message that is compressed already, or that holds a secret beside something a
  /// stranger may choose, whose length would then tell about the secret (RFC 7692 §8).
  NO(Encoding.NEVER);

  final Encoding encoding;

  Compress(Encoding encoding) {
    this.encoding = encoding;
  }
}
