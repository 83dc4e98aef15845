package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import io.weft.net.Loop;
import io.weft.zlib.CodecMemory;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A server of one loop under test, with a healthy client beside. When it is closed, nothing may be
/// left of whatever was done to it: no connection, no memory, no thread; every connection that was
/// opened was closed, once; and the healthy client was served all the time.
final class Rig implements AutoCloseable {

  /// Where [#endpoint] stands.
  static final String PATH = "/test";

  final Server server;
  final Watched endpoint;
  private final Watched beside = new Watched();
  private final Loop loop;

  /// Of the process, before this server began.
  private final long codecBytes = CodecMemory.PROCESS.bytes();

  private final @Nullable Bystander bystander;
  private final Queue<Peer> kept = new ConcurrentLinkedQueue<>();

  /// An echo that counts how often each connection was closed.
  static class Watched extends Probe {
    private final Map<Long, AtomicInteger> ends = new ConcurrentHashMap<>();

    @Override
    public void opened(WebSocket ws) throws Exception {
      ends.put(ws.id(), new AtomicInteger());
      super.opened(ws);
    }

    @Override
    public void closed(WebSocket ws, Close close) throws Exception {
      ends.get(ws.id()).incrementAndGet();
      super.closed(ws, close);
    }

    /// How many connections were opened and are not closed.
    long open() {
      return ends.values().stream().filter(times -> times.get() == 0).count();
    }

    private void assertEachClosedOnce() {
      ends.forEach((id, times) -> assertEquals(1, times.get(), "closed() of connection " + id));
    }
  }

  private Rig(Watched endpoint, Consumer<Server.Builder> with, boolean healthy)
      throws IOException, InterruptedException {
    this.endpoint = endpoint;
    Server.Builder builder =
        Server.at("127.0.0.1", 0)
            .loops(1)
            .closeAtShutdown(false)
            .hosts("a") // as the requests of tests call it
            .route(PATH, endpoint)
            .route("/beside", beside);
    Peer.speakingTls(builder);
    with.accept(builder);
    this.server = builder.start();
    Bystander first = new Bystander(port(), "/beside");
    this.loop = beside.awaitOpened().stage().loop();
    if (healthy) {
      this.bystander = first;
    } else {
      first.finish();
      this.bystander = null;
      Probe.until("nobody is connected", () -> server.connections() == 0);
    }
  }

  /// An echo at [#PATH], with these limits.
  static Rig with(Consumer<Limits.Builder> limits) throws IOException, InterruptedException {
    return of(new Watched(), builder -> builder.limits(limits));
  }

  /// An endpoint at [#PATH], and whatever else a server may have.
  static Rig of(Watched endpoint, Consumer<Server.Builder> with)
      throws IOException, InterruptedException {
    return new Rig(endpoint, with, true);
  }

  /// The same without the healthy client.
  static Rig alone(Watched endpoint, Consumer<Server.Builder> with)
      throws IOException, InterruptedException {
    return new Rig(endpoint, with, false);
  }

  int port() {
    return server.port();
  }

  /// Has a peer closed with the rig.
  Peer keep(Peer peer) {
    kept.add(peer);
    return peer;
  }

  Peer open(String... headers) throws IOException {
    return Peer.open(port(), PATH, headers);
  }

  /// Connections beside the healthy one.
  int connections() {
    return server.connections() - (bystander == null ? 0 : 1);
  }

  /// Waits until all connections but the healthy one are gone.
  void awaitNobody() throws InterruptedException {
    Probe.until("nobody else is connected", () -> connections() == 0);
  }

  void assertHealthy() throws InterruptedException {
    if (bystander != null) {
      bystander.assertAlive();
    }
  }

  /// Asks the loop on its own thread.
  <T> T onLoop(Supplier<T> question) throws Exception {
    return CompletableFuture.supplyAsync(question, loop::post)
        .get(Probe.WAIT.toSeconds(), TimeUnit.SECONDS);
  }

  /// Chunks that the loop's pool has lent.
  int lentChunks() throws Exception {
    return onLoop(() -> loop.pool().lentChunks());
  }

  /// Heap that its connections are charged for, in bytes.
  long receivedBytes() {
    return onLoopNow(loop.pool().received::bytes);
  }

  /// Waits until no chunk is lent.
  void awaitNoChunks() throws InterruptedException {
    Probe.until("every chunk is back", () -> onLoopNow(() -> loop.pool().lentChunks()) == 0);
  }

  private <T> T onLoopNow(Supplier<T> question) {
    try {
      return onLoop(question);
    } catch (Exception e) {
      throw new IllegalStateException("the loop does not answer", e);
    }
  }

  /// Bytes of heap that the loop's thread has allocated since it began.
  long allocatedBytes() throws Exception {
    long id = onLoop(() -> Thread.currentThread().threadId());
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getThreadAllocatedBytes(id);
  }

  @Override
  public void close() {
    try {
      assertNothingIsLeft();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (Exception e) {
      throw new IllegalStateException("what is left cannot be told", e);
    }
  }

  private void assertNothingIsLeft() throws Exception {
    try (server) {
      for (Peer peer : kept) {
        peer.close();
      }
      if (bystander != null) {
        bystander.finish();
      }
      Probe.until("every connection is gone", () -> server.connections() == 0);
      // Those whom the kernel kept waiting for a place may come yet, to find that they have gone.
      Probe.until("the loop has no connection", () -> onLoopNow(loop::connections) == 0);
      Probe.until("every chunk came back", () -> onLoopNow(() -> loop.pool().lentChunks()) == 0);
      assertEquals(0, (long) onLoop(loop.pool().received::bytes), "received, in bytes");
      assertEquals(0, (long) onLoop(loop.pool().kept::bytes), "kept, in bytes");
    }
    Probe.until("every codec is freed", () -> CodecMemory.PROCESS.bytes() <= codecBytes);
    endpoint.assertEachClosedOnce();
    beside.assertEachClosedOnce();
    Probe.until(
        "every thread of the server has ended",
        () ->
            Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .noneMatch(name -> name.startsWith("weft-") && !name.startsWith("weft-client")));
  }
}
