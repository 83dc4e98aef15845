package io.weft.bytes;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// What goes into an outbox comes out in order and once, however it is written and sent.
final class OutboxTest {

  private static final int CHUNK_BYTES = 64;

  private final Pool pool = new Pool(CHUNK_BYTES, 1 << 20);
  private final Outbox outbox = new Outbox(pool, 100, 200);

  @Test
  void masksAsTheSlowTwinDoesAcrossChunks() {
    byte[] plain = new byte[200];
    new SplittableRandom(3).nextBytes(plain);
    int key = 0x37FA_213D;
    for (int before = 0; before < CHUNK_BYTES; before++) {
      for (int length = 0; length <= plain.length; length++) {
        byte[] expected = new byte[before + 2 * length];
        System.arraycopy(plain, 0, expected, before, length);
        System.arraycopy(plain, 0, expected, before + length, length);
        SlowMask.apply(expected, before, before + length, key);
        SlowMask.apply(expected, before + length, before + 2 * length, key);

        outbox.put(new byte[before], 0, before, 0);
        outbox.put(plain, 0, length, key);
        ByteBuffer source = ByteBuffer.wrap(plain, 0, length);
        outbox.put(source, 0, length, key);
        assertEquals(0, source.position());
        assertEquals(length, source.limit());
        assertArrayEquals(expected, drain(outbox, 1 << 20), before + " + " + length);
        assertEquals(0, pool.lentChunks());
      }
    }
  }

  @Test
  void givesBackWhatWentInHoweverItIsSent() {
    for (int seed = 0; seed < 2_000; seed++) {
      var random = new SplittableRandom(seed);
      var expected = new ByteArrayOutputStream();
      var sent = new ByteArrayOutputStream();
      for (int step = random.nextInt(40); step > 0; step--) {
        byte[] some = new byte[random.nextInt(150)];
        random.nextBytes(some);
        switch (random.nextInt(4)) {
          case 0 -> outbox.put(some, 0, some.length, 0);
          case 1 -> outbox.put(ByteBuffer.wrap(some), 0, some.length, 0);
          case 2 -> outbox.share(lend(some), 0, some.length);
          default -> {
            sent.writeBytes(send(outbox, random.nextInt(200), 1 + random.nextInt(4)));
            some = new byte[0];
          }
        }
        expected.writeBytes(some);
        assertEquals(expected.size() - sent.size(), outbox.bytes(), "seed " + seed);
      }
      sent.writeBytes(drain(outbox, 1 + random.nextInt(100)));
      assertArrayEquals(expected.toByteArray(), sent.toByteArray(), "seed " + seed);
      assertTrue(outbox.isEmpty(), "seed " + seed);
      assertEquals(0, pool.lentChunks(), "seed " + seed);
    }
  }

  @Test
  void holdsASharedChunkUntilTheLastHasSentIt() {
    Outbox other = new Outbox(pool, 100, 200);
    Chunk frame = lend(new byte[] {1, 2, 3});
    outbox.share(frame, 0, 3);
    other.share(frame, 0, 3);
    assertArrayEquals(new byte[] {1, 2}, send(outbox, 2, 8));
    assertArrayEquals(new byte[] {1, 2, 3}, drain(other, 100));
    assertEquals(1, pool.lentChunks());
    assertArrayEquals(new byte[] {3}, drain(outbox, 100));
    assertEquals(0, pool.lentChunks());
  }

  @Test
  void writesBehindASharedChunkNotIntoIt() {
    outbox.put(new byte[] {1}, 0, 1, 0);
    outbox.share(lend(new byte[] {2}), 0, 1);
    outbox.put(new byte[] {3}, 0, 1, 0);
    assertArrayEquals(new byte[] {1, 2, 3}, drain(outbox, 100));
  }

  @Test
  void knowsItsMarks() {
    outbox.put(new byte[100], 0, 100, 0);
    assertFalse(outbox.isHigh(), "at the soft mark");
    assertFalse(outbox.isLow());
    outbox.put(new byte[1], 0, 1, 0);
    assertTrue(outbox.isHigh(), "one above the soft mark");
    assertTrue(outbox.fits(99, 0), "at the hard mark");
    assertFalse(outbox.fits(100, 0), "one above the hard mark");
    assertFalse(outbox.fits(99, 1), "one promised to another");
    outbox.sent(51);
    assertTrue(outbox.isLow(), "at half the soft mark");
    outbox.clear();
    assertTrue(outbox.isEmpty());
    assertEquals(0, pool.lentChunks());
  }

  @Test
  void keepsRoomInOnePiece() {
    outbox.put(new byte[CHUNK_BYTES - 3], 0, CHUNK_BYTES - 3, 0);
    ByteBuffer room = outbox.room(4);
    assertTrue(room.remaining() >= 4);
    room.putInt(7);
    outbox.wrote();
    byte[] all = drain(outbox, 1000);
    assertEquals(CHUNK_BYTES + 1, all.length);
    assertEquals(7, all[CHUNK_BYTES]);
  }

  @Test
  void sendsNoMoreThanThereIs() {
    outbox.put(new byte[2], 0, 2, 0);
    assertThrows(AssertionError.class, () -> outbox.sent(3));
    assertThrows(AssertionError.class, () -> outbox.sent(-1));
  }

  @Test
  void refusesToTakeWhatWasNeverReserved() {
    assertThrows(IllegalStateException.class, outbox::wrote);
  }

  private Chunk lend(byte[] bytes) {
    Chunk chunk = pool.take(bytes.length);
    chunk.buffer.clear().put(bytes).flip();
    return chunk;
  }

  private static byte[] drain(Outbox outbox, int step) {
    var all = new ByteArrayOutputStream();
    while (!outbox.isEmpty()) {
      all.writeBytes(send(outbox, step, 8));
    }
    outbox.clear();
    return all.toByteArray();
  }

  /// One gathered write that takes at most `most` bytes from at most `buffers` buffers.
  private static byte[] send(Outbox outbox, int most, int buffers) {
    ByteBuffer[] gathered = new ByteBuffer[buffers];
    int count = outbox.gather(gathered);
    var sent = new ByteArrayOutputStream();
    for (int i = 0; i < count; i++) {
      byte[] taken = new byte[Math.min(most - sent.size(), gathered[i].remaining())];
      gathered[i].get(taken);
      sent.writeBytes(taken);
    }
    outbox.sent(sent.size());
    return sent.toByteArray();
  }
}
