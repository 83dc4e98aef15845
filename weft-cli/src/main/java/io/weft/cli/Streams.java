package io.weft.cli;

import java.io.BufferedOutputStream;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;

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

  /// Standard input that was closed when the process began.
  private static final class Closed extends InputStream {
    @Override
    public int read() throws IOException {
      throw new IOException("standard input is closed");
    }

    @Override
    public int read(byte[] into, int from, int count) throws IOException {
      return read();
    }
  }

  /// Whether standard input was closed, and a file of the JVM's own has taken its place: the
  /// archive of its classes, or this program.
  private static boolean isTaken() {
    try {
      Path file = Path.of("/proc/self/fd/0").toRealPath();
      Path java = Path.of(System.getProperty("java.home")).toRealPath();
      String program = System.getProperty("java.class.path", "");
      return file.startsWith(java)
          || Arrays.stream(program.split(File.pathSeparator, -1))
              .anyMatch(part -> !part.isEmpty() && file.equals(Path.of(part).toAbsolutePath()));
    } catch (IOException | InvalidPathException e) {
      return false; // a pipe or a socket, or no Linux
    }
  }

  /// Those of this process.
  static Streams ofProcess() {
    boolean interactive = Terminals.isInteractive();
    return new Streams(
        isTaken() ? new Closed() : System.in,
        new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), BUFFER_BYTES),
        new PrintWriter(System.err, true, System.err.charset()),
        interactive,
        interactive || Terminals.isOutput());
  }
}
