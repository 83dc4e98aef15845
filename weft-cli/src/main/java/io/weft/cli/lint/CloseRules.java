package io.weft.cli.lint;

import static io.weft.cli.lint.Rule.must;
import static io.weft.cli.lint.Rule.should;

import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The closing handshake: RFC 6455 §5.5.1 and §7.
final class CloseRules {

  private static final int PROTOCOL_ERROR = 1002;
  private static final int NOT_UTF8 = 1007;
  private static final String FAILS = "a Close with 1002";
  private static final String ANSWERED = "a Close in answer";

  private CloseRules() {}

  static List<Rule> all() {
    return List.of(
        must(
            "close/answer",
            "§5.5.1",
            "a Close with 1000",
            "a Close, with 1000",
            lab -> {
              try (Session session = lab.upgrade()) {
                Frame answer = session.send(Frame.close(1000, "")).awaitClose();
                return answer == null
                    ? Verdict.fail(session.seen())
                    : answer.code() == 1000
                        ? Verdict.ok(answer.seen())
                        : Verdict.warn(answer.seen());
              }
            }),
        must(
            "close/empty",
            "§5.5.1",
            "a Close without a code",
            ANSWERED,
            lab -> answered(lab, Frame.of(Frame.CLOSE, new byte[0]))),
        must(
            "close/legal-codes",
            "§7.4",
            "Closes with 1001, 1003, 1007 to 1011, 3000, 3999, 4000 and 4999",
            "a Close in answer to each, and none with 1002",
            lab ->
                answeredEach(
                    lab, 1001, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)),
        should(
            "close/registered-codes",
            "§7.4.2",
            "Closes with 1012, 1013 and 1014, registered since",
            "a Close in answer to each, and none with 1002",
            lab -> answeredEach(lab, 1012, 1013, 1014)),
        must(
            "close/reason-of-123",
            "§5.5.1",
            "a Close with a reason of 123 bytes",
            ANSWERED,
            lab -> answered(lab, Frame.close(1000, "weft lint ".repeat(13).substring(0, 123)))),
        must(
            "close/one-byte",
            "§5.5.1",
            "a Close of one byte",
            FAILS,
            lab -> fails(lab, Frame.of(Frame.CLOSE, new byte[] {3}), PROTOCOL_ERROR)),
        must(
            "close/codes-below-1000",
            "§7.4.2",
            "Closes with 0 and 999",
            FAILS,
            lab -> failsEach(lab, 0, 999)),
        must(
            "close/codes-never-sent",
            "§7.4.1",
            "Closes with 1004, 1005, 1006 and 1015",
            FAILS,
            lab -> failsEach(lab, 1004, 1005, 1006, 1015)),
        must(
            "close/codes-of-nobody",
            "§7.4.2",
            "Closes with 1016, 1100, 2000 and 2999",
            FAILS,
            lab -> failsEach(lab, 1016, 1100, 2000, 2999)),
        must(
            "close/codes-above-4999",
            "§7.4.2",
            "Closes with 5000 and 65535",
            FAILS,
            lab -> failsEach(lab, 5000, 65_535)),
        must(
            "close/reason-not-utf8",
            "§5.5.1",
            "a Close whose reason is not UTF-8",
            "a Close with 1007",
            lab ->
                fails(
                    lab,
                    Frame.close(1000, HexFormat.of().parseHex("77ff66")),
                    NOT_UTF8,
                    PROTOCOL_ERROR)),
        must(
            "close/inside-message",
            "§5.4",
            "a first fragment, then a Close",
            ANSWERED,
            lab -> answered(lab, lab.message().more(), Frame.close(1000, ""))),
        must(
            "close/nothing-behind",
            "§5.5.1",
            "a Close, a message and a ping, in one piece",
            "nothing behind the Close that answers it",
            CloseRules::nothingBehind),
        must(
            "close/server-ends-tcp",
            "§7.1.1",
            "a Close, and then nothing",
            "a Close, then the end of the stream",
            lab -> {
              try (Session session = lab.upgrade()) {
                Frame answer = session.send(Frame.close(1000, "")).awaitClose();
                return answer == null ? Verdict.fail(session.seen()) : session.endsTcp();
              }
            }),
        must(
            "close/failure-ends-tcp",
            "§7.1.7",
            "a frame of a reserved opcode, and a Close to the Close",
            "the end of the stream",
            lab -> {
              try (Session session = lab.upgrade()) {
                session.send(Frame.of(0x3, new byte[0]));
                Frame close = session.awaitClose();
                if (close != null) {
                  session.send(Frame.of(Frame.CLOSE, close.payload()));
                }
                return session.endsTcp();
              }
            }),
        should(
            "close/end-of-stream",
            "§7.1.5",
            "the end of the stream, without a Close",
            "the end of the stream",
            lab -> ended(lab, new byte[0])),
        should(
            "close/end-inside-frame",
            "§7.1.5",
            "half of a frame, then the end of the stream",
            "the end of the stream",
            lab -> ended(lab, Arrays.copyOf(lab.message().bytes(), 8))));
  }

