package io.weft.cli.lint;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/// What the checks of all rules work with: the endpoint, what is known of it, and judgements of
/// handshakes.
final class Lab {

  private final Dialer dialer;
  private final Target target;
  private final Facts facts;
  private final Duration longest;

  Lab(Dialer dialer, Target target, Facts facts, Duration longest) {
    this.longest = longest;
    this.dialer = dialer;
    this.target = target;
    this.facts = facts;
  }

  Target target() {
    return target;
  }

  /// That a server may bear a client which says nothing, or too little.
  Duration longest() {
    return longest;
  }

  /// A sound handshake, to be spoilt.
  Request request() {
    return new Request(target);
  }

  /// A connection on which nothing has been said.
  Wire open() throws IOException, InterruptedException {
    return dialer.open();
  }

  /// The same, on which each wait may last as long.
  Wire open(Duration wait) throws IOException, InterruptedException {
    return dialer.open(wait);
  }

  /// An open WebSocket.
  Session upgrade() throws IOException, InterruptedException, Breach {
    return upgrade(request());
  }

  /// An open WebSocket, if this handshake is answered with one.
  Session upgrade(Request request) throws IOException, InterruptedException, Breach {
    Wire wire = open();
    wire.send(request.bytes());
    Answer answer = Answer.read(wire);
    if (!answer.isUpgrade()) {
      wire.close();
      throw new Breach("§4.2.2", "a sound handshake was answered with " + answer.seen());
    }
    wire.waitAfresh();
    return new Session(wire, String.join(", ", answer.all("Sec-WebSocket-Extensions")));
  }

  /// A short message of a kind that the endpoint takes.
  Frame message() {
    boolean textOnly = facts.met().contains(Rule.Need.TEXT);
    return new Frame(
        Frame.FIN | (textOnly ? Frame.TEXT : Frame.BINARY), true, new byte[] {'l', 'i', 'n', 't'});
  }

  boolean echoes(Frame message) {
    return message.opcode() == Frame.TEXT ? facts.echoesText() : facts.echoesBinary();
  }

  /// What a server says to this handshake.
  Answer answer(Request request) throws IOException, InterruptedException {
    try (Wire wire = open()) {
      wire.send(request.bytes());
      return Answer.read(wire);
    }
  }

  /// Judges that a handshake is taken, and proved by the right Accept (§4.2.2).
  Verdict accepts(Request request) throws IOException, InterruptedException {
    return accepts(answer(request), request);
  }

  static Verdict accepts(Answer answer, Request request) {
    boolean proved =
        answer.all("Sec-WebSocket-Accept").equals(List.of(Request.accept(request.key())));
    if (answer.isUpgrade() && !proved) {
      return Verdict.fail("101 with a wrong Sec-WebSocket-Accept");
    }
    return answer.isUpgrade() ? Verdict.ok("101") : Verdict.fail(answer.seen());
  }

  /// Judges that a handshake is refused (§4.2.1: with an HTTP status). To end the stream instead is
  /// worth a warning.
  Verdict refuses(Request request) throws IOException, InterruptedException {
    Answer answer = answer(request);
    if (answer.isUpgrade()) {
      return Verdict.fail("101, as if it were sound");
    } else if (answer.status() > 0) {
      return answer.status() < 400 ? Verdict.warn(answer.seen()) : Verdict.ok(answer.seen());
    }
    boolean ended = answer.end() == Wire.End.STREAM || answer.end() == Wire.End.RESET;
    return ended ? Verdict.warn(answer.seen() + ", without a status") : Verdict.fail(answer.seen());
  }

  /// Judges that a malformed request leads to nothing: a status, or the end of the stream.
  Verdict declines(Request request) throws IOException, InterruptedException {
    Verdict verdict = refuses(request);
    return verdict.outcome() == Outcome.WARN ? Verdict.ok(verdict.seen()) : verdict;
  }
}
