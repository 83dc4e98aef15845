package io.weft.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;

/// Standard input, output and error of a command. Messages go in and out as bytes, in UTF-8
/// whatever the locale says, since that is what a WebSocket carries.
///
/// @param in where input comes from
/// @param out where messages go; buffered, and not closed by anybody
/// @param err where a command speaks of itself
/// @param interactive whether a person sits at both ends
/// @param showsOutput whether `out` is a terminal, which what strangers sent must not control
record Streams(
    InputStream in, OutputStream out, PrintWriter err, boolean interactive, boolean showsOutput) {

  private static final int BUFFER_BYTES = 64 << 10;

  /// Those of this process.
  static Streams ofProcess() {
    boolean interactive = Terminals.isInteractive();
    return new Streams(
        System.in,
        new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), BUFFER_BYTES),
        new PrintWriter(System.err, true, System.err.charset()),
        interactive,
        interactive || Terminals.isOutput());
  }
}
