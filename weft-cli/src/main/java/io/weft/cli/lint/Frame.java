package io.weft.cli.lint;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/// A frame (RFC 6455 §5.2), sound or not, as it is to be sent or as it came.
final class Frame {

  static final int CONTINUATION = 0x0;
  static final int TEXT = 0x1;
  static final int BINARY = 0x2;
  static final int CLOSE = 0x8;
  static final int PING = 0x9;
  static final int PONG = 0xA;

  static final int FIN = 0x80;
  static final int RSV1 = 0x40;

  private final int first;
  private final boolean masked;
  private final byte[] payload;

  /// Makes any frame.
  ///
  /// @param first FIN, RSV1 to RSV3 and the opcode
  /// @param masked whether it has a masking key
  /// @param payload unmasked
  Frame(int first, boolean masked, byte[] payload) {
    this.first = first;
    this.masked = masked;
    this.payload = payload;
  }

  int first() {
    return first;
  }

  /// Not copied: nobody writes to it.
  byte[] payload() {
    return payload;
  }

  static Frame of(int opcode, byte[] payload) {
    return new Frame(FIN | opcode, true, payload);
  }

  static Frame text(String text) {
    return of(TEXT, text.getBytes(UTF_8));
  }

  /// A text of any bytes, in hex.
  static Frame textOf(String hex) {
    return of(TEXT, HexFormat.of().parseHex(hex));
  }

  static Frame binary(byte[] payload) {
    return of(BINARY, payload);
  }

  static Frame rest(String text) {
    return of(CONTINUATION, text.getBytes(UTF_8));
  }

  static Frame ping(String payload) {
    return of(PING, payload.getBytes(UTF_8));
  }

  static Frame close(int code, String reason) {
    return close(code, reason.getBytes(UTF_8));
  }

  static Frame close(int code, byte[] reason) {
    return of(
        CLOSE, ByteBuffer.allocate(2 + reason.length).putShort((short) code).put(reason).array());
  }

  /// The same without FIN.
  Frame more() {
    return new Frame(first & ~FIN, masked, payload);
  }

  /// The same with these bits of the first byte set as well.
  Frame with(int bits) {
    return new Frame(first | bits, masked, payload);
  }

  /// The same without a mask.
  Frame bare() {
    return new Frame(first, false, payload);
  }

  int opcode() {
    return first & 0x0F;
  }

  boolean isFinal() {
    return (first & FIN) != 0;
  }

  boolean isControl() {
    return opcode() >= CLOSE;
  }

  boolean is(int opcode, byte[] expected) {
    return opcode() == opcode && Arrays.equals(payload, expected);
  }

  /// The code of a Close; 1005 if it has none.
  int code() {
    return payload.length < 2 ? 1005 : ByteBuffer.wrap(payload).getShort() & 0xFFFF;
  }

  /// As it goes over the wire, with its length in the shortest form.
  byte[] bytes() {
    int length = payload.length;
    return bytes(length < 126 ? 0 : length <= 0xFFFF ? 2 : 8, length);
  }

  /// As it goes over the wire, with its length in another form.
  ///
  /// @param lengthBytes 0, 2 or 8 beside the seven bits
  /// @param announced the length it claims
  byte[] bytes(int lengthBytes, long announced) {
    ByteBuffer frame = ByteBuffer.allocate(2 + lengthBytes + 4 + payload.length);
    int seven = lengthBytes == 0 ? (int) announced : lengthBytes == 2 ? 126 : 127;
    frame.put((byte) first).put((byte) ((masked ? 0x80 : 0) | seven));
    if (lengthBytes == 2) {
      frame.putShort((short) announced);
    } else if (lengthBytes == 8) {
      frame.putLong(announced);
    }
    if (masked) {
      byte[] key = new byte[4];
      ThreadLocalRandom.current().nextBytes(key);
      frame.put(key);
      for (int at = 0; at < payload.length; at++) {
        frame.put((byte) (payload[at] ^ key[at % key.length]));
      }
    } else {
      frame.put(payload);
    }
    return Arrays.copyOf(frame.array(), frame.position());
  }

  /// Several frames in one piece.
  static byte[] bytes(Frame... frames) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (Frame frame : frames) {
      all.writeBytes(frame.bytes());
    }
    return all.toByteArray();
  }

  /// What it is, in words.
  String seen() {
    return switch (opcode()) {
      case CONTINUATION -> "a continuation of " + payload.length + " bytes";
      case TEXT -> "a text of " + payload.length + " bytes";
      case BINARY -> "a binary message of " + payload.length + " bytes";
      case CLOSE -> payload.length < 2 ? "close without a code" : "close " + code() + reason();
      case PING -> "a ping of " + payload.length + " bytes";
      default -> "a pong of " + payload.length + " bytes";
    };
  }

  private String reason() {
    return payload.length == 2
        ? ""
        : " \"" + new String(payload, 2, payload.length - 2, UTF_8) + "\"";
  }
}
