package io.weft.net;

import io.weft.bytes.Chunk;
import io.weft.bytes.Holder;
import io.weft.bytes.Pool;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// What a connection is charged for.
abstract class Charged extends Wheel.Timer implements Holder {

  final Loop loop;

  /// Heap that it is charged for, in bytes.
  int heldBytes;

  /// Whether it is to be closed, since memory is short.
  boolean pays;

  Charged(Loop loop) {
    this.loop = loop;
  }

  @Override
  public Pool pool() {
    return loop.pool();
  }

  @Override
  public void letGo(int bytes) {
    int less = Math.min(bytes, heldBytes); // what is closed has let go of all
    heldBytes -= less;
    loop.books().letGo(less);
  }

  /// Gives back what is kept; if that fails, what is left may be given again.
  void giveAll(@Nullable ArrayDeque<Chunk> kept) {
    while (kept != null && !kept.isEmpty()) {
      loop.books().giveKept(kept.remove());
    }
  }
}
