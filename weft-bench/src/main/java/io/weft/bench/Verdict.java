package io.weft.bench;

import java.util.List;

/// What a row of comparisons says: by how much the new side differs from the old one, and whether
/// that is more than noise.
///
/// Each figure is the ratio of new to old in one *generation*, a pair of processes started for it.
/// Rounds within a generation are alike; what differs from one generation to the next is how the
/// JVM compiled the same code and where its memory lies, and that is the noise a change has to
/// stand out from. So the error is taken between generations, and never below what the clock of a
/// shared machine can tell.
///
/// @param ratio of new to old, the mean over the generations; above 1 is slower
/// @param error of that mean, as a part of it (one standard error)
record Verdict(double ratio, double error) {

  /// A difference below this is no matter, however sure it is.
  static final double LEAST = 0.02;

  /// How many times its error a difference has to be.
  static final double TIMES = 2.5;

  /// No error is believed to be smaller.
  private static final double LEAST_ERROR = 0.003;

  /// Judges ratios of new to old, two or more.
  static Verdict of(List<Double> ratios) {
    double mean = ratios.stream().mapToDouble(Math::log).average().orElseThrow();
    double squares =
        ratios.stream().mapToDouble(ratio -> Math.pow(Math.log(ratio) - mean, 2)).sum();
    int count = ratios.size();
    double error = Math.sqrt(squares / Math.max(1, count - 1) / count);
    return new Verdict(Math.exp(mean), Math.max(LEAST_ERROR, error));
  }

  /// Whether the new side is slower by more than noise.
  boolean isSlower() {
    return Math.log(ratio) > Math.max(LEAST, TIMES * error);
  }

  /// Whether the new side is faster by more than noise.
  boolean isFaster() {
    return -Math.log(ratio) > Math.max(LEAST, TIMES * error);
  }
}
