package io.weft.cli;

import io.weft.Message;
import java.nio.ByteBuffer;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.Locale;
import java.util.function.Consumer;

/// What a person sees of a connection: what came, and what the program says, each as lines of its
/// own. What strangers sent is escaped; colours are this class's alone.
final class Screen {

  /// The most that is shown of a message, in characters.
  static final int MAX_CHARS = 10_000;

  /// The most that is shown of a binary message, in bytes.
  static final int MAX_BYTES = 1_000;

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);

  /// A colour of the terminal's palette, as SGR has it.
  private enum Color {
    CAME(36),
    TOLD(90),
    WRONG(31);

    final int sgr;

    Color(int sgr) {
      this.sgr = sgr;
    }
  }

  private final Consumer<String> lines;
  private final boolean colors;

  private volatile boolean pretty;
  private volatile boolean times;
  private volatile boolean base64;

  /// Makes a screen.
  ///
  /// @param lines takes each text to be shown, perhaps of several lines, without the last newline
  Screen(Consumer<String> lines, boolean colors) {
    this.lines = lines;
    this.colors = colors;
  }

  /// Sets whether texts that are JSON are indented.
  void pretty(boolean on) {
    pretty = on;
  }

  /// Sets whether each line begins with the time.
  void times(boolean on) {
    times = on;
  }

  /// Sets whether binary messages are shown in base64, not in hex.
  void base64(boolean on) {
    base64 = on;
  }

  /// Shows a message that came.
  void came(Message message) {
    lines.accept(time() + paint(Color.CAME, "< ") + shown(message));
  }

  /// Says something about the connection.
  void tell(String sentence) {
    lines.accept(time() + paint(Color.TOLD, sentence));
  }

  /// Says what went wrong.
  void complain(String sentence) {
    lines.accept(time() + paint(Color.WRONG, sentence));
  }

  private String time() {
    return times
        ? TIME.format(LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.MILLIS)) + " "
        : "";
  }

  private String paint(Color color, String text) {
    return colors ? "\u001b[" + color.sgr + "m" + text + "\u001b[0m" : text;
  }

  private String shown(Message message) {
    return switch (message) {
      case Message.Text(String text) -> text(text);
      case Message.Binary(ByteBuffer data) -> binary(data);
    };
  }

  private String text(String text) {
    String indented = pretty ? Json.pretty(text) : null;
    String whole = indented == null ? text : indented;
    if (whole.length() <= MAX_CHARS) {
      return Escape.block(whole);
    }
    int end = Character.isHighSurrogate(whole.charAt(MAX_CHARS - 1)) ? MAX_CHARS - 1 : MAX_CHARS;
    return Escape.block(whole.substring(0, end)) + rest(whole.length() - end + " characters");
  }

  private String binary(ByteBuffer data) {
    int bytes = data.remaining();
    ByteBuffer first = data.slice(data.position(), Math.min(bytes, MAX_BYTES));
    String digits;
    if (base64) {
      digits = Tape.base64(first);
    } else {
      byte[] shown = new byte[first.remaining()];
      first.get(shown);
      digits = HexFormat.of().formatHex(shown);
    }
    String head = paint(Color.TOLD, "[binary, " + bytes + (bytes == 1 ? " byte] " : " bytes] "));
    return head + digits + (bytes > MAX_BYTES ? rest(bytes - MAX_BYTES + " bytes") : "");
  }

  private String rest(String howMuch) {
    return paint(Color.TOLD, " … " + howMuch + " more; /save FILE keeps them all");
  }
}
