package io.weft.bench.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;

/// Frames as they stand on the wire (RFC 6455 §5.2): what a client sends, and what it awaits.
final class Frames {

  static final int MASKING_KEY = 0x5A3C_1E77;

  static final byte PING = (byte) 0x89;
  static final byte PONG = (byte) 0x8A;

  private Frames() {}

  /// Some binary messages in a row.
  ///
  /// @param variant makes the bytes of one burst differ from those of another
  /// @param masked as a client sends them, or as a server does
  static ByteBuffer burst(int messageBytes, int messages, int variant, boolean masked) {
    ByteBuffer burst = ByteBuffer.allocateDirect(messages * (messageBytes + 14));
    for (int n = 0; n < messages; n++) {
      header(burst, messageBytes, masked);
      for (int at = 0; at < messageBytes; at++) {
        int key = masked ? MASKING_KEY >>> (24 - 8 * (at & 3)) : 0;
        burst.put((byte) ((variant * 101 + n + at * 31) ^ key));
      }
    }
    return burst.flip().slice();
  }

  /// The header of a binary message in one frame.
  static void header(ByteBuffer out, int messageBytes, boolean masked) {
    int mask = masked ? 0x80 : 0;
    out.put((byte) 0x82);
    if (messageBytes < 126) {
      out.put((byte) (mask | messageBytes));
    } else if (messageBytes < 0x1_0000) {
      out.put((byte) (mask | 126)).putShort((short) messageBytes);
    } else {
      out.put((byte) (mask | 127)).putLong(messageBytes);
    }
    if (masked) {
      out.putInt(MASKING_KEY);
    }
  }

  /// Takes what stands in `in`, which is the next of `expected`.
  ///
  /// @param received how much of `expected` had come before
  /// @return how much has come now
  static int receive(ByteBuffer in, int received, ByteBuffer expected) throws IOException {
    int step = Math.min(in.remaining(), expected.limit() - received);
    int mismatch = in.slice(in.position(), step).mismatch(expected.slice(received, step));
    if (mismatch >= 0) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "what came back is not what was sent: byte %d of %d is %d, not %d",
              received + mismatch,
              expected.limit(),
              in.get(in.position() + mismatch) & 0xFF,
              expected.get(received + mismatch) & 0xFF));
    }
    in.position(in.position() + step);
    return received + step;
  }

  /// Whether a ping without a payload, or with a short one, begins here: a server may send one
  /// between two messages (RFC 6455 §5.5.2).
  static boolean isPing(ByteBuffer in) {
    return in.remaining() >= 2
        && in.get(in.position()) == PING
        && in.get(in.position() + 1) >= 0
        && in.remaining() >= 2 + in.get(in.position() + 1);
  }

  /// Takes a ping.
  ///
  /// @return the pong
  static ByteBuffer pong(ByteBuffer in) {
    in.get();
    byte[] payload = new byte[in.get()];
    in.get(payload);
    ByteBuffer pong = ByteBuffer.allocate(6 + payload.length);
    return pong.put(PONG).put((byte) (0x80 | payload.length)).putInt(0).put(payload).flip();
  }
}
