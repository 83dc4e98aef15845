package io.weft;

import java.net.Socket;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// Judges the peer's certificate as another does, and says in plain words what is wrong with it.
final class TlsTrust extends X509ExtendedTrustManager {

  /// The kind of a name in a certificate (RFC 5280 §4.2.1.6).
  private static final int DNS_NAME = 2;

  private final X509ExtendedTrustManager judge;

  TlsTrust(X509ExtendedTrustManager judge) {
    this.judge = judge;
  }

  /// A judgement, which may be against the certificate.
  private interface Check {
    void run() throws CertificateException;
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    explaining(
        chain, engine.getPeerHost(), () -> judge.checkServerTrusted(chain, authType, engine));
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    explaining(chain, null, () -> judge.checkClientTrusted(chain, authType, engine));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    String host = socket instanceof SSLSocket tls ? tls.getHandshakeSession().getPeerHost() : null;
    explaining(chain, host, () -> judge.checkServerTrusted(chain, authType, socket));
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    judge.checkClientTrusted(chain, authType, socket);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    judge.checkServerTrusted(chain, authType);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    judge.checkClientTrusted(chain, authType);
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return judge.getAcceptedIssuers();
  }

  private static void explaining(X509Certificate[] chain, @Nullable String host, Check check)
      throws CertificateException {
    try {
      check.run();
    } catch (CertificateException e) {
      throw new CertificateException(explain(chain, host, e), e);
    }
  }

  private static String explain(
      X509Certificate[] chain, @Nullable String host, CertificateException why) {
    for (X509Certificate each : chain) {
      String outOfTime = outOfTime(each);
      if (outOfTime != null) {
        return outOfTime;
      }
    }
    X509Certificate own = chain[0];
    if (isAboutPath(why)) {
      return own.getSubjectX500Principal().equals(own.getIssuerX500Principal())
          ? "the certificate of " + who(own) + " is signed by itself, and it is not trusted here"
          : String.format(
              Locale.ROOT,
              "the certificate of %s leads to no trusted authority; it was issued by %s",
              who(own),
              chain[chain.length - 1].getIssuerX500Principal());
    }
    if (host != null && String.valueOf(why.getMessage()).startsWith("No ")) {
      return notFor(own, host);
    }
    return "the certificate of " + who(own) + " is refused: " + why.getMessage();
  }

  /// Whether a certificate is for a name (RFC 9525 §6.3): one of its DNS names is the same,
  /// whatever the case, or has `*` for its first label and is the same behind that. Its subject
  /// counts for nothing.
  static boolean isFor(X509Certificate certificate, String host) {
    String behindFirst = host.substring(host.indexOf('.') + 1);
    try {
      Collection<List<?>> names = certificate.getSubjectAlternativeNames();
      for (List<?> name : names == null ? List.<List<?>>of() : names) {
        String own = name.get(1) instanceof String text ? text : "";
        boolean fits =
            own.startsWith("*.")
                ? host.indexOf('.') > 0 && own.substring(2).equalsIgnoreCase(behindFirst)
                : own.equalsIgnoreCase(host);
        if (fits && name.get(0).equals(DNS_NAME)) {
          return true;
        }
      }
      return false;
    } catch (CertificateParsingException e) {
      return false;
    }
  }

  static String notFor(X509Certificate own, String host) {
    return "the certificate is for " + who(own) + ", not for " + host;
  }

  private static @Nullable String outOfTime(X509Certificate certificate) {
    try {
      certificate.checkValidity();
      return null;
    } catch (CertificateExpiredException e) {
      return "the certificate of "
          + who(certificate)
          + " expired on "
          + day(certificate.getNotAfter());
    } catch (CertificateNotYetValidException e) {
      return "the certificate of "
          + who(certificate)
          + " is not valid before "
          + day(certificate.getNotBefore());
    }
  }

  private static boolean isAboutPath(Throwable why) {
    for (Throwable each = why; each != null; each = each.getCause()) {
      if (each instanceof CertPathValidatorException
          || each instanceof java.security.cert.CertPathBuilderException) {
        return true;
      }
    }
    return false;
  }

  /// The hosts that a certificate is for, or whose it is if it names none.
  private static String who(X509Certificate certificate) {
    try {
      Collection<List<?>> names = certificate.getSubjectAlternativeNames();
      if (names != null && !names.isEmpty()) {
        return String.join(
            ", ", names.stream().limit(5).map(name -> String.valueOf(name.get(1))).toList());
      }
    } catch (CertificateParsingException e) {
      // Its subject is what is left to name it by.
    }
    return certificate.getSubjectX500Principal().getName();
  }

  private static String day(Date date) {
    return DateTimeFormatter.ISO_LOCAL_DATE.format(date.toInstant().atZone(ZoneOffset.UTC));
  }

  /// Judges nothing.
  static final class Anybody extends X509ExtendedTrustManager {
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
