package io.weft;

import io.weft.HandshakeException.Step;
import io.weft.bytes.Chunk;
import io.weft.http.Head;
import io.weft.http.Http1;
import io.weft.http.HttpException;
import io.weft.net.Conn;
import io.weft.net.Stage;
import io.weft.tls.TlsEngine;
import io.weft.ws.Upgrade;
import io.weft.ws.UpgradeException;
import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/// A client's connection until it speaks WebSocket: it is made, agrees on TLS if it is to, asks for
/// the upgrade, and reads the answer (RFC 6455 §4.1). An answer other than 101 is read on for its
/// body, as far as that is kept.
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
    CONNECTING,
    SECURING,
    ASKING
  }

  private Phase phase = Phase.CONNECTING;

  /// When hands have to be shaken, TLS and WebSocket together.
  private long deadlineNs = Conn.NEVER;

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
            limits.requestLineBytes(), limits.headBytes(), limits.headers(), Long.MAX_VALUE);
  }

  /// TCP is there, or TLS is.
  @Override
  public void begun() {
    if (phase == Phase.CONNECTING) {
      connecting.won(conn);
      deadlineNs = conn.loop().nowNs() + connecting.core().handshakeNs;
      TlsEngine tls = connecting.tls();
      if (tls != null) {
        phase = Phase.SECURING;
        conn.secure(tls, this);
        conn.wakeAt(deadlineNs);
        return;
      }
    }
    phase = Phase.ASKING;
    connecting.request().appendTo(conn.outbox());
    conn.flush();
    conn.wakeAt(deadlineNs);
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
        connecting.fail("malformed response: " + malformed.getMessage(), null, new byte[0]);
      }
    }
    return Next.MORE;
  }

  private void headCame(Head head) {
    if (head.status() == SWITCHING_PROTOCOLS) {
      verify(head);
    } else if (head.status() >= FINAL) {
      refusal = head;
    } else if (++interim > MAX_INTERIM) {
      connecting.fail("over " + MAX_INTERIM + " interim responses", head, new byte[0]);
    }
  }

  private void verify(Head head) {
    try {
      Upgrade.Agreed agreed = Upgrade.verify(connecting.request(), head);
      connecting.agreed(conn, agreed.subprotocol());
    } catch (UpgradeException breach) {
      connecting.fail(String.valueOf(breach.getMessage()), head, new byte[0]);
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
    String reason = head.reason().isEmpty() ? "" : " " + head.reason();
    connecting.fail(
        "the server answered " + head.status() + reason + " instead of 101",
        head,
        body.toByteArray());
  }

  @Override
  public void ended() {
    broken("the server ended the connection without an answer");
  }

  @Override
  public void writable() {}

  @Override
  public long expired(long nowNs) {
    if (phase == Phase.CONNECTING) {
      return connecting.late(nowNs);
    }
    long ms = connecting.core().limits.handshakeTimeout().toMillis();
    String what = phase == Phase.SECURING ? "TLS was not agreed on" : "no answer";
    broken(what + " within the handshakeTimeout of " + ms + " ms");
    return Conn.NEVER;
  }

  @Override
  public void closed(String reason) {
    if (phase == Phase.CONNECTING) {
      connecting.lost(conn, reason);
    } else {
      connecting.left(conn);
      broken(reason);
    }
  }

  /// No more comes. What came of a refusal says more than why it was cut.
  private void broken(String why) {
    if (refusal != null) {
      refused(refusal);
    } else if (phase == Phase.SECURING) {
      connecting.fail(Step.SECURING, why);
    } else {
      connecting.fail(why, null, new byte[0]);
    }
  }
}
