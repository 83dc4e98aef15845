package io.weft.zlib;

import java.util.Arrays;

/// RFC 1951 by the book, a bit at a time, for a receiver that has a window of exactly so many bytes
/// and not one more: what was sent before that is gone, and a distance beyond it is a fault.
public final class StrictInflater {

  private static final int[] LENGTHS = {
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258
  };
  private static final int[] DISTANCES = {
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
    3073, 4097, 6145, 8193, 12289, 16385, 24577
  };
  private static final int[] ORDER = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
  };

  private final int windowBytes;
  private final boolean takeover;

  /// All that was inflated since the window was last empty.
  private byte[] out = new byte[1024];

  private int size;
  private int messageFrom;
  private int farthest;
  private byte[] in = {};
  private int bit;

  /// @param windowBits of the window agreed on
  /// @param takeover whether a message may refer to those before
  public StrictInflater(int windowBits, boolean takeover) {
    this.windowBytes = 1 << windowBits;
    this.takeover = takeover;
  }

  /// The largest distance seen.
  public int farthest() {
    return farthest;
  }

  /// Inflates a message as it is on the wire, without `00 00 ff ff` at its end.
  ///
  /// @throws IllegalStateException if a receiver with that window could not
  public byte[] message(byte[] payload) {
    if (!takeover) {
      size = 0;
    }
    messageFrom = size;
    in = Arrays.copyOf(payload, payload.length + 4);
    in[in.length - 1] = (byte) 0xFF;
    in[in.length - 2] = (byte) 0xFF;
    bit = 0;
    while (bit < 8 * in.length) {
      block();
    }
    require(bit == 8 * in.length, "the last block ends with the message");
    return Arrays.copyOfRange(out, messageFrom, size);
  }

  private void block() {
    boolean last = bits(1) == 1;
    switch (bits(2)) {
      case 0 -> stored();
      case 1 -> compressed(fixed(), codes(filled(30, 5)));
      case 2 -> dynamic();
      default -> throw new IllegalStateException("block type 3");
    }
    if (last) {
      align(); // what follows is a stream of its own
    }
  }

  private void align() {
    bit = (bit + 7) / 8 * 8;
  }

  private void stored() {
    align();
    int length = bits(16);
    require(bits(16) == (~length & 0xFFFF), "NLEN");
    for (int i = 0; i < length; i++) {
      put(bits(8));
    }
  }

  private static int[][] fixed() {
    int[] lengths = filled(288, 8);
    Arrays.fill(lengths, 144, 256, 9);
    Arrays.fill(lengths, 256, 280, 7);
    return codes(lengths);
  }

  private static int[] filled(int count, int length) {
    int[] lengths = new int[count];
    Arrays.fill(lengths, length);
    return lengths;
  }

  private void dynamic() {
    int literals = bits(5) + 257;
    int distances = bits(5) + 1;
    int count = bits(4) + 4;
    int[] small = new int[19];
    for (int i = 0; i < count; i++) {
      small[ORDER[i]] = bits(3);
    }
    int[][] codes = codes(small);
    int[] lengths = new int[literals + distances];
    for (int at = 0; at < lengths.length; ) {
      int symbol = symbol(codes);
      if (symbol < 16) {
        lengths[at++] = symbol;
      } else {
        int value = symbol == 16 ? lengths[at - 1] : 0;
        int times = symbol == 16 ? 3 + bits(2) : symbol == 17 ? 3 + bits(3) : 11 + bits(7);
        Arrays.fill(lengths, at, at + times, value);
        at += times;
      }
    }
    compressed(
        codes(Arrays.copyOf(lengths, literals)),
        codes(Arrays.copyOfRange(lengths, literals, lengths.length)));
  }

  private void compressed(int[][] literals, int[][] distances) {
    for (int symbol = symbol(literals); symbol != 256; symbol = symbol(literals)) {
      if (symbol < 256) {
        put(symbol);
        continue;
      }
      int at = symbol - 257;
      int length = LENGTHS[at] + (at < 8 || at == 28 ? 0 : bits(at / 4 - 1));
      int code = symbol(distances);
      int distance = DISTANCES[code] + (code < 4 ? 0 : bits(code / 2 - 1));
      require(distance <= windowBytes, "a distance of " + distance + " over " + windowBytes);
      require(distance <= size, "a distance of " + distance + " before the beginning");
      farthest = Math.max(farthest, distance);
      for (int i = 0; i < length; i++) {
        put(out[size - distance]);
      }
    }
  }

  private void put(int value) {
    if (size == out.length) {
      out = Arrays.copyOf(out, 2 * size);
    }
    out[size++] = (byte) value;
  }

  private int bits(int count) {
    int value = 0;
    for (int i = 0; i < count; i++) {
      require(bit < 8 * in.length, "the message ends in a block");
      value |= (in[bit / 8] >> bit % 8 & 1) << i;
      bit++;
    }
    return value;
  }

  /// For each length of a code: the first code, how many there are, then their symbols.
  private static int[][] codes(int[] lengths) {
    int[][] codes = new int[16][];
    int code = 0;
    for (int length = 1; length < 16; length++) {
      code <<= 1;
      int count = 0;
      int[] row = new int[2 + lengths.length];
      row[0] = code;
      for (int symbol = 0; symbol < lengths.length; symbol++) {
        if (lengths[symbol] == length) {
          row[2 + count++] = symbol;
        }
      }
      row[1] = count;
      codes[length] = row;
      code += count;
    }
    return codes;
  }

  private int symbol(int[][] codes) {
    int code = 0;
    for (int length = 1; length < 16; length++) {
      code = code << 1 | bits(1);
      int index = code - codes[length][0];
      if (index >= 0 && index < codes[length][1]) {
        return codes[length][2 + index];
      }
    }
    throw new IllegalStateException("no such code");
  }

  private static void require(boolean so, String what) {
    if (!so) {
      throw new IllegalStateException(what);
    }
  }
}
