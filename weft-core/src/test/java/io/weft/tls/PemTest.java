package io.weft.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.interfaces.ECPrivateKey;
import java.util.HexFormat;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Keys and certificates in every form that tools write.
final class PemTest {

  private static final TestAuthority AUTHORITY = TestAuthority.named("pem");

  @ParameterizedTest
  @ValueSource(strings = {"EC", "RSA", "Ed25519", "Ed448", "RSASSA-PSS"})
  void readsPkcs8(String algorithm) throws Exception {
    PrivateKey key = TestAuthority.keyPair(algorithm).getPrivate();
    String pem = TestAuthority.pem("PRIVATE KEY", key.getEncoded());
    assertArrayEquals(key.getEncoded(), Pem.privateKey(pem).getEncoded());
    assertEquals(key.getAlgorithm(), Pem.privateKey(pem).getAlgorithm());
  }

  /// What openssl wrote before version 3, and `openssl rsa -traditional` still does.
  @Test
  void readsPkcs1() throws Exception {
    PrivateKey key = TestAuthority.keyPair("RSA").getPrivate();
    byte[] inner = PrivateKeyInfo.getInstance(key.getEncoded()).getPrivateKey().getOctets();
    assertEquals(key, Pem.privateKey(TestAuthority.pem("RSA PRIVATE KEY", inner)));
  }

  /// What `openssl ecparam -genkey` writes: the curve, and a key that names it.
  @Test
  void readsSec1() throws Exception {
    KeyPair pair = TestAuthority.keyPair("EC");
    PrivateKeyInfo info = PrivateKeyInfo.getInstance(pair.getPrivate().getEncoded());
    var inner = org.bouncycastle.asn1.sec.ECPrivateKey.getInstance(info.parsePrivateKey());
    var named =
        new org.bouncycastle.asn1.sec.ECPrivateKey(
            256, inner.getKey(), info.getPrivateKeyAlgorithm().getParameters());
    byte[] curve = info.getPrivateKeyAlgorithm().getParameters().toASN1Primitive().getEncoded();
    String text =
        TestAuthority.pem("EC PARAMETERS", curve)
            + TestAuthority.pem("EC PRIVATE KEY", named.getEncoded());
    ECPrivateKey read = (ECPrivateKey) Pem.privateKey(text);
    assertEquals(((ECPrivateKey) pair.getPrivate()).getS(), read.getS());
    assertEquals(((ECPrivateKey) pair.getPrivate()).getParams(), read.getParams());

    var nameless = new org.bouncycastle.asn1.sec.ECPrivateKey(256, inner.getKey());
    refused("curve", TestAuthority.pem("EC PRIVATE KEY", nameless.getEncoded()));
  }

  /// Lengths in an EC key: over its end, past an int, and negative as an int, where the last one
  /// leads back to itself.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "307f01",
        "3005a0820100ff",
        "300704850100000000",
        "300604847fffffff",
        "30060484fffffff0",
        "30060484fffffffa"
      })
  @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void refusesABrokenLength(String der) {
    refused("broken", TestAuthority.pem("EC PRIVATE KEY", HexFormat.of().parseHex(der)));
  }

  @Test
  void readsAChainAndWhatStandsAroundIt() throws Exception {
    TestAuthority.Issued issued = AUTHORITY.issue("a.test");
    String text = "Subject: a.test\r\n" + issued.chainPem().replace("\n", "\r\n") + "\n# the end\n";
    assertEquals(java.util.List.of(issued.chain()), Pem.certificates(text));
  }

  @Test
  void saysWhatIsWrong() {
    refused("no -----BEGIN PRIVATE KEY-----", "");
    refused("no -----BEGIN PRIVATE KEY-----", AUTHORITY.issue("a").chainPem());
    refused("encrypted", TestAuthority.pem("ENCRYPTED PRIVATE KEY", new byte[] {1}));
    refused(
        "encrypted",
        """
        -----BEGIN RSA PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK: AES

        AAAA
        -----END RSA PRIVATE KEY-----
        """);
    refused("no base64", "-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n");
    refused("broken", TestAuthority.pem("PRIVATE KEY", new byte[] {1, 2, 3}));
    assertThrows(GeneralSecurityException.class, () -> Pem.certificates("nothing"));
    assertThrows(
        GeneralSecurityException.class,
        () -> Pem.certificates(TestAuthority.pem("CERTIFICATE", new byte[] {1, 2, 3})));
  }

  private static void refused(String why, String text) {
    var thrown = assertThrows(GeneralSecurityException.class, () -> Pem.privateKey(text));
    assertTrue(thrown.getMessage().contains(why), thrown.getMessage());
  }
}
