package io.weft.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.System.Logger.Level;
import java.time.InstantSource;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The log of the program: an entry for each event, as a line of text or as a JSON object a line.
/// Safe for any thread. What strangers sent is escaped in both.
///
/// ```text
/// 2026-11-21T08:00:00.123Z INFO  opened id=7 path=/echo remote=127.0.0.1:50122
/// {"time":"2026-11-21T08:00:00.123Z","level":"INFO","event":"opened","id":7,"path":"/echo", ...}
/// ```
final class Journal {

  /// How entries look.
  enum Format {
    /// For people.
    TEXT,
    /// For programs: one object a line, in ASCII.
    JSON;

    @Override
    public String toString() {
      return this == TEXT ? "text" : "json";
    }
  }

  private static final DateTimeFormatter TIME =
      new DateTimeFormatterBuilder().appendInstant(3).toFormatter(Locale.ROOT);

  /// Made when the first JSON is written: most journals write none, and start sooner.
  private static final class Ascii {
    static final JsonMapper JSON =
        JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();
  }

  private final PrintWriter to;
  private final Format format;
  private final Level least;
  private final InstantSource clock;

  /// Makes a journal.
  ///
  /// @param least the least level that is written
  /// @param clock for the time of each entry
  Journal(PrintWriter to, Format format, Level least, InstantSource clock) {
    this.to = to;
    this.format = format;
    this.least = least;
    this.clock = clock;
  }

  boolean isLoggable(Level level) {
    return level != Level.OFF && level.getSeverity() >= least.getSeverity();
  }

  /// Writes an event with its fields.
  ///
  /// @param fields in this order; values are strings, numbers or null, and a null is left out of
  ///   text
  void event(Level level, String event, Map<String, ? extends @Nullable Object> fields) {
    if (!isLoggable(level)) {
      return;
    }
    if (format == Format.JSON) {
      ObjectNode entry = entry(level, event);
      fields.forEach((key, value) -> put(entry, key, value));
      write(entry);
      return;
    }
    StringBuilder line = new StringBuilder(event);
    fields.forEach((key, value) -> {
      if (value != null) {
        line.append(' ').append(key).append('=').append(Escape.value(value.toString()));
      }
    });
    write(level, line.toString());
  }

  /// Writes a sentence of a logger, and what was thrown.
  void say(Level level, String logger, String sentence, @Nullable Throwable thrown) {
    if (!isLoggable(level)) {
      return;
    }
    if (format == Format.JSON) {
      ObjectNode entry = entry(level, "log").put("logger", logger).put("message", sentence);
      write(thrown == null ? entry : entry.put("thrown", stack(thrown)));
      return;
    }
    String whole = thrown == null ? sentence : sentence + "\n" + stack(thrown);
    write(level, logger + ": " + Escape.lines(whole));
  }

  private ObjectNode entry(Level level, String event) {
    return Ascii.JSON
        .createObjectNode()
        .put("time", now())
        .put("level", level.getName())
        .put("event", event);
  }

  private static void put(ObjectNode entry, String key, @Nullable Object value) {
    switch (value) {
      case null -> entry.putNull(key);
      case Integer number -> entry.put(key, number);
      case Long number -> entry.put(key, number);
      case Double number -> entry.put(key, number);
      default -> entry.put(key, Escape.clip(value.toString()));
    }
  }

  private void write(ObjectNode entry) {
    writeLine(Ascii.JSON.writeValueAsString(entry));
  }

  private void write(Level level, String rest) {
    writeLine(
        String.format(
            Locale.ROOT, "%s %-5s %s", now(), level == Level.WARNING ? "WARN" : level, rest));
  }

  private void writeLine(String line) {
    to.print(line + System.lineSeparator());
    to.flush();
  }

  private String now() {
    return TIME.format(clock.instant());
  }

  private static String stack(Throwable thrown) {
    StringWriter stack = new StringWriter();
    thrown.printStackTrace(new PrintWriter(stack));
    return stack.toString().stripTrailing();
  }
}
