package io.weft.net;

import io.weft.bytes.Chunk;
import org.jspecify.annotations.Nullable;

/// Speaks with a connection for which there is no room: it waits for the first bytes, says why, and
/// ends.
final class TurnedAway implements Stage {

  private final Conn conn;

  /// What it says; null once it has.
  private byte @Nullable [] answer;

  TurnedAway(Conn conn, byte[] answer) {
    this.conn = conn;
    this.answer = answer;
  }

  @Override
  public Next read(Chunk in) {
    in.buffer.position(in.buffer.limit());
    byte[] say = answer;
    if (say != null) {
      answer = null;
      conn.outbox().put(say, 0, say.length, 0);
      conn.flush();
      conn.finish();
    }
    return Next.MORE;
  }

  @Override
  public void ended() {
    conn.finish();
  }

  @Override
  public void writable() {}

  @Override
  public long expired(long nowNs) {
    conn.finish(); // it has said nothing in its time
    return Conn.NEVER;
  }

  @Override
  public void closed(String reason) {}
}
