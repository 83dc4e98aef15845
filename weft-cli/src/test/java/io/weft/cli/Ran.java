package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/// A command that has run in this process.
///
/// @param code its exit code
/// @param bytes its standard output
/// @param err its standard error
record Ran(int code, ByteBuffer bytes, String err) {

  /// Runs a command whose standard input is empty.
  static Ran weft(String... args) {
    return with("", args);
  }

  /// Runs a command on this input.
  static Ran with(String input, String... args) {
    return with(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)), args);
  }

  static Ran with(InputStream in, String... args) {
    return with(in, false, args);
  }

  /// Runs a command that takes its output for a terminal.
  static Ran shown(String input, String... args) {
    return with(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)), true, args);
  }

  private static Ran with(InputStream in, boolean shown, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    StringWriter err = new StringWriter();
    Streams streams = new Streams(in, out, new PrintWriter(err, true), false, shown);
    int code = Main.run(streams, args);
    return new Ran(code, ByteBuffer.wrap(out.toByteArray()), err.toString());
  }

  /// No streams: for what only parses.
  static Supplier<Streams> nowhere() {
    return () -> {
      throw new IllegalStateException("nobody asks");
    };
  }

  String out() {
    return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
  }

  /// It said this, and nothing else, and all was well.
  void said(String output) {
    assertEquals("", err);
    assertEquals(output, out());
    assertEquals(0, code);
  }

  /// It ended with this code, this output and these words on standard error.
  void failed(int expected, String output, String... sentences) {
    assertEquals(output, out());
    assertEquals(String.join("\n", sentences) + "\n", err);
    assertEquals(expected, code);
  }
}
