package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Delivery.Outcome;
import io.weft.net.Fault;
import io.weft.net.Loop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Live connections and servers that go, come back, or say that it is for good.
@Timeout(60)
final class LiveTest {

  private static final Reconnect QUICK =
      Reconnect.defaults().delays(Duration.ofMillis(1), Duration.ofMillis(20));

  /// What the server has heard, on whichever connection.
  private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

  private final BlockingQueue<Live.State> states = new LinkedBlockingQueue<>();
  private final List<Live> lives = new ArrayList<>();
  private @Nullable Server server;

  /// Notes what it hears, and does what it is told in the path.
  private final class Listening implements Endpoint {
    @Override
    public Handshake opening(Request request) {
      String status = request.query("status");
      if (status != null) {
        Response refusal = Response.text(Integer.parseInt(status), "no");
        String after = request.query("after");
        return Handshake.refuse(after == null ? refusal : refusal.header("Retry-After", after));
      }
      return Handshake.accept();
    }

    @Override
    public void opened(WebSocket ws) {
      String code = ws.request().query("code");
      if (code != null) {
        ws.close(Integer.parseInt(code), "so it is");
      }
    }

    @Override
    public void text(WebSocket ws, String text) {
      heard.add(text);
    }

    @Override
    public void binary(WebSocket ws, ByteBuffer data) {
      heard.add(data.remaining() + " bytes");
    }
  }

  /// Sends a word first on each connection.
  private static final class Subscribing implements Endpoint {
    private final AtomicInteger opened = new AtomicInteger();
    private final BlockingQueue<Close> closed = new LinkedBlockingQueue<>();

    @Override
    public void opened(WebSocket ws) {
      ws.send("subscribe " + opened.incrementAndGet());
    }

    @Override
    public void closed(WebSocket ws, Close close) {
      closed.add(close);
    }
  }

  @BeforeEach
  void nothingIsThere() throws Exception {
    ClientRig.awaitNothing();
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    lives.forEach(Live::close);
    if (server != null) {
      server.close(Duration.ofSeconds(5));
    }
    ClientRig.awaitNothing();
  }

  private Server start(int port) {
    Server started =
        Server.at("127.0.0.1", port)
            .loops(1)
            .closeAtShutdown(false)
            .limits(l -> l.drainSpread(Duration.ofMillis(1)))
            .route("/feed", new Listening())
            .start();
    server = started;
    return started;
  }

  private void stop() throws InterruptedException {
    server.close(Duration.ofSeconds(5));
  }

  private Live live(Client client, Endpoint endpoint, Reconnect how) {
    Live live = client.stayConnected(endpoint, how.onState(states::add));
    lives.add(live);
    return live;
  }

  private static Client to(int port, String target) {
    return Client.to("ws://127.0.0.1:" + port + target);
  }

