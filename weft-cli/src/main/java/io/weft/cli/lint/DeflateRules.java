package io.weft.cli.lint;

import static io.weft.cli.lint.Rule.must;
import static io.weft.cli.lint.Rule.should;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.weft.cli.lint.Rule.Need;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/// permessage-deflate: RFC 7692. A server that agrees to none of it keeps the rules on offers by
/// declining, and is not asked the others.
final class DeflateRules {

  private static final String HEADER = "Sec-WebSocket-Extensions";
  private static final String NAME = "permessage-deflate";
  private static final String DECLINED = "101 without permessage-deflate";
  private static final int PROTOCOL_ERROR = 1002;
  private static final int NOT_UTF8 = 1007;
  private static final int TOO_BIG = 1009;
  private static final int POLICY = 1008;
  private static final int BOMB_BYTES = 64 << 20;
  private static final int TAIL_BYTES = 4;

  private DeflateRules() {}

  static List<Rule> all() {
    List<Rule> all = new ArrayList<>();
    all.add(
        must(
            "deflate/offer",
            "RFC 7692 §7.1",
            "an offer of permessage-deflate; client_max_window_bits",
            "101; if it agrees, with legal parameters, and only such as go with the offer",
            lab -> legal(lab, NAME + "; client_max_window_bits", true)));
    all.add(
        must(
            "deflate/unasked-client-bits",
            "RFC 7692 §7.1.2.2",
            "an offer without client_max_window_bits",
            "101; if it agrees, without that parameter",
            lab -> legal(lab, NAME, false)));
    all.add(
        must(
            "deflate/window",
            "RFC 7692 §7.1.2.1",
            "an offer with server_max_window_bits=9",
            "101; if it agrees, with server_max_window_bits of 9 or 8",
            DeflateRules::window));
    all.add(illegal("unknown-parameter", "§7", "weft_lint"));
    all.add(illegal("twice", "§7.1", "server_no_context_takeover; server_no_context_takeover"));
    all.add(illegal("flag-with-value", "§7.1.1.1", "server_no_context_takeover=1"));
    all.add(illegal("bits-7", "§7.1.2.1", "server_max_window_bits=7"));
    all.add(illegal("bits-16", "§7.1.2.1", "server_max_window_bits=16"));
    all.add(illegal("bits-010", "§7.1.2.1", "server_max_window_bits=010"));
    all.add(illegal("bits-of-nothing", "§7.1.2.1", "server_max_window_bits"));
    all.add(illegal("client-bits-16", "§7.1.2.2", "client_max_window_bits=16"));
    all.add(
        must(
            "deflate/second-offer",
            "RFC 7692 §7",
            "an offer with an unknown parameter, and one without",
            "101; if it agrees, to the second",
            lab -> legal(lab, NAME + "; weft_lint, " + NAME, false)));
    all.addAll(messages());
    return List.copyOf(all);
  }

