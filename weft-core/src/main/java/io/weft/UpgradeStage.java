package io.weft;

import io.weft.bytes.Chunk;
import io.weft.http.Head;
import io.weft.http.Http1;
import io.weft.http.HttpException;
import io.weft.net.Conn;
import io.weft.net.Stage;
import io.weft.ws.Upgrade;
import io.weft.ws.UpgradeException;
import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/// A client's connection until it speaks WebSocket: it is made, asks for the upgrade, and reads the
/// answer (RFC 6455 §4.1). An answer other than 101 is read on for its body, as far as that is
/// kept.
final class UpgradeStage implements Stage {

  /// Interim answers (RFC 9110 §15.2) before the one that counts.
  static final int MAX_INTERIM = 8;

  private static final int SWITCHING_PROTOCOLS = 101;
  private static final int FINAL = 200;

  private final Connecting connecting;
  private final Conn conn;
  private final Http1 http;

  /// Whether TCP is there; before, it races.
  private boolean connected;

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

  /// TCP is there: asks for the upgrade.
  @Override
  public void begun() {
    connected = true;
    connecting.won(conn);
    connecting.request().appendTo(conn.outbox());
    conn.flush();
    conn.wakeAt(conn.loop().nowNs() + connecting.core().handshakeNs);
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
    if (!connected) {
      return connecting.late(nowNs);
    }
    long ms = connecting.core().limits.handshakeTimeout().toMillis();
    broken("no answer within the handshakeTimeout of " + ms + " ms");
    return Conn.NEVER;
  }

  @Override
  public void closed(String reason) {
    if (connected) {
      broken(reason);
    } else {
      connecting.lost(conn, reason);
    }
  }

  /// No more comes. What came of a refusal says more than why it was cut.
  private void broken(String why) {
    if (refusal != null) {
      refused(refusal);
    } else {
      connecting.fail(why, null, new byte[0]);
    }
  }
}
