package io.weft;

import io.weft.http.Authority;
import io.weft.tls.Pem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// How one end speaks TLS: its certificates, whom it trusts, which versions.
///
/// ```java
/// Server.at(8443).tls(Tls.ofPem(Path.of("chain.pem"), Path.of("key.pem"))).route("/echo", endpoint);
/// Client.to("wss://example.com/feed").tls(Tls.system().trust(Path.of("our-ca.pem")));
/// ```
///
/// A value: each method that changes something returns a changed copy, and any thread may use it.
/// Files are read when it is made; [#reread()] reads them again, which [Server#reload(Tls)] takes.
/// TLS sessions are resumed between connections that share a value.
///
/// A client verifies that the certificate is for the host it asked for (RFC 9525), unless it trusts
/// anybody.
public final class Tls {

  /// Whether a server asks its clients for certificates.
  public enum ClientAuth {
    /// It does not ask.
    NONE,
    /// It asks, and takes clients that have none; one that will not do is refused.
    WANT,
    /// It asks, and refuses clients without one that it trusts.
    NEED
  }

  private static final List<String> PROTOCOLS = List.of("TLSv1.3", "TLSv1.2");
  private static final String HTTP = "http/1.1";
  private static final byte[] PROBE = "whose key is this?".getBytes(StandardCharsets.US_ASCII);

  /// Where certificates or authorities come from; read once, and again by [#reread()].
  private interface Source<T> {
    T read() throws IOException, GeneralSecurityException;
  }

  private final List<Source<List<TlsIdentities.Identity>>> identities;
  private final @Nullable Source<TrustManager[]> trust;
  private final ClientAuth clientAuth;
  private final List<String> protocols;
  private final @Nullable SSLContext given;
  private final SSLContext context;
  private final boolean hasIdentity;
  private final boolean trustsAnybody;

  private Tls(
      List<Source<List<TlsIdentities.Identity>>> identities,
      @Nullable Source<TrustManager[]> trust,
      ClientAuth clientAuth,
      List<String> protocols,
      @Nullable SSLContext given) {
    this.identities = List.copyOf(identities);
    this.trust = trust;
    this.clientAuth = clientAuth;
    this.protocols = List.copyOf(protocols);
    this.given = given;
    try {
      List<TlsIdentities.Identity> all = new ArrayList<>();
      for (var source : identities) {
        all.addAll(source.read());
      }
      this.hasIdentity = given != null || !all.isEmpty();
      TrustManager[] judges = given != null || trust == null ? null : trust.read();
      this.trustsAnybody = judges != null && judges[0] instanceof TlsTrust.Anybody;
      this.context = given != null ? given : context(all, judges == null ? judges(null) : judges);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private static SSLContext context(List<TlsIdentities.Identity> identities, TrustManager[] judges)
      throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(new KeyManager[] {new TlsIdentities(identities)}, judges, null);
    return context;
  }

  /// @param authorities null for those of the Java runtime
  private static TrustManager[] judges(@Nullable KeyStore authorities)
      throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(authorities);
    TrustManager[] judges = factory.getTrustManagers();
    for (int at = 0; at < judges.length; at++) {
      if (judges[at] instanceof X509ExtendedTrustManager judge) {
        judges[at] = new TlsTrust(judge);
      }
    }
    return judges;
  }

  /// Without a certificate, trusting the authorities that the Java runtime trusts: what a client
  /// has unless told otherwise.
  public static Tls system() {
    return Shared.SYSTEM;
  }

  /// Made when first asked for, since it reads the runtime's authorities; shared, so that sessions
  /// are resumed.
  private static final class Shared {
    static final Tls SYSTEM = new Tls(List.of(), null, ClientAuth.NONE, PROTOCOLS, null);
  }

