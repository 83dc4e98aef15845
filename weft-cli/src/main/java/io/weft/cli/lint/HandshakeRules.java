package io.weft.cli.lint;

import static io.weft.cli.lint.Rule.must;
import static io.weft.cli.lint.Rule.should;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/// The opening handshake: RFC 6455 §4, and HTTP/1.1 (RFC 9110, RFC 9112) as far as it goes there.
final class HandshakeRules {

  private static final String KEY = "Sec-WebSocket-Key";
  private static final String VERSION = "Sec-WebSocket-Version";
  private static final String EXTENSIONS = "Sec-WebSocket-Extensions";
  private static final String PROTOCOL = "Sec-WebSocket-Protocol";
  private static final String REFUSED = "an HTTP status of 400 or above";
  private static final String TAKEN = "101 with the right Accept";
  private static final String NOT_TAKEN = "400, or the end of the stream";
  private static final long DRIP_NS = 1_000_000;

  private HandshakeRules() {}

  static List<Rule> all() {
    return List.of(
        must("handshake/accept", "§4.2.2", "five sound handshakes", TAKEN, HandshakeRules::keys),
        must(
            "handshake/answer",
            "§4.2.2",
            "a sound handshake",
            "HTTP/1.1 101, Upgrade: websocket, Connection: Upgrade, each once",
            lab -> answer(lab.answer(lab.request()))),
        must(
            "handshake/bodiless",
            "RFC 9110 §8.6",
            "a sound handshake",
            "a 101 without Content-Length or Transfer-Encoding, and frames right behind it",
            HandshakeRules::bodiless),
        must(
            "handshake/no-extension",
            "§4.2.2",
            "a handshake that offers no extension",
            "no Sec-WebSocket-Extensions",
            lab -> without(lab.answer(lab.request().drop(EXTENSIONS)), EXTENSIONS)),
        must(
            "handshake/no-subprotocol",
            "§4.2.2",
            "a handshake that offers no subprotocol",
            "no Sec-WebSocket-Protocol",
            lab -> without(lab.answer(lab.request().drop(PROTOCOL)), PROTOCOL)),
        must(
            "handshake/other-subprotocol",
            "§4.2.2",
            "an offer of the subprotocol weft-lint-unknown",
            "that one, or none, or a refusal",
            HandshakeRules::subprotocol),
        must(
            "handshake/other-extension",
            "§9.1",
            "an offer of the extension x-weft-lint",
            "101 without it",
            lab -> {
              Request request = lab.request().set(EXTENSIONS, "x-weft-lint; a=1; b");
              Answer answer = lab.answer(request);
              Verdict taken = Lab.accepts(answer, request);
              return taken.isOk() ? without(answer, EXTENSIONS) : taken;
            }),
        must(
            "handshake/malformed-extension",
            "§9.1",
            "Sec-WebSocket-Extensions: x-weft-lint; =",
            REFUSED,
            lab -> lab.refuses(lab.request().set(EXTENSIONS, "x-weft-lint; ="))),
        must(
            "handshake/method",
            "§4.1",
            "a handshake by POST",
            REFUSED + ", as 405",
            lab -> lab.refuses(lab.request().method("POST").set("Content-Length", "0"))),
        must(
            "handshake/http-1.0",
            "§4.1",
            "a handshake of HTTP/1.0",
            REFUSED + ", as 505",
            lab -> lab.refuses(lab.request().version("HTTP/1.0"))),
        must(
            "handshake/no-host",
            "RFC 9112 §3.2",
            "a handshake without Host",
            REFUSED,
            lab -> lab.refuses(lab.request().drop("Host"))),
        must(
            "handshake/two-hosts",
            "RFC 9112 §3.2",
            "a handshake with two Hosts",
            REFUSED,
            lab -> lab.refuses(lab.request().add("Host", "weft-lint.invalid"))),
        must(
            "handshake/no-key",
            "§4.2.1",
            "a handshake without a key",
            REFUSED,
            lab -> lab.refuses(lab.request().drop(KEY))),
        must(
            "handshake/two-keys",
            "§11.3.1",
            "a handshake with two keys",
            REFUSED,
            lab -> lab.refuses(lab.request().add(KEY, keyOf(16)))),
        must(
            "handshake/short-key",
            "§4.2.1",
            "a key of 15 bytes",
            REFUSED,
            lab -> lab.refuses(lab.request().set(KEY, keyOf(15)))),
        must(
            "handshake/long-key",
            "§4.2.1",
            "a key of 17 bytes",
            REFUSED,
            lab -> lab.refuses(lab.request().set(KEY, keyOf(17)))),
        must(
            "handshake/undecodable-key",
            "§4.2.1",
            "a key of 24 characters that is no Base64",
            REFUSED,
            lab -> lab.refuses(lab.request().set(KEY, "!!weft*lint*no*base64!!!"))),
        must(
            "handshake/empty-key",
            "§4.2.1",
            "an empty key",
            REFUSED,
            lab -> lab.refuses(lab.request().set(KEY, ""))),
        must(
            "handshake/no-version",
            "§4.2.1",
            "a handshake without a version",
            REFUSED,
            lab -> lab.refuses(lab.request().drop(VERSION))),
        must(
            "handshake/version-99",
            "§4.4",
            "a handshake of version 99",
            "426 or another refusal, with Sec-WebSocket-Version",
            lab -> version(lab, "99")),
        should(
            "handshake/version-8",
            "§4.4",
            "a handshake of version 8, of a draft of 2011",
            "426 or another refusal, with Sec-WebSocket-Version",
            lab -> version(lab, "8")),
        must(
            "handshake/two-versions",
            "§11.3.5",
            "a handshake of the versions 8 and 13",
            REFUSED,
            lab -> lab.refuses(lab.request().set(VERSION, "8").add(VERSION, "13"))),
        must(
            "handshake/no-upgrade",
            "§4.2.1",
            "a handshake without Upgrade",
            "anything but 101",
            lab -> notUpgraded(lab.answer(lab.request().drop("Upgrade")))),
        must(
            "handshake/no-connection",
            "§4.2.1",
            "a handshake without Connection",
            "anything but 101",
            lab -> notUpgraded(lab.answer(lab.request().drop("Connection")))),
        must(
            "handshake/other-upgrade",
            "§4.2.1",
            "Upgrade: weft-lint",
            "anything but 101",
            lab -> notUpgraded(lab.answer(lab.request().set("Upgrade", "weft-lint")))),
        must(
            "handshake/any-case",
            "§4.2.1",
            "Upgrade: WebSocket, Connection: UPGRADE",
            TAKEN,
            lab ->
                lab.accepts(
                    lab.request().set("Upgrade", "WebSocket").set("Connection", "UPGRADE"))),
        must(
            "handshake/connection-list",
            "§4.2.1",
            "Connection: keep-alive, Upgrade, as Firefox sends it",
            TAKEN,
            lab -> lab.accepts(lab.request().set("Connection", "keep-alive, Upgrade"))),
        should(
            "handshake/connection-lines",
            "RFC 9110 §5.3",
            "Connection: keep-alive and Connection: Upgrade in two lines",
            TAKEN,
            lab ->
                lab.accepts(
                    lab.request().set("Connection", "keep-alive").add("Connection", "Upgrade"))),
        should(
            "handshake/upgrade-list",
            "§4.2.1",
            "Upgrade: weft-lint/1, websocket",
            TAKEN,
            lab -> lab.accepts(lab.request().set("Upgrade", "weft-lint/1, websocket"))),
        must(
            "handshake/header-case",
            "RFC 9110 §5.1",
            "header names as hOsT and sEc-WeBsOcKeT-KeY",
            TAKEN,
            lab -> lab.accepts(lab.request().otherCase())),
        must(
            "handshake/header-blanks",
            "RFC 9112 §5.1",
            "values with no blank before them, or blanks and tabs around them",
            TAKEN,
            lab -> lab.accepts(lab.request().otherBlanks())),
        must(
            "handshake/absolute-target",
            "§4.1",
            "GET with the whole URL of scheme http",
            TAKEN,
            lab ->
                lab.accepts(
                    lab.request().resource(lab.target().ownOrigin() + lab.target().resource()))),
        must(
            "handshake/byte-by-byte",
            "RFC 9112 §2.2",
            "a sound handshake, each byte alone",
            TAKEN,
            HandshakeRules::byteByByte),
        should(
            "handshake/early-frame",
            "§4.1",
            "a ping right behind the head, before the answer",
            "101, then the pong",
            HandshakeRules::earlyFrame),
        must(
            "handshake/blank-before-colon",
            "RFC 9112 §5.1",
            "a line `X-Lint : 1`",
            "400",
            lab -> lab.declines(lab.request().line("X-Lint : 1"))),
        should(
            "handshake/bare-lf",
            "RFC 9112 §2.2",
            "a head whose lines end in LF alone",
            NOT_TAKEN,
            lab -> lab.declines(lab.request().endOfLine("\n"))),
        should(
            "handshake/bare-cr",
            "RFC 9112 §2.2",
            "a header whose value holds a CR",
            NOT_TAKEN,
            lab -> lab.declines(lab.request().line("X-Lint: a\rX-Other: b"))),
        should(
            "handshake/nul",
            "RFC 9110 §5.5",
            "a header whose value holds a NUL",
            NOT_TAKEN,
            lab -> lab.declines(lab.request().line("X-Lint: a\0b"))),
        should(
            "handshake/folded",
            "RFC 9112 §5.2",
            "a header in two lines, the second beginning with a blank",
            NOT_TAKEN,
            lab -> lab.declines(lab.request().line("X-Lint: a\r\n b"))),
        should(
            "handshake/no-colon",
            "RFC 9112 §5",
            "a header line without a colon",
            NOT_TAKEN,
            lab -> lab.declines(lab.request().line("X-Lint"))),
        should(
            "handshake/body",
            "RFC 9110 §9.3.1",
            "a handshake with a body of 5 bytes",
            NOT_TAKEN,
            lab ->
                lab.declines(
                    lab.request().set("Content-Length", "5").behind("hello".getBytes(US_ASCII)))),
        should(
            "handshake/chunked-body",
            "RFC 9110 §9.3.1",
            "a handshake with a chunked body",
            NOT_TAKEN,
            lab ->
                lab.declines(
                    lab.request()
                        .set("Transfer-Encoding", "chunked")
                        .behind("5\r\nhello\r\n0\r\n\r\n".getBytes(US_ASCII)))),
        should(
            "handshake/half-a-head",
            "RFC 9112 §8",
            "half of a head, then the end of the stream",
            "400, or the end of the stream",
            HandshakeRules::halfAHead));
  }

