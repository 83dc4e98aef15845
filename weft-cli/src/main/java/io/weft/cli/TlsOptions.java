package io.weft.cli;

import io.weft.Server;
import io.weft.Tls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How `weft serve` speaks TLS: with certificates from files, which are read again when they
/// change, or with one that it makes itself.
final class TlsOptions {

  /// How often the files are looked at.
  private static final Duration LOOK = Duration.ofSeconds(2);

  @Option(
      names = "--tls",
      description =
          "Speak TLS: https and wss. Without --tls-cert with a certificate for localhost that weft"
              + " makes now, and that browsers warn of")
  private boolean asked;

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description =
          "A certificate in PEM, and behind it those that lead to its authority; read again when it"
              + " changes. Repeatable, each with its --tls-key: a client is shown the one for the"
              + " host it asks for")
  private List<Path> certificates = new ArrayList<>();

  @Option(
      names = "--tls-key",
      paramLabel = "FILE",
      description = "The private key of the certificate in PEM, not encrypted")
  private List<Path> keys = new ArrayList<>();

  @Option(
      names = "--tls-client-ca",
      paramLabel = "FILE",
      description = "Refuse clients without a certificate of one of these authorities, in PEM")
  private @Nullable Path clientAuthorities;

  /// What was made because no files were given; null if none was.
  private @Nullable SelfSigned own;

  /// What the options ask for; null for plain TCP.
  ///
  /// @param host listened on
  /// @throws IllegalArgumentException if they do not go together, or a file is of no use
  @Nullable Tls tls(String host) {
    if (!asked && certificates.isEmpty() && keys.isEmpty() && clientAuthorities == null) {
      return null;
    }
    if (certificates.size() != keys.size()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "each --tls-cert needs its --tls-key: there are %d and %d",
              certificates.size(),
              keys.size()));
    }
    try {
      Tls tls = certificates.isEmpty() ? selfSigned(host) : ofFiles();
      return clientAuthorities == null
          ? tls
          : tls.trust(clientAuthorities).clientAuth(Tls.ClientAuth.NEED);
    } catch (UncheckedIOException e) {
      throw new IllegalArgumentException(cannotRead(e), e);
    }
  }

  private Tls ofFiles() {
    Tls all = Tls.ofPem(certificates.getFirst(), keys.getFirst());
    for (int at = 1; at < certificates.size(); at++) {
      all = all.and(Tls.ofPem(certificates.get(at), keys.get(at)));
    }
    return all;
  }

  private Tls selfSigned(String host) {
    try {
      SelfSigned made = SelfSigned.forHost(host);
      own = made;
      return Tls.ofKeyStore(made.store(), made.password());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalArgumentException("interrupted while a certificate was made", e);
    } catch (IOException e) {
      throw new IllegalArgumentException(e.getMessage() + "; give one with --tls-cert", e);
    }
  }

  /// What is wrong with a file, in words; the exceptions of files say little but their names.
  static String cannotRead(UncheckedIOException thrown) {
    Throwable cause = thrown.getCause() == null ? thrown : thrown.getCause();
    return switch (cause) {
      case java.nio.file.NoSuchFileException none -> "there is no file " + none.getFile();
      case java.nio.file.AccessDeniedException denied -> "may not read " + denied.getFile();
      default -> "cannot read a file: " + cause.getMessage();
    };
  }

  /// The fingerprint of the certificate that weft made; null if it made none.
  @Nullable String fingerprint() {
    return own == null ? null : own.fingerprint();
  }

  /// Reads the files again when one has changed, for as long as the process lives.
  void watch(Server server, Tls tls, Journal journal) {
    List<Path> files = files();
    if (files.isEmpty()) {
      return;
    }
    List<FileTime> first = times(files);
    Thread.ofVirtual()
        .name("weft-certificates")
        .start(() -> {
          List<FileTime> before = first;
          try {
            while (true) {
              Thread.sleep(LOOK);
              List<FileTime> now = times(files);
              if (!now.equals(before)) {
                reread(server, tls, journal);
              }
              before = now;
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  /// What is half renewed is of no use, as a rule, until the other half has changed too; the old
  /// certificates go on until then.
  private static void reread(Server server, Tls tls, Journal journal) {
    try {
      server.reload(tls.reread());
      journal.event(Level.INFO, "certificates-renewed", Map.of());
    } catch (IllegalArgumentException e) {
      notRenewed(journal, String.valueOf(e.getMessage()));
    } catch (UncheckedIOException e) {
      notRenewed(journal, cannotRead(e));
    }
  }

  private static void notRenewed(Journal journal, String why) {
    journal.event(Level.WARNING, "certificates-not-renewed", Map.of("why", why));
  }

  private List<Path> files() {
    List<Path> files = new ArrayList<>(certificates);
    files.addAll(keys);
    if (clientAuthorities != null) {
      files.add(clientAuthorities);
    }
    return files;
  }

  private static List<FileTime> times(List<Path> files) {
    return files.stream().map(TlsOptions::time).toList();
  }

  private static FileTime time(Path file) {
    try {
      return Files.getLastModifiedTime(file);
    } catch (IOException e) {
      return FileTime.fromMillis(0); // it is not there just now
    }
  }
}