  private static List<Rule> messages() {
    return List.of(
        must(
            "deflate/message",
            "RFC 7692 §7.2.2",
            "a compressed text, and again the same, with takeover of its context if that is agreed on",
            "the text, if the endpoint echoes; the connection goes on",
            DeflateRules::message,
            Need.DEFLATE,
            Need.TEXT),
        must(
            "deflate/plain-message",
            "RFC 7692 §6",
            "a text that is not compressed",
            "nothing of it; the connection goes on",
            lab -> goesOn(lab, Frame.text("weft lint")),
            Need.DEFLATE,
            Need.TEXT),
        must(
            "deflate/fragments",
            "RFC 7692 §6.1",
            "a compressed text in fragments of a byte, a ping among them",
            "the connection goes on",
            DeflateRules::fragments,
            Need.DEFLATE,
            Need.TEXT),
        must(
            "deflate/rsv1-of-continuation",
            "RFC 7692 §6.1",
            "a compressed text whose second fragment has RSV1 too",
            "a Close with 1002",
            lab -> {
              Frame whole = compressed("weft lint");
              byte[] half = Arrays.copyOf(whole.payload(), 3);
              byte[] rest = Arrays.copyOfRange(whole.payload(), 3, whole.payload().length);
              return fails(
                  lab,
                  PROTOCOL_ERROR,
                  Frame.of(Frame.TEXT, half).with(Frame.RSV1).more(),
                  Frame.of(Frame.CONTINUATION, rest).with(Frame.RSV1));
            },
            Need.DEFLATE,
            Need.TEXT),
        must(
            "deflate/rsv1-of-ping",
            "RFC 7692 §6.1",
            "a ping with RSV1",
            "a Close with 1002",
            lab -> fails(lab, PROTOCOL_ERROR, Frame.ping("weft").with(Frame.RSV1)),
            Need.DEFLATE),
        must(
            "deflate/garbage",
            "RFC 7692 §7.2.2",
            "a compressed text that DEFLATE knows no sense in",
            "the end of the connection",
            lab -> {
              try (Session session = lab.upgrade(offering(lab, NAME))) {
                byte[] garbage = HexFormat.of().parseHex("ffffffffffffffff");
                return session
                    .send(Frame.of(Frame.TEXT, garbage).with(Frame.RSV1))
                    .ends(PROTOCOL_ERROR, NOT_UTF8);
              }
            },
            Need.DEFLATE,
            Need.TEXT),
        must(
            "deflate/not-utf8",
            "§8.1",
            "a compressed text that is not UTF-8",
            "a Close with 1007",
            lab -> fails(lab, NOT_UTF8, compressed(HexFormat.of().parseHex("77ff66"))),
            Need.DEFLATE,
            Need.TEXT),
        should(
            "deflate/bomb",
            "§10.4",
            "a compressed message of 64 MiB in 64 KiB, and no end",
            "a Close with 1009 or 1008, or the end of the connection",
            lab -> {
              try (Session session = lab.upgrade(offering(lab, NAME))) {
                return session.send(compressed(new byte[BOMB_BYTES]).more()).ends(TOO_BIG, POLICY);
              }
            },
            Need.DEFLATE,
            Need.TEXT));
  }

  private static Rule illegal(String id, String section, String parameter) {
    return must(
        "deflate/" + id,
        "RFC 7692 " + section,
        "an offer of permessage-deflate; " + parameter,
        DECLINED,
        lab -> {
          Answer answer = lab.answer(offering(lab, NAME + "; " + parameter));
          if (!answer.isUpgrade()) {
            return answer.status() > 0 ? Verdict.warn(answer.seen()) : Verdict.fail(answer.seen());
          }
          List<String> agreed = answer.all(HEADER);
          return agreed.isEmpty()
              ? Verdict.ok("101 without it")
              : Verdict.fail("101 with " + String.join(", ", agreed));
        });
  }

  static Request offering(Lab lab, String offer) {
    return lab.request().set(HEADER, offer);
  }

  // ---- Offers -----------------------------------------------------------------------------------

  private static Verdict legal(Lab lab, String offer, boolean clientBits)
      throws IOException, InterruptedException {
    Answer answer = lab.answer(offering(lab, offer));
    if (!answer.isUpgrade()) {
      return Verdict.fail(answer.seen());
    }
    List<String> agreed = answer.all(HEADER);
    if (agreed.isEmpty()) {
      return Verdict.ok("101 without it");
    }
    String breach = breach(String.join(", ", agreed), clientBits);
    String seen = "101 with " + String.join(", ", agreed);
    return breach == null ? Verdict.ok(seen) : Verdict.fail(seen + ": " + breach);
  }

  private static Verdict window(Lab lab) throws IOException, InterruptedException {
    Verdict verdict = legal(lab, NAME + "; server_max_window_bits=9", false);
    boolean declined = verdict.seen().equals("101 without it");
    boolean kept = verdict.seen().matches(".*server_max_window_bits=\"?[89]\\b.*");
    return verdict.isOk() && !declined && !kept
        ? Verdict.fail(verdict.seen() + ": the window is not 9")
        : verdict;
  }

  /// What is wrong with an agreement (RFC 7692 §7.1); null if nothing is.
  private static @Nullable String breach(String agreed, boolean clientBits) {
    String[] parts = agreed.split(";", -1);
    if (!parts[0].strip().equals(NAME) || agreed.contains(",")) {
      return "not that one extension";
    }
    Set<String> names = new HashSet<>();
    for (String part : Arrays.asList(parts).subList(1, parts.length)) {
      String[] sides = part.strip().split("\\s*=\\s*", 2);
      String value = sides.length == 1 ? "" : sides[1].replace("\"", "");
      boolean isBits = value.matches("[89]|1[0-5]");
      boolean fine =
          switch (sides[0]) {
            case "server_no_context_takeover", "client_no_context_takeover" -> sides.length == 1;
            case "server_max_window_bits" -> isBits;
            case "client_max_window_bits" -> isBits && clientBits;
            default -> false;
          };
      if (!fine || !names.add(sides[0])) {
        return "the parameter " + part.strip() + " is not legal there";
      }
    }
    return null;
  }

