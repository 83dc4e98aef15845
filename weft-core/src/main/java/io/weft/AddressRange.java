package io.weft;

import java.net.InetAddress;

/// A range of addresses as `10.0.0.0/8`, `fd00::/8` or one address (RFC 4632, RFC 4291 §2.3).
///
/// @param network its first address
/// @param bits how many of its bits all share
record AddressRange(InetAddress network, int bits) {

  /// Reads one; a host name is none.
  ///
  /// @throws IllegalArgumentException if it is none, saying why
  static AddressRange parse(String range) {
    int slash = range.indexOf('/');
    String address = slash < 0 ? range : range.substring(0, slash);
    String bits = slash < 0 ? "" : range.substring(slash + 1);
    InetAddress network;
    try {
      network = InetAddress.ofLiteral(address);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "'" + range + "' is no range of addresses: write 10.0.0.0/8, fd00::/8 or one address", e);
    }
    int most = network.getAddress().length * Byte.SIZE;
    if (slash >= 0 && !bits.matches("\\d{1,3}")) {
      throw new IllegalArgumentException("'" + range + "' has no number of bits behind its slash");
    }
    int shared = slash < 0 ? most : Integer.parseInt(bits);
    if (shared > most) {
      throw new IllegalArgumentException(
          "'" + range + "' has more than the " + most + " bits of an address");
    }
    return new AddressRange(network, shared);
  }

  /// Whether an address is in it.
  boolean has(InetAddress address) {
    byte[] ours = network.getAddress();
    byte[] theirs = address.getAddress();
    if (ours.length != theirs.length) {
      return false;
    }
    for (int bit = 0; bit < bits; bit += Byte.SIZE) {
      int differ = ours[bit / Byte.SIZE] ^ theirs[bit / Byte.SIZE];
      int counted = Math.min(Byte.SIZE, bits - bit);
      if ((differ & 0xFF) >>> (Byte.SIZE - counted) != 0) {
        return false;
      }
    }
    return true;
  }
}
