package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.net.Loop;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The clients' loop is there while somebody uses it, and then nothing is left of it: no thread, no
/// class loader of whoever used it first.
@Timeout(120)
final class ClientLoopTest {

  private static List<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("weft-client"))
        .toList();
  }

  /// Waits until the clients' loop has ended, as it does in a while, and freed what it had.
  static void awaitNoThread() throws InterruptedException {
    Probe.until("the clients' loop has ended", () -> threads().isEmpty());
  }

  private static Server serving() {
    return Server.at("127.0.0.1", 0).closeAtShutdown(false).route("/", new Probe()).start();
  }

  @Test
  void endsWhenNobodyUsesItAndComesAgain() throws Exception {
    try (Server server = serving()) {
      String url = "ws://127.0.0.1:" + server.port() + "/";
      for (Compression compression : List.of(Compression.off(), Compression.on())) {
        try (Conversation ws = Client.to(url).compression(compression).connect()) {
          ws.send("hi");
          assertEquals(new Message.Text("hi"), ws.receive());
          assertFalse(threads().isEmpty());
        }
        awaitNoThread();
      }
      Live live = Client.to(url).stayConnected(new Endpoint() {});
      live.send("hi").settled().get(20, TimeUnit.SECONDS);
      live.close();
      live.closed().get(20, TimeUnit.SECONDS);
      awaitNoThread();
      assertEquals(0, live.keptMessages());
      live.close(); // again, when there is no loop any more
    }
  }

  @Test
  void endsAfterAttemptsThatFailOrAreCancelled() throws Exception {
    int port;
    try (Server server = serving()) {
      port = server.port();
    }
    Client client = Client.to("ws://127.0.0.1:" + port + "/");
    assertThrows(HandshakeException.class, client::connect);
    client.connectAsync().cancel(true);
    awaitNoThread();
  }

  @Test
  void staysWhileAConnectionIsIdle() throws Exception {
    try (Server server = serving();
        Conversation ws = Client.to("ws://127.0.0.1:" + server.port() + "/").connect()) {
      CompletableFuture<Void> later = new CompletableFuture<>();
      later.completeOnTimeout(null, ClientLoop.IDLE_NS + 2_000_000_000L, TimeUnit.NANOSECONDS);
      later.join();
      ws.send("still there");
      assertEquals(new Message.Text("still there"), ws.receive());
    }
  }

  @Test
  void keepsNoClassLoaderOfWhoeverNeededItFirst() throws Exception {
    awaitNoThread();
    Thread here = Thread.currentThread();
    ClassLoader before = here.getContextClassLoader();
    try (Server server = serving();
        URLClassLoader application = new URLClassLoader(new URL[0], before)) {
      here.setContextClassLoader(application);
      try (Conversation ws = Client.to("ws://127.0.0.1:" + server.port() + "/").connect()) {
        assertTrue(ws.isOpen());
        for (Thread thread : threads()) {
          if (!thread.isVirtual()) {
            assertNotSame(application, thread.getContextClassLoader(), thread.getName());
          }
        }
      }
    } finally {
      here.setContextClassLoader(before);
    }
  }

  @Test
  void isUsedByNewcomersWhileItIsIdle() throws Exception {
    ClientLoop one = ClientLoop.use();
    one.release();
    ClientLoop again = ClientLoop.use();
    Loop loop = again.loop;
    CompletableFuture<Boolean> answers = new CompletableFuture<>();
    loop.post(() -> answers.complete(true));
    assertTrue(answers.get(20, TimeUnit.SECONDS));
    again.release();
    awaitNoThread();
  }
}
