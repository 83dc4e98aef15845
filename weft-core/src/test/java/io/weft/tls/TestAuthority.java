package io.weft.tls;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Date;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// A certificate authority for the length of a test: it lives in memory, and nothing it issues
/// outlives the day.
public final class TestAuthority {

  private static final Duration A_DAY = Duration.ofDays(1);
  private static final AtomicLong SERIAL = new AtomicLong(System.nanoTime());

  public final X509Certificate certificate;
  private final PrivateKey key;

  /// A certificate, what leads from it to its authority, and its key.
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Issued(X509Certificate[] chain, PrivateKey key) {

    public String chainPem() {
      return String.join("", Arrays.stream(chain).map(TestAuthority::pem).toList());
    }

    public String keyPem() {
      return pem("PRIVATE KEY", key.getEncoded());
    }

    /// Writes both beside each other.
    ///
    /// @return the chain; the key is in the same folder with `.key` behind the name
    public Path write(Path folder, String name) throws IOException {
      Files.writeString(folder.resolve(name + ".key"), keyPem());
      return Files.writeString(folder.resolve(name), chainPem());
    }

    public KeyStore keyStore(String password) {
      try {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("own", key, password.toCharArray(), chain);
        return store;
      } catch (GeneralSecurityException | IOException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private TestAuthority(X509Certificate certificate, PrivateKey key) {
    this.certificate = certificate;
    this.key = key;
  }

  public static TestAuthority named(String name) {
    KeyPair pair = keyPair("EC");
    X500Name subject = new X500Name("CN=" + name);
    X509Certificate own = certificate(subject, pair.getPrivate(), subject, pair, true, A_DAY);
    return new TestAuthority(own, pair.getPrivate());
  }

  /// A certificate for these hosts, with an EC key.
  public Issued issue(String... hosts) {
    return issue("EC", A_DAY, hosts);
  }

  /// @param algorithm `EC`, `RSA` or `Ed25519`
  /// @param left how long it is good for; negative if it has expired
  public Issued issue(String algorithm, Duration left, String... hosts) {
    KeyPair pair = keyPair(algorithm);
    X500Name issuer = new X500Name(certificate.getSubjectX500Principal().getName());
    X500Name subject = new X500Name("CN=" + (hosts.length == 0 ? "nobody" : hosts[0]));
    X509Certificate issued = certificate(issuer, key, subject, pair, false, left, hosts);
    return new Issued(new X509Certificate[] {issued, certificate}, pair.getPrivate());
  }

  /// A certificate that nobody vouches for.
  public static Issued selfSigned(String... hosts) {
    KeyPair pair = keyPair("EC");
    X500Name subject = new X500Name("CN=" + hosts[0]);
    X509Certificate own =
        certificate(subject, pair.getPrivate(), subject, pair, false, A_DAY, hosts);
    return new Issued(new X509Certificate[] {own}, pair.getPrivate());
  }

  public KeyStore trust() {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setCertificateEntry("authority", certificate);
      return store;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  public Path write(Path folder, String name) throws IOException {
    return Files.writeString(folder.resolve(name), pem(certificate));
  }

  public static String pem(X509Certificate certificate) {
    try {
      return pem("CERTIFICATE", certificate.getEncoded());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  public static String pem(String label, byte[] der) {
    byte[] newline = "\n".getBytes(StandardCharsets.US_ASCII);
    return "-----BEGIN %s-----%n%s%n-----END %s-----%n"
        .formatted(label, Base64.getMimeEncoder(64, newline).encodeToString(der), label);
  }

  public static KeyPair keyPair(String algorithm) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      switch (algorithm) {
        case "EC" -> generator.initialize(new ECGenParameterSpec("secp256r1"));
        case "RSA" -> generator.initialize(2048);
        default -> {}
      }
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static X509Certificate certificate(
      X500Name issuer,
      PrivateKey signer,
      X500Name subject,
      KeyPair pair,
      boolean isAuthority,
      Duration left,
      String... hosts) {
    Instant now = Instant.now();
    try {
      var builder =
          new JcaX509v3CertificateBuilder(
              issuer,
              BigInteger.valueOf(SERIAL.incrementAndGet()),
              Date.from(now.minus(A_DAY.multipliedBy(10))),
              Date.from(now.plus(left)),
              subject,
              pair.getPublic());
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(isAuthority));
      if (hosts.length > 0) {
        GeneralName[] names =
            Arrays.stream(hosts).map(TestAuthority::name).toArray(GeneralName[]::new);
        builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
      }
      var signature = new JcaContentSignerBuilder("SHA256withECDSA").build(signer);
      return new JcaX509CertificateConverter().getCertificate(builder.build(signature));
    } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static GeneralName name(String host) {
    boolean address = host.indexOf(':') >= 0 || host.matches("[0-9.]+");
    return new GeneralName(address ? GeneralName.iPAddress : GeneralName.dNSName, host);
  }
}