  /// With a certificate from PEM files (RFC 7468), trusting the authorities of the Java runtime.
  ///
  /// @param certificateChain the certificate, and behind it those that lead to its authority
  /// @param privateKey its key, RSA, EC or EdDSA, in PKCS #8, PKCS #1 or SEC 1, not encrypted
  /// @throws UncheckedIOException if a file cannot be read
  /// @throws IllegalArgumentException if they hold no such thing, or the key is another's
  public static Tls ofPem(Path certificateChain, Path privateKey) {
    Objects.requireNonNull(certificateChain, "certificateChain");
    Objects.requireNonNull(privateKey, "privateKey");
    Source<List<TlsIdentities.Identity>> source =
        () -> List.of(identity(certificateChain, privateKey));
    return new Tls(List.of(source), null, ClientAuth.NONE, PROTOCOLS, null);
  }

  /// With every certificate of a key store that has its key there, trusting the authorities of the
  /// Java runtime.
  ///
  /// @param password of the keys; of the store it is not asked, since that is open
  /// @throws IllegalArgumentException if there is none, or the password is wrong
  public static Tls ofKeyStore(KeyStore store, char[] password) {
    Objects.requireNonNull(store, "store");
    Objects.requireNonNull(password, "password");
    char[] copy = password.clone();
    return new Tls(List.of(() -> identities(store, copy)), null, ClientAuth.NONE, PROTOCOLS, null);
  }

  /// The same from a file, of a type that the Java runtime knows, as PKCS #12.
  ///
  /// @throws UncheckedIOException if it cannot be read, or the password is wrong
  /// @throws IllegalArgumentException if it has no certificate with its key
  public static Tls ofKeyStore(Path store, char[] password) {
    Objects.requireNonNull(store, "store");
    Objects.requireNonNull(password, "password");
    char[] copy = password.clone();
    return new Tls(
        List.of(() -> identities(KeyStore.getInstance(store.toFile(), copy), copy)),
        null,
        ClientAuth.NONE,
        PROTOCOLS,
        null);
  }

  /// With a context of any JSSE provider, which brings certificates and trust. What is set here
  /// beside it are versions and whether clients are asked for a certificate.
  public static Tls of(SSLContext context) {
    Objects.requireNonNull(context, "context");
    return new Tls(List.of(), null, ClientAuth.NONE, PROTOCOLS, context);
  }

  /// Adds the certificates of `other` to those here. A server shows each client the one that names
  /// the host it asked for (SNI, RFC 6066 §3), and the first to a client that asked for none of
  /// them.
  ///
  /// @throws IllegalArgumentException if one of them is of an [SSLContext]
  public Tls and(Tls other) {
    Objects.requireNonNull(other, "other");
    if (given != null || other.given != null) {
      throw new IllegalArgumentException(
          "certificates of an SSLContext cannot be put together with others");
    }
    List<Source<List<TlsIdentities.Identity>>> all = new ArrayList<>(identities);
    all.addAll(other.identities);
    return new Tls(all, trust, clientAuth, protocols, null);
  }

  /// Trusts these authorities, and no others: on a client for servers, on a server for clients.
  ///
  /// @param certificates a PEM file
  /// @throws UncheckedIOException if it cannot be read
  /// @throws IllegalArgumentException if there is no certificate in it
  public Tls trust(Path certificates) {
    Objects.requireNonNull(certificates, "certificates");
    return trusting(() -> {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      for (X509Certificate each : certificates(certificates)) {
        store.setCertificateEntry("authority-" + store.size(), each);
      }
      return judges(store);
    });
  }

  /// The same with the certificates of a key store.
  public Tls trust(KeyStore authorities) {
    Objects.requireNonNull(authorities, "authorities");
    return trusting(() -> judges(authorities));
  }

  /// Trusts whoever answers, whatever certificate it shows, for whatever host: the connection is
  /// encrypted, and perhaps with an attacker. For trying things out, and for nothing else.
  public Tls insecurelyTrustingAnybody() {
    return trusting(() -> new TrustManager[] {new TlsTrust.Anybody()});
  }

