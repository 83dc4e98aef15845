package io.weft.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// The accounts of loops, and what they draw.
final class BudgetTest {

  private final Budget budget = new Budget();

  @Test
  void neverHoldsMoreThanTheCap() {
    Budget.Share one = budget.open(1 << 20, 2);
    Budget.Share other = budget.open(1 << 20, 2);
    long taken = 0;
    while (one.take(1_000)) {
      taken += 1_000;
    }
    assertTrue(taken > (1 << 20) * 3L / 4, "all that is not the other's, but " + taken);
    assertFalse(one.take(1_000));
    long theirs = 0;
    while (other.take(1_000)) {
      theirs += 1_000;
    }
    assertTrue(theirs > (1 << 20) / 8 - 1_000, "its own eighth, but " + theirs);
    assertTrue(taken + theirs <= 1 << 20);
    assertEquals(taken + theirs, budget.bytes());
    one.give(taken);
    while (other.take(1_000)) {
      theirs += 1_000;
    }
    assertTrue(theirs > (1 << 20) * 3L / 4, "what the other gave back, but " + theirs);
    one.give(0);
    other.give(theirs);
    assertEquals(0, budget.bytes());
  }

  @Test
  void takesTheLastByte() {
    Budget.Share share = budget.open(1_000, 1);
    assertTrue(share.take(999));
    assertTrue(share.take(1));
    assertFalse(share.take(1));
    share.force(500);
    assertEquals(1_500, share.bytes());
    share.give(500);
    assertFalse(share.take(1));
    share.give(1);
    assertTrue(share.take(1));
  }

  @Test
  void aLoopThatEndsGivesAllBack() {
    Budget.Share ended = budget.open(1_000, 1);
    assertTrue(ended.take(1_000));
    ended.close();
    ended.give(1_000); // what is let go of later
    assertEquals(0, budget.bytes());
    assertTrue(budget.open(1_000, 1).take(1_000));
  }
}
