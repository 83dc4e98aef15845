package io.weft.cli.lint;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A connection as bytes: what is read, and how it ends.
@Timeout(60)
final class WireTest {

  private static final long SHORT_NS = 50_000_000;

  private ServerSocket listener;
  private Dialer dialer;
  private Wire wire;
  private Socket peer;

  @BeforeEach
  void connect() throws Exception {
    listener = new ServerSocket();
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    Target plain = Target.of("ws://127.0.0.1:" + listener.getLocalPort() + "/");
    dialer = new Dialer(plain.within(Duration.ofSeconds(30)));
    wire = dialer.open();
    peer = listener.accept();
  }

  @AfterEach
  void close() throws Exception {
    wire.close();
    peer.close();
    listener.close();
    dialer.close();
  }

  @Test
  void readsNothingTwiceAfterASilence() throws Exception {
    peer.getOutputStream().write("ab".getBytes(US_ASCII));
    assertEquals('a', wire.read());
    assertEquals('b', wire.read());
    for (int silence = 0; silence < 2; silence++) {
      wire.waitNs(SHORT_NS);
      assertTrue(wire.read() < 0);
      assertEquals(Wire.End.SILENCE, wire.end());
    }
    wire.waitAfresh();
    peer.getOutputStream().write('c');
    assertEquals('c', wire.read());
  }

  @Test
  void tellsTheEndOfTheStreamFromAReset() throws Exception {
    peer.shutdownOutput();
    assertTrue(wire.read() < 0);
    assertEquals(Wire.End.STREAM, wire.end());
    assertTrue(wire.send(new byte[] {1}), "the other direction is open");
    assertEquals(1, peer.getInputStream().read());
  }

  @Test
  void seesAReset() throws Exception {
    peer.setSoLinger(true, 0);
    peer.close();
    assertTrue(wire.read() < 0);
    assertEquals(Wire.End.RESET, wire.end());
  }

  @Test
  void readsAnAnswerPastInterimOnesAndLeavesTheRest() throws Exception {
    String answer =
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            + "HTTP/1.1 101 Yes\r\nupgrade:  websocket \r\nConnection: a, UPGRADE\r\n\r\nrest";
    peer.getOutputStream().write(answer.getBytes(US_ASCII));
    Answer read = Answer.read(wire);
    assertTrue(read.isUpgrade());
    assertEquals("101 Yes", read.seen());
    assertEquals(List.of("websocket"), read.all("Upgrade"));
    assertTrue(read.lists("connection", "upgrade"));
    assertEquals('r', wire.read());
  }

  @Test
  void saysWhatIsNoAnswer() throws Exception {
    peer.getOutputStream().write("SSH-2.0-x\r\n".getBytes(US_ASCII));
    peer.shutdownOutput();
    Answer read = Answer.read(wire);
    assertEquals(0, read.status());
    assertEquals("no answer of HTTP/1.1: SSH-2.0-x", read.seen());
  }
}
