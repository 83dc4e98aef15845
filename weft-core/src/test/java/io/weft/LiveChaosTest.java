package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.weft.Delivery.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A live connection under a network that breaks it again and again, and a server that closes it.
/// What network and application do follows from the seed; how it falls together is the scheduler's.
///
/// What must hold, for every run: on each connection arrives a prefix of what was told as sent on
/// it; on the one that ended well, all of it; so whatever was kept when a connection broke arrives
/// on a later one, unless that breaks too behind the kernel's back. Over all connections each
/// message arrives at most once, in the order given. What was told as expired or refused never
/// arrives.
final class LiveChaosTest {

  private static final int AT_ONCE = 48;
  private static final Tls TRUSTING = Tls.system().trust(TlsServerTest.AUTHORITY.trust());

  @Test
  @Timeout(600)
  void deliversWhatItKept() throws Exception {
    run(1, 300);
  }

  @Test
  @Tag("full")
  @Timeout(1800)
  void deliversWhatItKeptManyTimes() throws Exception {
    run(1_000_000, 10_000);
  }

  /// What happened in some runs together: each of these must have happened, or nothing was tested.
  private static final class Tally {
    final AtomicInteger connections = new AtomicInteger();
    final AtomicInteger messages = new AtomicInteger();
    final AtomicInteger keptAtABreak = new AtomicInteger();
    final AtomicInteger cutWhileLeaving = new AtomicInteger();
    final AtomicInteger expired = new AtomicInteger();
    final AtomicInteger twice = new AtomicInteger();
    final AtomicInteger lost = new AtomicInteger();

    void assertAll() {
      for (var each : List.of(keptAtABreak, cutWhileLeaving, expired, twice, lost)) {
        assertTrue(each.get() > 0, toString());
      }
    }

    @Override
    public String toString() {
      return "%s connections, %s messages, %s kept at a break, %s cut while leaving, %s expired, %s arrived twice, %s lost"
          .formatted(connections, messages, keptAtABreak, cutWhileLeaving, expired, twice, lost);
    }
  }

  private static void run(long firstSeed, int runs) throws Exception {
    Tally tally = new Tally();
    Sink sink = new Sink();
    try (Server plain = builder(sink).start();
        Server secured = builder(sink).tls(TlsServerTest.localhost()).start();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Semaphore places = new Semaphore(AT_ONCE);
      List<Future<?>> done = new ArrayList<>();
      for (long seed = firstSeed; seed < firstSeed + runs; seed++) {
        boolean tls = seed % 8 < 2;
        Run run = new Run(seed, tls, (tls ? secured : plain).port(), sink, tally);
        places.acquire();
        done.add(
            threads.submit(() -> {
              try {
                run.play();
              } catch (Throwable e) {
                throw new AssertionError("seed " + run.seed + ": " + e.getMessage(), e);
              } finally {
                places.release();
              }
              return null;
            }));
      }
      for (Future<?> each : done) {
        each.get();
      }
    }
    System.out.println(tally);
    tally.assertAll();
    ClientRig.awaitNothing();
  }

  private static Server.Builder builder(Sink sink) {
    return Server.at("127.0.0.1", 0)
        .loops(1)
        .closeAtShutdown(false)
        .limits(LiveChaosTest::short_)
        .route("/sink/{seed}", sink);
  }

  private static void short_(Limits.Builder limits) {
    limits
        .idlePing(Duration.ofMillis(300))
        .pongTimeout(Duration.ofMillis(500))
        .handshakeTimeout(Duration.ofSeconds(2))
        .progressTimeout(Duration.ofMillis(500))
        .closeTimeout(Duration.ofMillis(500))
        .controlFrameBurst(100_000)
        .keptTimeout(Duration.ofMinutes(10))
        .keptMessages(100)
        .keptBytes(16 << 20)
        .messageBytes(4 << 20)
        .outboxSoftBytes(20_000)
        .outboxHardBytes(4 << 20);
  }

  /// Notes what arrives, by seed and connection.
  private static final class Sink implements Endpoint {

    /// What one run's server side does: closes after that many messages, 0 for never.
    final Map<String, SplittableRandom> chance = new ConcurrentHashMap<>();

