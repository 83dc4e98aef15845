package io.weft.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The pool lends what it has, last in first out, and says what it can spare.
final class PoolTest {

  private final Pool pool = new Pool(64, 3 * 64);

  @Test
  void lendsTheWarmestChunkAgain() {
    Chunk first = pool.take();
    Chunk second = pool.take();
    assertNotSame(first, second);
    second.buffer.clear();
    pool.give(first);
    pool.give(second);
    assertSame(second, pool.take());
    assertEquals(0, second.remaining(), "nothing to read in it");
    assertSame(first, pool.take(64));
  }

  @Test
  void countsWhatIsOut() {
    assertTrue(pool.hasSpare(3 * 64));
    assertFalse(pool.hasSpare(3 * 64 + 1));
    Chunk large = pool.take(65);
    assertEquals(65, large.capacity());
    assertEquals(2, pool.lentChunks());
    assertTrue(pool.hasSpare(64));
    assertFalse(pool.hasSpare(65));
    pool.give(large);
    assertEquals(0, pool.lentChunks());
    assertEquals(64, pool.take().capacity(), "a large chunk is not kept");
  }

  @Test
  void takesBackWhatNobodyHolds() {
    Outbox outbox = new Outbox(pool, 64, 64);
    Chunk held = pool.take();
    held.buffer.limit(1);
    outbox.share(held, held.buffer.position(), held.buffer.limit());
    pool.giveUnlessHeld(held);
    assertEquals(1, pool.lentChunks());
    assertThrows(AssertionError.class, () -> pool.give(held));
    outbox.clear();
    assertEquals(0, pool.lentChunks());
    pool.giveUnlessHeld(pool.take());
    assertEquals(0, pool.lentChunks());
    Chunk stranger = Chunk.ofSize(64);
    assertThrows(AssertionError.class, () -> pool.give(stranger));
  }

  @Test
  void lendsAtLeastOneChunkHoweverSmallItsBound() {
    assertTrue(new Pool(64, 0).hasSpare(64));
    assertFalse(new Pool(64, 0).hasSpare(Integer.MAX_VALUE));
    assertEquals(64, pool.chunkBytes());
  }

  @Test
  void keepsNoMoreThanItNeeds() {
    List<Chunk> all = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      all.add(pool.take());
    }
    all.forEach(pool::give);
    assertEquals(0, pool.lentChunks());
    int known = 0;
    for (int i = 0; i < 300; i++) {
      known += all.contains(pool.take()) ? 1 : 0;
    }
    assertEquals(256, known);
  }

  @Test
  void keepsWhatIsPromisedWithinTheBound() {
    Pool pool = new Pool(100, 300);
    assertTrue(pool.promise(150));
    assertTrue(pool.promise(150), "300 in all");
    assertFalse(pool.promise(1));
    assertFalse(pool.hasSpare(1));
    pool.redeem(150);
    pool.take();
    assertTrue(pool.hasSpare(50));
    assertFalse(pool.hasSpare(51), "150 are promised, and 100 lent");
    assertFalse(pool.promise(51));
    assertTrue(pool.promise(50));
  }
}
