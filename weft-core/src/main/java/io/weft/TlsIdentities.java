package io.weft;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/// The certificates of one end. A server shows the one that names the host asked for (SNI, RFC 6066
/// §3), the first if none does; a client one that the server's list of authorities allows.
final class TlsIdentities extends X509ExtendedKeyManager {

  private static final int DNS_NAME = 2;

  private final List<Identity> all;

  /// A certificate with those that lead to its authority, and its key.
  record Identity(List<X509Certificate> chain, PrivateKey key, List<String> names) {

    /// @throws IllegalArgumentException if the chain is empty
    static Identity of(List<X509Certificate> chain, PrivateKey key) {
      if (chain.isEmpty()) {
        throw new IllegalArgumentException("a key without a certificate");
      }
      return new Identity(List.copyOf(chain), key, names(chain.getFirst()));
    }

    /// The hosts it is for, in small letters: the DNS names of the certificate (RFC 9525 §6.3).
    static List<String> names(X509Certificate certificate) {
      try {
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        return names == null
            ? List.of()
            : names.stream()
                .filter(name -> Integer.valueOf(DNS_NAME).equals(name.getFirst()))
                .map(name -> String.valueOf(name.get(1)).toLowerCase(Locale.ROOT))
                .toList();
      } catch (CertificateParsingException e) {
        return List.of(); // it is for nobody by name
      }
    }

    /// Whether it is for a host by its own name, or by a wildcard for one label.
    boolean isFor(String host, boolean byWildcard) {
      int dot = host.indexOf('.');
      return byWildcard
          ? dot > 0 && names.contains("*" + host.substring(dot))
          : names.contains(host);
    }

    boolean isOf(String keyType) {
      return key.getAlgorithm().equals(keyType)
          || chain.getFirst().getPublicKey().getAlgorithm().equals(keyType);
    }

    boolean isFrom(Principal @Nullable [] authorities) {
      return authorities == null
          || authorities.length == 0
          || chain.stream()
              .anyMatch(each -> Arrays.asList(authorities).contains(each.getIssuerX500Principal()));
    }
  }

  TlsIdentities(List<Identity> all) {
    this.all = List.copyOf(all);
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
    return serverAlias(keyType, engine.getHandshakeSession());
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return serverAlias(keyType, socket instanceof SSLSocket tls ? tls.getHandshakeSession() : null);
  }

  private @Nullable String serverAlias(String keyType, @Nullable SSLSession session) {
    String host = host(session);
    if (host != null) {
      for (boolean byWildcard : new boolean[] {false, true}) {
        int named = first(host, byWildcard, null);
        if (named >= 0) {
          int fit = first(host, byWildcard, keyType);
          return fit < 0 ? null : Integer.toString(fit);
        }
      }
    }
    return all.isEmpty() ? null : fitting(keyType);
  }

  /// For nobody in particular: the first certificate, or one like it with another kind of key.
  private @Nullable String fitting(String keyType) {
    Identity first = all.getFirst();
    for (int at = 0; at < all.size(); at++) {
      Identity each = all.get(at);
      if (each.isOf(keyType) && each.names.equals(first.names)) {
        return Integer.toString(at);
      }
    }
    return null;
  }

  /// The first that is for a host, and of a kind of key if one is given; -1 if there is none.
  private int first(String host, boolean byWildcard, @Nullable String keyType) {
    for (int at = 0; at < all.size(); at++) {
      Identity each = all.get(at);
      if (each.isFor(host, byWildcard) && (keyType == null || each.isOf(keyType))) {
        return at;
      }
    }
    return -1;
  }

  /// The host that the client asked for, in small letters; null if it did not say.
  private static @Nullable String host(@Nullable SSLSession session) {
    if (session instanceof ExtendedSSLSession shaking) {
      for (SNIServerName name : shaking.getRequestedServerNames()) {
        if (name instanceof SNIHostName host) {
          return host.getAsciiName().toLowerCase(Locale.ROOT);
        }
      }
    }
    return null;
  }

  @Override
  public @Nullable String chooseEngineClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, SSLEngine engine) {
    return clientAlias(keyTypes, issuers);
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return clientAlias(keyTypes, issuers);
  }

  private @Nullable String clientAlias(String[] keyTypes, Principal @Nullable [] issuers) {
    for (String keyType : keyTypes) {
      for (int at = 0; at < all.size(); at++) {
        if (all.get(at).isOf(keyType) && all.get(at).isFrom(issuers)) {
          return Integer.toString(at);
        }
      }
    }
    return null;
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    Identity identity = identity(alias);
    return identity == null ? null : identity.chain.toArray(X509Certificate[]::new);
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(String alias) {
    Identity identity = identity(alias);
    return identity == null ? null : identity.key;
  }

  private @Nullable Identity identity(String alias) {
    return alias.matches("\\d{1,6}") && Integer.parseInt(alias) < all.size()
        ? all.get(Integer.parseInt(alias))
        : null;
  }

  // ---- Lists, which nobody asks for -------------------------------------------------------------

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }
}
