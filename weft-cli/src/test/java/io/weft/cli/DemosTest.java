package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The demo endpoints, asked by a client of another making.
final class DemosTest {

  private static Serving serving;

  @BeforeAll
  static void start() {
    serving = new Serving("--subprotocol", "v2.demo", "--subprotocol", "v1.demo", "--quiet");
  }

  @AfterAll
  static void stop() {
    serving.close();
  }

  @Nested
  final class AtEcho {

    @Test
    void textAndBinaryComeBack() throws Exception {
      Talker talker = serving.connect("/echo");
      talker.say("hello").say("你好，世界 🧵").say("");
      talker.hears("hello", "你好，世界 🧵", "");
      talker.say(HexFormat.of().parseHex("00ff80"));
      talker.hears("00ff80");
      talker.leave();
    }

    @Test
    void aLargeMessageComesBackWhole() throws Exception {
      Talker talker = serving.connect("/echo");
      String large = "织".repeat(300_000);
      talker.say(large);
      talker.hears(large);
      talker.leave();
    }

    @ParameterizedTest
    @CsvSource({
      "300, 100_000, --max-message=1MiB",
      "60, 900_000, --max-message=1MiB",
      "20, 3_000_000, --max-message=3MiB",
    })
    void whoReadsLateGetsEveryMessageInOrder(int messages, String chars, String option)
        throws Exception {
      try (Serving large = new Serving("--quiet", option)) {
        Talker talker = large.connectLazily("/echo");
        String pad = "x".repeat(Integer.parseInt(chars.replace("_", "")));
        Thread sender =
            Thread.startVirtualThread(
                () -> IntStream.range(0, messages).forEach(n -> talker.say(n + pad)));
        Thread.sleep(300);
        talker.read();
        for (int n = 0; n < messages; n++) {
          String heard = talker.hear();
          assertEquals(n + pad, heard == null ? talker.closed.getNow("silence") : heard);
        }
        sender.join();
        talker.leave();
      }
    }

    @Test
    void aConnectionWhoseAnswerFindsNoMemoryIsClosed() throws Exception {
      try (Serving small = new Serving("--quiet", "--max-pool=64KiB")) {
        Talker talker = small.connect("/echo");
        talker.say("x".repeat(150_000));
        assertEquals(
            "1013 no memory for the answer at present", talker.closed.get(10, TimeUnit.SECONDS));
      }
    }

    @Test
    void theServersFavouriteSubprotocolIsAgreedOn() throws Exception {
      Talker talker = serving.connect("/echo", b -> b.subprotocols("v1.demo", "v2.demo"));
      assertEquals("v2.demo", talker.socket.getSubprotocol());
      talker.leave();
    }
  }

  @Nested
  final class AtChat {

    @Test
    void everyoneInTheRoomReadsWhatAnyoneSays() throws Exception {
      Talker ann = serving.connect("/chat/lobby?name=ann");
      ann.hears("{\"type\":\"join\",\"name\":\"ann\",\"members\":1}");
      Talker bo = serving.connect("/chat/lobby?name=%E6%B3%A2");
      String joined = "{\"type\":\"join\",\"name\":\"波\",\"members\":2}";
      ann.hears(joined);
      bo.hears(joined);

      bo.say("</script> \"quoted\"");
      String said = "{\"type\":\"say\",\"name\":\"波\",\"text\":\"</script> \\\"quoted\\\"\"}";
      ann.hears(said);
      bo.hears(said);

      bo.leave();
      ann.hears("{\"type\":\"leave\",\"name\":\"波\",\"members\":1}");
      ann.leave();
    }

    @Test
    void twoMayHaveOneName() throws Exception {
      Talker one = serving.connect("/chat/twins?name=ann");
      one.hears("{\"type\":\"join\",\"name\":\"ann\",\"members\":1}");
      Talker other = serving.connect("/chat/twins?name=ann");
      other.hears("{\"type\":\"join\",\"name\":\"ann\",\"members\":2}");
      one.leave();
      other.hears("{\"type\":\"leave\",\"name\":\"ann\",\"members\":1}");
      other.leave();
    }

    @Test
    void roomsAreApart() throws Exception {
      Talker ann = serving.connect("/chat/here?name=ann");
      ann.hears("{\"type\":\"join\",\"name\":\"ann\",\"members\":1}");
      Talker bob = serving.connect("/chat/there?name=bob");
      bob.say("hi");
      bob.hears(
          "{\"type\":\"join\",\"name\":\"bob\",\"members\":1}",
          "{\"type\":\"say\",\"name\":\"bob\",\"text\":\"hi\"}");
      ann.say("me");
      ann.hears("{\"type\":\"say\",\"name\":\"ann\",\"text\":\"me\"}");
      ann.leave();
      bob.leave();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "/chat/lobby",
          "/chat/lobby?name=",
          "/chat/lobby?name=%20",
          "/chat/lobby?name=a%0Ab",
          "/chat/lobby?name=a%E2%80%AEb",
          "/chat/lobby?name=12345678901234567890123456789012345678901234567890123456789012345",
          "/chat/%E2%80%AE?name=ann",
        })
    void whoHasNoFitNameIsRefused(String path) {
      assertEquals(400, serving.handshake(path, b -> b));
    }