  private Live live(int port, String target, Reconnect how) {
    return live(to(port, target), new Endpoint() {}, how);
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  private void assertHears(String... texts) throws InterruptedException {
    for (String text : texts) {
      assertEquals(text, heard.poll(20, TimeUnit.SECONDS));
    }
  }

  /// Waits for the next state of that kind.
  private <S extends Live.State> S await(Class<S> kind) throws InterruptedException {
    while (true) {
      Live.State next = states.poll(20, TimeUnit.SECONDS);
      if (kind.isInstance(next)) {
        return kind.cast(next);
      }
      assertFalse(next == null || next instanceof Live.State.Closed, "not " + kind + ": " + next);
    }
  }

  private static Outcome settled(Delivery delivery) throws Exception {
    return delivery.settled().get(20, TimeUnit.SECONDS);
  }

  // ---- Coming back ----------------------------------------------------------------------------

  @Test
  void sendsWhenThereIsAConnection() throws Exception {
    int port = freePort();
    Live live = live(port, "/feed", QUICK);
    Delivery text = live.send("one");
    Delivery bytes = live.send(new byte[300_000]);
    assertInstanceOf(Ending.Failed.class, await(Live.State.Waiting.class).why());
    assertEquals(Outcome.KEPT, text.outcome());
    assertEquals(2, live.keptMessages());
    assertEquals(300_003, live.keptBytes());
    start(port);
    assertHears("one", "300000 bytes");
    assertEquals(Outcome.SENT, settled(text));
    assertEquals(Outcome.SENT, settled(bytes));
    assertEquals(0, live.keptMessages());
    assertEquals(0, live.keptBytes());
    assertInstanceOf(Live.State.Open.class, live.state());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void comesBackAndSubscribesFirst(boolean confirms) throws Exception {
    int port = start(0).port();
    Subscribing endpoint = new Subscribing();
    Live live = live(to(port, "/feed"), endpoint, confirms ? QUICK.atLeastOnce() : QUICK);
    assertEquals(Outcome.SENT, settled(live.send("a")));
    assertHears("subscribe 1", "a");
    stop();
    Live.State.Waiting waiting = await(Live.State.Waiting.class);
    assertEquals(1001, waiting.why().closeCode());
    assertEquals(1001, endpoint.closed.take().code());
    Delivery kept = live.send("b");
    live.send("c");
    start(port);
    assertHears("subscribe 2", "b", "c");
    assertEquals(Outcome.SENT, settled(kept));
  }

  @ParameterizedTest
  @CsvSource({"PT0.001S, 1", "PT1H, 4"})
  void countsAttemptsUntilOneProvesItself(Duration proven, int attempt) throws Exception {
    int port = freePort();
    live(port, "/feed", QUICK.provenAfter(proven));
    for (int at = 1; at <= 3; at++) {
      assertEquals(at, await(Live.State.Connecting.class).attempt());
    }
    start(port);
    await(Live.State.Open.class);
    Thread.sleep(50); // which is proof, or is not
    stop();
    int next = await(Live.State.Connecting.class).attempt();
    assertTrue(attempt == 1 ? next == 1 : next >= attempt, "attempt " + next);
  }

  @Test
  void noticesAPeerThatFellSilent() throws Exception {
    int port = start(0).port();
    AtomicInteger connection = new AtomicInteger();
    try (ChaosProxy proxy =
        new ChaosProxy(
            port,
            number ->
                connection.getAndIncrement() == 0
                    ? new ChaosProxy.Plan(0, 1000, 0, ChaosProxy.Fate.BLACKHOLE, true, 400)
                    : ChaosProxy.Plan.CLEAN)) {
      Client client =
          to(proxy.port(), "/feed")
              .limits(l -> l.idlePing(Duration.ofMillis(50)).pongTimeout(Duration.ofMillis(100)));
      Live live = live(client, new Subscribing(), QUICK.atLeastOnce());
      Delivery lost = live.send("x".repeat(1000)); // its end vanishes
      assertEquals(Outcome.SENT, settled(lost));
      assertEquals(2, connection.get());
    }
  }

  @Test
  void thousandsShareOneLoop() throws Exception {
    int port = start(0).port();
    int threads = Thread.activeCount();
    int many = 500;
    for (int at = 0; at < many; at++) {
      live(port, "/feed", QUICK).send("first");
    }
    for (int at = 0; at < many; at++) {
      assertHears("first");
    }
    stop();
    lives.forEach(each -> each.send("second"));
    start(port);
    for (int at = 0; at < many; at++) {
      assertHears("second");
    }
    assertTrue(Thread.activeCount() <= threads + 3, "no thread of its own");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void movesToAnotherLoopWhenItsOwnFails(boolean isOpen) throws Exception {
    int port = isOpen ? start(0).port() : freePort();
    Live live = live(port, "/feed", QUICK);
    if (isOpen) {
      live.send("before");
      assertHears("before");
      await(Live.State.Open.class);
    } else {
      await(Live.State.Waiting.class);
    }
    Loop failing = ClientLoop.shared().loop;
    try (Logged logged = new Logged()) {
      Fault.failPoller(failing);
      Probe.until("it has failed", failing::hasFailed);
      Delivery kept = live.send("kept");
      if (isOpen) {
        Ending why = await(Live.State.Waiting.class).why();
        assertTrue(why.what().contains("the loop failed"), why.what());
      } else {
        start(port);
      }
      assertHears("kept");
      assertEquals(Outcome.SENT, settled(kept));
      await(Live.State.Open.class);
      assertEquals(Outcome.SENT, settled(live.send("again")));
      live.close();
      live.closed().get(20, TimeUnit.SECONDS);
      assertEquals(1, logged.count("The loop cannot go on"), logged.all());
    } // the failed loop ends by itself when nobody uses it
  }

  // ---- For good -------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "1000, false",
    "1001, false",
    "1002, true",
    "1003, false",
    "1008, true",
    "1009, false",
    "1011, false",
    "1012, false",
    "1013, false",
    "3000, false",
    "3999, false",
    "4000, true",
    "4999, true",
  })
  void respectsCloseCodes(int code, boolean isFinal) throws Exception {
    Live live = live(start(0).port(), "/feed?code=" + code, QUICK);
    if (isFinal) {
      Live.State.Closed closed = live.closed().get(20, TimeUnit.SECONDS);
      assertEquals(code, closed.why().closeCode());
      assertEquals(0, closed.why().status());
      assertTrue(closed.why().what().contains("so it is"), closed.why().what());
      assertEquals(Outcome.CLOSED, live.send("too late").outcome());
    } else {
      assertEquals(code, await(Live.State.Waiting.class).why().closeCode());
      await(Live.State.Open.class);
    }
  }

  /// A handler that throws would throw again on the next connection, and without end.
  @ParameterizedTest
  @CsvSource({"opened, false", "text, false", "binary, false", "text, true", "opened, true"})
  void isOverWhenOurOwnHandlerThrows(String where, boolean ownRule) throws Exception {
    AtomicInteger opened = new AtomicInteger();
    Endpoint throwing =
        new Endpoint() {
          @Override
          public void opened(WebSocket ws) {
            opened.incrementAndGet();
            fail("opened");
          }

          @Override
          public void text(WebSocket ws, String text) {
            fail("text");
          }

          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            fail("binary");
          }

          private void fail(String here) {
            if (where.equals(here)) {
              throw new IllegalStateException("on purpose");
            }
          }
        };
    Probe greets =
        new Probe() {
          @Override
          public void opened(WebSocket ws) throws Exception {
            ws.send("hi");
            ws.send(new byte[1]);
          }
        };
    try (Logged logged = new Logged();
        Rig rig = Rig.of(new Rig.Watched(), server -> server.route("/greets", greets))) {
      Reconnect how = ownRule ? QUICK.giveUpWhen(ending -> false) : QUICK;
      Live live = live(to(rig.port(), "/greets"), throwing, how);
      Live.State.Closed closed = live.closed().get(20, TimeUnit.SECONDS);
      assertEquals(1011, closed.why().closeCode());
      assertEquals(
          "1011 the client failed: a handler threw java.lang.IllegalStateException: on purpose",
          closed.why().what());
      assertEquals(closed, live.state());
      assertEquals(1, opened.get());
      assertEquals("the client failed", greets.awaitClosed().reason(), "no more for the server");
      assertEquals(1, logged.count("threw"), logged.all());
      assertEquals(Outcome.CLOSED, live.send("too late").outcome());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "301, false",
    "400, true",
    "401, true",
    "403, true",
    "404, true",
    "408, false",
    "410, true",
    "425, false",
    "429, false",
    "499, true",
    "500, false",
    "503, false",
  })
  void respectsStatuses(int status, boolean isFinal) throws Exception {
    Live live = live(start(0).port(), "/feed?status=" + status, QUICK);
    Delivery kept = live.send("kept");
    if (isFinal) {
      Live.State.Closed closed = live.closed().get(20, TimeUnit.SECONDS);
      assertEquals(status, closed.why().status());
      assertEquals(0, closed.why().closeCode());
      assertEquals(Outcome.CLOSED, settled(kept));
      assertTrue(closed.why().what().contains("" + status), closed.why().what());
    } else {
      assertEquals(status, await(Live.State.Waiting.class).why().status());
      assertEquals(2, await(Live.State.Connecting.class).attempt());
      assertEquals(Outcome.KEPT, kept.outcome());
    }
  }

