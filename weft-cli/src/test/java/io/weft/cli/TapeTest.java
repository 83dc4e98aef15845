package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Recordings: what is written, and that replaying them does the same again.
@Timeout(60)
final class TapeTest {

  private static final String AT = "{\"time\":\"2026-11-21T08:00:0%sZ\",\"direction\":\"sent\",";

  @TempDir private Path home;

  private final Server server = Server.at("127.0.0.1", 0).loops(1).route("/", new Echo()).start();
  private final String url = "ws://127.0.0.1:" + server.port() + "/";

  @AfterEach
  void stop() {
    server.close();
  }

  private Path file(String... lines) throws IOException {
    return Files.write(home.resolve("tape.jsonl"), List.of(lines));
  }

  /// The entries of a file without their times, which are ISO instants.
  private static List<String> untimed(Path file) throws IOException {
    return Files.readAllLines(file).stream()
        .map(line -> line.replaceFirst("^\\{\"time\":\"\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z\",", ""))
        .toList();
  }

  @Test
  void everythingThatHappensIsRecorded() throws Exception {
    Path tape = home.resolve("talk.jsonl");
    Ran.with("你\u001b\n", "connect", "-1", "--record", tape.toString(), url).said("你\u001b\n");
    assertEquals(
        List.of(
            "\"direction\":\"sent\",\"kind\":\"open\",\"payload\":\"" + url + "\"}",
            "\"direction\":\"sent\",\"kind\":\"text\",\"payload\":\"你\\u001B\"}",
            "\"direction\":\"received\",\"kind\":\"text\",\"payload\":\"你\\u001B\"}",
            "\"direction\":\"sent\",\"kind\":\"close\",\"code\":1000,\"payload\":\"\"}"),
        untimed(tape));
  }

  @Test
  void whatWasRecordedIsReplayed() throws Exception {
    Path tape = home.resolve("talk.jsonl");
    Ran.with("00ff\n\n", "connect", "-n2", "-i", "hex", "--record", tape.toString(), url)
        .said("00ff\n\n");
    Path again = home.resolve("again.jsonl");
    Ran.weft(
            "connect",
            "--replay",
            tape.toString(),
            "--pace=fast",
            "--record",
            again.toString(),
            "-n2",
            url)
        .said("00ff\n\n");
    assertEquals(
        untimed(tape).stream().sorted().toList(), untimed(again).stream().sorted().toList());
  }

  @Test
  void theTimeBetweenIsKept() throws Exception {
    Path tape =
        file(
            AT.formatted("0") + "\"kind\":\"text\",\"payload\":\"a\"}",
            AT.formatted("0.7").replace("sent", "received")
                + "\"kind\":\"text\",\"payload\":\"x\"}",
            AT.formatted("1") + "\"kind\":\"binary\",\"payload\":\"/w==\"}");
    long startNs = System.nanoTime();
    Ran.weft("connect", "-n2", "--replay", tape.toString(), url).said("a\nff\n");
    long recordedNs = System.nanoTime() - startNs;
    assertTrue(recordedNs >= Duration.ofSeconds(1).toNanos(), recordedNs + " ns");
  }

  @Test
  void aBlankLineIsPassedOver() throws Exception {
    Path tape =
        file(
            AT.formatted("0") + "\"kind\":\"text\",\"payload\":\"a\"}",
            "",
            " \t\r",
            AT.formatted("0") + "\"kind\":\"text\",\"payload\":\"b\"}");
    Ran.weft("connect", "-n2", "--replay", tape.toString(), url).said("a\nb\n");
  }

  @Test
  void nothingIsSentOfARecordingThatIsWrongFurtherOn() throws Exception {
    Path tape = file(AT.formatted("0") + "\"kind\":\"text\",\"payload\":\"a\"}", "{\"a\":1}");
    Path recorded = home.resolve("sent.jsonl");
    Ran ran =
        Ran.weft(
            "connect", "--replay", tape.toString(), "--record", recorded.toString(), "-n1", url);
    assertEquals(Main.BAD_INPUT, ran.code(), ran.err());
    assertEquals("", ran.out());
    assertTrue(ran.err().contains("tape.jsonl line 2 is no entry of a recording"), ran.err());
    assertTrue(
        untimed(recorded).stream().noneMatch(line -> line.contains("\"text\"")),
        untimed(recorded).toString());
  }

