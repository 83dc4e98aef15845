package io.weft.cli.lint;

import static io.weft.cli.lint.Rule.must;
import static io.weft.cli.lint.Rule.should;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.weft.cli.lint.Rule.Need;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/// Text is UTF-8: RFC 6455 §5.6 and §8.1, RFC 3629.
final class TextRules {

  private static final String FAILS = "a Close with 1007";
  private static final int NOT_UTF8 = 1007;
  private static final String CHINESE = "你好啊 👋 é";

  /// As long as a prompt server may take to see a bad byte, in ns.
  private static final long PROMPT_NS = 1_000_000_000;

  private static final long DRIP_NS = 1_000_000;

  private TextRules() {}

  static List<Rule> all() {
    return List.of(
        must(
            "text/invalid",
            "§8.1",
            "texts with a lone continuation byte, with 0xFE and with 0xFF",
            FAILS,
            lab -> failsEach(lab, "7765808066", "77fe66", "ff"),
            Need.TEXT),
        must(
            "text/overlong",
            "RFC 3629 §3",
            "a slash in two, three and four bytes",
            FAILS,
            lab -> failsEach(lab, "c0af", "e080af", "f08080af"),
            Need.TEXT),
        must(
            "text/surrogate",
            "RFC 3629 §3",
            "U+D800, and a pair of surrogates in three bytes each",
            FAILS,
            lab -> failsEach(lab, "eda080", "eda081edb080"),
            Need.TEXT),
        must(
            "text/above-10ffff",
            "RFC 3629 §3",
            "U+110000, and what would be U+1FFFFF",
            FAILS,
            lab -> failsEach(lab, "f4908080", "f7bfbfbf"),
            Need.TEXT),
        must(
            "text/cut-short",
            "§8.1",
            "texts that end inside a code point",
            FAILS,
            lab -> failsEach(lab, "77e4bd", "f09f91", "c3"),
            Need.TEXT),
        must(
            "text/broken-across-fragments",
            "§8.1",
            "half of a code point, and in the next fragment something else",
            FAILS,
            lab -> {
              try (Session session = lab.upgrade()) {
                return fails(session.send(Frame.textOf("77e4bd").more(), Frame.rest("weft")));
              }
            },
            Need.TEXT),
        must(
            "text/split-code-points",
            "§5.6",
            "a text in fragments of one byte",
            "the whole text; the connection goes on",
            TextRules::splitCodePoints,
            Need.TEXT),
        must(
            "text/byte-by-byte",
            "§5.6",
            "a text, each byte alone",
            "the whole text; the connection goes on",
            TextRules::byteByByte,
            Need.TEXT),
        must(
            "text/legal",
            "RFC 3629 §3",
            "U+0000, U+D7FF, U+E000, U+FFFE, U+FFFF, U+10FFFF",
            "the whole text; the connection goes on",
            lab -> taken(lab, Frame.text("\0\uD7FF\uE000\uFFFE\uFFFF\uDBFF\uDFFF")),
            Need.TEXT),
        should(
            "text/fail-fast",
            "§8.1",
            "a fragment with an impossible byte, and not the next",
            FAILS + " before the message is whole",
            lab -> {
              try (Session session = lab.upgrade()) {
                return prompt(session, session.send(Frame.textOf("77ff66").more()));
              }
            },
            Need.TEXT),
        must(
            "text/binary-is-free",
            "§5.6",
            "a binary message that is not UTF-8",
            "nothing of it; the connection goes on",
            lab -> taken(lab, Frame.binary(HexFormat.of().parseHex("fffec0af"))),
            Need.BINARY));
  }

  private static Verdict fails(Session session) throws Breach {
    return session.fails(NOT_UTF8);
  }

  private static Verdict failsEach(Lab lab, String... texts)
      throws IOException, InterruptedException, Breach {
    Verdict last = Verdict.ok("");
    for (String hex : texts) {
      try (Session session = lab.upgrade()) {
        last = fails(session.send(Frame.textOf(hex)));
      }
      if (!last.isOk()) {
        return last.of(hex);
      }
    }
    return Verdict.ok("each: " + last.seen());
  }

  private static Verdict prompt(Session session, Session sent) throws Breach {
    sent.wire().waitNs(PROMPT_NS);
    Frame close = sent.awaitClose();
    if (close != null) {
      return close.code() == NOT_UTF8 ? Verdict.ok(close.seen()) : Verdict.warn(close.seen());
    }
    boolean late = session.wire().end() == Wire.End.SILENCE;
    return late ? Verdict.fail("nothing before the message is whole") : Verdict.warn(sent.seen());
  }

  private static Verdict whole(Lab lab, Session session, Frame message) throws Breach {
    return lab.echoes(message) ? session.echoes(message) : session.goesOn();
  }

  private static Verdict taken(Lab lab, Frame message)
      throws IOException, InterruptedException, Breach {
    try (Session session = lab.upgrade()) {
      return whole(lab, session.send(message), message);
    }
  }

  private static Verdict splitCodePoints(Lab lab) throws IOException, InterruptedException, Breach {
    byte[] text = CHINESE.getBytes(UTF_8);
    Frame[] fragments = new Frame[text.length];
    for (int at = 0; at < text.length; at++) {
      int opcode = at == 0 ? Frame.TEXT : Frame.CONTINUATION;
      Frame fragment = Frame.of(opcode, Arrays.copyOfRange(text, at, at + 1));
      fragments[at] = at == text.length - 1 ? fragment : fragment.more();
    }
    try (Session session = lab.upgrade()) {
      return whole(lab, session.send(fragments), Frame.text(CHINESE));
    }
  }

  private static Verdict byteByByte(Lab lab) throws IOException, InterruptedException, Breach {
    Frame message = Frame.text(CHINESE);
    try (Session session = lab.upgrade()) {
      session.wire().drip(message.bytes(), DRIP_NS);
      session.wire().waitAfresh();
      return whole(lab, session, message);
    }
  }
}
