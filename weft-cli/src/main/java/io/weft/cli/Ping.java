package io.weft.cli;

import io.weft.Close;
import io.weft.ConnectionClosedException;
import io.weft.Conversation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.TypeConversionException;

/// `weft ping`: round-trip times of a WebSocket, as ping(8) has them of a host.
@Command(
    name = "ping",
    description = {
      "Measures round trips of WebSocket pings: what a message takes through proxies, TLS and the"
          + " server's own queue.",
      "",
      "Pings every --interval until --count or Ctrl-C, and says what the round trips add up to."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    abbreviateSynopsis = true,
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:every ping was answered",
      "1:a ping was not answered in time, or the connection ended",
      "2:the command line is wrong",
      "69:the server cannot be reached",
      "70:weft itself failed",
      "74:the output cannot be written",
      "76:the server refused the handshake, or did not answer it as it should",
      "130, 143:ended by Ctrl-C, by SIGTERM, after the summary"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  weft ping ws://localhost:8080/echo         once a second, until Ctrl-C",
      "  weft ping -c 5 :8080/echo                  five times",
      "  weft ping -c 100 -i 20ms -q :8080/echo     the summary of many",
      "  weft ping -c 1 -W 2s :8080/echo && echo alive"
    })
final class Ping implements Callable<Integer> {

  /// As many as [io.weft.WebSocket#ping()] takes at once.
  private static final int UNDER_WAY = 16;

  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @ParentCommand
  private Main main;

  @Mixin private ClientOptions target = new ClientOptions();

  @Option(
      names = {"-c", "--count"},
      paramLabel = "COUNT",
      converter = PipeOptions.Count.class,
      description = "Stop after so many pings. Default: go on until Ctrl-C")
  private int count = Integer.MAX_VALUE;

  @Option(
      names = {"-i", "--interval"},
      paramLabel = "TIME",
      converter = Interval.class,
      description = "From a ping to the next, 1ms at least. Default: 1s")
  private Duration interval = Duration.ofSeconds(1);

  @Option(
      names = {"-W", "--timeout"},
      paramLabel = "TIME",
      converter = ClientOptions.Time.class,
      description = "How long to wait for the last pongs. Default: 10s")
  private Duration timeout = Duration.ofSeconds(10);

  @Option(
      names = {"-q", "--quiet"},
      description = "Print the summary alone")
  private boolean quiet;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Guarded by the lock:
  private int sent;
  private int answered;
  private double leastMs = Double.MAX_VALUE;
  private double mostMs;
  private double sumMs;
  private double sumOfSquares;
  private boolean summarized;
  private @Nullable Close end;
  private @Nullable Failure failure;

