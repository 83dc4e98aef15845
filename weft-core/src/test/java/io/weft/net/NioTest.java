package io.weft.net;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// What a selector makes of a poller's requests.
final class NioTest {

  @Test
  void sleepsAsLongAsItMayWhenNothingIsDue() throws IOException {
    try (Nio nio = new Nio(512)) {
      Thread waker =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  TimeUnit.MILLISECONDS.sleep(200);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
                nio.wake();
              });
      long begunNs = System.nanoTime();
      nio.poll(Conn.NEVER);
      long sleptMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begunNs);
      assertTrue(sleptMs >= 150, "it woke by itself after " + sleptMs + " ms");
      waker.interrupt();
    }
  }
}
