package io.weft.cli.lint;

import static io.weft.cli.lint.Rule.must;
import static io.weft.cli.lint.Rule.should;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.weft.cli.lint.Rule.Need;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Frames and fragments: RFC 6455 §5.
final class FrameRules {

  private static final String FAILS = "a Close with 1002";
  private static final int PROTOCOL_ERROR = 1002;
  private static final int TOO_BIG = 1009;
  private static final long DRIP_NS = 1_000_000;

  private FrameRules() {}

  static List<Rule> all() {
    return List.of(
        must(
            "frame/ping",
            "§5.5.3",
            "pings of 0, 1, 5 and 125 bytes",
            "a pong with the same bytes to each",
            FrameRules::pings),
        must(
            "frame/ping-train",
            "§5.5.3",
            "eight pings in one piece",
            "the pong to the last; those to others in order",
            FrameRules::pingTrain),
        must(
            "frame/ping-between-fragments",
            "§5.4",
            "a first fragment, a ping, the last fragment",
            "the pong before the message is whole; then it goes on",
            FrameRules::pingBetweenFragments,
            Need.TEXT),
        must(
            "frame/pong-unasked",
            "§5.5.3",
            "pongs that nobody asked for",
            "nothing; the connection goes on",
            lab -> {
              byte[] payload = "weft lint".getBytes(US_ASCII);
              return goesOn(lab, Frame.of(Frame.PONG, payload), Frame.of(Frame.PONG, new byte[0]));
            }),
        must(
            "frame/byte-by-byte",
            "§5.2",
            "a ping, each byte alone",
            "the pong",
            lab -> {
              Frame ping = Session.newPing();
              try (Session session = lab.upgrade()) {
                session.wire().drip(ping.bytes(), DRIP_NS);
                session.wire().waitAfresh();
                return session.answers(ping) ? Verdict.ok("the pong") : notAnswered(session);
              }
            }),
        must(
            "frame/null-mask",
            "§5.3",
            "a ping whose masking key is 0",
            "the pong",
            FrameRules::nullMask),
        must(
            "frame/unmasked",
            "§5.1",
            "a message without a mask",
            "the end of the connection, perhaps a Close with 1002",
            lab -> ends(lab, lab.message().bare())),
        must(
            "frame/unmasked-ping",
            "§5.1",
            "a ping without a mask",
            "the end of the connection, perhaps a Close with 1002",
            lab -> ends(lab, Session.newPing().bare())),
        must(
            "frame/unmasked-close",
            "§5.1",
            "a Close with 1000, without a mask",
            "the end of the connection, perhaps a Close with 1002, but not with 1000",
            FrameRules::unmaskedClose),
        must(
            "frame/rsv1",
            "§5.2",
            "a message with RSV1 set, and no extension agreed on",
            FAILS,
            lab -> fails(lab, lab.message().with(0x40))),
        must(
            "frame/rsv2",
            "§5.2",
            "a message with RSV2 set",
            FAILS,
            lab -> fails(lab, lab.message().with(0x20))),
        must(
            "frame/rsv3",
            "§5.2",
            "a message with RSV3 set",
            FAILS,
            lab -> fails(lab, lab.message().with(0x10))),
        must(
            "frame/rsv-of-ping",
            "§5.2",
            "pings with RSV1, RSV2 and RSV3 set",
            FAILS,
            lab -> failsEach(lab, "RSV bits 0x%02x", FrameRules::pingWith, 0x40, 0x20, 0x10)),
        must(
            "frame/opcodes-3-to-7",
            "§5.2",
            "frames of the reserved opcodes 3 to 7",
            FAILS,
            lab -> failsEach(lab, "opcode 0x%x", FrameRules::empty, 3, 4, 5, 6, 7)),
        must(
            "frame/opcodes-b-to-f",
            "§5.2",
            "frames of the reserved opcodes 0xB to 0xF",
            FAILS,
            lab -> failsEach(lab, "opcode 0x%x", FrameRules::empty, 0xB, 0xC, 0xD, 0xE, 0xF)),
        must(
            "frame/ping-in-fragments",
            "§5.5",
            "a ping without FIN",
            FAILS,
            lab -> fails(lab, Frame.ping("weft").more())),
        must(
            "frame/close-in-fragments",
            "§5.5",
            "a Close without FIN",
            FAILS,
            lab -> fails(lab, Frame.close(1000, "").more())),
        must(
            "frame/ping-of-126",
            "§5.5",
            "a ping of 126 bytes",
            FAILS,
            lab -> fails(lab, Frame.of(Frame.PING, new byte[126]))),
        should(
            "frame/length-16-long",
            "§5.2",
            "4 bytes announced in 16 bits",
            FAILS,
            lab -> failsRaw(lab, lab.message().bytes(2, 4), PROTOCOL_ERROR)),
        should(
            "frame/length-64-long",
            "§5.2",
            "4 bytes announced in 64 bits",
            FAILS,
            lab -> failsRaw(lab, lab.message().bytes(8, 4), PROTOCOL_ERROR)),
        must(
            "frame/length-top-bit",
            "§5.2",
            "a length whose highest bit is set",
            "a Close with 1002, or 1009",
            lab -> failsRaw(lab, bodiless(lab, 1L << 63), PROTOCOL_ERROR, TOO_BIG)),
        must(
            "frame/length-is-64-bits",
            "§5.2",
            "2^32 + 4 bytes announced, 4 of them sent, then a ping",
            "a Close, or a wait for the rest: no pong",
            FrameRules::truncatedLength),
        must(
            "frame/continuation-of-nothing",
            "§5.4",
            "a continuation, and no message begun",
            FAILS,
            lab -> fails(lab, Frame.rest("weft"))),
        must(
            "frame/continuation-of-whole",
            "§5.4",
            "a whole text, then a continuation",
            FAILS,
            lab -> fails(lab, Frame.text("weft"), Frame.rest("lint")),
            Need.TEXT),
        must(
            "frame/text-inside-text",
            "§5.4",
            "a first fragment, then another first fragment",
            FAILS,
            lab -> fails(lab, lab.message().more(), lab.message())),
        must(
            "frame/binary-inside-text",
            "§5.4",
            "a first fragment of text, then a binary message",
            FAILS,
            lab -> fails(lab, Frame.text("weft").more(), Frame.binary(new byte[4]))),
        must(
            "frame/fragments",
            "§5.4",
            "a text in five fragments, the first and third of them empty",
            "the whole message; the connection goes on",
            FrameRules::fragments,
            Need.TEXT),
        must(
            "frame/sizes",
            "§5.2",
            "texts of 0, 1, 125, 126, 127, 65535 and 65536 bytes",
            "each comes back",
            lab -> sizes(lab, Frame.TEXT),
            Need.TEXT_ECHO),
        must(
            "frame/binary-sizes",
            "§5.2",
            "binary messages of 0, 1, 125, 126, 127, 65535 and 65536 bytes",
            "each comes back",
            lab -> sizes(lab, Frame.BINARY),
            Need.BINARY_ECHO));
  }

