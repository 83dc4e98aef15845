package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A process that stands still for longer than any of its timeouts, by SIGSTOP and SIGCONT, takes
/// no healthy connection for dead.
@Timeout(60)
final class PauseTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(2);
  private static final Duration PAUSE = Duration.ofSeconds(3);

  private Process process;
  private BufferedReader says;
  private int port;

  /// The process: an echo, and a conversation that says what it has received in time.
  static final class Echo {
    private Echo() {}

    public static void main(String[] ignored) throws Exception {
      Server server =
          Server.at("127.0.0.1", 0)
              .loops(1)
              .limits(limits ->
                  limits
                      .handshakeTimeout(TIMEOUT)
                      .messageTimeout(TIMEOUT)
                      .idlePing(TIMEOUT)
                      .pongTimeout(TIMEOUT)
                      .progressTimeout(TIMEOUT))
              .route("/echo", new Probe())
              .converse("/receive", Echo::receive)
              .start();
      System.out.println(server.port());
      System.in.read(); // as long as the test lives
      System.exit(0);
    }

    private static void receive(Conversation ws) throws InterruptedException {
      try {
        ws.send("begins");
        ws.send(ws.receive(TIMEOUT));
      } catch (TimeoutException e) {
        ws.send("too late");
      }
    }
  }

  @BeforeEach
  void begin() throws IOException {
    assumeTrue(Files.exists(Path.of("/proc/self/stat")), "SIGSTOP is told to /bin/kill of Linux");
    process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1",
                    "--enable-native-access=ALL-UNNAMED",
                    "-Dweft.transport=" + System.getProperty("weft.transport", "auto"),
                    "-cp",
                    System.getProperty("java.class.path"),
                    Echo.class.getName()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    says =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    port = Integer.parseInt(says.readLine());
  }

  @AfterEach
  void end() {
    if (process != null) {
      process.destroyForcibly().onExit().join();
    }
  }

  private void signal(String name) throws IOException {
    Process kill = new ProcessBuilder("kill", "-" + name, "" + process.pid()).start();
    assertEquals(0, kill.onExit().join().exitValue());
  }

  private interface Act {
    void run() throws Exception;
  }

  /// Stops the process, does something meanwhile, and has it go on after longer than any timeout.
  private void pause(Act meanwhile) throws Exception {
    signal("STOP");
    meanwhile.run();
    TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
    signal("CONT");
  }

  private static void assertEchoes(Peer peer) throws IOException {
    peer.sendText("still here");
    assertEquals("still here", readMessage(peer).text());
  }

  private static Peer.Frame readMessage(Peer peer) throws IOException {
    Peer.Frame frame = peer.read();
    while (frame.opcode() == Peer.PING) {
      peer.send(Peer.frame(true, Peer.PONG, frame.payload()));
      frame = peer.read();
    }
    return frame;
  }

  @Test
  void deliversAPongThatCameMeanwhile() throws Exception {
    try (Peer peer = Peer.open(port, "/echo")) {
      Peer.Frame ping = peer.read();
      assertEquals(Peer.PING, ping.opcode());
      pause(() -> peer.send(Peer.frame(true, Peer.PONG, ping.payload())));
      assertEchoes(peer);
    }
  }

  /// The answer of a peer takes its time on the way; it could not come sooner.
  @Test
  void givesPeersTimeToAnswerBehindIt() throws Exception {
    try (Peer peer = Peer.open(port, "/echo")) {
      Peer.Frame ping = peer.read();
      pause(() -> {});
      TimeUnit.MILLISECONDS.sleep(400);
      peer.send(Peer.frame(true, Peer.PONG, ping.payload()));
      assertEchoes(peer);
    }
  }

  @Test
  void takesTheRestOfAMessageAndOfAHeadThatCameMeanwhile() throws Exception {
    byte[] frame = Peer.frame(true, Peer.BINARY, new byte[1_000]);
    try (Peer peer = Peer.open(port, "/echo");
        Peer late = Peer.tcp(port)) {
      peer.send(java.util.Arrays.copyOf(frame, 500));
      late.send("GET /nothing HTTP/1.1\r\n");
      pause(() -> {
        peer.send(java.util.Arrays.copyOfRange(frame, 500, frame.length));
        late.send("Host: localhost\r\n\r\n");
      });
      assertTrue(late.readHead().startsWith("HTTP/1.1 404 "));
      assertEquals(1_000, readMessage(peer).payload().length);
    }
  }

  @Test
  void receivesWhatCameMeanwhileThoughTheTimeIsOver() throws Exception {
    try (Peer peer = Peer.open(port, "/receive")) {
      assertEquals("begins", readMessage(peer).text());
      pause(() -> peer.sendText("in time"));
      assertEquals("in time", readMessage(peer).text());
    }
  }
}
