package io.weft.bytes;

/// Masking as RFC 6455 §5.3 says it: byte i of the payload by byte i modulo 4 of the key. The
/// oracle of everything faster.
public final class SlowMask {

  private SlowMask() {}

  /// Masks or unmasks the bytes from index `from` to index `to`, which are a whole payload.
  public static void apply(byte[] bytes, int from, int to, int key) {
    byte[] octets = {(byte) (key >> 24), (byte) (key >> 16), (byte) (key >> 8), (byte) key};
    for (int i = 0; i < to - from; i++) {
      bytes[from + i] = (byte) (bytes[from + i] ^ octets[i % 4]);
    }
  }
}