  // ---- Messages ---------------------------------------------------------------------------------

  private static Frame compressed(String text) {
    return compressed(text.getBytes(UTF_8));
  }

  private static Frame compressed(byte[] message) {
    try (Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true)) {
      return compressed(deflater, message);
    }
  }

  /// A text compressed as RFC 7692 §7.2.1 says: flushed to a byte, without the tail 00 00 FF FF.
  private static Frame compressed(Deflater deflater, byte[] message) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] piece = new byte[8 << 10];
    deflater.setInput(message);
    int size = piece.length;
    while (size == piece.length) {
      size = deflater.deflate(piece, 0, piece.length, Deflater.SYNC_FLUSH);
      all.write(piece, 0, size);
    }
    byte[] payload = Arrays.copyOf(all.toByteArray(), all.size() - TAIL_BYTES);
    return Frame.of(Frame.TEXT, payload).with(Frame.RSV1);
  }

  private static Verdict goesOn(Lab lab, Frame... frames)
      throws IOException, InterruptedException, Breach {
    try (Session session = lab.upgrade(offering(lab, NAME))) {
      return session.send(frames).goesOn();
    }
  }

  private static Verdict fails(Lab lab, int code, Frame... frames)
      throws IOException, InterruptedException, Breach {
    try (Session session = lab.upgrade(offering(lab, NAME))) {
      return session.send(frames).fails(code);
    }
  }

  private static Verdict fragments(Lab lab) throws IOException, InterruptedException, Breach {
    Frame whole = compressed("weft lint 你好啊");
    List<Frame> pieces = new ArrayList<>();
    int length = whole.payload().length;
    for (int at = 0; at < length; at++) {
      byte[] piece = Arrays.copyOfRange(whole.payload(), at, at + 1);
      Frame first = Frame.of(Frame.TEXT, piece).with(Frame.RSV1).more();
      Frame next = Frame.of(Frame.CONTINUATION, piece);
      pieces.add(at == 0 ? first : at == length - 1 ? next : next.more());
      if (at == 1) {
        pieces.add(Session.newPing());
      }
    }
    return goesOn(lab, pieces.toArray(Frame[]::new));
  }

  private static Verdict message(Lab lab) throws IOException, InterruptedException, Breach {
    byte[] text = "weft lint, weft lint, weft lint".getBytes(UTF_8);
    try (Session session = lab.upgrade(offering(lab, NAME));
        Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
        Inflater inflater = new Inflater(true)) {
      for (int message = 0; message < 2; message++) {
        if (session.agreed().contains("client_no_context_takeover")) {
          deflater.reset();
        }
        session.send(compressed(deflater, text));
        if (lab.echoes(Frame.text(""))) {
          Verdict verdict = inflates(session, inflater, text);
          if (!verdict.isOk()) {
            return verdict;
          }
        }
      }
      return session.goesOn();
    }
  }

  private static Verdict inflates(Session session, Inflater inflater, byte[] text) throws Breach {
    for (Frame frame = session.next(); frame != null; frame = session.next()) {
      if (frame.opcode() == Frame.TEXT) {
        boolean deflated = (frame.first() & Frame.RSV1) != 0;
        boolean same =
            deflated
                ? Arrays.equals(text, inflated(inflater, frame.payload(), text.length))
                : frame.is(Frame.TEXT, text);
        if (same) {
          return Verdict.ok("it came back");
        }
      } else if (frame.opcode() == Frame.CLOSE) {
        break;
      }
    }
    return Verdict.fail("it did not come back: " + session.seen());
  }

  private static byte[] inflated(Inflater inflater, byte[] payload, int size) {
    byte[] input = Arrays.copyOf(payload, payload.length + TAIL_BYTES);
    input[payload.length + 2] = (byte) 0xFF;
    input[payload.length + 3] = (byte) 0xFF;
    inflater.setInput(input);
    byte[] out = new byte[size + 1];
    try {
      int length = inflater.inflate(out);
      return Arrays.copyOf(out, length);
    } catch (DataFormatException e) {
      return new byte[0];
    }
  }
}
