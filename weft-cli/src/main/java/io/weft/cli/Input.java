package io.weft.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// How standard input becomes messages.
enum Input {
  /// A text message a line.
  LINES,
  /// A binary message a line, in hex; spaces between bytes are fine.
  HEX,
  /// A binary message a line, in base64.
  BASE64,
  /// All of it is one text message.
  TEXT,
  /// All of it is one binary message.
  BINARY;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// The messages of a stream, read as they are taken.
  ///
  /// @param messageBytes the longest message; a longer one is a [Failure], and is not sent in part
  Outgoing.Source from(InputStream in, int messageBytes) {
    return sink -> {
      Lines lines = new Lines(in, mostBytes(messageBytes));
      boolean wholly = this == TEXT || this == BINARY;
      while (true) {
        byte[] taken = wholly ? lines.rest() : lines.next();
        if (taken == null) {
          return;
        }
        String where = wholly ? "standard input" : "line " + lines.number();
        Outgoing message = message(taken, where);
        if (message instanceof Outgoing.Binary(ByteBuffer data)
            && data.remaining() > messageBytes) {
          throw tooLong(where, messageBytes);
        }
        if (!sink.take(message, where) || wholly) {
          return;
        }
      }
    };
  }

  /// What a message may take in the stream.
  private long mostBytes(int messageBytes) {
    return switch (this) {
      case LINES, TEXT, BINARY -> messageBytes;
      case HEX -> 3L * messageBytes;
      case BASE64 -> 2L * messageBytes + 4;
    };
  }

  /// Reads a message.
  ///
  /// @throws Failure if the bytes are none, saying why
  private Outgoing message(byte[] bytes, String where) {
    return switch (this) {
      case LINES, TEXT -> new Outgoing.Text(utf8(bytes, where));
      case BINARY -> new Outgoing.Binary(ByteBuffer.wrap(bytes));
      case HEX -> new Outgoing.Binary(ByteBuffer.wrap(hex(utf8(bytes, where), where)));
      case BASE64 -> new Outgoing.Binary(ByteBuffer.wrap(base64(utf8(bytes, where), where)));
    };
  }

  static String utf8(byte[] bytes, String where) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new Failure(
          Main.BAD_INPUT,
          where + " is not UTF-8, so it cannot be a text message",
          "Send it as a binary message with --input binary, hex or base64.");
    }
  }

  static byte[] hex(String text, String where) {
    String digits = text.replaceAll("\\s", "");
    try {
      return HexFormat.of().parseHex(digits);
    } catch (IllegalArgumentException e) {
      throw new Failure(
          Main.BAD_INPUT, where + " is not hex: write two digits a byte, as 00 ff or 00ff");
    }
  }

  static byte[] base64(String text, String where) {
    try {
      return Base64.getDecoder().decode(text.strip());
    } catch (IllegalArgumentException e) {
      throw new Failure(Main.BAD_INPUT, where + " is not base64: write it as SGVsbG8=");
    }
  }

  static Failure tooLong(String where, long mostBytes) {
    return new Failure(
        Main.BAD_INPUT,
        where + " is longer than --max-message (" + Sizes.format(mostBytes) + ")",
        "Nothing of it was sent, nor of what comes after it.");
  }

  /// The lines of a stream, none longer than it may be. Only a newline ends one, and belongs to
  /// none.
  static final class Lines {

    private static final int BUFFER_BYTES = 64 << 10;

    private final InputStream in;
    private final long mostBytes;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int from;
    private int to;
    private long number;

    Lines(InputStream in, long mostBytes) {
      this.in = in;
      this.mostBytes = mostBytes;
    }

    /// The number of the line read last; the first is 1.
    long number() {
      return number;
    }

    /// The next line, also an unfinished one at the end.
    ///
    /// @return null if there is no more
    byte @Nullable [] next() {
      number++;
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      boolean any = false;
      while (fill()) {
        any = true;
        int end = from;
        while (end < to && buffer[end] != '\n') {
          end++;
        }
        take(line, end, "line " + number);
        if (from < to) {
          from++; // the newline
          return line.toByteArray();
        }
      }
      return any ? line.toByteArray() : null;
    }

    /// All that is left.
    byte[] rest() {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      while (fill()) {
        take(all, to, "standard input");
      }
      return all.toByteArray();
    }

    private void take(ByteArrayOutputStream into, int end, String where) {
      if (into.size() + (end - from) > mostBytes) {
        throw tooLong(where, mostBytes);
      }
      into.write(buffer, from, end - from);
      from = end;
    }

    /// Whether there is at least one byte in the buffer; waits for it.
    private boolean fill() {
      if (from < to) {
        return true;
      }
      try {
        from = 0;
        to = Math.max(0, in.read(buffer));
        return to > 0;
      } catch (IOException e) {
        throw new Failure(Main.CANNOT_READ, "the input cannot be read: " + e.getMessage());
      }
    }
  }
}
