package io.weft.ws;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A frame header as it stands on the wire (§5.2): FIN, RSV1 to RSV3 and opcode in one byte, MASK
/// and a 7-bit length in the next, then 0, 2 or 8 bytes of length and 0 or 4 of key.
///
/// Nothing is made of a header: it is judged and read where it stands, so that a frame costs no
/// object, and an idle connection holds none.
final class FrameHeader {

  /// The longest header, in bytes.
  static final int MAX_BYTES = 2 + 8 + 4;

  private static final int FIN = 0x80;
  private static final int RSV1 = 0x40;
  private static final int RSV2_RSV3 = 0x30;

  /// Of the first byte, the bits that are the opcode.
  static final int OPCODE = 0x0F;

  private static final int MASK = 0x80;
  private static final int LENGTH = 0x7F;

  /// A 7-bit length of this stands for two bytes that follow.
  private static final int TWO_BYTES = 126;

  /// A 7-bit length of this stands for eight bytes that follow.
  private static final int EIGHT_BYTES = 127;

  private FrameHeader() {}

  /// Judges one header, or nothing.
  ///
  /// @param in bytes of the peer, big-endian, the header at its position, which does not move
  /// @param sender who wrote them: a client masks every frame, a server none (§5.1)
  /// @return the header's length in bytes; 0 if `in` ends before it does
  /// @throws ProtocolException with close code 1002, if no legal header begins so
  static int judge(ByteBuffer in, Role sender) throws ProtocolException {
    assert in.order() == ByteOrder.BIG_ENDIAN;
    if (in.remaining() < 2) {
      return 0;
    }
    int start = in.position();
    int first = in.get(start);
    int second = in.get(start + 1);

    Opcode opcode = Opcode.of(first & OPCODE);
    boolean masked = (second & MASK) != 0;
    int length = second & LENGTH;

    require((first & RSV2_RSV3) == 0, "§5.2", "RSV2 or RSV3 is set");
    require(
        !rsv1(first) || opcode.beginsMessage(), "RFC 7692 §6.1", "RSV1 is set past a first frame");
    require(fin(first) || !opcode.isControl(), "§5.5", "a control frame is fragmented");
    require(length < TWO_BYTES || !opcode.isControl(), "§5.5", "a control frame is over 125 bytes");
    require(masked == (sender == Role.CLIENT), "§5.1", "masking does not fit the sender");

    int lengthBytes = length < TWO_BYTES ? 0 : length == TWO_BYTES ? 2 : 8;
    int headerBytes = 2 + lengthBytes + (masked ? 4 : 0);
    if (in.remaining() < headerBytes) {
      return 0;
    }
    long payloadBytes = payloadBytes(in);
    long leastBytes = lengthBytes == 0 ? 0 : lengthBytes == 2 ? TWO_BYTES : 0x1_0000;
    require(payloadBytes >= 0, "§5.2", "the top bit of the length is set");
    require(payloadBytes >= leastBytes, "§5.2", "the length is not in its shortest form");
    return headerBytes;
  }

  /// Whether the frame ends its message.
  ///
  /// @param first the first byte of a header
  static boolean fin(int first) {
    return (first & FIN) != 0;
  }

  /// Whether the message that the frame begins is encoded by the extension (RFC 7692 §6).
  ///
  /// @param first the first byte of a header
  static boolean rsv1(int first) {
    return (first & RSV1) != 0;
  }

  /// Length of the payload, 0 to 2^63 - 1 bytes; the header is not counted.
  ///
  /// @param in a whole header at its position
  static long payloadBytes(ByteBuffer in) {
    int start = in.position();
    int length = in.get(start + 1) & LENGTH;
    return switch (length) {
      case TWO_BYTES -> in.getShort(start + 2) & 0xFFFF;
      case EIGHT_BYTES -> in.getLong(start + 2);
      default -> length;
    };
  }

  /// The masking key, first byte highest; 0 if unmasked, since XOR with 0 changes nothing.
  ///
  /// @param in a whole header at its position
  /// @param headerBytes its length
  static int maskingKey(ByteBuffer in, int headerBytes) {
    int start = in.position();
    return (in.get(start + 1) & MASK) == 0 ? 0 : in.getInt(start + headerBytes - Integer.BYTES);
  }

  /// Length of the header in front of a payload of `payloadBytes`, in bytes.
  static int bytes(Role sender, int payloadBytes) {
    int lengthBytes = payloadBytes < TWO_BYTES ? 0 : payloadBytes < 0x1_0000 ? 2 : 8;
    return 2 + lengthBytes + (sender == Role.CLIENT ? 4 : 0);
  }

  /// Writes the header of a frame that is a whole message, or a control frame.
  ///
  /// @param out big-endian, with room for [#bytes]
  /// @param rsv1 whether the extension encoded the payload
  /// @param maskingKey of a client; a server's is not written
  static void write(
      ByteBuffer out, Role sender, Opcode opcode, boolean rsv1, int payloadBytes, int maskingKey) {
    assert out.order() == ByteOrder.BIG_ENDIAN;
    assert opcode != Opcode.CONTINUATION;
    int mask = sender == Role.CLIENT ? MASK : 0;
    out.put((byte) (FIN | (rsv1 ? RSV1 : 0) | opcode.code));
    if (payloadBytes < TWO_BYTES) {
      out.put((byte) (mask | payloadBytes));
    } else if (payloadBytes < 0x1_0000) {
      out.put((byte) (mask | TWO_BYTES)).putShort((short) payloadBytes);
    } else {
      out.put((byte) (mask | EIGHT_BYTES)).putLong(payloadBytes);
    }
    if (sender == Role.CLIENT) {
      out.putInt(maskingKey);
    }
  }

  private static void require(boolean legal, String section, String breach)
      throws ProtocolException {
    if (!legal) {
      throw new ProtocolException(CloseCode.PROTOCOL_ERROR, section, breach);
    }
  }
}
