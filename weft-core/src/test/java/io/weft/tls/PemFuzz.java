package io.weft.tls;

import static org.junit.jupiter.api.Assertions.assertFalse;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;

/// Any file is read as certificates and as a key, or refused with a sentence. The inputs in
/// `PemFuzzInputs/read` are replayed with every test run; `JAZZER_FUZZ=1` looks for more.
///
/// The first byte says whether the rest is the file, or what stands in a block of it, and in which.
final class PemFuzz {

  private static final String[] LABELS = {
    "CERTIFICATE", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"
  };

  private interface Reading {
    void read(String text) throws GeneralSecurityException;
  }

  @FuzzTest(maxDuration = "5m")
  void read(byte[] input) {
    if (input.length == 0) {
      return;
    }
    byte[] rest = Arrays.copyOfRange(input, 1, input.length);
    int kind = input[0] & 7;
    String text =
        kind < LABELS.length
            ? TestAuthority.pem(LABELS[kind], rest)
            : new String(rest, StandardCharsets.ISO_8859_1);
    readsOrSaysWhy(Pem::certificates, text);
    readsOrSaysWhy(Pem::privateKey, text);
  }

  private static void readsOrSaysWhy(Reading reading, String text) {
    try {
      reading.read(text);
    } catch (GeneralSecurityException refused) {
      assertFalse(String.valueOf(refused.getMessage()).isBlank());
    }
  }
}