  private static String keyOf(int bytes) {
    return Base64.getEncoder().encodeToString(new byte[bytes]);
  }

  private static Verdict keys(Lab lab) throws IOException, InterruptedException {
    for (int key = 0; key < 5; key++) {
      Verdict verdict = lab.accepts(lab.request());
      if (!verdict.isOk()) {
        return verdict;
      }
    }
    return Verdict.ok("five times 101 with the right Accept");
  }

  private static Verdict answer(Answer answer) {
    if (!answer.isUpgrade()) {
      return Verdict.fail(answer.seen());
    }
    List<String> upgrade = answer.all("Upgrade");
    boolean sound = upgrade.size() == 1 && upgrade.getFirst().equalsIgnoreCase("websocket");
    if (!sound || !answer.lists("Connection", "Upgrade")) {
      return Verdict.fail(
          String.format(
              Locale.ROOT,
              "101 with Upgrade: %s, Connection: %s",
              upgrade,
              answer.all("Connection")));
    }
    return answer.all("Sec-WebSocket-Accept").size() == 1
        ? Verdict.ok(answer.seen())
        : Verdict.fail("101 with Sec-WebSocket-Accept: " + answer.all("Sec-WebSocket-Accept"));
  }

  private static Verdict bodiless(Lab lab) throws IOException, InterruptedException, Breach {
    try (Wire wire = lab.open()) {
      wire.send(lab.request().bytes());
      Answer answer = Answer.read(wire);
      if (!answer.isUpgrade()) {
        return Verdict.fail(answer.seen());
      }
      for (String name : List.of("Content-Length", "Transfer-Encoding")) {
        if (!answer.all(name).isEmpty()) {
          return Verdict.fail("101 with " + name + ": " + answer.all(name).getFirst());
        }
      }
      return new Session(wire, "").goesOn();
    }
  }

