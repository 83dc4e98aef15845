package io.weft.tls;

import io.weft.bytes.Chunk;
import io.weft.bytes.Pool;
import java.nio.ByteBuffer;

/// What the TLS connections of one loop borrow for the length of a call, so that none of them keeps
/// a buffer of its own. For one thread.
public final class Scratch {

  /// What one read of a connection opens to, as a rule.
  private static final int PLAIN_BYTES = 64 << 10;

  /// A record of the usual providers; theirs say if it has to be more.
  private static final int SEALED_BYTES = (16 << 10) + 512;

  private static final int GATHERED = 64;

  /// Where records are opened to: what stands between its buffer's position and limit came last.
  public final Chunk plain = Chunk.ofSize(PLAIN_BYTES);

  /// Where half records wait, in chunks of the connection's loop.
  final Pool pool;

  /// Where a record is sealed before it is appended to an outbox: providers ask for room for the
  /// largest, even if it becomes a small one.
  ByteBuffer sealed = ByteBuffer.allocate(SEALED_BYTES);

  final ByteBuffer[] gathered = new ByteBuffer[GATHERED];

  /// @param pool where half records are kept
  public Scratch(Pool pool) {
    this.pool = pool;
  }
}
