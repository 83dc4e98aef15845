package io.weft.net;

import java.util.SplittableRandom;

/// Says which of the calls that it is asked about are to go wrong, and how: by a seed, so that what
/// went wrong once does so again.
final class Faults {

  private final SplittableRandom random;
  private final double rate;
  private final long only;
  private long calls;
  private boolean off;

  private Faults(long seed, double rate, long only) {
    this.random = new SplittableRandom(seed);
    this.rate = rate;
    this.only = only;
  }

  /// Nothing goes wrong; calls are counted.
  static Faults none() {
    return new Faults(0, 0, -1);
  }

  /// One call of a hundred goes wrong if `percent` is 1.
  static Faults random(long seed, int percent) {
    return new Faults(seed, percent / 100.0, -1);
  }

  /// The call with this number goes wrong, counted from 0.
  static Faults only(long call, long seed) {
    return new Faults(seed, 0, call);
  }

  /// Whether the call that is being made is to go wrong.
  synchronized boolean strikes() {
    long call = calls++;
    return !off && (call == only || (rate > 0 && random.nextDouble() < rate));
  }

  /// How many calls there were.
  synchronized long calls() {
    return calls;
  }

  /// Nothing goes wrong from now on.
  synchronized void end() {
    off = true;
  }

  /// A number from 0 to `below` - 1.
  synchronized int below(int below) {
    return random.nextInt(below);
  }

  /// One of these.
  int of(int... numbers) {
    return numbers[below(numbers.length)];
  }
}
