package io.weft.cli;

import io.weft.Tls;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/// The options for the way to a server: through which proxy, and how TLS is spoken.
final class WayOptions {

  @Option(
      names = "--proxy",
      paramLabel = "URL",
      description =
          "Go through this proxy, as http://user:password@host:3128 or socks5://host:1080; \"none\""
              + " for straight. Default: as the JVM is told")
  private @Nullable String proxy;

  @ArgGroup(validate = false, order = 80, heading = "%nTLS, for wss:%n")
  private Secrets secrets = new Secrets();

  /// Whom to trust, and what to show.
  static final class Secrets {

    @Option(
        names = "--ca",
        paramLabel = "FILE",
        description = "Trust the authorities of this PEM file, and no others")
    private @Nullable Path authorities;

    @Option(
        names = "--cert",
        paramLabel = "FILE",
        description = "Show this certificate, in PEM, to a server that asks for one")
    private @Nullable Path certificate;

    @Option(
        names = "--key",
        paramLabel = "FILE",
        description = "The private key of that certificate, in PEM, not encrypted")
    private @Nullable Path key;

    @Option(
        names = "--insecure",
        description = "Take whatever certificate the server shows, for whatever host")
    private boolean insecure;

    private @Nullable Tls tls() {
      if ((certificate == null) != (key == null)) {
        throw new IllegalArgumentException("--cert and --key go together");
      }
      if (insecure && authorities != null) {
        throw new IllegalArgumentException("--insecure and --ca do not go together");
      }
      if (certificate == null && authorities == null && !insecure) {
        return null;
      }
      try {
        Tls tls = certificate == null || key == null ? Tls.system() : Tls.ofPem(certificate, key);
        tls = authorities == null ? tls : tls.trust(authorities);
        return insecure ? tls.insecurelyTrustingAnybody() : tls;
      } catch (UncheckedIOException e) {
        throw new IllegalArgumentException(TlsOptions.cannotRead(e), e);
      }
    }
  }

  /// The URL of a proxy; null if none was named.
  @Nullable String proxy() {
    return proxy;
  }

  /// Whether there is to be no proxy, whatever the JVM is told.
  boolean isStraight() {
    return "none".equals(proxy);
  }

  /// How TLS is spoken; null for as usual.
  ///
  /// @throws IllegalArgumentException if the options do not go together, or a file is of no use
  @Nullable Tls tls() {
    return secrets.tls();
  }
}