  private static Verdict without(Answer answer, String name) {
    List<String> there = answer.all(name);
    if (!there.isEmpty()) {
      return Verdict.fail(answer.seen() + " with " + name + ": " + String.join(", ", there));
    }
    return Verdict.ok(answer.seen() + " without it");
  }

  private static Verdict subprotocol(Lab lab) throws IOException, InterruptedException {
    Answer answer = lab.answer(lab.request().set(PROTOCOL, "weft-lint-unknown"));
    List<String> chosen = answer.all(PROTOCOL);
    if (answer.isUpgrade() && !chosen.isEmpty() && !chosen.equals(List.of("weft-lint-unknown"))) {
      return Verdict.fail("101 with " + PROTOCOL + ": " + String.join(", ", chosen));
    }
    return answer.status() == 0
        ? Verdict.fail(answer.seen())
        : Verdict.ok(answer.seen() + (chosen.isEmpty() ? " without one" : " with that one"));
  }

  private static Verdict version(Lab lab, String version) throws IOException, InterruptedException {
    Answer answer = lab.answer(lab.request().set(VERSION, version));
    if (answer.isUpgrade()) {
      return Verdict.fail("101, as if it were sound");
    }
    boolean says = !answer.all(VERSION).isEmpty();
    return says
        ? Verdict.ok(answer.seen() + " with " + VERSION + ": " + answer.all(VERSION).getFirst())
        : Verdict.fail(answer.seen() + " without " + VERSION);
  }