  @Test
  void letsTheApplicationDecide() throws Exception {
    int port = start(0).port();
    live(port, "/feed?code=4001", QUICK.giveUpWhen(e -> e.closeCode() == 1000));
    await(Live.State.Waiting.class);
    Live other = live(port, "/feed?code=1000", QUICK.giveUpWhen(e -> e.closeCode() == 1000));
    assertEquals(1000, other.closed().get(20, TimeUnit.SECONDS).why().closeCode());
  }

  @Test
  void endsWhenTheApplicationsDecisionFails() throws Exception {
    int port = start(0).port();
    try (Logged logged = new Logged()) {
      Reconnect broken =
          QUICK.giveUpWhen(e -> {
            throw new IllegalStateException("on purpose");
          });
      Live live = live(port, "/feed?code=1001", broken);
      assertEquals(1001, live.closed().get(20, TimeUnit.SECONDS).why().closeCode());
      assertEquals(1, logged.count("giveUpWhen threw"), logged.all());
    }
  }

  @Test
  void survivesAListenerThatThrows() throws Exception {
    int port = start(0).port();
    try (Logged logged = new Logged()) {
      Live live =
          to(port, "/feed")
              .stayConnected(
                  new Endpoint() {},
                  QUICK.onState(state -> {
                    throw new IllegalStateException("on purpose");
                  }));
      lives.add(live);
      live.send("all the same");
      assertHears("all the same");
      assertEquals(2, logged.count("listener of a live connection threw"), logged.all());
    }
  }

