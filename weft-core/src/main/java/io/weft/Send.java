package io.weft;

/// What became of a message that was to be sent. Nothing is dropped silently: a message that was
/// taken is sent, in order, unless the connection ends before.
public enum Send {
  /// Taken, and little else waits: go on.
  SENT,

  /// Taken, but more than [Limits#outboxSoftBytes()] wait now: stop until
  /// [Endpoint#writable(WebSocket)].
  QUEUED,

  /// Not taken: it would not fit under [Limits#outboxHardBytes()] (or the memory or mail of the
  /// loop is at its limit), or the connection is closing. The caller still has the message.
  REFUSED;

  /// Whether the message was taken.
  public boolean isTaken() {
    return this != REFUSED;
  }
}
