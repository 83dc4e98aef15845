package io.weft.tls;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Certificates and private keys as text (RFC 7468): the files that certificate authorities, ACME
/// clients and openssl write. Text around the blocks is ignored, as there.
public final class Pem {

  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);

  /// Algorithms of keys in PKCS #8, which says which it is only inside.
  private static final List<String> ALGORITHMS = List.of("EC", "RSA", "EdDSA", "RSASSA-PSS");

  private static final int SEQUENCE = 0x30;
  private static final int OCTETS = 0x04;
  private static final int EXPLICIT_0 = 0xA0;

  private static final byte[] VERSION_0 = {0x02, 0x01, 0x00};

  /// rsaEncryption and its NULL (RFC 8017 appendix C).
  private static final byte[] RSA = {
    0x06, 0x09, 0x2A, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0
  };

  /// id-ecPublicKey (RFC 5480 §2.1.1); the curve follows.
  private static final byte[] EC = {0x06, 0x07, 0x2A, (byte) 0x86, 0x48, (byte) 0xCE, 0x3D, 2, 1};

  private Pem() {}

  /// A block: what it is, and its DER.
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Block(String label, byte[] der) {}

  /// Reads every certificate, in order.
  ///
  /// @throws GeneralSecurityException if there is none, or one is broken
  public static List<X509Certificate> certificates(String text) throws GeneralSecurityException {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    List<X509Certificate> certificates = new ArrayList<>();
    for (Block block : blocks(text)) {
      if (block.label.equals("CERTIFICATE") || block.label.equals("X509 CERTIFICATE")) {
        certificates.add(
            (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(block.der)));
      }
    }
    if (certificates.isEmpty()) {
      throw new CertificateException("there is no -----BEGIN CERTIFICATE----- in it");
    }
    return certificates;
  }

  /// Reads the first private key: PKCS #8 (`PRIVATE KEY`), PKCS #1 (`RSA PRIVATE KEY`) or SEC 1
  /// (`EC PRIVATE KEY`), not encrypted.
  ///
  /// @throws GeneralSecurityException if there is none, or it is encrypted, broken or of an unknown
  ///   algorithm
  public static PrivateKey privateKey(String text) throws GeneralSecurityException {
    for (Block block : blocks(text)) {
      switch (block.label) {
        case "PRIVATE KEY" -> {
          return pkcs8(block.der);
        }
        case "RSA PRIVATE KEY" -> {
          return pkcs8(wrap(RSA, new byte[0], block.der));
        }
        case "EC PRIVATE KEY" -> {
          return pkcs8(wrap(EC, curve(block.der), block.der));
        }
        case "ENCRYPTED PRIVATE KEY" ->
            throw new GeneralSecurityException(
                "the key is encrypted; `openssl pkey -in KEY -out PLAIN` takes that off");
        default -> {}
      }
    }
    throw new GeneralSecurityException("there is no -----BEGIN PRIVATE KEY----- in it");
  }

  private static List<Block> blocks(String text) throws GeneralSecurityException {
    List<Block> blocks = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(text);
    while (matcher.find()) {
      String base64 = matcher.group(2);
      if (base64.contains("Proc-Type")) {
        throw new GeneralSecurityException(
            "the key is encrypted; `openssl pkey -in KEY -out PLAIN` takes that off");
      }
      try {
        byte[] der = Base64.getDecoder().decode(base64.replaceAll("\\s", ""));
        blocks.add(new Block(matcher.group(1), der));
      } catch (IllegalArgumentException e) {
        throw new GeneralSecurityException(
            "the block " + matcher.group(1) + " is no base64: " + e.getMessage(), e);
      }
    }
    return blocks;
  }

  private static PrivateKey pkcs8(byte[] der) throws GeneralSecurityException {
    GeneralSecurityException last = null;
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (GeneralSecurityException e) {
        last = e;
      }
    }
    throw new GeneralSecurityException(
        "the key is none of " + String.join(", ", ALGORITHMS) + ", or it is broken", last);
  }

  // ---- DER, as far as it takes to put an old key into PKCS #8 (RFC 5208 §5)
  // -----------------------

  private static byte[] wrap(byte[] algorithm, byte[] parameters, byte[] key) {
    byte[] identifier = element(SEQUENCE, algorithm, parameters);
    return element(SEQUENCE, VERSION_0, identifier, element(OCTETS, key));
  }

  private static byte[] element(int tag, byte[]... contents) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (byte[] content : contents) {
      body.writeBytes(content);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    if (body.size() < 0x80) {
      out.write(body.size());
    } else {
      out.write(0x82);
      out.write(body.size() >>> Byte.SIZE);
      out.write(body.size());
    }
    out.writeBytes(body.toByteArray());
    return out.toByteArray();
  }

  /// The curve's name in an ECPrivateKey (RFC 5915 §3): version, key, `[0] parameters`.
  private static byte[] curve(byte[] ecPrivateKey) throws GeneralSecurityException {
    try {
      ByteBuffer der = ByteBuffer.wrap(ecPrivateKey);
      enter(der);
      while (der.hasRemaining()) {
        int tag = der.get(der.position()) & 0xFF;
        int length = enter(der);
        if (tag == EXPLICIT_0) {
          byte[] curve = new byte[length];
          der.get(curve);
          return curve;
        }
        der.position(der.position() + length);
      }
    } catch (RuntimeException e) {
      throw new GeneralSecurityException("the EC key is broken", e);
    }
    throw new GeneralSecurityException(
        "the EC key does not name its curve; `openssl pkcs8 -topk8 -nocrypt` writes one that does");
  }

  /// Moves past tag and length of an element, and gives the length, which is not over what is left.
  private static int enter(ByteBuffer der) {
    der.get();
    int length = der.get() & 0xFF;
    int bytes = length - 0x80;
    if (bytes >= 0) {
      length = 0;
      for (int at = 0; at < bytes; at++) {
        length = (length << Byte.SIZE) | (der.get() & 0xFF);
      }
    }
    if (bytes > Integer.BYTES || length < 0 || length > der.remaining()) {
      throw new BufferUnderflowException();
    }
    return length;
  }
}
