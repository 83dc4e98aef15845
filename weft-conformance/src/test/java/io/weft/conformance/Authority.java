package io.weft.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/// A certificate authority that OpenSSL makes for a test, in a folder; it is good for a day.
final class Authority {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final char[] PASSWORD = "weft".toCharArray();

  private final Path folder;

  /// Makes it.
  ///
  /// @param folder for its files, made if it is missing
  static Authority in(Path folder) throws IOException, InterruptedException {
    Files.createDirectories(folder);
    Authority authority = new Authority(folder);
    authority.certify("ca", "/CN=an authority of a test");
    return authority;
  }

  private Authority(Path folder) {
    this.folder = folder;
  }

  /// Its own certificate, in PEM, for those who are to trust it.
  Path certificate() {
    return folder.resolve("ca.pem");
  }

  /// Issues a certificate.
  ///
  /// @param names as OpenSSL has them: `DNS:localhost,IP:127.0.0.1`
  Issued issue(String name, String names) throws IOException, InterruptedException {
    certify(
        name,
        "/CN=" + name,
        "-addext",
        "subjectAltName=" + names,
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-CA",
        certificate().toString(),
        "-CAkey",
        folder.resolve("ca.key").toString());
    Issued issued = new Issued(folder.resolve(name + ".pem"), folder.resolve(name + ".key"));
    openssl(
        "pkcs12",
        "-export",
        "-in",
        issued.certificate.toString(),
        "-inkey",
        issued.key.toString(),
        "-out",
        issued.store().toString(),
        "-passout",
        "pass:" + String.valueOf(PASSWORD));
    return issued;
  }

  private void certify(String name, String subject, String... more)
      throws IOException, InterruptedException {
    List<String> options =
        new ArrayList<>(
            List.of(
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "1",
                "-subj",
                subject,
                "-keyout",
                folder.resolve(name + ".key").toString(),
                "-out",
                folder.resolve(name + ".pem").toString()));
    options.addAll(List.of(more));
    openssl(options.toArray(String[]::new));
  }

  private void openssl(String... options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Tools.openssl().toString()));
    command.addAll(List.of(options));
    try (Program openssl = Program.start("openssl", folder, command)) {
      if (openssl.awaitExit(PATIENCE) != 0) {
        throw new AssertionError(command + openssl.report());
      }
    }
  }

  /// A certificate that it has issued, and its key, in PEM.
  record Issued(Path certificate, Path key) {

    private Path store() {
      return Path.of(key + ".p12");
    }

    /// The same for servers in this process.
    SSLContext context() throws IOException, GeneralSecurityException {
      KeyStore store = KeyStore.getInstance(store().toFile(), PASSWORD);
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, PASSWORD);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), null, new SecureRandom());
      return context;
    }
  }
}