  @Override
  public Integer call() throws InterruptedException {
    Conversation ws = target.connect();
    say("ping " + Escape.printable(target.url()) + " (" + ws.remoteAddress() + ")", !quiet);
    long startNs = System.nanoTime();
    Thread.ofVirtual().name("weft-receive").start(() -> receive(ws));
    Thread hook =
        Thread.ofPlatform()
            .name("weft-stop")
            .unstarted(() -> {
              summarize(startNs);
              ws.close(Close.GOING_AWAY, "");
              ws.close();
            });
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      pingAll(ws);
      awaitPongs();
      summarize(startNs);
    } finally {
      Pipe.forget(hook);
      ws.close();
    }
    return verdict();
  }

  /// Takes what the server sends, so that its pongs are not held up behind it.
  private void receive(Conversation ws) {
    try {
      while (true) {
        ws.receive();
      }
    } catch (ConnectionClosedException e) {
      locked(() -> end = e.close());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void pingAll(Conversation ws) throws InterruptedException {
    long startNs = System.nanoTime();
    for (int number = 1; number <= count && isGoingOn(); number++) {
      if (!awaitTurn(startNs + (number - 1L) * interval.toNanos())) {
        return;
      }
      ping(ws, number);
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // it counts itself
  private void ping(Conversation ws, int number) {
    locked(() -> sent++);
    ws.ping()
        .whenCompleteAsync(
            (trip, lost) -> {
              if (lost == null) {
                pong(number, trip);
              }
            },
            task -> Thread.ofVirtual().start(task));
  }

  private void pong(int number, Duration trip) {
    lock.lock();
    try {
      double ms = trip.toNanos() / 1e6;
      answered++;
      leastMs = Math.min(leastMs, ms);
      mostMs = Math.max(mostMs, ms);
      sumMs += ms;
      sumOfSquares += ms * ms;
      if (!summarized) {
        say("pong " + number + ": " + Session.milliseconds(trip) + " ms", !quiet);
      }
    } catch (Failure e) {
      failure = e;
    } finally {
      changed.signalAll();
      lock.unlock();
    }
  }

  private void locked(Runnable change) {
    lock.lock();
    try {
      change.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private boolean isGoingOn() {
    lock.lock();
    try {
      return end == null && failure == null;
    } finally {
      lock.unlock();
    }
  }

  /// Waits until it is time, and few enough pings are under way.
  ///
  /// @return false if the connection has ended before
  private boolean awaitTurn(long dueNs) throws InterruptedException {
    lock.lock();
    try {
      while (end == null && failure == null) {
        long leftNs = dueNs - System.nanoTime();
        boolean full = sent - answered >= UNDER_WAY;
        if (leftNs <= 0 && !full) {
          return true;
        }
        changed.await(full ? Long.MAX_VALUE : leftNs, TimeUnit.NANOSECONDS);
      }
      return false;
    } finally {
      lock.unlock();
    }
  }

  private void awaitPongs() throws InterruptedException {
    lock.lock();
    try {
      long leftNs = timeout.toNanos();
      while (answered < sent && end == null && failure == null && leftNs > 0) {
        leftNs = changed.awaitNanos(leftNs);
      }
    } finally {
      lock.unlock();
    }
  }

  private void summarize(long startNs) {
    lock.lock();
    try {
      if (summarized || failure != null) {
        return;
      }
      summarized = true;
      double lost = sent == 0 ? 0 : 100.0 * (sent - answered) / sent;
      say(
          String.format(
              Locale.ROOT,
              "%d pings, %d pongs, %.1f %% lost, in %.1f s",
              sent,
              answered,
              lost,
              (System.nanoTime() - startNs) / 1e9),
          true);
      if (answered > 0) {
        double mean = sumMs / answered;
        double deviation = Math.sqrt(Math.max(0, sumOfSquares / answered - mean * mean));
        say(
            String.format(
                Locale.ROOT,
                "min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms",
                leastMs,
                mean,
                mostMs,
                deviation),
            true);
      }
    } finally {
      lock.unlock();
    }
  }

  private int verdict() {
    lock.lock();
    try {
      if (failure != null) {
        throw failure;
      }
      if (answered < sent || answered == 0) {
        if (end != null) {
          throw new Failure(Main.ENDED_BADLY, Session.sentence(end, "the server"));
        }
        return Main.ENDED_BADLY;
      }
      return end != null && count != answered ? Main.ENDED_BADLY : 0;
    } finally {
      lock.unlock();
    }
  }

  /// Prints a line, if it is wanted.
  private void say(String line, boolean wanted) {
    if (!wanted) {
      return;
    }
    try {
      main.streams().out().write((line + "\n").getBytes(StandardCharsets.UTF_8));
      main.streams().out().flush();
    } catch (IOException e) {
      throw new Failure(Main.CANNOT_WRITE, "standard output cannot be written: " + e.getMessage());
    }
  }

  static final class Interval implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      Duration time = Times.parse(text);
      if (time.isZero()) {
        throw new TypeConversionException("an interval is 1ms at least");
      }
      return time;
    }
  }
}