    /// What arrived, by the greeting that came first: seed and number of the connection.
    final Map<String, List<Integer>> arrived = new ConcurrentHashMap<>();

    @Override
    public void text(WebSocket ws, String text) {
      if (text.startsWith("hello ")) {
        String name = ws.param("seed") + "/" + text.substring("hello ".length());
        ws.attributes().put("name", name);
        arrived.put(name, new ArrayList<>());
        return;
      }
      List<Integer> numbers = arrived.get((String) ws.attributes().get("name"));
      if (numbers == null) {
        return; // of a connection long given up, and its run is judged
      }
      numbers.add(Integer.parseInt(text.substring(0, text.indexOf(' '))));
      SplittableRandom random = chance.get(ws.param("seed"));
      if (random != null && random.nextInt(40) == 0) {
        ws.close(random.nextBoolean() ? 1001 : 1012, "go");
      }
    }
  }

  /// One run.
  private static final class Run implements Endpoint {
    final long seed;
    private final boolean atLeastOnce;
    private final SplittableRandom random;
    private final boolean tls;
    private final int serverPort;
    private final Sink sink;
    private final Tally tally;

    /// What was sent, by the number of the connection it left on. The loop's thread writes.
    private final List<List<Integer>> sent = new ArrayList<>();

    /// How each connection ended.
    private final List<Close> closes = new ArrayList<>();

    /// What was told as sent before this test came to ask: on which connection it cannot say.
    private final Set<Integer> unplaced = ConcurrentHashMap.newKeySet();

    private final Map<Integer, Outcome> others = new ConcurrentHashMap<>();
    private final List<Delivery> deliveries = new ArrayList<>();
    private final AtomicInteger connections = new AtomicInteger();
    private volatile Live live;

    Run(long seed, boolean tls, int serverPort, Sink sink, Tally tally) {
      this.seed = seed;
      this.atLeastOnce = seed % 2 == 0;
      this.random = new SplittableRandom(seed);
      this.tls = tls;
      this.serverPort = serverPort;
      this.sink = sink;
      this.tally = tally;
    }

    @Override
    public void opened(WebSocket ws) {
      int number = connections.getAndIncrement();
      sent.add(new ArrayList<>());
      ws.send("hello " + number);
    }

    @Override
    public void closed(WebSocket ws, Close close) {
      closes.add(close);
      Live now = live;
      if (now != null && close.by() != Close.By.SELF) {
        tally.keptAtABreak.addAndGet(now.keptMessages());
        tally.cutWhileLeaving.addAndGet(ws.bufferedBytes() > 0 ? 1 : 0);
      }
    }

    void play() throws Exception {
      SplittableRandom plans = random.split();
      int bad = random.nextInt(1, 7);
      sink.chance.put("" + seed, random.split());
      try (ChaosProxy proxy =
          new ChaosProxy(
              serverPort,
              number -> {
                synchronized (plans) {
                  return number < bad ? ChaosProxy.Plan.of(plans) : ChaosProxy.Plan.CLEAN;
                }
              })) {
        Client client =
            Client.to((tls ? "wss" : "ws") + "://127.0.0.1:" + proxy.port() + "/sink/" + seed)
                .limits(LiveChaosTest::short_);
        if (tls) {
          client = client.tls(TRUSTING);
        }
        Reconnect quick =
            Reconnect.defaults()
                .delays(Duration.ofMillis(1), Duration.ofMillis(20))
                .giveUpWhen(ending -> false);
        live = client.stayConnected(this, atLeastOnce ? quick.atLeastOnce() : quick);
        send();
        awaitAllSettled();
        live.close();
        Live.State.Closed end = live.closed().get(60, TimeUnit.SECONDS);
        assertEquals(0, end.dropped());
        judge();
      } finally {
        live.close();
        sink.chance.remove("" + seed);
      }
    }

