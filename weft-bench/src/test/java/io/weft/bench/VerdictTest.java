package io.weft.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Ratios as they come from a shared machine: each generation is off by some percent of its own.
final class VerdictTest {

  /// How far a generation is off, as a part: what was seen on two shared cores.
  private static final double NOISE = 0.015;

  private static final int SEEDS = 2_000;

  @Test
  void findsASlowdownOfFivePercent() {
    assertTrue(slower(1.05) > SEEDS * 0.9, slower(1.05) + " of " + SEEDS);
  }

  /// Judged twice, as the command does before it accuses.
  @Test
  void accusesNobodyWhoIsUnchanged() {
    assertTrue(slower(1) < SEEDS * 0.01, slower(1) + " of " + SEEDS);
  }

  @Test
  void callsNothingSlowerThatIsFaster() {
    Verdict faster = Verdict.of(List.of(0.90, 0.91, 0.89, 0.90, 0.905));
    assertTrue(faster.isFaster());
    assertFalse(faster.isSlower());
    assertEquals(0.90, faster.ratio(), 0.002);
  }

  @Test
  void doesNotBelieveInAnErrorOfNothing() {
    assertFalse(Verdict.of(List.of(1.015, 1.015, 1.015)).isSlower());
    assertTrue(Verdict.of(List.of(1.05, 1.05)).isSlower());
  }

  @Test
  void leavesWhatIsLostInNoise() {
    assertFalse(Verdict.of(List.of(1.2, 0.9, 1.1, 0.95, 1.15)).isSlower());
  }

  /// How many seeds are called slower when the true ratio is this.
  private static long slower(double truth) {
    return Stream.iterate(0L, seed -> seed + 1)
        .limit(SEEDS)
        .filter(seed -> isCalledSlower(truth, new SplittableRandom(seed)))
        .count();
  }

  private static boolean isCalledSlower(double truth, SplittableRandom random) {
    List<Double> ratios = generations(truth, random);
    return Verdict.of(ratios).isSlower()
        && Verdict.of(Stream.concat(ratios.stream(), generations(truth, random).stream()).toList())
            .isSlower();
  }

  private static List<Double> generations(double truth, SplittableRandom random) {
    return Stream.generate(() -> truth * Math.exp(NOISE * random.nextGaussian())).limit(5).toList();
  }
}