  // ---- Waiting --------------------------------------------------------------------------------

  @Test
  void waitsAsTheServerAsks() throws Exception {
    int port = start(0).port();
    Instant before = Instant.now();
    live(port, "/feed?status=503&after=7", QUICK);
    Instant until = await(Live.State.Waiting.class).until();
    assertFalse(until.isBefore(before.plusSeconds(7)), "until " + until);
    assertTrue(until.isBefore(Instant.now().plusMillis(7_021)), "until " + until);
  }

  @Test
  void doesNotWaitForEver() throws Exception {
    int port = start(0).port();
    live(
        port,
        "/feed?status=429&after=Fri,%2031%20Dec%209999%2023:59:59%20GMT",
        QUICK.retryAfterAtMost(Duration.ofMillis(50)));
    await(Live.State.Waiting.class);
    assertEquals(2, await(Live.State.Connecting.class).attempt());
  }

  // ---- Closing --------------------------------------------------------------------------------

  @Test
  void closesBehindWhatItSent() throws Exception {
    int port = start(0).port();
    Subscribing endpoint = new Subscribing();
    Live live = live(to(port, "/feed"), endpoint, QUICK);
    await(Live.State.Open.class);
    Delivery last = live.send("last");
    live.close(4321, "done");
    Live.State.Closed closed = live.closed().get(20, TimeUnit.SECONDS);
    assertEquals(new Ending.Ended(new Close(4321, "done", Close.By.SELF)), closed.why());
    assertHears("subscribe 1", "last");
    assertEquals(Outcome.SENT, last.outcome());
    assertEquals(4321, endpoint.closed.take().code());
    assertEquals(closed, live.state());
    live.close();
    assertEquals(Outcome.CLOSED, live.send("more").outcome());
  }

  @Test
  void confirmsWhatItSentBeforeItCloses() throws Exception {
    Live live = live(start(0).port(), "/feed", QUICK.atLeastOnce());
    await(Live.State.Open.class);
    List<Delivery> all = new ArrayList<>();
    for (int at = 0; at < 100; at++) {
      all.add(live.send("" + at));
    }
    live.close();
    assertEquals(0, live.closed().get(20, TimeUnit.SECONDS).dropped());
    for (int at = 0; at < 100; at++) {
      assertEquals(Outcome.SENT, all.get(at).outcome());
      assertHears("" + at);
    }
  }

  @Test
  void closesWhileItWaits() throws Exception {
    Reconnect slow = Reconnect.defaults().delays(Duration.ofHours(1), Duration.ofHours(1));
    Live live = live(freePort(), "/feed", slow);
    Delivery kept = live.send("kept");
    await(Live.State.Waiting.class);
    live.close();
    Live.State.Closed closed = live.closed().get(20, TimeUnit.SECONDS);
    assertEquals(1, closed.dropped());
    assertEquals(1000, closed.why().closeCode());
    assertEquals(Outcome.CLOSED, kept.outcome());
  }

