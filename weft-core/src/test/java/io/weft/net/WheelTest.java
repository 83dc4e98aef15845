package io.weft.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Timers fall due once, not before their deadline, and soon after it.
final class WheelTest {

  private static final long MS = 1_000_000;

  /// What a timer may be late: a tick of 2^24 ns.
  private static final long TICK_NS = 1L << 24;

  private static final class Alarm extends Wheel.Timer {
    final List<Long> dueNs = new ArrayList<>();

    @Override
    void due(long nowNs) {
      dueNs.add(nowNs);
    }
  }

  @Test
  void fallsDueOnceAndNotEarly() {
    Wheel wheel = new Wheel(0);
    Alarm alarm = new Alarm();
    wheel.schedule(alarm, 100 * MS);
    wheel.advance(99 * MS);
    assertEquals(List.of(), alarm.dueNs);
    wheel.advance(100 * MS + TICK_NS);
    assertEquals(List.of(100 * MS + TICK_NS), alarm.dueNs);
    wheel.advance(100_000 * MS);
    assertEquals(1, alarm.dueNs.size());
    assertEquals(Wheel.NEVER, wheel.delayNs(100_000 * MS));
  }

  @Test
  void movesLaterAndEarlier() {
    Wheel wheel = new Wheel(-5 * MS); // System.nanoTime may be negative
    Alarm alarm = new Alarm();
    wheel.schedule(alarm, 1_000 * MS);
    wheel.schedule(alarm, 3_000 * MS);
    wheel.advance(2_999 * MS);
    assertEquals(0, alarm.dueNs.size());
    wheel.schedule(alarm, 3_050 * MS);
    wheel.schedule(alarm, 3_020 * MS);
    wheel.advance(3_050 * MS);
    assertEquals(1, alarm.dueNs.size());
  }

  @Test
  void forgetsWhatIsCancelled() {
    Wheel wheel = new Wheel(0);
    Alarm alarm = new Alarm();
    wheel.schedule(alarm, 100 * MS);
    wheel.cancel(alarm);
    assertEquals(Wheel.NEVER, wheel.delayNs(0));
    wheel.schedule(alarm, 100 * MS);
    wheel.schedule(alarm, Wheel.NEVER);
    wheel.advance(1_000 * MS);
    assertEquals(0, alarm.dueNs.size());
  }

  @Test
  void waitsForWhatLiesBeyondItsSpan() {
    Wheel wheel = new Wheel(0);
    Alarm alarm = new Alarm();
    long day = 24L * 3600 * 1000 * MS;
    wheel.schedule(alarm, day);
    long now = 0;
    while (alarm.dueNs.isEmpty()) {
      long delay = wheel.delayNs(now);
      assertTrue(delay <= 40_000 * MS, "sleeps at most its span");
      now += Math.max(delay, 1);
      wheel.advance(now);
    }
    assertTrue(now >= day && now <= day + 2 * TICK_NS, "due at " + now);
  }

  @Test
  void letsATimerCancelItsNeighbourWhileTheirSlotIsEmptied() {
    Wheel wheel = new Wheel(0);
    Alarm second = new Alarm();
    Alarm third = new Alarm();
    Wheel.Timer first =
        new Wheel.Timer() {
          @Override
          void due(long nowNs) {
            wheel.cancel(second);
            wheel.cancel(third);
            wheel.schedule(third, nowNs + 1);
          }
        };
    wheel.schedule(second, 50 * MS);
    wheel.schedule(third, 50 * MS);
    wheel.schedule(first, 50 * MS); // lists are last in, first out
    wheel.advance(100 * MS);
    assertEquals(0, second.dueNs.size());
    assertEquals(0, third.dueNs.size());
    wheel.advance(100 * MS + 3 * TICK_NS);
    assertEquals(1, third.dueNs.size());
  }

  @Test
  void agreesWithAPlainListOfDeadlines() {
    for (long seed = 0; seed < 200; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      long now = random.nextLong(-1_000_000 * MS, 1_000_000 * MS);
      Wheel wheel = new Wheel(now);
      Alarm[] alarms = new Alarm[20];
      long[] deadlines = new long[alarms.length];
      int[] dues = new int[alarms.length];
      for (int at = 0; at < alarms.length; at++) {
        alarms[at] = new Alarm();
        deadlines[at] = Wheel.NEVER;
      }
      for (int step = 0; step < 200; step++) {
        int at = random.nextInt(alarms.length);
        switch (random.nextInt(4)) {
          case 0 -> {
            deadlines[at] = now + random.nextLong(60_000 * MS);
            wheel.schedule(alarms[at], deadlines[at]);
          }
          case 1 -> {
            deadlines[at] = Wheel.NEVER;
            wheel.cancel(alarms[at]);
          }
          default -> {
            long delay = wheel.delayNs(now);
            long step1 = random.nextBoolean() && delay != Wheel.NEVER ? delay : 5_000 * MS;
            now += random.nextLong(Math.max(1, Math.min(step1 + 1, 60_000 * MS)));
            wheel.advance(now);
            for (int n = 0; n < alarms.length; n++) {
              boolean came = alarms[n].dueNs.size() > dues[n];
              String which = "seed " + seed + ", timer " + n;
              assertTrue(!came || deadlines[n] <= now, which + " came early");
              assertTrue(came || deadlines[n] > now - 2 * TICK_NS, which + " is late");
              if (came) {
                assertEquals(++dues[n], alarms[n].dueNs.size(), which + " came twice");
                deadlines[n] = Wheel.NEVER;
              }
            }
          }
        }
      }
    }
  }
}
