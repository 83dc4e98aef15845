package io.weft.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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
  void keepsWhatIsUsed() {
    Set<Chunk> all = takeAndGive(656);
    assertEquals(0, pool.lentChunks());
    assertTrue(pool.isLarge());
    pool.trim();
    assertEquals(all, takeAndGive(656), "all of it was out since the pool was made");
  }

  @Test
  void letsGoOfHalfOfWhatNobodyNeeds() {
    Set<Chunk> all = takeAndGive(656);
    pool.trim();
    pool.trim();
    Set<Chunk> kept = takeAndGive(656);
    kept.retainAll(all);
    assertEquals(328, kept.size());
  }

  @Test
  void keepsAFewWhetherTheyAreUsedOrNot() {
    Set<Chunk> all = takeAndGive(656);
    for (int i = 0; i < 20; i++) {
      pool.trim();
    }
    assertFalse(pool.isLarge());
    Set<Chunk> kept = takeAndGive(656);
    kept.retainAll(all);
    assertEquals(256, kept.size());
  }

  private Set<Chunk> takeAndGive(int count) {
    Set<Chunk> chunks = new HashSet<>();
    for (int i = 0; i < count; i++) {
      chunks.add(pool.take());
    }
    chunks.forEach(pool::give);
    return chunks;
  }

  @Test
  void lendsAnArrayAgain() {
    Pool pool = new Pool(64, 1 << 20);
    byte[] first = pool.takeArray(20_000, 20_000);
    assertEquals(32_768, first.length);
    pool.giveArray(first);
    assertNotSame(first, pool.takeArray(10_000, 0), "too large for it");
    assertSame(first, pool.takeArray(10, 20_000), "there to spare");
    pool.giveArray(first);
    assertNotSame(first, pool.takeArray(10, 100_000), "what is wished for is not there");
    assertSame(first, pool.takeArray(32_768, 40_000), "what is needed is");
    assertFalse(pool.isLarge());
  }

  @Test
  void keepsNoSmallArrayNoHugeOneAndNoneAboveItsBound() {
    Pool pool = new Pool(64, 128 << 10);
    pool.giveArray(pool.takeArray(5_000, 0));
    assertFalse(pool.isLarge());
    assertEquals(0, pool.takeArray(0, 0).length / 2);
    List<byte[]> all = List.of(pool.takeArray(20 << 10, 0), pool.takeArray(20 << 10, 0));
    all.forEach(pool::giveArray);
    assertSame(all.get(0), pool.takeArray(20 << 10, 0));
    assertNotSame(all.get(1), pool.takeArray(20 << 10, 0));
    Pool large = new Pool(64, 1L << 40);
    byte[] huge = large.takeArray((64 << 20) + 1, 0);
    assertEquals((64 << 20) + 1, huge.length);
    large.giveArray(huge);
    assertFalse(large.isLarge());
  }

  @Test
  void letsGoOfArraysThatNobodyNeeds() {
    Pool pool = new Pool(64, 1 << 20);
    byte[] small = pool.takeArray(16 << 10, 0);
    byte[] large = pool.takeArray(64 << 10, 0);
    pool.giveArray(small);
    pool.giveArray(large);
    pool.trim();
    assertTrue(pool.isLarge());
    assertSame(small, pool.takeArray(16 << 10, 0), "what was used is kept");
    pool.giveArray(small);
    pool.trim();
    assertNotSame(large, pool.takeArray(64 << 10, 0), "the other is not");
    pool.trim();
    pool.trim();
    assertFalse(pool.isLarge());
  }

  @Test
  void keepsWhatIsPromisedWithinTheBound() {
    Pool pool = new Pool(100, 300);
    assertTrue(pool.promise(300), "alone it may be all");
    assertFalse(pool.promise(1));
    assertFalse(pool.hasSpare(1));
    pool.redeem(150);
    pool.take();
    assertTrue(pool.hasSpare(50));
    assertFalse(pool.hasSpare(51), "150 are promised, and 100 lent");
    pool.redeem(150);
    assertTrue(pool.promise(100));
    assertFalse(pool.promise(101), "100 are promised, and 100 lent");
    assertTrue(pool.promise(50));
  }

  /// Short messages have a quarter more than others, and what is kept of what arrived counts for
  /// neither.
  @Test
  void hasMoreForTheSmall() {
    Pool pool = new Pool(100, 800);
    List<Chunk> lent = new ArrayList<>();
    for (int at = 0; at < 8; at++) {
      assertTrue(pool.hasSpare(100));
      assertEquals(at > 6, pool.isTight());
      lent.add(pool.take());
    }
    assertFalse(pool.hasSpare(1));
    assertTrue(pool.hasSpareForSmall());
    lent.add(pool.take());
    assertTrue(pool.hasSpareForSmall());
    lent.add(pool.take());
    assertFalse(pool.hasSpareForSmall());
    lent.forEach(pool::give);
    Chunk kept = pool.keep(250);
    assertEquals(250, kept.capacity());
    assertEquals(3, pool.lentChunks());
    assertTrue(pool.hasSpare(800));
    pool.giveKept(kept);
    Chunk small = pool.keep(10);
    pool.giveKept(small);
    assertEquals(0, pool.lentChunks());
  }

  /// What waits in the heap to be copied takes half of the bound at most, but for one message
  /// alone.
  @Test
  void promisesHalfInTheHeap() {
    Pool pool = new Pool(100, 1_000);
    assertTrue(pool.promise(900));
    assertFalse(pool.promise(1), "900 wait");
    pool.redeem(900);
    assertTrue(pool.promise(300));
    assertTrue(pool.promise(200));
    assertFalse(pool.promise(1), "500 wait");
  }
}
