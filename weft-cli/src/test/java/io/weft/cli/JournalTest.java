package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What the log looks like, and that nobody outside can write lines of their own into it.
final class JournalTest {

  private static final String HOSTILE = "a\nb\r\u001b[2J\u2028\u202e\"\\ \ud800 织";

  private final StringWriter out = new StringWriter();

  private Journal journal(Journal.Format format) {
    Instant time = Instant.parse("2026-11-21T08:00:00.120Z");
    return new Journal(new PrintWriter(out), format, Level.INFO, InstantSource.fixed(time));
  }

  @Test
  void writesAnEventAsALineOfText() {
    journal(Journal.Format.TEXT).event(Level.INFO, "closed", fields("bye bye"));
    assertEquals(
        "2026-11-21T08:00:00.120Z INFO  closed id=7 path=/chat/织 seconds=1.5 reason=\"bye bye\"\n",
        out.toString());
  }

  @Test
  void writesAnEventAsOneObject() {
    journal(Journal.Format.JSON).event(Level.INFO, "closed", fields("bye bye"));
    assertEquals(
        "{\"time\":\"2026-11-21T08:00:00.120Z\",\"level\":\"INFO\",\"event\":\"closed\",\"id\":7,"
            + "\"path\":\"/chat/\\u7EC7\",\"origin\":null,\"seconds\":1.5,\"reason\":\"bye bye\"}\n",
        out.toString());
  }

  @Test
  void escapesWhatStrangersSentInText() {
    journal(Journal.Format.TEXT).event(Level.INFO, "closed", Map.of("reason", HOSTILE));
    assertEquals(
        "2026-11-21T08:00:00.120Z INFO  closed reason=\"a\\u000ab\\u000d\\u001b[2J\\u2028\\u202e"
            + "\\\"\\\\ \\ud800 织\"\n",
        out.toString());
  }

  @Test
  void escapesWhatStrangersSentInJson() {
    journal(Journal.Format.JSON).event(Level.INFO, "closed", Map.of("reason", HOSTILE));
    String line = out.toString().strip();
    assertTrue(line.chars().allMatch(c -> c >= ' ' && c < 0x7F), line);
    JsonNode entry = JsonMapper.shared().readTree(line);
    assertEquals(HOSTILE, entry.get("reason").stringValue());
  }

  @Test
  void keepsAMessageOfSeveralLinesOneEntry() {
    journal(Journal.Format.TEXT)
        .say(Level.ERROR, "io.weft", "It broke:\n2026 INFO forged\u001b", new Exception("x\ny"));
    List<String> lines = out.toString().lines().toList();
    assertEquals("2026-11-21T08:00:00.120Z ERROR io.weft: It broke:", lines.getFirst());
    assertEquals("    2026 INFO forged\\u001b", lines.get(1));
    assertEquals("    java.lang.Exception: x", lines.get(2));
    assertTrue(lines.stream().skip(1).allMatch(line -> line.startsWith("    ")), out.toString());
  }

  @Test
  void writesOneObjectForWhatWasThrown() {
    journal(Journal.Format.JSON).say(Level.WARNING, "io.weft", "late\n", new Exception("x\ny"));
    assertEquals(1, out.toString().lines().count());
    JsonNode entry = JsonMapper.shared().readTree(out.toString());
    assertEquals("log", entry.get("event").stringValue());
    assertEquals("io.weft", entry.get("logger").stringValue());
    assertEquals("late\n", entry.get("message").stringValue());
    assertTrue(entry.get("thrown").stringValue().startsWith("java.lang.Exception: x\ny\n\tat "));
  }

  @Test
  void clipsWhatIsLong() {
    journal(Journal.Format.TEXT).event(Level.INFO, "opened", Map.of("path", "x".repeat(8000)));
    assertTrue(out.toString().endsWith("x…\n"));
    assertEquals(Escape.MAX_CHARS + 1, Escape.clip("x".repeat(257)).length());
    assertEquals(Escape.MAX_CHARS, Escape.clip("x".repeat(255) + "🧵").length());
  }

  @ParameterizedTest
  @CsvSource({"DEBUG, false", "INFO, true", "ERROR, true", "OFF, false"})
  void keepsToItsLevel(Level level, boolean written) {
    Journal journal = journal(Journal.Format.TEXT);
    journal.event(level, "x", Map.of());
    journal.say(level, "io.weft", "x", null);
    assertEquals(written, journal.isLoggable(level));
    assertEquals(!written, out.toString().isEmpty());
  }

  @Test
  void takesWhatTheLibraryLogs() {
    LogFinder.use(journal(Journal.Format.TEXT));
    System.Logger logger = System.getLogger("io.weft");
    logger.log(Level.INFO, "{0} connections", 12);
    logger.log(Level.INFO, "{0} stays");
    logger.log(Level.DEBUG, "too fine");
    assertEquals(
        """
        2026-11-21T08:00:00.120Z INFO  io.weft: 12 connections
        2026-11-21T08:00:00.120Z INFO  io.weft: {0} stays
        """,
        out.toString());
  }

  private static Map<String, Object> fields(String reason) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("id", 7L);
    fields.put("path", "/chat/织");
    fields.put("origin", null);
    fields.put("seconds", 1.5);
    fields.put("reason", reason);
    return fields;
  }
}
