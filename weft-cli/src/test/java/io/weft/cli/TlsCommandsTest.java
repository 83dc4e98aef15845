package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Client;
import io.weft.Conversation;
import io.weft.Message;
import io.weft.Tls;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `weft serve` and `weft connect` over TLS.
@Timeout(120)
final class TlsCommandsTest {

  private static final Duration WAIT = Duration.ofSeconds(30);

  @TempDir private Path folder;

  /// Makes a certificate, and writes it and its key as PEM, `NAME.pem` and `NAME.key`.
  private SelfSigned write(String name) throws Exception {
    SelfSigned made = SelfSigned.forHost("localhost");
    write(made, folder.resolve(name + ".pem"), folder.resolve(name + ".key"));
    return made;
  }

  /// Writes a certificate and its key as PEM.
  static void write(SelfSigned made, Path certificate, Path key) throws Exception {
    write(certificate, "CERTIFICATE", made.store().getCertificate("weft").getEncoded());
    write(key, "PRIVATE KEY", made.store().getKey("weft", made.password()).getEncoded());
  }

  private static void write(Path file, String label, byte[] der) throws Exception {
    String base64 = Base64.getMimeEncoder().encodeToString(der);
    Files.writeString(
        file, "-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n");
  }

  private String file(String name) {
    return folder.resolve(name).toString();
  }

  private static String fingerprint(Conversation ws) throws Exception {
    SSLSession session = ws.request().tls();
    assertNotNull(session);
    byte[] der = session.getPeerCertificates()[0].getEncoded();
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(der);
    return HexFormat.ofDelimiter(":").withUpperCase().formatHex(digest);
  }

  private static Client to(int port) {
    return Client.to("wss://localhost:" + port + "/echo")
        .tls(Tls.system().insecurelyTrustingAnybody());
  }

