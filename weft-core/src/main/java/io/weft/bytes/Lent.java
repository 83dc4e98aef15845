package io.weft.bytes;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;

/// Bytes that an application is lent for one call, guarded: a copy of its own, which goes when the
/// call is over. Whoever looks at it later, or on another thread, gets an exception
/// (`IllegalStateException`, `WrongThreadException`) instead of what others have received since.
///
/// It costs an allocation of native memory for each call, so it is for where assertions are on.
/// Elsewhere a slice of what was received does.
public final class Lent implements AutoCloseable {

  /// Whether what is lent is to be guarded: assertions are on.
  public static final boolean IS_GUARDED = Lent.class.desiredAssertionStatus();

  private final Arena arena = Arena.ofConfined();
  private final ByteBuffer view;

  /// Lends a copy of `bytes`, from position to limit.
  public Lent(ByteBuffer bytes) {
    int count = bytes.remaining();
    ByteBuffer copy = arena.allocate(count).asByteBuffer();
    this.view = copy.put(0, bytes, bytes.position(), count).asReadOnlyBuffer();
  }

  /// The bytes from position 0 to the capacity, read-only, big-endian; good until [#close()], on
  /// this thread.
  public ByteBuffer view() {
    return view;
  }

  /// Ends the loan.
  @Override
  public void close() {
    arena.close();
  }
}
