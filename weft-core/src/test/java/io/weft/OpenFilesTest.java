package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// A server that runs out of file descriptors, in a process of its own: those who are connected are
/// served, accepting waits, and goes on when there is a descriptor again.
@Timeout(60)
@EnabledOnOs(OS.LINUX)
final class OpenFilesTest {

  private static final int OPEN_FILES = 100;

  /// What runs in the process with few descriptors; it ends with its input.
  static final class Child {
    public static void main(String[] args) throws Exception {
      try (Server server =
          Server.at("127.0.0.1", 0)
              .loops(1)
              .limits(limits -> limits.connections(10_000))
              .route("/echo", new Probe())
              .start()) {
        // What is needed to log is loaded while there are descriptors to load it with.
        System.getLogger("io.weft").log(System.Logger.Level.WARNING, "ready");
        System.out.println(server.port());
        int end = System.in.read();
        server.close(Duration.ofMillis(100 + end));
      }
    }
  }

  @Test
  void goesOnWhenThereAreFilesAgain(@TempDir Path dir) throws Exception {
    Path log = dir.resolve("log");
    Process child =
        new ProcessBuilder(
                "sh",
                "-c",
                "ulimit -n " + OPEN_FILES + "; exec \"$0\" \"$1\" \"$2\" -cp \"$3\" \"$4\"",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Dweft.transport=" + System.getProperty(Transport.PROPERTY, "auto"),
                System.getProperty("java.class.path"),
                Child.class.getName())
            .redirectError(log.toFile())
            .start();
    List<Peer> peers = new ArrayList<>();
    try (BufferedReader out = child.inputReader()) {
      int port = Integer.parseInt(out.readLine());
      Peer first = Peer.open(port, "/echo");
      peers.add(first);
      first.sendText("classes are loaded from files too");
      first.read();
      for (int at = 0; at < OPEN_FILES; at++) {
        Peer peer = Peer.tcp(port); // the kernel's queue takes it
        peer.send(Peer.handshake("/echo"));
        peers.add(peer);
      }
      Probe.until("it runs out", () -> read(log).contains("Accepting pauses for a moment"));
      first.sendText("still served");
      assertEquals("still served", first.read().text());
      for (int at = 1; at < peers.size(); at++) {
        Peer peer = peers.get(at);
        assertTrue(peer.readHead().startsWith("HTTP/1.1 101 "), "connection " + at);
        peer.sendText("hi");
        assertEquals("hi", peer.read().text());
        peer.close();
      }
      first.sendText("still served");
      assertEquals("still served", first.read().text());
      long lines = read(log).lines().filter(line -> line.contains("Accepting pauses")).count();
      assertTrue(lines < 20, lines + " lines in the log, one a second is enough");
    } finally {
      for (Peer peer : peers) {
        peer.close();
      }
      child.destroy();
      child.waitFor();
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
