package io.weft.net;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Accepts connections on the first loop and deals them out over all loops in turn. A loop that has
/// failed gets none; should it be the one that accepts, the next that has not failed listens in its
/// place.
///
/// Where there is no room, for anybody or for one more of the same address, a connection is taken
/// all the same, is told so and ends, or is closed at once: nobody waits in the kernel's queue to
/// hear nothing. Accepting pauses only while the system has no more file descriptors to give, and
/// is tried again ten times a second. Either is logged, at most once a second.
public final class Listener {

  private static final Logger LOG = System.getLogger("io.weft.listener");
  private static final long RETRY_NS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long LOG_NS = TimeUnit.SECONDS.toNanos(1);
  private static final long LISTEN_AGAIN_NS = TimeUnit.SECONDS.toNanos(1);

  /// How many that are turned away are told why at a time, and how long each has; the others are
  /// closed at once.
  private static final int MOST_AWAY = 32;

  private static final long AWAY_NS = TimeUnit.SECONDS.toNanos(1);

  /// How much of each is read and dropped.
  private static final int AWAY_BYTES = 64 << 10;

  private static final int BACKLOG = 1024;

  private final List<Loop> loops;
  private final House house;
  private final Terms terms;
  private final Terms awayTerms;
  private final Consumer<Conn> begin;
  private final AtomicInteger open = new AtomicInteger();
  private final AddressCounts byAddress;

  /// Connections that are just told that there is no room, and how many there were in all.
  private final AtomicInteger away = new AtomicInteger();

  private final AtomicLong turnedAway = new AtomicLong();
  private final Wheel.Timer retry =
      new Wheel.Timer() {
        @Override
        void due(long nowNs) {
          try {
            acceptIfAllowed();
          } catch (Throwable bug) {
            acceptLater();
            Report.error(LOG, "Accepting could not go on; it is tried again.", bug);
          }
        }
      };

  /// The loop that accepts.
  private volatile Loop home;

  // Of that loop's thread:
  private int turn;
  private @Nullable InetSocketAddress bound;
  private boolean closed;
  private boolean accepting;
  private volatile boolean listening;
  private long loggedNs;

  /// How many connections there may be.
  ///
  /// @param connections over all loops
  /// @param perAddress of them, from one address; see [AddressCounts]
  /// @param exempt addresses that may have any number
  /// @param full what one hears that is too many; null to close without a word
  /// @param crowded what one hears whose address has too many; null to close without a word
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record House(
      int connections,
      int perAddress,
      Predicate<InetAddress> exempt,
      byte @Nullable [] full,
      byte @Nullable [] crowded) {}

  /// @param loops the first of them accepts
  /// @param maxConnections over all loops
  /// @param terms for each connection; what it runs when one is gone is run here too
  /// @param begin gives a connection its first stage
  public Listener(List<Loop> loops, int maxConnections, Terms terms, Consumer<Conn> begin) {
    this(
        loops,
        new House(maxConnections, Integer.MAX_VALUE, address -> true, null, null),
        terms,
        begin);
  }