    @Test
    void aTextThatIsTooLongEndsTheConnection() throws Exception {
      Talker ann = serving.connect("/chat/long?name=ann");
      ann.say("x".repeat(Chat.MAX_TEXT_CHARS)).say("x".repeat(Chat.MAX_TEXT_CHARS + 1));
      ann.hear();
      assertTrue(ann.hear().endsWith("x\"}"));
      assertEquals("1009 at most 16384 characters at once", ann.closed.get(10, TimeUnit.SECONDS));
    }

    @Test
    void textThatJsonMustEscapeStillFits() throws Exception {
      Talker ann = serving.connect("/chat/escapes?name=ann");
      ann.say("\u0001".repeat(Chat.MAX_TEXT_CHARS));
      ann.hear();
      assertTrue(ann.hear().endsWith("\\u0001\"}"));
      ann.leave();
    }
  }

  @Nested
  final class OneToOne {

    @Test
    void everyConnectionOfTheReceiverGetsIt() throws Exception {
      Talker ann = serving.connect("/ws/ann/");
      Talker bobAtHome = serving.connect("/ws/bob/");
      Talker bobAtWork = serving.connect("/ws/bob");
      ann.say("{\"to\":\"bob\",\"text\":\"hi\"}");
      bobAtHome.hears("{\"type\":\"message\",\"from\":\"ann\",\"text\":\"hi\"}");
      bobAtWork.hears("{\"type\":\"message\",\"from\":\"ann\",\"text\":\"hi\"}");
      bobAtHome.leave();
      bobAtWork.leave();
      ann.say("{\"to\":\"bob\",\"text\":\"still there?\"}");
      ann.hears("{\"type\":\"offline\",\"to\":\"bob\"}");
      ann.leave();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "hi",
          "null",
          "[]",
          "{\"to\":\"bob\"}",
          "{\"to\":5,\"text\":\"hi\"}",
          "{\"to\":\"bob\",\"text\":\"hi\"} {}",
          "{\"to\":\"bob\",\"to\":\"ann\",\"text\":\"hi\"}",
          "{\"to\":\"\",\"text\":\"hi\"}",
          "{\"to\":\"\\ud800\",\"text\":\"hi\"}",
          "{\"to\":\"carl\",\"text\":\"\\udc00\"}",
        })
    void whatIsNotUnderstoodIsAnsweredWithTheReason(String text) throws Exception {
      Talker carl = serving.connect("/ws/carl/");
      carl.say(text);
      String answer = carl.hear();
      assertTrue(answer.startsWith("{\"type\":\"error\",\"reason\":\""), answer);
      carl.say("{\"to\":\"carl\",\"text\":\"go on\"}");
      carl.hears("{\"type\":\"message\",\"from\":\"carl\",\"text\":\"go on\"}");
      carl.leave();
    }

    @Test
    void deepJsonIsNotUnderstoodEither() throws Exception {
      Talker carl = serving.connect("/ws/deep/");
      carl.say("[".repeat(100_000));
      assertTrue(carl.hear().startsWith("{\"type\":\"error\""));
      carl.leave();
    }
  }

  @Nested
  final class AtClock {

    @Test
    void pushesTheTimeEverySecond() throws Exception {
      Talker talker = serving.connect("/clock");
      Instant first = time(talker.hear());
      Instant second = time(talker.hear());
      assertEquals(Duration.ofSeconds(1), Duration.between(first, second));
      talker.leave();
    }

    @Test
    void startsAgainWhenEverybodyHadLeft() throws Exception {
      for (int visit = 0; visit < 2; visit++) {
        Talker talker = serving.connect("/clock");
        time(talker.hear());
        talker.leave();
      }
    }

    private static Instant time(String message) {
      assertTrue(message.matches("\\{\"type\":\"clock\",\"time\":\"[^\"]{20}\"}"), message);
      return Instant.parse(message.substring(24, 44));
    }
  }

  @Test
  void healthCountsConnections() throws Exception {
    Talker talker = serving.connect("/echo");
    var health = serving.get("/health");
    assertEquals(200, health.statusCode());
    assertEquals("application/json", health.headers().firstValue("Content-Type").orElseThrow());
    assertTrue(
        health.body().matches("\\{\"status\":\"ok\",\"connections\":[1-9]\\d*}"), health.body());
    talker.leave();
  }

  @Test
  void aPageOfAnotherOriginIsRefused() {
    assertEquals(403, serving.handshake("/echo", b -> b.header("Origin", "https://evil.example")));
    assertEquals(
        101,
        serving.handshake(
            "/echo", b -> b.header("Origin", "http://127.0.0.1:" + serving.server.port())));
  }
}
