package io.weft;

import io.weft.HandshakeException.Step;
import io.weft.bytes.Ascii;
import io.weft.bytes.Chunk;
import io.weft.http.Head;
import io.weft.http.Http1;
import io.weft.http.HttpException;
import io.weft.net.Conn;
import io.weft.net.Stage;
import io.weft.tls.TlsEngine;
import io.weft.ws.DeflateOffer;
import io.weft.ws.ExtensionOffer;
import io.weft.ws.Upgrade;
import io.weft.ws.UpgradeException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A client's connection to a server until it speaks WebSocket: it agrees on TLS if it is to, asks
/// for the upgrade, and reads the answer (RFC 6455 §4.1). An answer other than 101 is read on for
/// its body, as far as that is kept, unless it is a redirect that will be followed.
final class UpgradeStage implements Stage {

  /// Interim answers (RFC 9110 §15.2) before the one that counts.
  static final int MAX_INTERIM = 8;

  private static final int SWITCHING_PROTOCOLS = 101;
  private static final int FINAL = 200;

  private final Connecting connecting;
  private final Conn conn;
  private final Http1 http;

  /// How far it has come; it goes down the list, past TLS if the connection is plain.
  private enum Phase {
    REACHED,
    SECURING,
    ASKING
  }

  private Phase phase = Phase.REACHED;

  private int interim;

  /// The refusal whose body is being read.
  private @Nullable Head refusal;

  private final ByteArrayOutputStream body = new ByteArrayOutputStream(0);

  UpgradeStage(Connecting connecting, Conn conn) {
    this.connecting = connecting;
    this.conn = conn;
    Limits limits = connecting.core().limits;
    this.http =
        Http1.ofResponses(
                limits.requestLineBytes(), limits.headBytes(), limits.headers(), Long.MAX_VALUE)
            .chargedTo(conn);
  }

  /// The way to the server is there, or TLS is.
  @Override
  public void begun() {
    if (phase == Phase.REACHED) {
      TlsEngine tls = connecting.tls();
      if (tls != null) {
        phase = Phase.SECURING;
        conn.secure(tls, this);
        conn.wakeAt(connecting.answerByNs());
        return;
      }
    }
    String breach = connecting.breach(conn.session());
    if (breach != null) {
      fail(Step.SECURING, breach, null);
      return;
    }
    phase = Phase.ASKING;
    connecting.request().appendTo(conn.outbox());
    conn.flush();
    conn.wakeAt(connecting.answerByNs());
  }

  @Override
  public Next read(Chunk in) {
    try {
      while (conn.isOpen() && conn.stage() == this) {
        Http1.Event event = http.next(in);
        if (event == null) {
          return Next.MORE;
        }
        switch (event) {
          case HEAD -> headCame(http.head());
          case BODY -> bodyCame(in);
          case END -> {
            if (refusal != null) {
              refused(refusal);
            }
          }
        }
      }
    } catch (HttpException malformed) {
      if (refusal != null) {
        refused(refusal);
      } else {
        fail(Step.UPGRADING, "malformed response: " + malformed.getMessage(), null);
      }
    }
    return Next.MORE;
  }

  private void headCame(Head head) {
    if (head.status() == SWITCHING_PROTOCOLS) {
      verify(head);
    } else if (head.status() >= FINAL) {
      refusal = head;
      if (connecting.followsRedirects() && Dialing.isRedirect(head)) {
        refused(head);
      }
    } else if (++interim > MAX_INTERIM) {
      fail(Step.UPGRADING, "over " + MAX_INTERIM + " interim responses", head);
    }
  }

  private void verify(Head head) {
    try {
      Upgrade.Agreed agreed = Upgrade.verify(connecting.request(), head);
      List<ExtensionOffer> extensions = agreed.extensions();
      DeflateOffer deflate =
          extensions.size() == 1
              ? DeflateOffer.verify(extensions.getFirst(), connecting.offers())
              : null;
      if (deflate == null && !extensions.isEmpty()) {
        fail(
            Step.UPGRADING,
            "Sec-WebSocket-Extensions answers none of our offers (RFC 7692 §7.1)",
            head);
      } else {
        connecting.agreed(conn, agreed.subprotocol(), deflate);
      }
    } catch (UpgradeException breach) {
      fail(Step.UPGRADING, String.valueOf(breach.getMessage()), head);
    }
  }

  private void bodyCame(Chunk in) {
    int room = HandshakeException.BODY_BYTES - body.size();
    byte[] piece = new byte[Math.min(room, http.bodyTo() - http.bodyFrom())];
    in.view(http.bodyFrom(), http.bodyTo()).get(piece);
    body.writeBytes(piece);
    if (refusal != null && body.size() == HandshakeException.BODY_BYTES) {
      refused(refusal);
    }
  }

  private void refused(Head head) {
    String why = "the server answered " + HandshakeException.status(head) + " instead of 101";
    String said = firstLine(head);
    connecting.fail(
        Step.UPGRADING, said.isEmpty() ? why : why + ": " + said, head, body.toByteArray());
  }

  /// What the server says beside its status, as far as a message shows it.
  private String firstLine(Head head) {
    if (head.header("Content-Encoding") != null) {
      return ""; // not for people
    }
    return body.toString(StandardCharsets.UTF_8)
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .findFirst()
        .map(line -> Ascii.printable(line, HandshakeException.SHOWN_CHARACTERS))
        .orElse("");
  }

  @Override
  public void ended() {
    broken("the server ended the connection without an answer");
  }

  @Override
  public void writable() {}

  @Override
  public long expired(long nowNs) {
    String what = phase == Phase.SECURING ? "TLS was not agreed on " : "no answer ";
    broken(what + connecting.inTime());
    return Conn.NEVER;
  }

  @Override
  public void closed(String reason) {
    connecting.left(conn);
    broken(reason);
  }

  /// No more comes. What came of a refusal says more than why it was cut.
  private void broken(String why) {
    if (refusal != null) {
      refused(refusal);
    } else {
      fail(phase == Phase.SECURING ? Step.SECURING : Step.UPGRADING, why, null);
    }
  }

  private void fail(Step step, String why, @Nullable Head answer) {
    connecting.fail(step, why, answer, new byte[0]);
  }
}