  private static Verdict fails(Lab lab, Frame frame, Integer... codes)
      throws IOException, InterruptedException, Breach {
    try (Session session = lab.upgrade()) {
      Frame answer = session.send(frame).awaitClose();
      if (answer == null) {
        boolean ended =
            session.wire().end() == Wire.End.STREAM || session.wire().end() == Wire.End.RESET;
        return ended
            ? Verdict.warn(session.seen() + " without a Close")
            : Verdict.fail(session.seen());
      } else if (answer.code() == frame.code()) {
        return Verdict.fail("taken for sound: " + answer.seen());
      }
      boolean right = Arrays.asList(codes).contains(answer.code());
      return right ? Verdict.ok(answer.seen()) : Verdict.warn(answer.seen());
    }
  }

  /// The session refuses illegal codes of the server, so that an echo of one is a breach.
  private static Verdict failsEach(Lab lab, int... codes)
      throws IOException, InterruptedException, Breach {
    Verdict last = Verdict.ok("");
    Verdict worst = last;
    for (int code : codes) {
      last = fails(lab, Frame.close(code, ""), PROTOCOL_ERROR);
      if (last.outcome() == Outcome.FAIL) {
        return last.of(Integer.toString(code));
      } else if (!last.isOk()) {
        worst = last.of(Integer.toString(code));
      }
    }
    return worst.isOk() ? Verdict.ok("each: " + last.seen()) : worst;
  }

  private static Verdict answered(Lab lab, Frame... frames)
      throws IOException, InterruptedException, Breach {
    try (Session session = lab.upgrade()) {
      Frame answer = session.send(frames).awaitClose();
      return judged(session, answer);
    }
  }

  private static Verdict judged(Session session, @Nullable Frame answer) {
    if (answer == null) {
      return Verdict.fail(session.seen());
    }
    return answer.code() == PROTOCOL_ERROR || answer.code() == NOT_UTF8
        ? Verdict.fail("taken for a breach: " + answer.seen())
        : Verdict.ok(answer.seen());
  }

  private static Verdict answeredEach(Lab lab, int... codes)
      throws IOException, InterruptedException, Breach {
    for (int code : codes) {
      try (Session session = lab.upgrade()) {
        Frame answer = session.send(Frame.close(code, "weft lint")).awaitClose();
        boolean echoed = answer != null && answer.code() == code;
        Verdict verdict = echoed ? Verdict.ok("") : judged(session, answer);
        if (!verdict.isOk()) {
          return verdict.of(Integer.toString(code));
        }
      }
    }
    return Verdict.ok("each was answered");
  }

  private static Verdict nothingBehind(Lab lab) throws IOException, InterruptedException, Breach {
    try (Session session = lab.upgrade()) {
      session.send(Frame.close(1000, ""), lab.message(), Session.newPing());
      if (session.awaitClose() == null) {
        return Verdict.fail(session.seen());
      }
      session.wire().waitNs(500_000_000);
      Frame behind = session.next();
      if (behind == null) {
        return Verdict.ok(session.seen());
      }
      return behind.isControl() && behind.opcode() != Frame.CLOSE
          ? Verdict.warn(session.seen())
          : Verdict.fail(session.seen());
    }
  }

  private static Verdict ended(Lab lab, byte[] before)
      throws IOException, InterruptedException, Breach {
    try (Session session = lab.upgrade()) {
      session.send(before).wire().endOutput();
      session.wire().waitAfresh();
      return session.endsTcp();
    }
  }
}
