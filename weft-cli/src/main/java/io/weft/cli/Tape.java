package io.weft.cli;

import io.weft.Close;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// What happened on connections, an entry a line, as JSON in UTF-8: what `--record` and `--output
/// json` write and `--replay` reads.
///
/// ```text
/// {"time":"2026-11-21T08:00:00.123456Z","direction":"sent","kind":"text","payload":"hi"}
/// {"time":"2026-11-21T08:00:00.125Z","direction":"received","kind":"binary","payload":"AP8="}
/// ```
final class Tape {

  /// Which way.
  enum Direction {
    SENT,
    RECEIVED;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// What.
  enum Kind {
    /// The connection is open; its payload is the URL.
    OPEN,
    /// A text message; its payload is the text.
    TEXT,
    /// A binary message; its payload is base64.
    BINARY,
    /// A ping that was asked for; without payload.
    PING,
    /// The answer to it; its payload is the round trip, in milliseconds.
    PONG,
    /// The end; its payload is the reason, and there is a code.
    CLOSE;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// One thing that happened.
  ///
  /// @param time when, to the microsecond
  /// @param connection the number of the connection, where there may be several; 0 where not
  /// @param code the close code; 0 where there is none
  /// @param payload as its kind says
  record Entry(
      Instant time, Direction direction, int connection, Kind kind, int code, String payload) {

    static Entry now(Direction direction, int connection, Kind kind, String payload) {
      return new Entry(microseconds(), direction, connection, kind, 0, payload);
    }

    static Entry now(Direction direction, int connection, ByteBuffer data) {
      return now(direction, connection, Kind.BINARY, base64(data));
    }

    /// The end of a connection; received, unless it was ours.
    static Entry now(int connection, Close close) {
      Direction direction = close.by() == Close.By.SELF ? Direction.SENT : Direction.RECEIVED;
      return new Entry(
          microseconds(), direction, connection, Kind.CLOSE, close.code(), close.reason());
    }

    private static Instant microseconds() {
      return Instant.now().truncatedTo(ChronoUnit.MICROS);
    }

    /// What is to be sent to do the same again; null if it was received, or goes by itself.
    @Nullable Outgoing outgoing() {
      if (direction != Direction.SENT) {
        return null;
      }
      return switch (kind) {
        case OPEN, PONG -> null;
        case TEXT -> new Outgoing.Text(payload);
        case BINARY -> new Outgoing.Binary(ByteBuffer.wrap(bytes(payload)));
        case PING -> new Outgoing.Ping();
        case CLOSE -> {
          Session.checkClose(code, payload);
          yield new Outgoing.Close(code, payload);
        }
      };
    }

    private static byte[] bytes(String base64) {
      try {
        return Base64.getDecoder().decode(base64);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("no base64: " + Escape.value(base64), e);
      }
    }

    private String json() {
      ObjectNode entry = Json.object();
      entry.put("time", time.toString()).put("direction", direction.toString());
      if (connection != 0) {
        entry.put("connection", connection);
      }
      entry.put("kind", kind.toString());
      if (kind == Kind.CLOSE) {
        entry.put("code", code);
      }
      return entry.put("payload", payload).toString();
    }

    /// Reads an entry.
    ///
    /// @param timed whether it has to say when; without, what it says is not looked at
    /// @throws IllegalArgumentException if it is none, saying why
    private static Entry parse(String json, boolean timed) {
      ObjectNode entry = Json.object(json);
      if (entry == null) {
        throw new IllegalArgumentException("no JSON object");
      }
      Kind kind = one(Kind.values(), "kind", string(entry, "kind"));
      Entry read =
          new Entry(
              timed ? time(string(entry, "time")) : Instant.EPOCH,
              one(Direction.values(), "direction", string(entry, "direction")),
              entry.path("connection").asInt(0),
              kind,
              kind == Kind.CLOSE ? entry.path("code").asInt(0) : 0,
              string(entry, "payload"));
      read.outgoing(); // whatever is wrong, is wrong now
      return read;
    }

    private static String string(ObjectNode entry, String key) {
      String value = Json.string(entry, key);
      if (value == null) {
        throw new IllegalArgumentException("no string under \"" + key + "\"");
      }
      return value;
    }

    private static Instant time(String text) {
      try {
        return Instant.parse(text);
      } catch (DateTimeException e) {
        throw new IllegalArgumentException("no time: " + Escape.value(text), e);
      }
    }

    private static <E extends Enum<E>> E one(E[] values, String what, String text) {
      for (E value : values) {
        if (value.toString().equals(text)) {
          return value;
        }
      }
      throw new IllegalArgumentException("no " + what + ": " + Escape.value(text));
    }
  }

  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ALONE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private Tape() {}

  /// Bytes from position to limit, in base64.
  static String base64(ByteBuffer data) {
    return StandardCharsets.ISO_8859_1
        .decode(Base64.getEncoder().encode(data.duplicate()))
        .toString();
  }