  @Test
  void theTimeIsAskedForOnlyWhereItIsKept() throws Exception {
    Path tape = file("{\"direction\":\"sent\",\"kind\":\"text\",\"payload\":\"a\"}");
    Ran.weft("connect", "-1", "--pace=fast", "--replay", tape.toString(), url).said("a\n");
    Ran timed = Ran.weft("connect", "-1", "--replay", tape.toString(), url);
    assertEquals(Main.BAD_INPUT, timed.code());
    assertTrue(timed.err().contains("no string under \"time\""), timed.err());
  }

  @Test
  void onlyItsOwnerMayReadARecording() throws Exception {
    Path tape = home.resolve("secret.jsonl");
    Ran.with("token\n", "connect", "-1", "--record", tape.toString(), url).said("token\n");
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(tape)));
  }

  @Test
  void aPingIsAnsweredAndACloseIsTheEnd() throws Exception {
    Path tape =
        file(
            AT.formatted("0") + "\"kind\":\"ping\",\"payload\":\"\"}",
            AT.formatted("0.5") + "\"kind\":\"close\",\"code\":4001,\"payload\":\"bye\"}",
            AT.formatted("1") + "\"kind\":\"text\",\"payload\":\"never\"}");
    Ran ran = Ran.weft("connect", "-o", "json", "--wait=forever", "--replay", tape.toString(), url);
    assertEquals("", ran.err());
    assertEquals(0, ran.code());
    assertTrue(ran.out().contains("\"direction\":\"received\",\"kind\":\"pong\""), ran.out());
    assertTrue(
        ran.out().endsWith("\"sent\",\"kind\":\"close\",\"code\":4001,\"payload\":\"bye\"}\n"),
        ran.out());
    assertTrue(!ran.out().contains("never"), ran.out());
  }

  @Test
  void aTerminalIsNotControlledByJsonEither() {
    Ran ran = Ran.shown("\u202e\ud83e\uddf5\u009b\n", "connect", "-1", "-o", "json", url);
    assertTrue(ran.out().contains("\"payload\":\"\\u202e\ud83e\uddf5\\u009b\"}\n"), ran.out());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      textBlock =
          """
          nonsense                                      | no JSON object
          {"time":"x"}                                  | no string under "kind"
          {"time":"2026-11-21T08:00:00Z","direction":"up","kind":"text","payload":""} | no direction: up
          {"time":"2026-11-21T08:00:00Z","direction":"sent","kind":"song","payload":""} | no kind: song
          {"time":"noon","direction":"sent","kind":"text","payload":""} | no time: noon
          {"time":"2026-11-21T08:00:00Z","direction":"sent","kind":"binary","payload":"*"} | no base64: *
          {"time":"2026-11-21T08:00:00Z","direction":"sent","kind":"close","code":1005,"payload":""} | 1005 is no code to close with
          {"time":"2026-11-21T08:00:00Z","direction":"sent","kind":"close","code":"a","payload":""} | 0 is no code to close with
          """)
  void whatIsNoEntryIsSaidWithItsLine(String line, String why) throws Exception {
    Path tape = file(AT.formatted("0") + "\"kind\":\"text\",\"payload\":\"a\"}", line);
    Ran ran = Ran.weft("connect", "--replay", tape.toString(), url);
    assertEquals(Main.BAD_INPUT, ran.code(), ran.err());
    assertTrue(
        ran.err().startsWith("weft: " + tape + " line 2 is no entry of a recording: " + why),
        ran.err());
  }

  @Test
  void halfACharacterIsNoText() throws Exception {
    Path tape = file(AT.formatted("0") + "\"kind\":\"text\",\"payload\":\"\\ud83e\"}");
    Ran ran = Ran.weft("connect", "--replay", tape.toString(), url);
    assertEquals(Main.BAD_INPUT, ran.code(), ran.err());
    assertTrue(ran.err().startsWith("weft: " + tape + " line 1 cannot be sent: "), ran.err());
  }

  @Test
  void aFileThatIsNotThereIsSaidBeforeAnythingIsSent() {
    Path none = home.resolve("none/x");
    Ran.weft("connect", "--replay", none.toString(), url)
        .failed(Main.CANNOT_READ, "", "weft: there is no file " + none + ".");
    Ran ran = Ran.weft("connect", "--record", none.toString(), url);
    assertEquals(Main.CANNOT_WRITE, ran.code());
    assertTrue(ran.err().startsWith("weft: " + none + " cannot be written: "), ran.err());
  }
}