  private static void until(String what, BooleanSupplier isSo) throws InterruptedException {
    long deadline = System.nanoTime() + WAIT.toNanos();
    while (!isSo.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, "in vain: " + what);
      Thread.sleep(20);
    }
  }

  @Test
  void makesACertificateAndSaysSo() throws Exception {
    Process weft = ProcessTest.weft("serve", "--port=0", "--tls", "--blocked-loop-warning=10s");
    try (BufferedReader out = weft.inputReader()) {
      String first = out.readLine();
      Matcher at = Pattern.compile(".*open https://127\\.0\\.0\\.1:(\\d+)/ .*").matcher(first);
      assertTrue(at.matches(), first);
      String line = out.readLine();
      StringBuilder said = new StringBuilder();
      while (!line.equals("Ctrl-C stops it.")) {
        said.append(line).append('\n');
        line = out.readLine();
      }
      assertTrue(
          said.toString().contains("wss://127.0.0.1:" + at.group(1) + "/echo"), said::toString);
      try (Conversation ws = to(Integer.parseInt(at.group(1))).connect()) {
        ws.send("hi");
        assertEquals(new Message.Text("hi"), ws.receive(WAIT));
        assertTrue(said.toString().contains(fingerprint(ws)), said::toString);
      }
    } finally {
      weft.destroyForcibly().waitFor();
    }
  }

  @Test
  void renewsCertificatesWhenTheirFilesChange() throws Exception {
    SelfSigned before = write("own");
    try (Serving serving =
        new Serving("--tls-cert", file("own.pem"), "--tls-key", file("own.key"))) {
      int port = serving.server.port();
      try (Conversation open = to(port).connect()) {
        assertEquals(before.fingerprint(), fingerprint(open));
        SelfSigned after = write("own");
        // A file that changes twice within the clock of the file system is a file that changed.
        FileTime later = FileTime.from(Instant.now().plusSeconds(5));
        Files.setLastModifiedTime(folder.resolve("own.pem"), later);
        Files.setLastModifiedTime(folder.resolve("own.key"), later);
        until("the new certificate is shown", () -> shows(port, after));
        open.send("still here");
        assertEquals(new Message.Text("still here"), open.receive(WAIT));

        Files.writeString(folder.resolve("own.key"), "nothing");
        until(
            "what is of no use is refused",
            () -> serving.log.toString().contains("certificates-not-renewed"));
        assertTrue(shows(port, after));
      }
      assertTrue(serving.log.toString().contains("certificates-renewed"), serving.log::toString);
    }
  }

  private static boolean shows(int port, SelfSigned certificate) {
    try (Conversation ws = to(port).connect()) {
      return certificate.fingerprint().equals(fingerprint(ws));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void connectsToWhomItTrusts() throws Exception {
    write("own");
    write("other");
    try (Serving serving =
        new Serving("--tls-cert", file("own.pem"), "--tls-key", file("own.key"))) {
      String url = "https://localhost:" + serving.server.port() + "/echo";
      Ran trusted = connect("--ca", file("own.pem"), url);
      assertEquals(0, trusted.code(), trusted.err());
      assertEquals("hi\n", trusted.out());
      assertEquals("hi\n", connect("--insecure", url).out());

      Ran refused = connect(url);
      assertEquals(Main.CANNOT_CONNECT, refused.code());
      assertTrue(refused.err().contains("is signed by itself"), refused.err());
      Ran wrong = connect("--ca", file("other.pem"), url);
      assertEquals(Main.CANNOT_CONNECT, wrong.code());
    }
  }

  @Test
  void showsACertificateToAServerThatAsks() throws Exception {
    write("own");
    write("mine");
    try (Serving serving =
        new Serving(
            "--tls-cert", file("own.pem"),
            "--tls-key", file("own.key"),
            "--tls-client-ca", file("mine.pem"))) {
      String url = "wss://localhost:" + serving.server.port() + "/echo";
      Ran shown =
          connect(
              "--ca", file("own.pem"), "--cert", file("mine.pem"), "--key", file("mine.key"), url);
      assertEquals("hi\n", shown.out(), shown.err());
      Ran without = connect("--ca", file("own.pem"), url);
      assertTrue(without.code() != 0);
      assertTrue(without.err().contains("certificate_required"), without.err());
    }
  }

  @Test
  void everyClientCommandTakesTheOptions() throws Exception {
    write("own");
    write("mine");
    try (Serving serving =
        new Serving(
            "--tls-cert", file("own.pem"),
            "--tls-key", file("own.key"),
            "--tls-client-ca", file("mine.pem"))) {
      String url = "wss://localhost:" + serving.server.port() + "/echo";
      for (List<String> command :
          List.of(
              List.of("lint", "--only=handshake/accept"),
              List.of("ping", "-c", "1"),
              List.of("bench", "--connections=1", "--warm-up=1ms", "--duration=50ms"))) {
        Ran ran =
            weft(
                command,
                "--ca",
                file("own.pem"),
                "--cert",
                file("mine.pem"),
                "--key",
                file("mine.key"),
                url);
        assertEquals(0, ran.code(), command + ran.out() + ran.err());
        Ran unknown = weft(command, "--cert", file("mine.pem"), "--key", file("mine.key"), url);
        assertTrue(unknown.code() != 0, command + unknown.out());
        assertTrue(
            (unknown.out() + unknown.err()).contains("is signed by itself"),
            command + unknown.out() + unknown.err());
      }
    }
  }

  private static Ran weft(List<String> command, String... words) {
    List<String> all = new java.util.ArrayList<>(command);
    all.addAll(List.of(words));
    return Ran.weft(all.toArray(String[]::new));
  }

  private static Ran connect(String... words) throws Exception {
    List<String> all = new java.util.ArrayList<>(List.of("connect", "-1"));
    all.addAll(List.of(words));
    return Ran.with("hi\n", all.toArray(String[]::new));
  }

  @Test
  void saysWhatIsWrongWithTheOptions() throws Exception {
    write("own");
    assertUsage("needs its --tls-key", "serve", "--tls-cert", file("own.pem"));
    assertUsage(
        "there is no file", "serve", "--tls-cert", file("none"), "--tls-key", file("own.key"));
    assertUsage(
        "there is no -----BEGIN CERTIFICATE-----",
        "serve",
        "--tls-cert",
        file("own.key"),
        "--tls-key",
        file("own.key"));
    assertUsage("--cert and --key", "connect", "--cert", file("own.pem"), "wss://localhost/");
    assertUsage(
        "do not go together", "connect", "--insecure", "--ca", file("own.pem"), "wss://localhost/");
    assertUsage("there is no file", "connect", "--ca", file("none"), "wss://localhost/");
  }

  private static void assertUsage(String why, String... words) {
    Ran ran = Ran.weft(words);
    assertEquals(Main.USAGE, ran.code(), ran.err());
    assertTrue(ran.err().contains(why), ran.err());
  }
}