  /// What was sent in a recording, to be sent again. Read as it goes: a recording may be long.
  ///
  /// @param recorded whether to leave the time between messages that there was. Without it a Close
  ///   is left out as well: it would come before the answers
  /// @throws Failure if there is no such file; when it is read also if it is no recording, saying
  ///   at which line
  static Outgoing.Source replay(Path file, boolean recorded, int messageBytes) {
    if (!Files.isReadable(file)) {
      throw new Failure(
          Main.CANNOT_READ,
          Files.exists(file) ? file + " may not be read" : "there is no file " + file);
    }
    return sink -> {
      if (Files.isRegularFile(file)) {
        // All of it first: half a recording is worse than none.
        read(file, messageBytes, lines -> check(lines, file.toString(), recorded));
      }
      read(file, messageBytes, lines -> replay(lines, file.toString(), recorded, sink));
    };
  }

  /// What is done with the lines of a file.
  private interface Reading {
    void read(Input.Lines lines) throws InterruptedException;
  }

  private static void read(Path file, int messageBytes, Reading reading)
      throws InterruptedException {
    try (InputStream in = Files.newInputStream(file)) {
      // Base64 takes 4 bytes for 3, and JSON at most 6 for a byte of text.
      reading.read(new Input.Lines(in, 6L * messageBytes + 1024));
    } catch (IOException e) {
      throw new Failure(Main.CANNOT_READ, file + " cannot be read: " + e.getMessage());
    }
  }

  private static void check(Input.Lines lines, String name, boolean recorded) {
    for (byte[] line = lines.next(); line != null; line = lines.next()) {
      if (!isBlank(line)) {
        parse(line, name + " line " + lines.number(), recorded);
      }
    }
  }

  /// Whether a line holds nothing, as the last of a file that was edited may.
  private static boolean isBlank(byte[] line) {
    for (byte each : line) {
      if (each != ' ' && each != '\t' && each != '\r') {
        return false;
      }
    }
    return true;
  }

  private static void replay(Input.Lines lines, String name, boolean recorded, Outgoing.Sink sink)
      throws InterruptedException {
    Instant first = null;
    long startNs = System.nanoTime();
    for (byte[] line = lines.next(); line != null; line = lines.next()) {
      if (isBlank(line)) {
        continue;
      }
      String where = name + " line " + lines.number();
      Entry entry = parse(line, where, recorded);
      first = first == null ? entry.time() : first;
      Outgoing message = entry.outgoing();
      if (message == null || (message instanceof Outgoing.Close && !recorded)) {
        continue;
      }
      if (recorded) {
        long dueNs = startNs + Duration.between(first, entry.time()).toNanos();
        Thread.sleep(Duration.ofNanos(Math.max(0, dueNs - System.nanoTime())));
      }
      if (!sink.take(message, where)) {
        return;
      }
    }
  }

  private static Entry parse(byte[] line, String where, boolean timed) {
    try {
      return Entry.parse(Input.utf8(line, where), timed);
    } catch (IllegalArgumentException e) {
      throw new Failure(Main.BAD_INPUT, where + " is no entry of a recording: " + e.getMessage());
    }
  }

  /// Writes entries as they happen, each at once. Safe for any thread.
  static final class Writer implements AutoCloseable {

    private final OutputStream to;
    private final String name;
    private final boolean escaped;

    /// Makes a writer.
    ///
    /// @param name of what it writes to, for messages
    /// @param escaped whether a terminal shows it
    Writer(OutputStream to, String name, boolean escaped) {
      this.to = to;
      this.name = name;
      this.escaped = escaped;
    }

    /// Begins a recording, over one that may be there.
    ///
    /// @throws Failure if the file cannot be written
    static Writer to(Path file) {
      try {
        return new Writer(open(file), file.toString(), false);
      } catch (IOException e) {
        throw new Failure(Main.CANNOT_WRITE, file + " cannot be written: " + e);
      }
    }

    /// Opens a file for its owner alone, since what is said on a connection may hold tokens. One
    /// that is there keeps the rights it has.
    private static OutputStream open(Path file) throws IOException {
      Set<OpenOption> how =
          Set.of(
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING);
      try {
        return Channels.newOutputStream(Files.newByteChannel(file, how, OWNER_ALONE));
      } catch (UnsupportedOperationException e) {
        return Files.newOutputStream(file); // no file system of POSIX
      }
    }

    synchronized void write(Entry entry) {
      String json = entry.json();
      try {
        to.write(((escaped ? Escape.json(json) : json) + '\n').getBytes(StandardCharsets.UTF_8));
        to.flush();
      } catch (IOException e) {
        throw new Failure(Main.CANNOT_WRITE, name + " cannot be written: " + e.getMessage());
      }
    }

    @Override
    public synchronized void close() {
      try {
        to.close();
      } catch (IOException e) {
        throw new Failure(Main.CANNOT_WRITE, name + " cannot be written: " + e.getMessage());
      }
    }
  }
}
