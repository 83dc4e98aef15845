package io.weft.bench;

import java.time.Duration;

/// How long each part of a run takes, so that the whole keeps to its time.
///
/// @param warmUp of each server in each scenario
/// @param rounds that are counted
/// @param round each of them
/// @param halfLoad the time at half load
record Plan(Duration warmUp, int rounds, Duration round, Duration halfLoad) {

  /// A server that has just started is warmed up for so many times as long.
  static final int FRESH = 3;

  /// The part of a server's time for warming up.
  private static final double WARM_UP = 0.3;

  /// What beside the rounds goes by: starting a server, and opening its connections.
  private static final double SECONDS_A_SERVER = 0.6;

  private static final double SECONDS_AN_IDLE_SERVER = 3;
  private static final double LEAST_SECONDS = 0.6;

  /// Divides the time of a run.
  ///
  /// @param timed servers to be measured, counted once for each scenario
  /// @param fresh how many of these are started for it, and warmed up longer
  /// @param idle those of the scenario `idle`, which has no rounds
  static Plan of(Duration all, int timed, int fresh, int idle) {
    double left =
        all.toMillis() / 1e3
            - (timed + fresh) * SECONDS_A_SERVER
            - idle * (SECONDS_A_SERVER + SECONDS_AN_IDLE_SERVER);
    double shares = timed + WARM_UP * (FRESH - 1) * fresh;
    double each = Math.clamp(left / Math.max(1, shares), LEAST_SECONDS, 20);
    int rounds = each < 4 ? 3 : 5;
    return new Plan(
        seconds(each * WARM_UP), rounds, seconds(each * 0.5 / rounds), seconds(each * 0.2));
  }

  private static Duration seconds(double seconds) {
    return Duration.ofMillis(Math.round(seconds * 1e3));
  }
}
