package io.weft.cli.lint;

import static io.weft.cli.lint.Rule.must;
import static io.weft.cli.lint.Rule.should;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.weft.cli.lint.Rule.Need;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Limits: RFC 6455 §10.4. What is beyond every use must have an end, and one client's excess must
/// not be another's.
final class LimitRules {

  private static final int TOO_BIG = 1009;
  private static final int POLICY = 1008;
  private static final String ENDS = "a Close with 1009 or 1008, or the end of the connection";
  private static final String REFUSED = "an HTTP status of 400 or above, or the end of the stream";

  private static final int FRAGMENTS = 16 << 10;
  private static final int PIECE_BYTES = 64 << 10;
  private static final int MESSAGE_BYTES = 16 << 20;
  private static final int HEADER_BYTES = 256 << 10;
  private static final int HEADERS = 2_000;

  private static final long DRIP_NS = 200_000_000;

  private LimitRules() {}

  static List<Rule> all() {
    return List.of(
        should(
            "limit/target",
            "RFC 9112 §3",
            "a handshake whose target has 64 KiB",
            REFUSED + ", as 414",
            lab ->
                lab.declines(
                    lab.request()
                        .resource(lab.target().resource() + "?" + "a".repeat(PIECE_BYTES)))),
        should(
            "limit/header",
            "RFC 6585 §5",
            "a handshake with a header of 256 KiB",
            REFUSED + ", as 431",
            lab -> lab.declines(lab.request().add("X-Lint", "a".repeat(HEADER_BYTES)))),
        should(
            "limit/headers",
            "RFC 6585 §5",
            "a handshake with 2000 headers",
            REFUSED + ", as 431",
            lab -> {
              Request request = lab.request();
              for (int header = 0; header < HEADERS; header++) {
                request.add("X-" + header, "1");
              }
              return lab.declines(request);
            }),
        should(
            "limit/announced-2-62",
            "§10.4",
            "the header of a message of 2^62 bytes",
            ENDS,
            lab -> announced(lab, 1L << 62)),
        should(
            "limit/announced-2-31",
            "§10.4",
            "the header of a message of 2^31 bytes",
            ENDS,
            lab -> announced(lab, 1L << 31)),
        should(
            "limit/message",
            "§10.4",
            "a message of 16 MiB in fragments of 64 KiB, and no end",
            ENDS,
            LimitRules::message),
        should(
            "limit/fragments",
            "§10.4",
            "16384 fragments of a byte each, and no end",
            ENDS,
            lab -> fragments(lab, new byte[] {'a'})),
        should(
            "limit/empty-fragments",
            "§10.4",
            "16384 fragments without a byte, and no end",
            ENDS,
            lab -> fragments(lab, new byte[0])),
        should(
            "limit/silent-client",
            "§10.4",
            "nothing at all",
            "the end of the stream within a minute",
            LimitRules::silent,
            Need.TIME),
        should(
            "limit/slow-head",
            "§10.4",
            "a head that never ends, a byte every 200 ms",
            "408, or the end of the stream, within a minute",
            LimitRules::slowHead,
            Need.TIME),
        must(
            "limit/still-alive",
            "§10.4",
            "at the end of it all, a handshake and a ping",
            "101 and the pong",
            lab -> {
              try (Session session = lab.upgrade()) {
                return session.goesOn();
              }
            },
            Need.END));
  }

  private static Verdict announced(Lab lab, long bytes)
      throws IOException, InterruptedException, Breach {
    try (Session session = lab.upgrade()) {
      session.send(FrameRules.bodiless(lab, bytes));
      return session.ends(TOO_BIG);
    }
  }

  private static Verdict message(Lab lab) throws IOException, InterruptedException, Breach {
    byte[] payload = new byte[PIECE_BYTES];
    Arrays.fill(payload, (byte) 'a');
    byte[] next = Frame.of(Frame.CONTINUATION, payload).more().bytes();
    try (Session session = lab.upgrade()) {
      session.send(lab.message().more());
      for (int sent = 0; sent < MESSAGE_BYTES; sent += PIECE_BYTES) {
        if (!session.wire().send(next)) {
          break;
        }
      }
      return session.ends(TOO_BIG, POLICY);
    }
  }

  private static Verdict fragments(Lab lab, byte[] payload)
      throws IOException, InterruptedException, Breach {
    Frame[] many = new Frame[FRAGMENTS / 64];
    Arrays.fill(many, Frame.of(Frame.CONTINUATION, payload).more());
    byte[] next = Frame.bytes(many);
    try (Session session = lab.upgrade()) {
      session.send(lab.message().more());
      for (int sent = 0; sent < FRAGMENTS; sent += many.length) {
        if (!session.wire().send(next)) {
          break;
        }
      }
      return session.ends(TOO_BIG, POLICY);
    }
  }

  private static Verdict silent(Lab lab) throws IOException, InterruptedException {
    Duration wait = wait(lab);
    try (Wire wire = lab.open(wait)) {
      Answer answer = Answer.read(wire);
      return measured(lab, answer, wire.ageMs());
    }
  }

  private static Verdict slowHead(Lab lab) throws IOException, InterruptedException {
    Duration wait = wait(lab);
    byte[] request = lab.request().bytes();
    byte[] head = Arrays.copyOf(request, request.length - 2);
    try (Wire wire = lab.open(wait)) {
      wire.send(head);
      byte[] drop = "X-Lint: a\r\n".getBytes(US_ASCII);
      for (int at = 0; wire.ageMs() < wait.toMillis(); at++) {
        wire.send(new byte[] {drop[at % drop.length]});
        wire.waitNs(DRIP_NS);
        Answer answer = Answer.read(wire);
        if (answer.end() != Wire.End.SILENCE || !answer.startLine().isEmpty()) {
          return measured(lab, answer, wire.ageMs());
        }
      }
      return measured(lab, new Answer(Wire.End.SILENCE, "", 0, List.of()), wire.ageMs());
    }
  }

  private static Duration wait(Lab lab) {
    Duration timeout = lab.target().timeout();
    return timeout.compareTo(lab.longest()) < 0 ? timeout : lab.longest();
  }

  private static Verdict measured(Lab lab, Answer answer, long ms) {
    String after = String.format(Locale.ROOT, "%.1f s", ms / 1000.0);
    if (answer.end() != Wire.End.SILENCE) {
      return Verdict.ok(answer.seen() + " after " + after);
    }
    return wait(lab).equals(lab.longest())
        ? Verdict.fail("still open after " + after)
        : Verdict.skipped("still open after " + after + "; --timeout 60s waits for long enough");
  }
}
