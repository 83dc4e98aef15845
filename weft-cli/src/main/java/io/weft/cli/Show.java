package io.weft.cli;

import io.weft.Message;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.HexFormat;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Prints messages to standard output, and keeps a record of what happens where that is asked for.
/// Safe for any thread.
final class Show implements AutoCloseable {

  private static final DateTimeFormatter TIME =
      new DateTimeFormatterBuilder().appendInstant(3).toFormatter(Locale.ROOT);

  private final OutputStream out;
  private final boolean escaped;
  private final Output how;
  private final boolean pretty;
  private final boolean times;

  /// Where all that happens is printed, if it is.
  private final Tape.@Nullable Writer printing;

  private volatile Tape.@Nullable Writer recording;

  /// Makes one.
  ///
  /// @param pretty whether to indent texts that are JSON
  /// @param times whether each message begins with the time
  /// @param recording where to record as well; null for nowhere
  Show(
      Streams streams, Output how, boolean pretty, boolean times, Tape.@Nullable Writer recording) {
    this.out = streams.out();
    this.escaped = streams.showsOutput();
    this.how = how;
    this.pretty = pretty;
    this.times = times;
    this.printing = how == Output.JSON ? new Tape.Writer(out, "standard output", escaped) : null;
    this.recording = recording;
  }

  /// Keeps in mind what happened, if anybody wants to know.
  ///
  /// @throws Failure if that cannot be written
  void event(Supplier<Tape.Entry> entry) {
    Tape.Writer recorder = recording;
    if (printing == null && recorder == null) {
      return;
    }
    Tape.Entry happened = entry.get();
    if (printing != null) {
      printing.write(happened);
    }
    if (recorder != null) {
      recorder.write(happened);
    }
  }

  /// Records from now on, into this tape and no other.
  void startRecording(Tape.Writer tape) {
    stopRecording();
    recording = tape;
  }

  /// Ends the recording, if there is one.
  void stopRecording() {
    Tape.Writer ended = recording;
    recording = null;
    if (ended != null) {
      ended.close();
    }
  }

  /// Records a message that came.
  ///
  /// @param connection the number of its connection; 0 for none
  /// @throws Failure if that cannot be written
  void record(int connection, Message message) {
    switch (message) {
      case Message.Text(String text) ->
          event(() -> Tape.Entry.now(Tape.Direction.RECEIVED, connection, Tape.Kind.TEXT, text));
      case Message.Binary(ByteBuffer data) ->
          event(() -> Tape.Entry.now(Tape.Direction.RECEIVED, connection, data));
    }
  }

  /// Prints a message that came, and records it.
  ///
  /// @param connection the number of its connection, which the line then begins with; 0 for none
  /// @throws Failure if it cannot be printed
  void received(int connection, Message message) {
    record(connection, message);
    if (how != Output.JSON) {
      print(connection, message);
    }
  }

  private synchronized void print(int connection, Message message) {
    try {
      switch (message) {
        case Message.Text(String text) when how == Output.RAW -> out.write(utf8(text));
        case Message.Binary(ByteBuffer data) when how == Output.RAW -> out.write(bytes(data));
        case Message.Text(String text) -> line(connection, shown(text));
        case Message.Binary(ByteBuffer data) when how == Output.BASE64 ->
            line(connection, Tape.base64(data));
        case Message.Binary(ByteBuffer data) -> line(connection, hex(data));
      }
    } catch (IOException e) {
      throw cannotWrite(e);
    }
  }

  /// Bytes from position to limit.
  static byte[] bytes(ByteBuffer data) {
    byte[] bytes = new byte[data.remaining()];
    data.get(data.position(), bytes);
    return bytes;
  }

  private static String hex(ByteBuffer data) {
    return HexFormat.of().formatHex(bytes(data));
  }

  private String shown(String text) {
    String indented = pretty ? Json.pretty(text) : null;
    String shown = indented == null ? text : indented;
    return escaped ? Escape.block(shown) : shown;
  }

  private void line(int connection, String line) throws IOException {
    StringBuilder whole = new StringBuilder(line.length() + 40);
    if (times) {
      whole.append(TIME.format(Instant.now())).append(' ');
    }
    if (connection != 0) {
      whole.append(connection).append(' ');
    }
    out.write(utf8(whole.append(line).append('\n').toString()));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /// Hands what was printed to the operating system.
  ///
  /// @throws Failure if it does not take it
  synchronized void flush() {
    try {
      out.flush();
    } catch (IOException e) {
      throw cannotWrite(e);
    }
  }

  private static Failure cannotWrite(IOException e) {
    return new Failure(Main.CANNOT_WRITE, "standard output cannot be written: " + e.getMessage());
  }

  /// Ends the recording.
  @Override
  public void close() {
    flush();
    stopRecording();
  }
}
