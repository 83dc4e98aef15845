package io.weft.net;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Accepts connections on the first loop and deals them out over all loops in turn.
///
/// Accepting pauses at the limit of connections, until one closes, and for a moment when the system
/// has no more file descriptors to give; connections then wait in the kernel's queue. Either is
/// logged, at most once a second.
public final class Listener {

  private static final Logger LOG = System.getLogger("io.weft.listener");
  private static final long RETRY_NS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long LOG_NS = TimeUnit.SECONDS.toNanos(1);
  private static final int BACKLOG = 1024;

  private final List<Loop> loops;
  private final int maxConnections;
  private final Conn.Terms terms;
  private final Consumer<Conn> begin;
  private final AtomicInteger open = new AtomicInteger();
  private final Wheel.Timer retry =
      new Wheel.Timer() {
        @Override
        void due(long nowNs) {
          acceptIfAllowed();
        }
      };

  // Of the first loop's thread:
  private int turn;
  private boolean accepting;
  private boolean listening;
  private long loggedNs;

  /// @param loops the first of them accepts
  /// @param maxConnections over all loops
  /// @param terms for each connection; what it runs when one is gone is run here too
  /// @param begin gives a connection its first stage
  public Listener(List<Loop> loops, int maxConnections, Conn.Terms terms, Consumer<Conn> begin) {
    this.loops = List.copyOf(loops);
    this.maxConnections = maxConnections;
    this.begin = begin;
    this.loggedNs = loops.getFirst().nowNs() - LOG_NS;
    this.terms =
        new Conn.Terms(
            terms.softBytes(),
            terms.hardBytes(),
            terms.progressNs(),
            terms.closeNs(),
            terms.tasks(),
            () -> {
              gone();
              terms.gone().run(); // after it is counted: who waits for none looks at the count
            });
  }

  /// Binds, and starts to accept.
  ///
  /// @return completed on the first loop, with the address bound or the reason why not
  public CompletableFuture<InetSocketAddress> open(InetSocketAddress address) {
    CompletableFuture<InetSocketAddress> bound = new CompletableFuture<>();
    Loop loop = loops.getFirst();
    loop.post(() -> {
      try {
        loop.listenWith(this);
        InetSocketAddress at = loop.poller().listen(address, BACKLOG);
        accepting = true;
        listening = true;
        bound.complete(at);
      } catch (IOException | RuntimeException e) {
        bound.completeExceptionally(e);
      }
    });
    return bound;
  }

  /// Stops to listen; connections stay as they are.
  ///
  /// @return completed when the port is free
  public CompletableFuture<@Nullable Void> close() {
    CompletableFuture<@Nullable Void> closed = new CompletableFuture<>();
    Loop loop = loops.getFirst();
    loop.post(() -> {
      listening = false;
      loop.wheel().cancel(retry);
      loop.poller().unlisten();
      closed.complete(null);
    });
    return closed;
  }

  /// How many connections are open; from any thread.
  public int connections() {
    return open.get();
  }

  /// A connection came in.
  void accepted(Socket socket) {
    int now = open.incrementAndGet();
    Loop loop = loops.get(turn);
    turn = (turn + 1) % loops.size();
    if (loop.isCurrent()) {
      loop.adopt(socket, terms, begin);
    } else {
      loop.post(() -> loop.adopt(socket, terms, begin));
    }
    if (now >= maxConnections) {
      pause("Accepting pauses: " + now + " connections are open, which is the limit.");
      acceptIfAllowed(); // one may have closed before it could see the pause
    }
  }

  /// The system would not accept; the poller has stopped accepting.
  void failed(@Nullable IOException error) {
    pause(
        "Accepting pauses for a moment: "
            + (error == null ? "the system refused" : error.getMessage())
            + "; "
            + open
            + " connections are open. Is the open-file limit (ulimit -n) too low?");
    loops.getFirst().wheel().schedule(retry, loops.getFirst().nowNs() + RETRY_NS);
  }

  private void pause(String why) {
    Loop loop = loops.getFirst();
    if (loop.nowNs() - loggedNs >= LOG_NS) {
      loggedNs = loop.nowNs();
      LOG.log(Level.WARNING, why);
    }
    accepting = false;
    loop.poller().accepting(false);
  }

  private void acceptIfAllowed() {
    if (listening && !accepting && open.get() < maxConnections) {
      accepting = true;
      loops.getFirst().poller().accepting(true);
    }
  }

  private void gone() {
    if (open.getAndDecrement() == maxConnections) {
      loops.getFirst().post(this::acceptIfAllowed);
    }
  }
}
