package io.weft.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// An io_uring by itself.
@Timeout(60)
final class RingTest {

  private static final int REGISTER_RING_FDS = 20;

  /// A Linux that takes no request while it refuses, and notes how rings were registered.
  private static final class Watched extends Linux {
    boolean refuses;
    final List<Long> registered = new ArrayList<>();

    @Override
    long call(int number, long a, long b, long c, long d, long e, long f) {
      if (refuses && number == IO_URING_ENTER) {
        return -EAGAIN;
      }
      long result = super.call(number, a, b, c, d, e, f);
      if (number == IO_URING_REGISTER && b == REGISTER_RING_FDS) {
        registered.add(result);
      }
      return result;
    }
  }

  @BeforeEach
  void mayHaveOne() {
    String refusal = Uring.refusal();
    assumeTrue(refusal == null, () -> "io_uring is refused: " + refusal);
  }

  /// However many requests there are and however long nobody takes them.
  @Test
  void keepsEachRequestAndTheirOrder() throws IOException {
    Watched linux = new Watched();
    Ring ring = new Ring(linux, 4, 8);
    try {
      ring.enable();
      List<Long> completed = new ArrayList<>();
      long made = 0;
      for (int round = 0; round < 200; round++) {
        linux.refuses = round % 3 > 0;
        for (int at = 0; at < round; at++) {
          ring.request(Ring.OP_NOP, -1, made++);
        }
        assertEquals(!linux.refuses, ring.enter(0, 0));
        take(ring, completed);
      }
      linux.refuses = false;
      while (ring.isFull()) {
        assertTrue(ring.enter(1, 1_000_000_000));
        take(ring, completed);
      }
      ring.enter(0, 0);
      take(ring, completed);
      assertEquals(LongStream.range(0, made).boxed().toList(), completed);
    } finally {
      ring.close();
    }
  }

  private static void take(Ring ring, List<Long> completed) {
    for (; ring.next(); ring.take()) {
      completed.add(ring.userData());
    }
  }

  /// A thread may have 16 registered, and a mapping keeps a ring, and the files of its requests.
  @Test
  void leavesNothingOfItself() throws IOException {
    Watched linux = new Watched();
    for (int round = 0; round < 40; round++) {
      Ring ring = new Ring(linux, 4, 4);
      ring.enable();
      assertTrue(isMapped());
      ring.close();
      assertFalse(isMapped(), "round " + round);
    }
    assertEquals(40, linux.registered.size());
    assertTrue(
        linux.registered.stream().allMatch(result -> result == 1), linux.registered::toString);
  }

  private static boolean isMapped() throws IOException {
    try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
      return maps.anyMatch(line -> line.contains("[io_uring]"));
    }
  }

  @Test
  @Tag("full")
  void saysSoWhenNothingHasBeenTakenForTenSeconds() throws IOException {
    Watched linux = new Watched();
    Ring ring = new Ring(linux, 4, 4);
    try {
      ring.enable();
      ring.request(Ring.OP_NOP, -1, 1);
      linux.refuses = true;
      IOException refused =
          assertThrows(
              IOException.class,
              () -> {
                while (true) {
                  ring.turn(1, 1_000_000_000);
                }
              });
      assertEquals(
          "io_uring_enter has taken no request for 10 s: Resource temporarily unavailable",
          refused.getMessage());
    } finally {
      ring.close();
    }
  }
}
