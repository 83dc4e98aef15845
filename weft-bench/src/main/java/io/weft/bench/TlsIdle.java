package io.weft.bench;

import io.weft.Client;
import io.weft.Conversation;
import io.weft.Endpoint;
import io.weft.Server;
import io.weft.Tls;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What an idle TLS connection costs a server: the heap of this process before and after
/// connections that another process holds. What TLS adds is the difference between its lines and
/// the one of plain TCP; native memory it holds none.
@Command(
    name = "tls-idle",
    mixinStandardHelpOptions = true,
    description = "Measures the memory of an idle connection over TCP, TLS 1.2 and TLS 1.3.")
final class TlsIdle implements Callable<Integer> {

  private static final char[] PASSWORD = "changeit".toCharArray();

  @Option(
      names = "--connections",
      paramLabel = "N",
      defaultValue = "2000",
      description = "How many, beside as many to warm up: ${DEFAULT-VALUE}.")
  private int connections;

  @Override
  public Integer call() throws Exception {
    Path folder = Files.createTempDirectory("weft-bench");
    Path store = folder.resolve("store.p12");
    try {
      makeCertificate(store);
      System.out.println("| | heap, bytes a connection |");
      System.out.println("|---|---:|");
      measure("TCP", null);
      for (String version : List.of("TLSv1.2", "TLSv1.3")) {
        measure(version, Tls.ofKeyStore(store, PASSWORD).protocols(version));
      }
    } finally {
      Files.deleteIfExists(store);
      Files.delete(folder);
    }
    return 0;
  }

  private void measure(String name, @Nullable Tls tls) throws Exception {
    Server.Builder builder = Server.at("127.0.0.1", 0).loops(1).route("/", new Endpoint() {});
    if (tls != null) {
      builder.tls(tls);
    }
    try (Server server = builder.start()) {
      String url = (tls == null ? "ws" : "wss") + "://localhost:" + server.port() + "/";
      try (Crowd warm = new Crowd(url, connections)) {
        warm.awaitAll();
      }
      while (server.connections() > 0) {
        Thread.sleep(10);
      }
      long heap = heapBytes();
      try (Crowd crowd = new Crowd(url, connections)) {
        crowd.awaitAll();
        Thread.sleep(Duration.ofSeconds(2)); // the last tickets and answers leave
        System.out.printf(Locale.ROOT, "| %s | %,d |%n", name, (heapBytes() - heap) / connections);
      }
    }
  }

  private static long heapBytes() throws InterruptedException {
    for (int times = 0; times < 4; times++) {
      System.gc();
      Thread.sleep(100);
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static void makeCertificate(Path file) throws IOException, InterruptedException {
    String options =
        "-genkeypair -keyalg EC -groupname secp256r1 -dname CN=localhost -ext SAN=dns:localhost"
            + " -alias own -storetype PKCS12 -storepass changeit -keystore ";
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of((options + file).split(" ", -1)));
    Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (keytool.waitFor() != 0) {
      throw new IOException("keytool could not make a certificate: " + said);
    }
  }

  /// Connections that a process of their own holds.
  private static final class Crowd implements AutoCloseable {

    private final Process process;
    private final BufferedReader out;

    Crowd(String url, int connections) throws IOException {
      process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Main.class.getName(),
                  "hold",
                  url,
                  Integer.toString(connections))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      out = process.inputReader(StandardCharsets.UTF_8);
    }

    void awaitAll() throws IOException {
      if (!"open".equals(out.readLine())) {
        throw new IOException("the connections could not be made");
      }
    }

    @Override
    public void close() throws IOException {
      process.getOutputStream().close();
      process.onExit().join();
    }
  }

  /// Holds connections until its standard input ends.
  @Command(name = "hold", hidden = true)
  static final class Hold implements Callable<Integer> {

    @Parameters(index = "0")
    private String url = "";

    @Parameters(index = "1")
    private int connections;

    @Override
    public Integer call() throws IOException, InterruptedException {
      Client client = Client.to(url).tls(Tls.system().insecurelyTrustingAnybody());
      List<Conversation> all = new ArrayList<>();
      for (int at = 0; at < connections; at++) {
        all.add(client.connect());
      }
      System.out.println("open");
      while (System.in.read() >= 0) {
        // The parent says when it is enough, by its end.
      }
      all.forEach(Conversation::close);
      return 0;
    }
  }
}