  @Test
  void closesWhileItConnects() throws Exception {
    try (ServerSocket mute = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      Live live = live(mute.getLocalPort(), "/feed", QUICK);
      Delivery kept = live.send("kept");
      mute.accept().getInputStream().read(); // it asks for the upgrade
      live.close();
      assertEquals(1, live.closed().get(20, TimeUnit.SECONDS).dropped());
      assertEquals(Outcome.CLOSED, kept.outcome());
    }
  }

  @Test
  void closesAtOnce() throws Exception {
    Live live = live(start(0).port(), "/feed", QUICK);
    live.close();
    assertEquals(1000, live.closed().get(20, TimeUnit.SECONDS).why().closeCode());
    Live.State last = null;
    for (Live.State next = states.poll(); next != null; next = states.poll()) {
      last = next;
    }
    assertInstanceOf(Live.State.Closed.class, last);
  }

  @Test
  void closesFromACallback() throws Exception {
    int port = start(0).port();
    Live[] own = new Live[1];
    Endpoint closing =
        new Endpoint() {
          @Override
          public void closed(WebSocket ws, Close close) {
            own[0].close();
          }
        };
    own[0] = live(to(port, "/feed"), closing, QUICK);
    await(Live.State.Open.class);
    stop();
    assertEquals(1001, own[0].closed().get(20, TimeUnit.SECONDS).why().closeCode());
  }

  @Test
  void closesFromWhateverItCalls() throws Exception {
    int port = freePort();
    AtomicInteger closings = new AtomicInteger();
    for (Class<?> when : List.of(Live.State.Connecting.class, Live.State.Waiting.class)) {
      Live[] own = new Live[1];
      Reconnect how =
          QUICK.onState(state -> {
            if (own[0] != null && when.isInstance(state)) {
              own[0].close();
            }
            closings.addAndGet(state instanceof Live.State.Closed ? 1 : 0);
          });
      own[0] = ClientRig.onLoop(() -> to(port, "/feed").stayConnected(new Endpoint() {}, how));
      own[0].closed().get(20, TimeUnit.SECONDS);
    }
    Reconnect closing =
        QUICK.onState(state -> closings.addAndGet(state instanceof Live.State.Closed ? 1 : 0));
    Live expiring = to(port, "/feed").stayConnected(new Endpoint() {}, closing);
    Delivery expires = expiring.send(new Message.Text("soon over"), Duration.ofMillis(1));
    var _ = expires.settled().thenRun(expiring::close);
    expiring.closed().get(20, TimeUnit.SECONDS);

    CompletableFuture<Live> itself = new CompletableFuture<>();
    Predicate<Ending> closes =
        ending -> {
          itself.join().close();
          return false;
        };
    Live asking = to(port, "/feed").stayConnected(new Endpoint() {}, closing.giveUpWhen(closes));
    Delivery dropped = asking.send("dropped");
    var _ = dropped.settled().thenRun(asking::close);
    itself.complete(asking);
    assertEquals(1, asking.closed().get(20, TimeUnit.SECONDS).dropped());
    assertEquals(4, closings.get(), "each closed once");
  }

  @Test
  void refusesWhatCouldNeverBeSent() throws Exception {
    Client client =
        to(freePort(), "/feed")
            .limits(l -> l.messageBytes(10).outboxSoftBytes(10).outboxHardBytes(100));
    Live live = live(client, new Endpoint() {}, QUICK);
    assertThrows(IllegalArgumentException.class, () -> live.send("x".repeat(101)));
    assertThrows(IllegalArgumentException.class, () -> live.send("\ud800"));
    assertThrows(IllegalArgumentException.class, () -> live.close(1006, ""));
    assertThrows(IllegalArgumentException.class, () -> live.close(1000, "x".repeat(124)));
    assertThrows(
        IllegalArgumentException.class, () -> live.send(new Message.Text("x"), Duration.ZERO));
    assertEquals(0, live.keptMessages());
  }
}
