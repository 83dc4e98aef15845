package io.weft.cli.bench;

import io.weft.Client;
import io.weft.HandshakeException;
import io.weft.WebSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/// One run: connect, warm up, measure, wait for the last echoes, close.
public final class Run {

  /// Handshakes under way at once; a server may have a short backlog.
  private static final int CONNECTING = 64;

  /// How often a paced run looks for what is due, in ns: as exact as a sleeping thread is.
  private static final long TICK_NS = 100_000;

  private static final long SECOND_NS = 1_000_000_000;

  /// What is told of a run while it goes on.
  public interface Listener {
    /// Connections are open.
    void opened(int connections);

    /// A second has passed, or what is left of one at the end.
    ///
    /// @param measured whether it counts, or the connections still warm up
    /// @param seconds that have passed
    /// @param last what was echoed in it, in ns each
    void second(boolean measured, double seconds, Histogram last, long failures);
  }

  private final Client client;
  private final Plan plan;
  private final Listener listener;
  private final Tally tally = new Tally();
  private final List<Talker> talkers = new ArrayList<>();
  private final CountDownLatch stopped = new CountDownLatch(1);

  /// Prepares a run.
  ///
  /// @param client that knows the URL, headers and the like
  public Run(Client client, Plan plan, Listener listener) {
    this.client =
        client.limits(limits -> {
          limits.messageBytes(Math.max(1 << 20, plan.bytes()));
          limits.outboxHardBytes(Math.max(1 << 20, plan.bytes()));
        });
    this.plan = plan;
    this.listener = listener;
  }

  /// Ends it before its time, from any thread: [#run()] returns with what was measured so far.
  public void stop() {
    stopped.countDown();
  }

  /// Does all of it.
  ///
  /// @return what it measured; nothing, if not one connection could be opened
  public Result run() throws InterruptedException {
    connect();
    // One that the server has closed, or answered wrongly, since then was opened all the same.
    List<Talker> open = talkers.stream().filter(Talker::wasOpened).toList();
    listener.opened(open.size());
    if (open.isEmpty()) {
      return new Result(0, 0, Tally.empty(), tally.failures(), 0);
    }
    long startNs = System.nanoTime();
    long intervalNs = plan.isPaced() ? (long) (open.size() * SECOND_NS / plan.rate()) : 0;
    for (int at = 0; at < open.size(); at++) {
      long firstNs = startNs + (plan.isPaced() ? intervalNs * at / open.size() : 0);
      open.get(at).talk(firstNs, intervalNs);
    }
    Thread pacer =
        Thread.ofPlatform().daemon().name("weft-bench-pacer").unstarted(() -> pace(open));
    if (plan.isPaced()) {
      pacer.start();
    }
    pass(plan.warmUp(), false, open);
    Result result = measure(open);
    open.forEach(Talker::hush);
    pacer.interrupt();
    awaitLast(open);
    open.forEach(Talker::close);
    return new Result(
        open.size(),
        result.seconds(),
        result.latencies(),
        tally.failures(),
        result.processorShare());
  }

  private Result measure(List<Talker> open) throws InterruptedException {
    tally.take(); // what was echoed before does not count
    long fromNs = System.nanoTime();
    Duration busyBefore = processorTime();
    Histogram all = pass(plan.duration(), true, open);
    double seconds = (System.nanoTime() - fromNs) / (double) SECOND_NS;
    double busy = processorTime().minus(busyBefore).toNanos() / (double) SECOND_NS;
    return new Result(open.size(), seconds, all, tally.failures(), busy / seconds);
  }

  private static Duration processorTime() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
  }

  // ---- Connecting
  // ---------------------------------------------------------------------------------

  private void connect() throws InterruptedException {
    Semaphore places = new Semaphore(CONNECTING);
    List<CompletableFuture<WebSocket>> opening = new ArrayList<>();
    for (int number = 0; number < plan.connections() && stopped.getCount() > 0; number++) {
      places.acquire();
      Talker talker = new Talker(plan, tally, number);
      talkers.add(talker);
      opening.add(client.connect(talker).whenComplete((ws, failure) -> places.release()));
    }
    for (CompletableFuture<WebSocket> one : opening) {
      try {
        one.get(); // the client's own deadlines end it
      } catch (ExecutionException e) {
        tally.failed(words(e.getCause()));
      }
    }
  }

  private static String words(@Nullable Throwable failure) {
    if (failure instanceof HandshakeException handshake && handshake.status() > 0) {
      return "the handshake was answered with " + handshake.status();
    }
    return failure == null ? "no connection" : String.valueOf(failure.getMessage());
  }

  // ---- Time
  // ---------------------------------------------------------------------------------------

  /// Lets time pass, telling of each second.
  ///
  /// @return what was echoed meanwhile
  private Histogram pass(Duration time, boolean measured, List<Talker> open)
      throws InterruptedException {
    Histogram all = Tally.empty();
    long endNs = System.nanoTime() + time.toNanos();
    long fromNs = System.nanoTime();
    for (long left = time.toNanos(); left > 0; left = endNs - System.nanoTime()) {
      boolean early = stopped.await(Math.min(left, SECOND_NS), TimeUnit.NANOSECONDS);
      Histogram last = tally.take();
      all.add(last);
      long nowNs = System.nanoTime();
      double seconds = (nowNs - fromNs) / (double) SECOND_NS;
      fromNs = nowNs;
      listener.second(
          measured,
          seconds,
          last,
          tally.failures().values().stream().mapToLong(Long::longValue).sum());
      if (early || open.stream().noneMatch(Talker::isOpen)) {
        break; // or nobody is left to wait for
      }
    }
    return all;
  }

  private void pace(List<Talker> open) {
    while (!Thread.currentThread().isInterrupted()) {
      open.forEach(Talker::tick);
      LockSupport.parkNanos(TICK_NS);
    }
  }

  private void awaitLast(List<Talker> open) throws InterruptedException {
    long endNs = System.nanoTime() + plan.timeout().toNanos();
    long waiting = waiting(open);
    while (waiting > 0 && System.nanoTime() - endNs < 0) {
      Thread.sleep(1);
      waiting = waiting(open);
    }
    if (waiting > 0) {
      tally.failed("no echo within " + plan.timeout().toMillis() + " ms of the end", waiting);
    }
  }

  private static long waiting(List<Talker> open) {
    return open.stream().mapToLong(Talker::inFlight).sum();
  }
}
