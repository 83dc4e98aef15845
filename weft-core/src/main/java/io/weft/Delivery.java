package io.weft;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// What becomes of a message given to a [Live] connection. It is kept until it is one of the other
/// outcomes, once and for good.
///
/// ```text
///        all its bytes taken by the operating system; or confirmed by the peer
///  KEPT ───────────────────────────────────────────────────────────────────────> SENT
///    ├── its time is over while it waits for a connection, or for room on one ─> EXPIRED
///    ├── no room for it, at once ──────────────────────────────────────────────> OVERFLOW
///    └── the live connection closes ───────────────────────────────────────────> CLOSED
/// ```
///
/// WebSocket has no acknowledgements, and what is under way when a connection breaks may have been
/// read by the peer, or not. So there is a choice. *At most once*, the default: a message is kept
/// until the operating system has taken its last byte, and what breaks behind that is lost. *At
/// least once* ([Reconnect#atLeastOnce()]): a message is kept until the peer has confirmed it, and
/// what was under way arrives perhaps twice.
public final class Delivery {

  /// Where a message is, or what became of it.
  public enum Outcome {
    /// It waits, or is on its way. If the connection ends before it is [#SENT], the message is sent
    /// again, whole, on the next one, in its place ahead of all that was given later.
    KEPT,

    /// At most once: the operating system has taken all its bytes, behind those of every message
    /// before it; that it arrives nobody says. At least once: the peer's WebSocket has read it.
    SENT,

    /// Its time was over while it waited, and it will not be sent (at least once: not again).
    EXPIRED,

    /// It was not taken: as much as [Limits#keptMessages()] or [Limits#keptBytes()] allow is kept.
    OVERFLOW,

    /// The live connection closed before it was [#SENT], or was closed already.
    CLOSED
  }

  private final CompletableFuture<Outcome> settled = new CompletableFuture<>();

  /// Null when settled.
  private volatile @Nullable Message message;

  final int bytes;

  /// By the loop's clock.
  final long expiresNs;

  /// How many bytes of its connection have left when its last has; while it is leaving.
  long endsAt;

  Delivery(Message message, int bytes, long expiresNs) {
    this.message = message;
    this.bytes = bytes;
    this.expiresNs = expiresNs;
  }

  /// What is known of it now.
  public Outcome outcome() {
    return settled.getNow(Outcome.KEPT);
  }

  /// Told once it is no longer kept; of those that are sent, in the order in which they were given.
  /// Usually completed on the loop's thread: what hangs on it must not block.
  ///
  /// @return a future of its own; to cancel it does not take the message back
  public CompletableFuture<Outcome> settled() {
    return settled.copy();
  }

  /// The message, while it is kept.
  @Nullable Message message() {
    return message;
  }

  void settle(Outcome outcome) {
    message = null;
    settled.complete(outcome);
  }

  @Override
  public String toString() {
    return "Delivery of " + bytes + " bytes: " + outcome();
  }
}