    private void send() throws InterruptedException {
      int count = random.nextInt(5, 60);
      int scale = random.nextInt(10) == 0 ? 18 : random.nextInt(4, 13);
      for (int number = 0; number < count; number++) {
        Message message = new Message.Text(number + " " + "x".repeat(random.nextInt(1 << scale)));
        Duration within = Duration.ofMillis(random.nextInt(20) == 0 ? 10 : 600_000);
        Delivery delivery = live.send(message, within);
        deliveries.add(delivery);
        int which = number;
        var _ = delivery.settled().thenAccept(outcome -> settled(which, outcome));
        if (random.nextInt(3) == 0) {
          Thread.sleep(random.nextInt(12));
        }
      }
      tally.messages.addAndGet(count);
    }

    private void settled(int number, Outcome outcome) {
      if (outcome == Outcome.SENT && !ClientLoop.shared().loop.isCurrent()) {
        unplaced.add(number);
      } else if (outcome == Outcome.SENT) {
        sent.getLast().add(number);
      } else {
        others.put(number, outcome);
      }
    }

    private void awaitAllSettled() throws InterruptedException {
      long deadline = System.nanoTime() + Duration.ofMinutes(5).toNanos();
      for (Delivery each : deliveries) {
        while (each.outcome() == Outcome.KEPT) {
          if (System.nanoTime() > deadline) {
            fail(deliveries.indexOf(each) + " is still kept, " + live.state());
          }
          Thread.sleep(1);
        }
      }
      sink.chance.remove("" + seed); // from here on the server closes nothing
    }

    private void judge() throws Exception {
      int count = connections.get();
      List<List<Integer>> told = ClientRig.onLoop(() -> sent.stream().map(List::copyOf).toList());
      List<List<Integer>> arrived = new ArrayList<>();
      for (int number = 0; number < count; number++) {
        List<Integer> here = sink.arrived.remove(seed + "/" + number);
        arrived.add(here == null ? List.of() : List.copyOf(here));
      }
      int sentInAll = told.stream().mapToInt(List::size).sum() + unplaced.size();
      assertEquals(deliveries.size(), sentInAll + others.size(), "each is told, once");
      if (atLeastOnce) {
        judgeAtLeastOnce(told, arrived);
      } else {
        judgeAtMostOnce(told, arrived);
        tally.lost.addAndGet(sentInAll - arrived.stream().mapToInt(List::size).sum());
      }
      tally.connections.addAndGet(count);
      tally.expired.addAndGet(others.size());
    }

    private void judgeAtMostOnce(List<List<Integer>> told, List<List<Integer>> arrived) {
      int last = -1;
      for (int number = 0; number < told.size(); number++) {
        List<Integer> got =
            arrived.get(number).stream().filter(each -> !unplaced.contains(each)).toList();
        String where = "connection " + number + ", " + closes.get(number) + ": ";
        assertTrue(got.size() <= told.get(number).size(), where + got + told.get(number));
        assertEquals(told.get(number).subList(0, got.size()), got, where + "a prefix");
        for (int each : got) {
          assertTrue(each > last, where + got + " behind " + last);
          assertTrue(!others.containsKey(each), where + each + " was told as " + others.get(each));
          last = each;
        }
        if (endedWell(closes.get(number))) {
          assertEquals(told.get(number), got, where + "all of it");
        }
      }
    }

    private void judgeAtLeastOnce(List<List<Integer>> told, List<List<Integer>> arrived) {
      List<Integer> firsts =
          arrived.stream()
              .flatMap(List::stream)
              .distinct()
              .filter(n -> !others.containsKey(n))
              .toList();
      List<Integer> all =
          Stream.concat(told.stream().flatMap(List::stream), unplaced.stream()).sorted().toList();
      assertEquals(all, firsts, "every one, in order");
      for (List<Integer> here : arrived) {
        assertEquals(
            here.stream().sorted().distinct().toList(), here, "in order, once a connection");
      }
      tally.twice.addAndGet(
          arrived.stream().mapToInt(List::size).sum()
              - (int) arrived.stream().flatMap(List::stream).distinct().count());
    }

    /// Whether the server answered our Close, and so had read all before it. One that closes first
    /// takes no more messages, and what is under way is lost.
    private static boolean endedWell(Close close) {
      return close.by() == Close.By.SELF && close.code() == Close.NORMAL;
    }
  }
}
