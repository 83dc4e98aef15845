package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/// Clients that vanish, many at once: nothing may be left of them, and the one beside them is
/// served all the time (see [Rig]).
@Timeout(120)
@EnabledOnOs(OS.LINUX)
final class DisruptionTest {

  private static final int CONNECTIONS = 50;
  private static final int RESETS = 10_000;

  /// A process of clients that send without end and never read; to be killed.
  static final class Child {
    public static void main(String[] args) throws Exception {
      int port = Integer.parseInt(args[0]);
      List<Peer> peers = new ArrayList<>();
      for (int at = 0; at < CONNECTIONS; at++) {
        peers.add(Peer.open(port, Rig.PATH));
      }
      for (Peer peer : peers) {
        Thread.ofPlatform()
            .daemon()
            .start(() -> {
              try {
                while (true) {
                  peer.sendBinary(new byte[10_000]);
                }
              } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
      }
      System.out.println("ready");
      int end = System.in.read();
      System.exit(end);
    }
  }

  @Test
  void outlivesAProcessThatIsKilled() throws Exception {
    try (Rig rig = Rig.with(limits -> {})) {
      long files = files();
      Process child =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  Child.class.getName(),
                  String.valueOf(rig.port()))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (BufferedReader out = child.inputReader()) {
        assertEquals("ready", out.readLine());
        assertEquals(CONNECTIONS, rig.connections());
        Probe.until("all of them send", () -> rig.endpoint.messages.get() > 10 * CONNECTIONS);
      } finally {
        child.destroyForcibly(); // SIGKILL
        child.waitFor();
      }
      rig.awaitNobody();
      rig.awaitNoChunks();
      rig.assertHealthy();
      Probe.until("the files are closed", () -> files() <= files);
    }
  }

  /// Ten thousand, in about a second where there is a processor for each end.
  @Test
  void takesTenThousandResets() throws Exception {
    try (Rig rig = Rig.with(limits -> {})) {
      long files = files();
      int each = RESETS / 8;
      List<Thread> threads = new ArrayList<>();
      List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
      for (int at = 0; at < 8; at++) {
        threads.add(
            Thread.ofPlatform()
                .start(() -> {
                  try {
                    for (int n = 0; n < each; n++) {
                      Peer peer = Peer.tcp(rig.port());
                      if (n % 4 > 0) {
                        peer.send(Peer.handshake(Rig.PATH));
                      }
                      if (n % 4 > 1) {
                        peer.sendText("nobody waits for the echo");
                      }
                      if (n % 4 > 2) {
                        peer.readHead();
                      }
                      peer.reset();
                    }
                  } catch (java.io.IOException e) {
                    failures.add(e);
                  }
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertEquals(List.of(), failures);
      rig.awaitNobody();
      rig.awaitNoChunks();
      rig.assertHealthy();
      assertTrue(rig.server.connections() <= 1);
      Probe.until("the files are closed", () -> files() <= files);
    }
  }

  private static long files() {
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return files.count();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
