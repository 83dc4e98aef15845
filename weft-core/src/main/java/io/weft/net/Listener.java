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

/// Accepts connections on the first loop and deals them out over all loops in turn. A loop that has
/// failed gets none; should it be the one that accepts, the next that has not failed listens in its
/// place.
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

  /// The loop that accepts.
  private volatile Loop home;

  // Of that loop's thread:
  private int turn;
  private @Nullable InetSocketAddress bound;
  private boolean closed;
  private boolean accepting;
  private boolean listening;
  private long loggedNs;

  /// @param loops the first of them accepts
  /// @param maxConnections over all loops
  /// @param terms for each connection; what it runs when one is gone is run here too
  /// @param begin gives a connection its first stage
  public Listener(List<Loop> loops, int maxConnections, Conn.Terms terms, Consumer<Conn> begin) {
    this.loops = List.copyOf(loops);
    this.home = loops.getFirst();
    this.maxConnections = maxConnections;
    this.begin = begin;
    this.loggedNs = loops.getFirst().nowNs() - LOG_NS;
    this.terms =
        new Conn.Terms(
            terms.softBytes(),
            terms.hardBytes(),
            terms.progressNs(),
            terms.closeNs(),
            terms.lingerBytes(),
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
    CompletableFuture<InetSocketAddress> opened = new CompletableFuture<>();
    atHome(() -> {
      try {
        opened.complete(listen(address));
      } catch (IOException | RuntimeException e) {
        opened.completeExceptionally(e);
      }
    });
    return opened;
  }

  private InetSocketAddress listen(InetSocketAddress address) throws IOException {
    home.listenWith(this);
    InetSocketAddress at = home.poller().listen(address, BACKLOG);
    bound = at;
    accepting = true;
    listening = true;
    return at;
  }

  /// Stops to listen; connections stay as they are.
  ///
  /// @return completed when the port is free
  public CompletableFuture<@Nullable Void> close() {
    CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
    atHome(() -> {
      closed = true;
      home.wheel().cancel(retry);
      if (listening) {
        listening = false;
        home.poller().unlisten();
      }
      done.complete(null);
    });
    return done;
  }

  /// Runs something on the loop that accepts, whichever that is when it comes to it.
  @SuppressWarnings("ReferenceEquality") // the same loop
  private void atHome(Runnable task) {
    Loop at = home;
    at.post(() -> {
      if (at == home) {
        task.run();
      } else {
        atHome(task);
      }
    });
  }

  /// The loop that accepts has failed and listens no more; on its thread.
  void failed(Loop loop) {
    loop.wheel().cancel(retry);
    listening = false;
    InetSocketAddress address = bound;
    if (closed || address == null) {
      return;
    }
    Loop next = nextLoop();
    if (next == null) {
      LOG.log(
          Level.ERROR,
          "Every loop has failed: no connection is accepted at "
              + address
              + " any more. Close the server and start another.");
      return;
    }
    home = next;
    atHome(() -> {
      if (home.hasFailed()) {
        failed(home); // before it could listen
      } else if (!closed) {
        listenAgain(address);
      }
    });
  }

  private void listenAgain(InetSocketAddress address) {
    try {
      listen(address);
      LOG.log(Level.WARNING, "A loop has failed; another accepts at " + address + " now.");
    } catch (IOException e) {
      LOG.log(Level.ERROR, "A loop has failed, and nobody can listen at " + address + " now.", e);
    }
  }

  /// The next in turn that has not failed; null if there is none.
  private @Nullable Loop nextLoop() {
    for (int left = loops.size(); left > 0; left--) {
      Loop loop = loops.get(turn);
      turn = (turn + 1) % loops.size();
      if (!loop.hasFailed()) {
        return loop;
      }
    }
    return null;
  }

  /// How many connections are open; from any thread.
  public int connections() {
    return open.get();
  }

  /// A connection came in.
  void accepted(Socket socket) {
    int now = open.incrementAndGet();
    Loop next = nextLoop();
    Loop loop = next == null ? home : next;
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
    home.wheel().schedule(retry, home.nowNs() + RETRY_NS);
  }

  private void pause(String why) {
    Loop loop = home;
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
      home.poller().accepting(true);
    }
  }

  private void gone() {
    if (open.getAndDecrement() == maxConnections) {
      atHome(this::acceptIfAllowed);
    }
  }
}
