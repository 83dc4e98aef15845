package io.weft;

import io.weft.HandshakeException.Step;
import io.weft.bytes.Chunk;
import io.weft.net.Conn;
import io.weft.net.Stage;

/// A client's connection to a proxy, until there is a way to the server through it.
final class ProxyStage implements Stage {

  private final Connecting connecting;
  private final Conn conn;
  private final Tunnel tunnel;

  ProxyStage(Connecting connecting, Conn conn, Tunnel tunnel) {
    this.connecting = connecting;
    this.conn = conn;
    this.tunnel = tunnel;
  }

  @Override
  public void begun() {
    tunnel.begin(conn.outbox());
    conn.flush();
    conn.wakeAt(connecting.answerByNs());
  }

  @Override
  public Next read(Chunk in) {
    try {
      boolean isThere = tunnel.read(in, conn.outbox());
      conn.flush();
      if (isThere) {
        connecting.reached(conn);
      }
    } catch (Tunnel.Refusal refusal) {
      connecting.refused(refusal);
    }
    return Next.MORE;
  }

  @Override
  public void ended() {
    fail("the proxy ended the connection without an answer");
  }

  @Override
  public void writable() {}

  @Override
  public long expired(long nowNs) {
    fail("the proxy gave no answer " + connecting.inTime());
    return Conn.NEVER;
  }

  @Override
  public void closed(String reason) {
    fail(reason);
  }

  private void fail(String why) {
    connecting.fail(Step.TUNNELLING, why, null, new byte[0]);
  }
}
