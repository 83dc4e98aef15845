package io.weft.net;

import io.weft.bytes.Chunk;
import org.jspecify.annotations.Nullable;

/// What a connection speaks before its stage is set, and once TLS has failed.
///
/// @param told the stage that has heard of the end, and is still to hear what left; null if there
///   is none
record Unset(@Nullable Stage told) implements Stage {

  @Override
  public Next read(Chunk in) {
    throw new IllegalStateException("the connection has no stage");
  }

  @Override
  public void ended() {}

  @Override
  public void writable() {}

  @Override
  public void wrote(long bytes) {
    if (told != null) {
      told.wrote(bytes);
    }
  }

  @Override
  public long expired(long nowNs) {
    return Conn.NEVER;
  }

  @Override
  public void closed(String reason) {}

  @Override
  public void gone() {
    if (told != null) {
      told.gone();
    }
  }
}
