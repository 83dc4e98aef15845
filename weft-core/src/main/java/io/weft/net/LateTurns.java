package io.weft.net;

/// Says whether a turn comes late, because the process was stopped, its memory collected, or a
/// handler blocked; and has timers wait behind it as long as it was late, within bounds, since
/// peers have to answer what leaves only now.
///
/// Timers are told between two such times, so that a loop that is late again and again has timers
/// too.
final class LateTurns {

  /// How much later than it should a turn begins that is late.
  private static final long LATE_NS = 500_000_000L;

  /// How long timers wait at most.
  private static final long GRACE_NS = 5_000_000_000L;

  /// How often what has arrived meanwhile is looked for, at least until there is none and at most.
  private static final int LEAST_LOOKS = 3;

  private static final int MOST_LOOKS = 64;

  /// Whether it is looked for late turns: not where a clock is moved by hand.
  private boolean minds;

  /// How long the poller was to wait before the running turn.
  private long waitedNs;

  /// Whether timers were not told since the last late turn, and when they are told again.
  private boolean owesTimers;

  private long timersFromNs;

  void mind() {
    minds = true;
  }

  /// Notes how long the poller is to wait.
  long waits(long forNs) {
    waitedNs = forNs;
    return forNs;
  }

  /// Whether the turn that begins comes late.
  ///
  /// @param beforeNs when the one before it began
  boolean isLate(long beforeNs, long nowNs) {
    long lateNs = nowNs - beforeNs - waitedNs;
    if (!minds || lateNs <= LATE_NS) {
      return false;
    }
    if (!owesTimers) {
      owesTimers = true;
      timersFromNs = nowNs + Math.min(lateNs, GRACE_NS);
    }
    return true;
  }

  /// Whether timers may be told, which they are then.
  boolean mayTellTimers(long nowNs) {
    if (owesTimers && nowNs < timersFromNs) {
      return false;
    }
    owesTimers = false;
    return true;
  }

  /// How long until timers may be told and some are due.
  long delayNs(Wheel timers, long nowNs) {
    return Math.max(timers.delayNs(nowNs), owesTimers ? timersFromNs - nowNs : 0);
  }

  /// Whether to look once more for what has arrived meanwhile.
  ///
  /// @param more whether the last look found anything
  static boolean looksOn(int looks, boolean more) {
    return looks < LEAST_LOOKS || (more && looks < MOST_LOOKS);
  }
}
