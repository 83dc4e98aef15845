package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A healthy client beside whatever a test does: it sends one message after another, and each must
/// come back before the next.
final class Bystander {

  private static final int PAUSE_MS = 2;

  private final Peer peer;
  private final Thread thread;
  private final AtomicInteger echoes = new AtomicInteger();
  private volatile boolean stopped;
  private volatile @Nullable Throwable disturbed;

  /// Connects and begins.
  Bystander(int port, String path) throws IOException {
    peer = Peer.open(port, path);
    thread = Thread.ofPlatform().name("bystander").daemon().start(this::run);
  }

  private void run() {
    try {
      while (!stopped) {
        String message = "message " + echoes.get();
        peer.sendText(message);
        assertEquals(message, next().text());
        echoes.incrementAndGet();
        Thread.sleep(PAUSE_MS);
      }
    } catch (Throwable thrown) {
      disturbed = thrown;
    }
  }

  /// The next message; pings are answered, as any client does.
  private Peer.Frame next() throws IOException {
    Peer.Frame frame = peer.read();
    while (frame.opcode() == Peer.PING) {
      peer.send(Peer.frame(true, Peer.PONG, frame.payload()));
      frame = peer.read();
    }
    return frame;
  }

  /// How many messages came back so far.
  int echoes() {
    return echoes.get();
  }

  /// Waits for one more message to come back.
  void assertAlive() throws InterruptedException {
    int before = echoes();
    Probe.until("a healthy connection goes on", () -> echoes() > before + 1 || disturbed != null);
    if (disturbed != null) {
      fail("the healthy connection was disturbed after " + echoes() + " echoes", disturbed);
    }
  }

  /// Sees it through to a clean close.
  void finish() throws IOException, InterruptedException {
    try (peer) {
      assertAlive();
      stopped = true;
      thread.join(Probe.WAIT);
      if (disturbed != null) {
        fail("the healthy connection was disturbed after " + echoes() + " echoes", disturbed);
      }
      assertTrue(!thread.isAlive(), "the healthy connection hangs");
      peer.sendClose(1000, "");
      assertEquals(1000, peer.readClose().code());
      peer.awaitEnd();
    }
  }
}
