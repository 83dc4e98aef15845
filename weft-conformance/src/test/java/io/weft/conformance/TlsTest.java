package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedWriter;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `weft serve --tls` and other people's TLS: OpenSSL, curl, and the JDK's HTTP client.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class TlsTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String REQUEST = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  private static final Pattern HEALTHY = Pattern.compile("\"status\":\"ok\"");

  @SuppressWarnings("NullAway.Init")
  private WeftServe server;

  @BeforeAll
  void serve() throws Exception {
    server = WeftServe.start("--tls");
  }

  @AfterAll
  void stop() {
    server.close();
  }

  private Process openssl(String... options) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Tools.openssl().toString(),
                "s_client",
                "-connect",
                "127.0.0.1:" + server.port(),
                "-servername",
                "localhost"));
    command.addAll(List.of(options));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  /// Reads until `what` has come.
  private static String await(Process program, Pattern what) throws IOException {
    StringBuilder said = new StringBuilder();
    var out = program.inputReader(StandardCharsets.ISO_8859_1);
    for (int next = out.read(); next >= 0; next = out.read()) {
      said.append((char) next);
      if (what.matcher(said).find()) {
        return said.toString();
      }
    }
    throw new AssertionError("it ended without " + what + ":\n" + said);
  }

  private static void say(Process program, String what) throws IOException {
    BufferedWriter in = program.outputWriter(StandardCharsets.US_ASCII);
    in.write(what);
    in.flush();
  }

  @ParameterizedTest
  @ValueSource(strings = {"-tls1_3", "-tls1_2"})
  void answersOpenSsl(String version) throws Exception {
    Process openssl = openssl(version, "-alpn", "h2,http/1.1");
    try {
      say(openssl, REQUEST);
      String said = await(openssl, HEALTHY);
      assertTrue(said.contains("ALPN protocol: http/1.1"), said);
    } finally {
      openssl.destroyForcibly().waitFor();
    }
  }

  /// A line that begins with K has OpenSSL send a KeyUpdate that asks for one in return (RFC 8446
  /// §4.6.3).
  @Test
  void updatesItsKeysWithOpenSsl() throws Exception {
    Process openssl = openssl("-tls1_3");
    try {
      say(openssl, REQUEST);
      await(openssl, HEALTHY);
      for (int times = 0; times < 3; times++) {
        say(openssl, "K\n");
        await(openssl, Pattern.compile("KEYUPDATE"));
        say(openssl, REQUEST);
        await(openssl, HEALTHY);
      }
    } finally {
      openssl.destroyForcibly().waitFor();
    }
  }

  /// A line that begins with R has OpenSSL negotiate anew, which only TLS 1.2 knows.
  @Test
  void refusesToNegotiateAnewWithOpenSsl() throws Exception {
    Process openssl = openssl("-tls1_2");
    try {
      say(openssl, REQUEST);
      await(openssl, HEALTHY);
      say(openssl, "R\n");
      assertTrue(openssl.waitFor(PATIENCE), "the connection ends");
    } finally {
      openssl.destroyForcibly().waitFor();
    }
    assertTrue(curl("--tlsv1.2", https()).contains("\"ok\""), "the server goes on");
  }

  @Test
  void resumesASessionOfOpenSsl() throws Exception {
    Process openssl = openssl("-tls1_2", "-reconnect");
    try {
      await(openssl, Pattern.compile("\nReused, TLSv1\\.2"));
    } finally {
      openssl.destroyForcibly().waitFor();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-tls1_1", "-tls1"})
  void refusesWhatIsRetired(String version) throws Exception {
    Process openssl = openssl(version, "-cipher", "DEFAULT@SECLEVEL=0");
    openssl.outputWriter().close();
    String said = new String(openssl.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    assertTrue(openssl.waitFor() != 0, said);
    assertTrue(said.contains("alert protocol version"), said);
  }

  private String https() {
    return "https://127.0.0.1:" + server.port() + "/health";
  }

  private static String curl(String... options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Tools.curl().toString(), "-sk"));
    command.addAll(List.of(options));
    Process curl = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(curl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    curl.waitFor();
    return said;
  }

  @Test
  void answersCurl() throws Exception {
    assertTrue(curl("--tlsv1.3", https()).contains("\"ok\""));
    assertTrue(curl("--tls-max", "1.2", https()).contains("\"ok\""));
  }

  @Test
  void tellsCurlThatThePortSpeaksTls() throws Exception {
    String said = curl("http://127.0.0.1:" + server.port() + "/health");
    assertEquals("this port speaks TLS: ask with https:// or wss://\n", said);
  }

  @Test
  void echoesForTheClientOfTheJdk() throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new Anybody()}, null);
    BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    try (HttpClient http = HttpClient.newBuilder().sslContext(context).build()) {
      WebSocket ws =
          http.newWebSocketBuilder()
              .buildAsync(
                  URI.create("wss://localhost:" + server.port() + "/echo"),
                  new WebSocket.Listener() {
                    @Override
                    public @Nullable CompletionStage<?> onText(
                        WebSocket from, CharSequence text, boolean last) {
                      heard.add(text.toString());
                      from.request(1);
                      return null;
                    }
                  })
              .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      ws.sendText("分手了", true).join();
      assertEquals("分手了", heard.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS));
      ws.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
    }
  }

  /// Trusts the certificate that `weft serve` made a moment ago, and any other.
  private static final class Anybody extends X509ExtendedTrustManager {
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
