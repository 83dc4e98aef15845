package io.weft;

/// How a connection of a [Live] ended, or an attempt to make one.
public sealed interface Ending {

  /// The attempt failed.
  ///
  /// @param failure at which step, and why; with the server's answer if it gave one
  record Failed(HandshakeException failure) implements Ending {}

  /// The connection was open, and ended.
  ///
  /// @param close code, reason, and by whom
  record Ended(Close close) implements Ending {}

  /// The status of the server's answer to a handshake that failed; 0 if there was none.
  default int status() {
    return this instanceof Failed(HandshakeException failure) ? failure.status() : 0;
  }

  /// The close code of a connection that was open; 0 if none was.
  default int closeCode() {
    return this instanceof Ended(Close close) ? close.code() : 0;
  }

  /// What happened, for a log line.
  default String what() {
    return switch (this) {
      case Failed(HandshakeException failure) -> String.valueOf(failure.getMessage());
      case Ended(Close close) -> close.what();
    };
  }
}