  /// Makes a frame of a number.
  private interface Maker {
    Frame make(int number);
  }

  private static Frame empty(int opcode) {
    return Frame.of(opcode, new byte[0]);
  }

  private static Frame pingWith(int bits) {
    return Frame.ping("weft").with(bits);
  }

  private static Verdict notAnswered(Session session) {
    return Verdict.fail(session.seen());
  }

  private static Verdict goesOn(Lab lab, Frame... frames)
      throws IOException, InterruptedException, Breach {
    try (Session session = lab.upgrade()) {
      return session.send(frames).goesOn();
    }
  }

  private static Verdict fails(Lab lab, Frame... frames)
      throws IOException, InterruptedException, Breach {
    return failsRaw(lab, Frame.bytes(frames), PROTOCOL_ERROR);
  }

  private static Verdict failsRaw(Lab lab, byte[] bytes, Integer... codes)
      throws IOException, InterruptedException, Breach {
    try (Session session = lab.upgrade()) {
      return session.send(bytes).fails(codes);
    }
  }

  private static Verdict failsEach(Lab lab, String name, Maker maker, int... numbers)
      throws IOException, InterruptedException, Breach {
    Verdict last = Verdict.ok("");
    Verdict worst = last;
    for (int number : numbers) {
      last = fails(lab, maker.make(number));
      if (last.outcome() == Outcome.FAIL) {
        return last.of(String.format(Locale.ROOT, name, number));
      } else if (!last.isOk()) {
        worst = last.of(String.format(Locale.ROOT, name, number));
      }
    }
    return worst.isOk() ? Verdict.ok("each: " + last.seen()) : worst;
  }

  private static Verdict ends(Lab lab, Frame frame)
      throws IOException, InterruptedException, Breach {
    try (Session session = lab.upgrade()) {
      return session.send(frame).ends(PROTOCOL_ERROR);
    }
  }

  private static Verdict unmaskedClose(Lab lab) throws IOException, InterruptedException, Breach {
    try (Session session = lab.upgrade()) {
      Frame answer = session.send(Frame.close(1000, "").bare()).awaitClose();
      if (answer != null && answer.code() == PROTOCOL_ERROR) {
        return Verdict.ok(answer.seen());
      }
      boolean ended =
          session.wire().end() == Wire.End.STREAM || session.wire().end() == Wire.End.RESET;
      return answer == null && ended
          ? Verdict.ok(session.seen())
          : Verdict.fail("taken for sound: " + session.seen());
    }
  }

