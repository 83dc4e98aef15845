package io.weft;

import io.weft.net.Loop;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// What the clients' loop holds, asked on its own thread.
final class ClientRig {

  private ClientRig() {}

  static <T> T onLoop(Supplier<T> question) throws Exception {
    Loop loop = ClientLoop.shared().loop;
    return CompletableFuture.supplyAsync(question, loop::post)
        .get(Probe.WAIT.toSeconds(), TimeUnit.SECONDS);
  }

  /// Waits until the loop has no connection and has lent no chunk.
  static void awaitNothing() throws Exception {
    Loop loop = ClientLoop.shared().loop;
    Probe.until(
        "the clients' loop has nothing left",
        () -> {
          try {
            return onLoop(() -> loop.connections() == 0 && loop.pool().lentChunks() == 0);
          } catch (Exception e) {
            throw new IllegalStateException("the loop does not answer", e);
          }
        });
  }
}