  private static Verdict notUpgraded(Answer answer) {
    return answer.isUpgrade() || answer.end() == Wire.End.SILENCE
        ? Verdict.fail(answer.seen())
        : Verdict.ok(answer.seen());
  }

  private static Verdict byteByByte(Lab lab) throws IOException, InterruptedException {
    Request request = lab.request();
    try (Wire wire = lab.open()) {
      wire.drip(request.bytes(), DRIP_NS);
      wire.waitAfresh();
      return Lab.accepts(Answer.read(wire), request);
    }
  }

  private static Verdict earlyFrame(Lab lab) throws IOException, InterruptedException, Breach {
    Frame ping = Session.newPing();
    try (Session session = lab.upgrade(lab.request().behind(ping.bytes()))) {
      return session.answers(ping)
          ? Verdict.ok("101, then the pong")
          : Verdict.fail("101, then " + session.seen());
    }
  }

  private static Verdict halfAHead(Lab lab) throws IOException, InterruptedException {
    byte[] request = lab.request().bytes();
    try (Wire wire = lab.open()) {
      wire.send(Arrays.copyOf(request, request.length / 2));
      wire.endOutput();
      Answer answer = Answer.read(wire);
      return answer.isUpgrade() || answer.end() == Wire.End.SILENCE
          ? Verdict.fail("TCP is still open")
          : Verdict.ok(answer.seen());
    }
  }
}
