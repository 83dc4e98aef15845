package io.weft.net;

/// How often, while a deadline for a peer to do something runs, it is looked whether it does: so
/// the deadline counts from its last doing, or up to a fourth of it later.
public final class Looks {

  private static final int TIMES = 4;

  private Looks() {}

  /// When to look next, before a deadline that the peer moves by what it does, or behind it.
  ///
  /// @param spanNs how long the deadline was to begin with
  public static long nextNs(long deadlineNs, long spanNs, long nowNs) {
    if (deadlineNs == Conn.NEVER) {
      return Conn.NEVER;
    }
    long eachNs = Math.max(1, spanNs / TIMES);
    long leftNs = deadlineNs - nowNs;
    if (leftNs > 0) {
      return deadlineNs - (leftNs - 1) / eachNs * eachNs;
    }
    // One that has just passed is due: a peer that keeps the loop busy must not move it on.
    return -leftNs < eachNs ? deadlineNs : nowNs + eachNs;
  }
}
