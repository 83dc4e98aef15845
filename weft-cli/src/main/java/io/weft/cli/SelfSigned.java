package io.weft.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/// A certificate that nobody vouches for, to try TLS with: for localhost, and for the host that is
/// listened on. The JDK's keytool makes it; nothing of it is left on the disk.
///
/// @param store the certificate and its key
/// @param password of both
/// @param fingerprint of the certificate: SHA-256, as browsers show it
@SuppressWarnings("ArrayRecordComponent") // never compared
record SelfSigned(KeyStore store, char[] password, String fingerprint) {

  private static final String ALIAS = "weft";
  private static final String PASSWORD_VARIABLE = "WEFT_STORE_PASSWORD";
  private static final String VALID_DAYS = "30";
  private static final int WAIT_SECONDS = 60;
  private static final String LOCALHOST = "SAN=dns:localhost,ip:127.0.0.1,ip:::1";

  /// Hosts that the certificate names anyway, or that are no name to be asked for.
  private static final Set<String> NAMELESS =
      Set.of("localhost", "127.0.0.1", "::1", "[::1]", "0.0.0.0", "::", "[::]");

  /// Makes one.
  ///
  /// @param host listened on, beside localhost
  /// @throws IOException if there is no keytool, or it fails, saying so
  static SelfSigned forHost(String host) throws IOException, InterruptedException {
    String password = HexFormat.of().formatHex(random());
    Path folder = Files.createTempDirectory("weft-");
    Path file = folder.resolve("store.p12");
    try {
      run(names(host.toLowerCase(Locale.ROOT)), file, password);
      KeyStore store = KeyStore.getInstance(file.toFile(), password.toCharArray());
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(store.getCertificate(ALIAS).getEncoded());
      String fingerprint = HexFormat.ofDelimiter(":").withUpperCase().formatHex(digest);
      return new SelfSigned(store, password.toCharArray(), fingerprint);
    } catch (GeneralSecurityException e) {
      throw new IOException("the certificate that keytool made cannot be read", e);
    } finally {
      Files.deleteIfExists(file);
      Files.deleteIfExists(folder);
    }
  }

  private static byte[] random() {
    byte[] random = new byte[16];
    new SecureRandom().nextBytes(random);
    return random;
  }

  private static String names(String host) {
    if (NAMELESS.contains(host)) {
      return LOCALHOST;
    }
    boolean isAddress = host.indexOf(':') >= 0 || host.matches("[0-9.]+");
    return LOCALHOST + (isAddress ? ",ip:" : ",dns:") + host;
  }

  private static void run(String names, Path file, String password)
      throws IOException, InterruptedException {
    Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
    String options =
        "-genkeypair -keyalg EC -groupname secp256r1 -dname CN=localhost -ext EKU=serverAuth"
            + " -storetype PKCS12";
    ProcessBuilder builder = new ProcessBuilder(keytool.toString());
    builder.command().addAll(List.of(options.split(" ", -1)));
    builder.command().addAll(List.of("-alias", ALIAS, "-validity", VALID_DAYS, "-ext", names));
    builder.command().addAll(List.of("-storepass:env", PASSWORD_VARIABLE, "-keystore"));
    builder.command().add(file.toString());
    builder.environment().put(PASSWORD_VARIABLE, password);
    Process process = builder.redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(WAIT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException("keytool could not make a certificate: " + said.strip());
    }
  }
}