  private Tls trusting(Source<TrustManager[]> authorities) {
    if (given != null) {
      throw new IllegalArgumentException("whom an SSLContext trusts is decided already");
    }
    return new Tls(identities, authorities, clientAuth, protocols, null);
  }

  /// Whether a server asks its clients for certificates; [ClientAuth#NONE] unless told otherwise.
  /// Whom it trusts has to be said by [#trust].
  public Tls clientAuth(ClientAuth asked) {
    Objects.requireNonNull(asked, "asked");
    return new Tls(identities, trust, asked, protocols, given);
  }

  /// The versions to speak: `TLSv1.3`, `TLSv1.2`, or both, which is how it is unless told
  /// otherwise.
  ///
  /// @throws IllegalArgumentException if one is another, as those that RFC 8996 has retired
  public Tls protocols(String... versions) {
    Objects.requireNonNull(versions, "versions");
    for (String version : versions) {
      Objects.requireNonNull(version, "versions");
    }
    List<String> all = List.of(versions);
    if (all.isEmpty() || !PROTOCOLS.containsAll(all)) {
      throw new IllegalArgumentException(
          "the versions of TLS are TLSv1.3 and TLSv1.2, not " + all + " (RFC 8996)");
    }
    return new Tls(identities, trust, clientAuth, all, given);
  }

  /// Reads its files again. A certificate that was renewed is shown to new connections once a
  /// server has it ([Server#reload(Tls)]).
  ///
  /// @throws UncheckedIOException if one cannot be read
  /// @throws IllegalArgumentException if what they hold now is of no use
  public Tls reread() {
    return new Tls(identities, trust, clientAuth, protocols, given);
  }

  /// What it trusts and shows, for other software that speaks TLS, as `java.net.http`. Versions,
  /// and whether clients are asked for a certificate, are not in it, and whoever uses it has to
  /// have the host verified.
  public SSLContext context() {
    return context;
  }

  // ---- Engines --------------------------------------------------------------------------------

  /// Checks that a server can be one with it.
  ///
  /// @throws IllegalArgumentException if not, saying what it lacks
  Tls forServer() {
    if (!hasIdentity) {
      throw new IllegalArgumentException("a server needs a certificate: see Tls.ofPem");
    }
    if (clientAuth != ClientAuth.NONE && trust == null && given == null) {
      throw new IllegalArgumentException(
          "a server that asks for client certificates has to say whom it trusts: see Tls.trust");
    }
    return this;
  }

  SSLEngine serverEngine() {
    SSLEngine engine = context.createSSLEngine();
    engine.setUseClientMode(false);
    SSLParameters parameters = parameters(engine);
    parameters.setUseCipherSuitesOrder(true);
    switch (clientAuth) {
      case NONE -> {}
      case WANT -> parameters.setWantClientAuth(true);
      case NEED -> parameters.setNeedClientAuth(true);
    }
    engine.setSSLParameters(parameters);
    return engine;
  }

  /// @param host a name without its last dot, or an address without brackets
  SSLEngine clientEngine(String host, int port) {
    SSLEngine engine = context.createSSLEngine(host, port);
    engine.setUseClientMode(true);
    SSLParameters parameters = parameters(engine);
    if (isJudged(host)) {
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
    }
    SNIHostName name = isAddress(host) ? null : serverName(host);
    parameters.setServerNames(name == null ? List.of() : List.of(name));
    engine.setSSLParameters(parameters);
    return engine;
  }

  /// Why the certificate of a server is not for the host, where the engine has not judged that;
  /// null if it is.
  ///
  /// @param host as of [#clientEngine]
  @Nullable String breach(String host, SSLSession session) {
    if (trustsAnybody || isJudged(host)) {
      return null;
    }
    try {
      X509Certificate own = (X509Certificate) session.getPeerCertificates()[0];
      return TlsTrust.isFor(own, host) ? null : TlsTrust.notFor(own, host);
    } catch (SSLPeerUnverifiedException none) {
      return "the server has shown no certificate";
    }
  }

