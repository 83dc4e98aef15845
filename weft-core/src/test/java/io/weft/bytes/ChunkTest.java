package io.weft.bytes;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// The views of a chunk, and its masking beside a slow twin that goes byte by byte.
final class ChunkTest {

  private static final int[] KEYS = {0, 1, 0x0102_0304, 0x8000_0000, 0x37FA_213D, -1};

  @Test
  void xorsAsTheSlowTwinDoes() {
    byte[] plain = new byte[256];
    new SplittableRandom(1).nextBytes(plain);
    Chunk chunk = Chunk.copyOf(plain);
    for (int from = 0; from < 16; from++) {
      for (int length = 0; length <= 200; length++) {
        for (int key : KEYS) {
          byte[] expected = plain.clone();
          SlowMask.apply(expected, from, from + length, key);
          chunk.buffer.put(0, plain);
          chunk.xor(from, from + length, key);
          assertArrayEquals(expected, bytes(chunk), from + " + " + length + " by " + key);
        }
      }
    }
  }

  @Test
  void xorsInTwoStepsAsInOne() {
    byte[] plain = new byte[64];
    new SplittableRandom(2).nextBytes(plain);
    Chunk chunk = Chunk.copyOf(plain);
    int key = 0x37FA_213D;
    byte[] expected = plain.clone();
    SlowMask.apply(expected, 0, plain.length, key);
    for (int cut = 0; cut <= plain.length; cut++) {
      chunk.buffer.put(0, plain);
      chunk.xor(0, cut, key);
      chunk.xor(cut, plain.length, Integer.rotateLeft(key, cut * Byte.SIZE));
      assertArrayEquals(expected, bytes(chunk), "cut at byte " + cut);
    }
  }

  @Test
  void showsOneReadOnlyViewThatForgetsWhatWasDoneToIt() {
    Chunk chunk = Chunk.copyOf(new byte[] {1, 2, 3, 4});
    ByteBuffer view = chunk.view(1, 3);
    assertTrue(view.isReadOnly());
    assertEquals(ByteBuffer.wrap(new byte[] {2, 3}), view);
    view.order(ByteOrder.LITTLE_ENDIAN).position(3);
    assertSame(view, chunk.view(0, 2));
    assertEquals(0x0102, view.getShort());
    assertEquals(0, chunk.view(4, 4).remaining());
    assertEquals(0, chunk.buffer.position(), "the chunk's own position");
  }

  @Test
  void beginsWithNothingToRead() {
    Chunk chunk = Chunk.ofSize(10);
    assertEquals(10, chunk.capacity());
    assertEquals(0, chunk.remaining());
    assertEquals(ByteOrder.BIG_ENDIAN, chunk.buffer.order());
    assertEquals(0, Chunk.copyOf(new byte[0]).remaining());
    assertEquals(3, Chunk.copyOf(new byte[3]).remaining());
  }

  private static byte[] bytes(Chunk chunk) {
    byte[] bytes = new byte[chunk.capacity()];
    chunk.buffer.get(0, bytes);
    return bytes;
  }
}