  /// @param loops the first of them accepts
  /// @param terms for each connection; what it runs when one is gone is run here too
  /// @param begin gives a connection its first stage
  public Listener(List<Loop> loops, House house, Terms terms, Consumer<Conn> begin) {
    this.loops = List.copyOf(loops);
    this.home = loops.getFirst();
    this.house = house;
    this.begin = begin;
    this.byAddress = new AddressCounts(home.chance().nextLong());
    this.loggedNs = loops.getFirst().nowNs() - LOG_NS;
    this.terms =
        new Terms(
            terms.softBytes(),
            terms.hardBytes(),
            terms.progressNs(),
            terms.closeNs(),
            terms.lingerBytes(),
            terms.tasks(),
            socket -> {
              gone(socket);
              terms.gone().accept(socket); // after it is counted: who waits for none looks at that
            });
    this.awayTerms =
        new Terms(
            terms.softBytes(),
            terms.hardBytes(),
            AWAY_NS,
            AWAY_NS,
            AWAY_BYTES,
            terms.tasks(),
            away::decrementAndGet);
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

  private void listenAgainAt(InetSocketAddress address) {
    atHome(() -> {
      if (!listening && !closed && !home.hasFailed()) {
        listenAgain(address);
      }
    });
  }

  private void listenAgain(InetSocketAddress address) {
    try {
      listen(address);
      LOG.log(Level.WARNING, "A loop has failed; another accepts at " + address + " now.");
    } catch (IOException e) {
      LOG.log(
          Level.ERROR,
          "A loop has failed, and nobody can listen at " + address + " now; it is tried again.",
          e);
      home.after(LISTEN_AGAIN_NS, () -> listenAgainAt(address));
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

  /// Whether connections come in; from any thread.
  public boolean isListening() {
    return listening;
  }

  /// How many connections are open; from any thread.
  public int connections() {
    return open.get();
  }

  /// How many connections were turned away so far, for want of room; from any thread.
  public long turnedAway() {
    return turnedAway.get();
  }

  /// A connection came in.
  void accepted(Socket socket) {
    InetAddress address = addressOf(socket);
    if (open.get() >= house.connections) {
      turnAway(socket, house.full, "all of them, which is the limit connections");
      return;
    }
    if (address != null && !byAddress.add(AddressCounts.key(address), house.perAddress)) {
      String from = " from " + address.getHostAddress() + ", which is the limit ";
      turnAway(socket, house.crowded, house.perAddress + from + "connectionsPerAddress");
      return;
    }
    open.incrementAndGet();
    Loop next = nextLoop();
    Loop loop = next == null ? home : next;
    if (loop.isCurrent()) {
      loop.adopt(socket, terms, begin);
    } else {
      try {
        loop.post(() -> loop.adopt(socket, terms, begin));
      } catch (Throwable noMemory) {
        socket.discard();
        terms.gone().accept(socket);
        Report.error(LOG, "A connection could not be handed over; it is closed.", noMemory);
      }
    }
  }

  /// The address that a connection counts for; null if it counts for none.
  private @Nullable InetAddress addressOf(Socket socket) {
    InetAddress address = ((InetSocketAddress) socket.remote()).getAddress();
    return address == null || house.exempt.test(address) ? null : address;
  }

  private void turnAway(Socket socket, byte @Nullable [] answer, String why) {
    turnedAway.incrementAndGet();
    if (answer == null || away.get() >= MOST_AWAY) {
      socket.discard();
    } else {
      away.incrementAndGet();
      home.adopt(
          socket,
          awayTerms,
          conn -> {
            conn.become(new TurnedAway(conn, answer));
            conn.wakeAt(home.nowNs() + AWAY_NS);
          });
    }
    warn(
        "No room for a connection: "
            + open
            + " are open, "
            + why
            + "; "
            + turnedAway
            + " were turned away so far.");
  }

  /// The system would not accept; the poller has stopped accepting.
  void failed(@Nullable IOException error) {
    pause(
        "Accepting pauses for a moment: "
            + (error == null ? "the system refused" : error.getMessage())
            + "; "
            + open
            + " connections are open. Is the open-file limit (ulimit -n) too low?");
    acceptLater();
  }

  private void acceptLater() {
    home.wheel().schedule(retry, home.nowNs() + RETRY_NS);
  }

  private void pause(String why) {
    warn(why);
    accepting = false;
    home.poller().accepting(false);
  }

  private void warn(String why) {
    Loop loop = home;
    if (loop.nowNs() - loggedNs >= LOG_NS) {
      loggedNs = loop.nowNs();
      LOG.log(Level.WARNING, why);
    }
  }

  private void acceptIfAllowed() {
    if (listening && !accepting) {
      accepting = true;
      home.poller().accepting(true);
    }
  }

  private void gone(Socket socket) {
    open.decrementAndGet();
    InetAddress address = addressOf(socket);
    if (address != null) {
      byAddress.remove(AddressCounts.key(address));
    }
  }
}
