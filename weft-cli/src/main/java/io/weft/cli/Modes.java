package io.weft.cli;

import io.weft.Compression;
import io.weft.Transport;
import java.util.Locale;

/// Choices of the library in the words of the command line, which are small: in the help, in what
/// shells complete, and where a wrong one is refused.
final class Modes {

  private Modes() {}

  /// How messages are compressed.
  enum Compressing {
    OFF(Compression.Mode.OFF),
    ON(Compression.Mode.ON),
    TAKEOVER(Compression.Mode.TAKEOVER);

    final Compression.Mode mode;

    Compressing(Compression.Mode mode) {
      this.mode = mode;
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// How bytes come and go.
  enum Transporting {
    AUTO(Transport.AUTO),
    NIO(Transport.NIO),
    IO_URING(Transport.IO_URING);

    final Transport transport;

    Transporting(Transport transport) {
      this.transport = transport;
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
