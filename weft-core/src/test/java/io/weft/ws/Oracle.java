package io.weft.ws;

import io.weft.bytes.SlowMask;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The engine's slow twin: has all the bytes at once, copies them freely, and asks the JDK what
/// UTF-8 is. Tells what [Wire#hear] tells, without an extension.
final class Oracle {

  /// What may follow the beginning of a code point: one of these does, if anything can.
  private static final List<String> ENDINGS = List.of("", "80", "8080", "808080", "a080", "908080");

  private static final BigInteger TWO_FROM = BigInteger.valueOf(126);
  private static final BigInteger EIGHT_FROM = BigInteger.valueOf(65_536);

  private final Role role;
  private final Bounds bounds;
  private final byte[] wire;
  private final List<String> events = new ArrayList<>();
  private final ByteArrayOutputStream message = new ByteArrayOutputStream();
  private int messageOpcode;
  private int fragments;
  private int emptyFragments;
  private int at;

  private Oracle(Role role, Bounds bounds, byte[] wire) {
    this.role = role;
    this.bounds = bounds;
    this.wire = wire;
  }

  /// What an engine of `role` has to find in `wire`.
  static String hear(Role role, Bounds bounds, byte[] wire) {
    var oracle = new Oracle(role, bounds, wire);
    while (oracle.frame()) {
      // It tells as it goes.
    }
    return String.join(" | ", oracle.events);
  }

  /// Reads one frame; false if nothing can be read any more.
  private boolean frame() {
    if (wire.length - at < 2) {
      return false;
    }
    boolean fin = (wire[at] & 0x80) != 0;
    int rsv = wire[at] >> 4 & 7;
    int opcode = wire[at] & 15;
    boolean masked = (wire[at + 1] & 0x80) != 0;
    int length = wire[at + 1] & 0x7F;
    boolean control = opcode >= 8;
    if ((rsv & 3) != 0
        || (rsv != 0 && (control || opcode == 0))
        || !List.of(0, 1, 2, 8, 9, 10).contains(opcode)
        || (control && (!fin || length > 125))
        || masked != (role == Role.SERVER)) {
      return breach(1002);
    }
    int lengthBytes = length < 126 ? 0 : length == 126 ? 2 : 8;
    int headerBytes = 2 + lengthBytes + (masked ? 4 : 0);
    if (wire.length - at < headerBytes) {
      return false;
    }
    BigInteger announced =
        new BigInteger(1, Arrays.copyOfRange(wire, at + 2, at + 2 + lengthBytes));
    boolean shortest =
        lengthBytes == 0 || announced.compareTo(lengthBytes == 2 ? TWO_FROM : EIGHT_FROM) >= 0;
    if (!shortest || announced.bitLength() > 63) {
      return breach(1002);
    }
    long payloadBytes = lengthBytes == 0 ? length : announced.longValue();
    int keyAt = at + headerBytes - 4;
    at += headerBytes;
    byte[] payload =
        Arrays.copyOfRange(wire, at, (int) Math.min(wire.length - at, payloadBytes) + at);
    if (masked) {
      SlowMask.apply(payload, 0, payload.length, ByteBuffer.wrap(wire).getInt(keyAt));
    }
    at += payload.length;
    boolean whole = payload.length == payloadBytes;
    if (control) {
      return whole && control(opcode, payload);
    }
    return data(fin, rsv, opcode, payloadBytes, payload) && whole;
  }

  private boolean data(boolean fin, int rsv, int opcode, long payloadBytes, byte[] payload) {
    if ((opcode == 0) == (messageOpcode == 0) || rsv != 0) {
      return breach(1002);
    }
    messageOpcode = Math.max(messageOpcode, opcode);
    fragments++;
    emptyFragments += payloadBytes == 0 ? 1 : 0;
    boolean lone = fin && opcode != 0;
    if (!lone && (fragments > bounds.fragments() || emptyFragments > bounds.emptyFragments())) {
      return breach(1008);
    }
    if (payloadBytes > bounds.messageBytes() - message.size()) {
      return breach(1009);
    }
    message.writeBytes(payload);
    boolean ended = fin && payload.length == payloadBytes;
    byte[] all = message.toByteArray();
    if (messageOpcode == 1 && (ended ? !isUtf8(all) : !beginsUtf8(all))) {
      return breach(1007);
    }
    if (ended) {
      tell(
          messageOpcode == 1
              ? "TEXT " + new String(all, StandardCharsets.UTF_8)
              : "BINARY " + Wire.hex(all));
      message.reset();
      messageOpcode = 0;
      fragments = 0;
      emptyFragments = 0;
    }
    return true;
  }

  private boolean control(int opcode, byte[] payload) {
    if (opcode != 8) {
      tell((opcode == 9 ? "PING " : "PONG ") + Wire.hex(payload));
      return true;
    }
    if (payload.length == 0) {
      tell("CLOSE 1005");
      return false;
    }
    int code = payload.length == 1 ? 0 : ByteBuffer.wrap(payload).getShort() & 0xFFFF;
    boolean registered = code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
    if (!registered && (code < 3000 || code >= 5000)) {
      return breach(1002);
    }
    byte[] reason = Arrays.copyOfRange(payload, 2, payload.length);
    if (!isUtf8(reason)) {
      return breach(1007);
    }
    tell("CLOSE " + code + " " + new String(reason, StandardCharsets.UTF_8));
    return false;
  }

  private void tell(String event) {
    events.add(event.trim());
  }

  private boolean breach(int code) {
    tell("BREACH " + code);
    return false;
  }

  private static boolean isUtf8(byte[] bytes) {
    try {
      var _ = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CharacterCodingException malformed) {
      return false;
    }
  }

  private static boolean beginsUtf8(byte[] bytes) {
    for (String ending : ENDINGS) {
      byte[] end = Wire.hex(ending);
      byte[] whole = Arrays.copyOf(bytes, bytes.length + end.length);
      System.arraycopy(end, 0, whole, bytes.length, end.length);
      if (isUtf8(whole)) {
        return true;
      }
    }
    return false;
  }
}
