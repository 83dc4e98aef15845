package io.weft.cli.bench;

import java.time.Duration;

/// What a run does.
///
/// @param connections how many
/// @param bytes of a message's payload, 1 at least
/// @param text whether messages are text; otherwise binary
/// @param inFlight messages on their way on one connection at most
/// @param rate messages a second over all connections, at even intervals; 0 for as many as come
///   back
/// @param warmUp before anything is counted
/// @param duration that is counted
/// @param timeout at the end, for the echoes still on their way
public record Plan(
    int connections,
    int bytes,
    boolean text,
    int inFlight,
    double rate,
    Duration warmUp,
    Duration duration,
    Duration timeout) {

  /// Whether messages leave at their time, whatever became of those before.
  public boolean isPaced() {
    return rate > 0;
  }
}
