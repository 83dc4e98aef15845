package io.weft.ws;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/// The key that a client sends and the proof that a server has read it (§4.2.2, step 5.4). Neither
/// is a secret: they keep caches and scripts from taking one protocol for another.
final class UpgradeKey {

  /// Bytes of the nonce that a key encodes.
  static final int NONCE_BYTES = 16;

  /// Ends in `C5AB0D`, with a zero (§1.3).
  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

  private UpgradeKey() {}

  /// The key for a nonce.
  static String of(byte[] nonce) {
    return Base64.getEncoder().encodeToString(nonce);
  }

  /// Whether a key is the one Base64 text of 16 bytes (RFC 4648 §3.5: unused bits are 0).
  static boolean isSound(String key) {
    try {
      byte[] nonce = Base64.getDecoder().decode(key);
      return nonce.length == NONCE_BYTES && of(nonce).equals(key);
    } catch (IllegalArgumentException malformed) {
      return false;
    }
  }

  /// What a server answers to a key.
  static String accept(String key) {
    return of(sha1().digest((key + GUID).getBytes(ISO_8859_1)));
  }

  private static MessageDigest sha1() {
    try {
      return MessageDigest.getInstance("SHA-1");
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError("every Java platform has SHA-1", impossible);
    }
  }
}
