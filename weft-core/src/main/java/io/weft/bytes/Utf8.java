package io.weft.bytes;

/// UTF-8 judged as it arrives (RFC 3629 §4): a text may be cut anywhere, and the first byte that no
/// well-formed text could have there is found at once.
///
/// What is known between two bytes is one `int`, so that a connection need not hold an object for
/// it:
///
/// ```text
///  0                      between two code points
///  count << 16 | low << 8 | high
///                         count bytes of a code point are missing, the next is low to high
///  -1                     no text begins so
/// ```
public final class Utf8 {

  /// Between two code points; also where every text starts and where it may end.
  public static final int BOUNDARY = 0;

  /// No well-formed text begins with the bytes seen.
  public static final int MALFORMED = -1;

  private static final int ANY = 0x80 << 8 | 0xBF;

  // Eight bytes as one number, the first of them lowest. A byte is of a kind if some of its bits,
  // the mask, are as the kind wants them.

  private static final long ASCII_MASK = 0x8080_8080_8080_8080L;
  private static final long TWO_MASK = 0xC0E0L;
  private static final long TWO = 0x80C0L;
  private static final long THREE_MASK = 0xC0_C0F0L;
  private static final long THREE = 0x80_80E0L;
  private static final long FOUR_MASK = 0xC0C0_C0F8L;
  private static final long FOUR = 0x8080_80F0L;

  /// Two code points of three bytes each.
  private static final long TWICE_THREE_MASK = THREE_MASK << 24 | THREE_MASK;

  private static final long TWICE_THREE = THREE << 24 | THREE;

  /// The lead bytes E0 to EF after which every continuation is well-formed, bit by bit: not E0,
  /// which begins overlong forms, nor ED, which begins surrogates.
  private static final int FREE_LEADS = 0xFFFF & ~(1 << 0x0 | 1 << 0xD);

  private Utf8() {}

  /// Judges the bytes of `chunk` from index `from` to index `to`.
  ///
  /// @param state what came before: [#BOUNDARY] at the start of a text, else the last result
  /// @return the state after them, or [#MALFORMED]
  public static int judge(int state, Chunk chunk, int from, int to) {
    int now = state;
    int at = from;
    while (at < to) {
      if (now == BOUNDARY && to - at >= Long.BYTES) {
        at = skip(chunk, at, to);
        if (at == to) {
          return BOUNDARY;
        }
      }
      now = step(now, chunk.byteAt(at++));
      if (now == MALFORMED) {
        return MALFORMED;
      }
    }
    return now;
  }

  /// Judges `bytes` from index `from` to index `to`, as [#judge(int, Chunk, int, int)] does.
  public static int judge(int state, byte[] bytes, int from, int to) {
    int now = state;
    for (int at = from; at < to && now != MALFORMED; at++) {
      now = step(now, bytes[at] & 0xFF);
    }
    return now;
  }

  /// The state after one more byte, 0 to 255. The table of RFC 3629 §4, row by row.
  private static int step(int state, int next) {
    if (state != BOUNDARY) {
      boolean fits = next >= (state >>> 8 & 0xFF) && next <= (state & 0xFF);
      int missing = (state >>> 16) - 1;
      return !fits ? MALFORMED : missing == 0 ? BOUNDARY : missing << 16 | ANY;
    }
    if (next < 0x80) {
      return BOUNDARY;
    }
    if (next < 0xC2 || next > 0xF4) {
      return MALFORMED; // a stray continuation, an overlong form, or above U+10FFFF
    }
    if (next < 0xE0) {
      return 1 << 16 | ANY;
    }
    return switch (next) {
      case 0xE0 -> 2 << 16 | 0xA0 << 8 | 0xBF; // no overlong form
      case 0xED -> 2 << 16 | 0x80 << 8 | 0x9F; // no surrogate
      case 0xF0 -> 3 << 16 | 0x90 << 8 | 0xBF; // no overlong form
      case 0xF4 -> 3 << 16 | 0x80 << 8 | 0x8F; // no more than U+10FFFF
      default -> (next < 0xF0 ? 2 : 3) << 16 | ANY;
    };
  }

  /// Skips whole code points from index `from` on, eight bytes in view.
  ///
  /// @return where fewer than eight bytes are left, or something is not well-formed
  private static int skip(Chunk chunk, int from, int to) {
    int at = from;
    int last = to - Long.BYTES;
    while (at <= last) {
      long eight = chunk.longAt(at);
      long beyondAscii = eight & ASCII_MASK;
      if (beyondAscii == 0) {
        at = skipAscii(chunk, at + Long.BYTES, last);
      } else if ((eight & 0x80) == 0) {
        at += Long.numberOfTrailingZeros(beyondAscii) / Byte.SIZE;
      } else if ((eight & TWICE_THREE_MASK) == TWICE_THREE
          && (FREE_LEADS >>> (eight & 0xF) & FREE_LEADS >>> (eight >>> 24 & 0xF) & 1) != 0) {
        at += 6;
      } else {
        int length = lengthAt(eight);
        if (length == 0) {
          return at;
        }
        at += length;
      }
    }
    return at;
  }

  private static int skipAscii(Chunk chunk, int from, int last) {
    int at = from;
    while (at <= last && (chunk.longAt(at) & ASCII_MASK) == 0) {
      at += Long.BYTES;
    }
    return at;
  }

  /// The length of the code point that begins in the lowest byte, which is not ASCII; 0 if none is
  /// well-formed there.
  private static int lengthAt(long eight) {
    int high = (int) (eight >>> 8 & 0x3F);
    if ((eight & TWO_MASK) == TWO) {
      return (eight & 0x1E) == 0 ? 0 : 2; // C0 and C1 are overlong forms
    }
    if ((eight & THREE_MASK) == THREE) {
      int of64 = (int) (eight & 0xF) << 6 | high; // the code point divided by 64
      return of64 < 0x800 >> 6 || of64 >> 5 == 0xD800 >> 11 ? 0 : 3;
    }
    if ((eight & FOUR_MASK) == FOUR) {
      int of4096 = (int) (eight & 0x7) << 6 | high;
      return of4096 < 0x1_0000 >> 12 || of4096 > 0x10_FFFF >> 12 ? 0 : 4;
    }
    return 0;
  }
}