  private static Verdict pings(Lab lab) throws IOException, InterruptedException, Breach {
    try (Session session = lab.upgrade()) {
      for (int size : List.of(0, 1, 5, 125)) {
        byte[] payload = new byte[size];
        for (int at = 0; at < size; at++) {
          payload[at] = (byte) (at + size);
        }
        Frame ping = Frame.of(Frame.PING, payload);
        if (!session.send(ping).answers(ping)) {
          return notAnswered(session).of(size + " bytes");
        }
      }
      return Verdict.ok("each came back");
    }
  }

  private static Verdict pingTrain(Lab lab) throws IOException, InterruptedException, Breach {
    Frame[] pings = new Frame[8];
    Arrays.setAll(pings, at -> Session.newPing());
    try (Session session = lab.upgrade()) {
      session.send(pings);
      int answered = 0;
      int next = 0;
      for (Frame frame = session.next(); frame != null; frame = session.next()) {
        if (frame.opcode() == Frame.CLOSE) {
          break;
        } else if (frame.opcode() != Frame.PONG) {
          continue;
        }
        while (next < pings.length && !frame.is(Frame.PONG, pings[next].payload())) {
          next++;
        }
        if (next == pings.length) {
          return Verdict.fail("a pong to no ping, or out of order");
        }
        answered++;
        if (++next == pings.length) {
          return Verdict.ok(answered + " pongs, in order");
        }
      }
      return Verdict.fail(answered + " pongs, and not the one to the last: " + session.seen());
    }
  }

  private static Verdict pingBetweenFragments(Lab lab)
      throws IOException, InterruptedException, Breach {
    Frame ping = Session.newPing();
    try (Session session = lab.upgrade()) {
      session.send(Frame.text("weft ").more(), ping);
      if (!session.answers(ping)) {
        return notAnswered(session);
      }
      session.send(Frame.rest("lint"));
      return lab.echoes(Frame.text(""))
          ? session.echoes(Frame.text("weft lint"))
          : session.goesOn();
    }
  }

  private static Verdict nullMask(Lab lab) throws IOException, InterruptedException, Breach {
    Frame ping = Session.newPing();
    byte[] bytes = ping.bytes();
    System.arraycopy(new byte[4], 0, bytes, 2, 4);
    System.arraycopy(ping.payload(), 0, bytes, 6, ping.payload().length);
    try (Session session = lab.upgrade()) {
      return session.send(bytes).answers(ping) ? Verdict.ok("the pong") : notAnswered(session);
    }
  }

  /// The header of a message of which nothing follows.
  static byte[] bodiless(Lab lab, long announced) {
    return new Frame(lab.message().first(), true, new byte[0]).bytes(8, announced);
  }

  private static Verdict truncatedLength(Lab lab) throws IOException, InterruptedException, Breach {
    Frame ping = Session.newPing();
    try (Session session = lab.upgrade()) {
      session.send(lab.message().bytes(8, (1L << 32) + 4)).send(ping);
      session.wire().waitNs(1_000_000_000);
      return session.answers(ping)
          ? Verdict.fail("the length was read as 4: the ping behind it was answered")
          : Verdict.ok(session.seen());
    }
  }

  private static Verdict fragments(Lab lab) throws IOException, InterruptedException, Breach {
    try (Session session = lab.upgrade()) {
      session.send(
          Frame.text("").more(),
          Frame.rest("we").more(),
          Frame.rest("").more(),
          Frame.rest("ft li").more(),
          Frame.rest("nt"));
      return lab.echoes(Frame.text(""))
          ? session.echoes(Frame.text("weft lint"))
          : session.goesOn();
    }
  }

  private static Verdict sizes(Lab lab, int opcode)
      throws IOException, InterruptedException, Breach {
    try (Session session = lab.upgrade()) {
      for (int size : List.of(0, 1, 125, 126, 127, 65_535, 65_536)) {
        byte[] payload = new byte[size];
        boolean text = opcode == Frame.TEXT;
        for (int at = 0; at < size; at++) {
          payload[at] = (byte) (text ? 'a' + at % 26 : 7 * at);
        }
        Frame message = Frame.of(opcode, payload);
        Verdict verdict = session.send(message).echoes(message);
        if (!verdict.isOk()) {
          return verdict.of(size + " bytes");
        }
      }
      return Verdict.ok("each came back");
    }
  }
}