  private SSLParameters parameters(SSLEngine engine) {
    SSLParameters parameters = engine.getSSLParameters();
    List<String> supported = Arrays.asList(engine.getSupportedProtocols());
    parameters.setProtocols(protocols.stream().filter(supported::contains).toArray(String[]::new));
    parameters.setApplicationProtocols(new String[] {HTTP});
    return parameters;
  }

  /// The name to ask for by SNI (RFC 6066 §3), or null for one that it cannot carry, as JSSE sees
  /// that: one with an underscore, as docker-compose makes them, or with a label over 63 bytes. A
  /// server of the JDK would end the handshake over it.
  private static @Nullable SNIHostName serverName(String name) {
    try {
      return new SNIHostName(name);
    } catch (IllegalArgumentException notCarried) {
      return null;
    }
  }

  /// Whether JSSE judges a certificate for the host; for a name that SNI cannot carry it refuses
  /// all.
  private static boolean isJudged(String host) {
    return isAddress(host) || serverName(host) != null;
  }

  private static boolean isAddress(String host) {
    return host.indexOf(':') >= 0 || Authority.isIpv4(host);
  }

  // ---- Reading --------------------------------------------------------------------------------

  private static TlsIdentities.Identity identity(Path chain, Path key)
      throws IOException, GeneralSecurityException {
    List<X509Certificate> certificates = certificates(chain);
    PrivateKey own;
    try {
      own = Pem.privateKey(Files.readString(key, StandardCharsets.ISO_8859_1));
    } catch (GeneralSecurityException e) {
      throw new GeneralSecurityException("the key in " + key + ": " + e.getMessage(), e);
    }
    if (!belongs(own, certificates.getFirst())) {
      throw new GeneralSecurityException(
          "the key in " + key + " is not that of the first certificate in " + chain);
    }
    return TlsIdentities.Identity.of(certificates, own);
  }

  private static List<X509Certificate> certificates(Path file)
      throws IOException, GeneralSecurityException {
    try {
      return Pem.certificates(Files.readString(file, StandardCharsets.ISO_8859_1));
    } catch (GeneralSecurityException e) {
      throw new GeneralSecurityException("the certificates in " + file + ": " + e.getMessage(), e);
    }
  }

  /// Whether what a key signs is what a certificate's key verifies.
  private static boolean belongs(PrivateKey key, X509Certificate certificate)
      throws GeneralSecurityException {
    String algorithm =
        switch (key.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> key.getAlgorithm();
        };
    if (algorithm.equals("RSASSA-PSS")) {
      return true; // needs parameters of its own; the first handshake tells
    }
    if (!key.getAlgorithm().equals(certificate.getPublicKey().getAlgorithm())) {
      return false;
    }
    Signature signer = Signature.getInstance(algorithm);
    signer.initSign(key);
    signer.update(PROBE);
    byte[] signature = signer.sign();
    Signature verifier = Signature.getInstance(algorithm);
    verifier.initVerify(certificate.getPublicKey());
    verifier.update(PROBE);
    try {
      return verifier.verify(signature);
    } catch (GeneralSecurityException e) {
      return false; // of another curve, or another size
    }
  }

  private static List<TlsIdentities.Identity> identities(KeyStore store, char[] password)
      throws GeneralSecurityException {
    List<TlsIdentities.Identity> all = new ArrayList<>();
    for (String alias : Collections.list(store.aliases())) {
      if (store.isKeyEntry(alias) && store.getKey(alias, password) instanceof PrivateKey key) {
        List<X509Certificate> chain =
            Arrays.stream(store.getCertificateChain(alias))
                .map(X509Certificate.class::cast)
                .toList();
        all.add(TlsIdentities.Identity.of(chain, key));
      }
    }
    if (all.isEmpty()) {
      throw new KeyStoreException("the key store has no certificate with its private key");
    }
    return all;
  }
}
