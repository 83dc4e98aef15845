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

  private static final long NON_ASCII = 0x8080_8080_8080_8080L;
  private static final int ANY = 0x80 << 8 | 0xBF;
  private static final int BLOCK = 4 * Long.BYTES;

  private Utf8() {}

  /// Judges the bytes of `chunk` from index `from` to index `to`.
  ///
  /// @param state what came before: [#BOUNDARY] at the start of a text, else the last result
  /// @return the state after them, or [#MALFORMED]
  public static int judge(int state, Chunk chunk, int from, int to) {
    int now = state;
    int at = from;
    while (at < to) {
      if (now == BOUNDARY) {
        at = skipAscii(chunk, at, to);
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

  /// The index of the first byte from `from` on that is not ASCII, or `to`.
  private static int skipAscii(Chunk chunk, int from, int to) {
    int at = from;
    for (; at + BLOCK <= to; at += BLOCK) {
      long four =
          chunk.longAt(at)
              | chunk.longAt(at + Long.BYTES)
              | chunk.longAt(at + 2 * Long.BYTES)
              | chunk.longAt(at + 3 * Long.BYTES);
      if ((four & NON_ASCII) != 0) {
        break;
      }
    }
    while (at < to && chunk.byteAt(at) < 0x80) {
      at++;
    }
    return at;
  }
}
