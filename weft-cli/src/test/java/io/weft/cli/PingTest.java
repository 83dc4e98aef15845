package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Endpoint;
import io.weft.Server;
import io.weft.WebSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// `weft ping`, against a server that answers, one that leaves and one that is silent.
@Timeout(60)
final class PingTest {

  private static final String SUMMARY = "%d pings, %d pongs, %s %% lost, in \\d+\\.\\d s\n";
  private static final String TIMES =
      "min/avg/max/mdev = \\d+\\.\\d{3}/\\d+\\.\\d{3}/\\d+\\.\\d{3}/\\d+\\.\\d{3} ms\n";

  private final Server server =
      Server.at("127.0.0.1", 0)
          .loops(1)
          .route("/", new Echo())
          .route("/chatty", new Chatty())
          .start();
  private final String url = "ws://127.0.0.1:" + server.port() + "/";

  /// Sends more than anybody's inbox holds, before any pong.
  private static final class Chatty implements Endpoint {
    @Override
    public void opened(WebSocket ws) {
      for (int n = 0; n < 200; n++) {
        ws.send("message " + n);
      }
    }
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void everyPongIsALineAndTheyAddUp() {
    Ran ran = Ran.weft("ping", "-c3", "-i", "10ms", url);
    assertEquals("", ran.err());
    assertEquals(0, ran.code());
    assertTrue(
        ran.out()
            .matches(
                "ping \\S+ \\(/127\\.0\\.0\\.1:\\d+\\)\n(pong [123]: \\d+\\.\\d{3} ms\n){3}"
                    + SUMMARY.formatted(3, 3, "0.0")
                    + TIMES),
        ran.out());
  }

  @Test
  void quietIsTheSummaryAloneAndManyPingsAreFine() {
    Ran ran = Ran.weft("ping", "-q", "-c200", "-i1ms", url + "chatty");
    assertEquals(0, ran.code(), ran.err());
    assertTrue(ran.out().matches(SUMMARY.formatted(200, 200, "0.0") + TIMES), ran.out());
  }

  @Test
  void silenceIsLoss() throws Exception {
    try (ServerSocket listener = new ServerSocket()) {
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      Thread.ofVirtual().start(() -> agreeAndListen(listener));
      String silent = "ws://127.0.0.1:" + listener.getLocalPort() + "/";
      Ran ran = Ran.weft("ping", "-q", "-c2", "-i1ms", "-W100ms", "--close-timeout=100ms", silent);
      assertEquals(Main.ENDED_BADLY, ran.code());
      assertTrue(ran.out().matches(SUMMARY.formatted(2, 0, "100.0")), ran.out());
    }
  }

  private static void agreeAndListen(ServerSocket listener) {
    try (Socket socket = listener.accept()) {
      Wire.agree(socket);
      socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
    } catch (IOException e) {
      assert e.getMessage() != null;
    }
  }

  @Test
  void aServerThatIsNotThereIsSaid() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    assertEquals(Main.CANNOT_CONNECT, Ran.weft("ping", "ws://127.0.0.1:" + port).code());
    assertEquals(Main.REFUSED, Ran.weft("ping", url + "none").code());
  }
}
