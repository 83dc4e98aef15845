package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.weft.net.Loop;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// One order: of a group's publications for all its members, whoever publishes on which thread; and
/// of what is asked of one connection, whoever asks.
final class OrderTest {

  private static final int LOOPS = 3;

  private static final Tls TRUSTING = Tls.system().trust(TlsServerTest.AUTHORITY.trust());

  /// What makes a message worth compressing.
  private static final String FILLER = ";" + "and-so-on-".repeat(20);

  @AfterEach
  void speakTlsNoMore() throws Exception {
    Peer.speakTls(false);
  }

  // ---- Of a group's publications ---------------------------------------------------------------

  /// A room that numbers what is published in it, under its lock, as an application would.
  private static final class Room implements Endpoint {
    final Object lock = new Object();
    final List<Listener> listeners = new CopyOnWriteArrayList<>();
    final AtomicReference<@Nullable String> wrong = new AtomicReference<>();
    volatile long sequence;

    Listener listener() {
      Listener listener = new Listener(wrong);
      listeners.add(listener);
      return listener;
    }

    /// Keeps a publisher from being so fast that members count as slow.
    void pace() {
      while (listeners.stream().anyMatch(listener -> listener.isBehind(sequence - 50))) {
        LockSupport.parkNanos(100_000);
      }
    }

    void awaitAllHeard() throws InterruptedException {
      for (Listener listener : listeners) {
        Probe.until("all is heard", () -> wrong.get() != null || !listener.isBehind(sequence));
      }
      assertEquals(null, wrong.get());
    }

    @Override
    public void opened(WebSocket ws) {
      join(ws);
    }

    /// Joins, and tells what was published before, as one step.
    void join(WebSocket ws) {
      synchronized (lock) {
        ws.group("room").join(ws);
        ws.send("joined " + sequence + FILLER);
      }
    }

    void leave(WebSocket ws) {
      synchronized (lock) {
        ws.group("room").leave(ws);
        ws.send("left " + sequence + FILLER);
      }
    }

    void publish(Group room) {
      if (!Loop.isOnAny()) {
        pace();
      }
      synchronized (lock) {
        long next = sequence + 1;
        assertTrue(room.publish(next + FILLER).isTaken());
        sequence = next;
      }
    }

    @Override
    public void text(WebSocket ws, String text) {
      switch (text) {
        case "join" -> join(ws);
        case "leave" -> leave(ws);
        default -> publish(ws.group("room"));
      }
    }
  }

  /// A member that holds what it hears against the order: each number once, from the one it was
  /// told when it joined to the one it was told when it left.
  private static final class Listener implements Endpoint {
    private long last = -1;
    private boolean isIn;
    private final CountDownLatch end = new CountDownLatch(1);
    private final AtomicReference<@Nullable String> wrong;

    /// The last number, to wait for.
    private volatile long heard;

    Listener(AtomicReference<@Nullable String> wrong) {
      this.wrong = wrong;
    }

    @Override
    public void text(WebSocket ws, String text) {
      int space = text.indexOf(' ');
      long number = Long.parseLong(text, space + 1, text.indexOf(';'), 10);
      if (space < 0) {
        check(isIn && number == last + 1, ws, text);
      } else if (text.startsWith("joined")) {
        check(!isIn, ws, text);
        isIn = true;
      } else {
        check(isIn && number == last, ws, text);
        isIn = false;
      }
      last = number;
      heard = number;
    }

    private void check(boolean isRight, WebSocket ws, String text) {
      if (!isRight) {
        wrong.compareAndSet(null, ws + " hears " + text + " after " + last + ", member " + isIn);
      }
    }

    boolean isBehind(long number) {
      return heard < number && end.getCount() > 0;
    }

    @Override
    public void closed(WebSocket ws, Close close) {
      end.countDown();
    }
  }

  @ParameterizedTest
  @CsvSource({"false, OFF", "true, OFF", "false, ON", "true, TAKEOVER"})
  void isThatOfTheLockUnderWhichItIsPublished(boolean tls, Compression.Mode mode) throws Exception {
    Compression compression = Compression.of(mode);
    Room room = new Room();
    try (Server server = server(tls).compression(compression).route("/room", room).start()) {
      List<WebSocket> members = new ArrayList<>();
      for (int n = 0; n < 2 * LOOPS; n++) {
        members.add(connect(server, tls, compression, room.listener()));
      }
      Group group = server.group("room");
      Probe.until("all have joined", () -> group.size() == members.size());
      Phaser publishers = new Phaser(1);
      run(publishers, false, () -> repeat(500, () -> room.publish(group)));
      run(publishers, true, () -> repeat(500, () -> room.publish(group)));
      for (WebSocket member : members) {
        run(
            publishers,
            true,
            () ->
                repeat(
                    100,
                    () -> {
                      room.pace();
                      ask(member, "publish");
                    }));
      }
      run(
          publishers,
          false,
          () -> {
            for (int n = 0; n < 20; n++) { // those who come and go meanwhile
              Listener guest = new Listener(room.wrong);
              WebSocket ws = connect(server, tls, compression, guest);
              ask(ws, "leave");
              ask(ws, "join");
              ws.close();
              assertTrue(guest.end.await(20, TimeUnit.SECONDS));
            }
          });
      publishers.awaitAdvanceInterruptibly(publishers.arriveAndDeregister(), 30, TimeUnit.SECONDS);
      members.forEach(member -> ask(member, "publish"));
      Probe.until("all is published", () -> room.sequence == 1_000 + 101L * members.size());
      room.awaitAllHeard();
    }
  }

  /// Without a lock there is one order all the same.
  @Test
  void isOneForAllMembersWithoutALock() throws Exception {
    int each = 1_000;
    Endpoint endpoint =
        new Endpoint() {
          @Override
          public void opened(WebSocket ws) {
            ws.group("room").join(ws);
          }

          @Override
          public void text(WebSocket ws, String text) {
            publish(ws.group("room"), text);
          }
        };
    try (Server server = server(false).route("/room", endpoint).start()) {
      List<List<String>> heard = new ArrayList<>();
      List<WebSocket> members = new ArrayList<>();
      int all = (2 * LOOPS + 2) * each;
      CountDownLatch done = new CountDownLatch(2 * LOOPS);
      for (int n = 0; n < 2 * LOOPS; n++) {
        List<String> own = new ArrayList<>(all);
        heard.add(own);
        members.add(
            connect(
                server,
                false,
                Compression.off(),
                new Endpoint() {
                  @Override
                  public void text(WebSocket ws, String text) {
                    own.add(text);
                    if (own.size() == all) {
                      done.countDown();
                    }
                  }
                }));
      }
      Group group = server.group("room");
      Probe.until("all have joined", () -> group.size() == members.size());
      Phaser publishers = new Phaser(1);
      for (int n = 0; n < members.size(); n++) {
        String name = "member " + n + ": ";
        WebSocket member = members.get(n);
        run(publishers, true, () -> count(each, at -> ask(member, name + at)));
      }
      run(publishers, true, () -> count(each, at -> publish(group, "virtual: " + at)));
      run(publishers, false, () -> count(each, at -> publish(group, "platform: " + at)));
      publishers.awaitAdvanceInterruptibly(publishers.arriveAndDeregister(), 30, TimeUnit.SECONDS);
      assertTrue(done.await(30, TimeUnit.SECONDS));
      for (List<String> other : heard) {
        assertEquals(heard.getFirst(), other);
      }
    }
  }

  // ---- Of what is asked of one connection ------------------------------------------------------

  /// Runs in a callback, with another thread's mail waiting for the loop.
  private interface Asking {
    void ask(WebSocket ws, Group room);
  }

  /// Has an endpoint join a room, and ask in each callback `text` behind mail of another thread,
  /// which publishes "first".
  private static Endpoint behindMail(Asking asking) {
    return new Endpoint() {
      @Override
      public void opened(WebSocket ws) {
        ws.group("room").join(ws);
      }

      @Override
      public void text(WebSocket ws, String text) throws Exception {
        if (text.equals("echo")) {
          ws.send("echo");
          return;
        }
        Group room = ws.group("room");
        Thread other = Thread.ofPlatform().start(() -> room.publish("first"));
        other.join();
        asking.ask(ws, room);
      }
    };
  }

  private static void assertAnswers(Endpoint endpoint, byte[] asked, String... frames)
      throws Exception {
    try (Server server = server(false).loops(1).route("/room", endpoint).start();
        Peer peer = Peer.open(server.port(), "/room")) {
      peer.send(asked);
      for (String frame : frames) {
        Peer.Frame read = peer.read();
        assertEquals(
            frame,
            read.opcode() == Peer.CLOSE
                ? "close " + read.code() + " " + read.reason()
                : new String(read.payload(), StandardCharsets.UTF_8));
      }
    }
  }

  private static byte[] text(String text) {
    return Peer.frame(true, Peer.TEXT, text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] both(byte[] one, byte[] other) {
    byte[] both = java.util.Arrays.copyOf(one, one.length + other.length);
    System.arraycopy(other, 0, both, one.length, other.length);
    return both;
  }

  @Test
  void isTheOrderAskedOnOneThread() throws Exception {
    Endpoint endpoint =
        behindMail((ws, room) -> {
          room.publish("x");
          ws.send("y");
          room.publish("z");
          ws.send(new byte[] {'b'});
          ws.close(4000, "bye");
          assertFalse(ws.send("late").isTaken());
        });
    assertAnswers(
        endpoint, both(text("go"), text("echo")), "first", "x", "y", "z", "b", "close 4000 bye");
  }

  @Test
  void isTheOrderAskedOnAForeignThread() throws Exception {
    Endpoint endpoint =
        new Endpoint() {
          @Override
          public void text(WebSocket ws, String text) throws Exception {
            Thread other =
                Thread.ofVirtual()
                    .start(() -> {
                      Group room = ws.group("room");
                      ws.send("before");
                      room.publish("nobody");
                      room.join(ws);
                      ws.send("y");
                      room.publish("x");
                      room.leave(ws);
                      room.publish("nobody");
                      ws.send("z");
                    });
            other.join();
            ws.send("after");
          }
        };
    assertAnswers(endpoint, text("go"), "before", "y", "x", "z", "after");
  }

  @Test
  void joinsAndLeavesInTheOrderAsked() throws Exception {
    Endpoint endpoint =
        behindMail((ws, room) -> {
          room.leave(ws);
          room.publish("nobody");
          room.join(ws);
          room.publish("x");
          room.leave(ws);
          ws.send("y");
        });
    assertAnswers(endpoint, text("go"), "first", "x", "y");
  }

  @Test
  void sendsWhatWasTakenAheadOfTheAnswerToAClose() throws Exception {
    Endpoint endpoint = behindMail((ws, room) -> ws.send("y"));
    byte[] close = Peer.frame(true, Peer.CLOSE, new byte[] {0x03, (byte) 0xE8, 'q'});
    assertAnswers(endpoint, both(text("go"), close), "first", "y", "close 1000 q");
    // The same from a peer that ends TCP right behind its Close.
    try (Server server = server(false).loops(1).route("/room", endpoint).start();
        Peer peer = Peer.open(server.port(), "/room")) {
      peer.send(both(text("go"), close));
      peer.socket.shutdownOutput();
      assertEquals("first", peer.read().text());
      assertEquals("y", peer.read().text());
      assertEquals(1000, peer.readClose().code());
      peer.awaitEnd();
    }
  }

  @Test
  void sendsWhatWasTakenAheadOfTheCloseForAViolation() throws Exception {
    Endpoint endpoint = behindMail((ws, room) -> ws.send("y"));
    try (Server server = server(false).loops(1).route("/room", endpoint).start();
        Peer peer = Peer.open(server.port(), "/room")) {
      peer.send(both(text("go"), new byte[] {(byte) 0x83, 0}));
      assertEquals("first", peer.read().text());
      assertEquals("y", peer.read().text());
      assertEquals(1002, peer.readClose().code());
    }
  }

  @Test
  void closesAHandlerThatThrowsBehindWhatItSent() throws Exception {
    Endpoint endpoint =
        behindMail((ws, room) -> {
          ws.send("y");
          throw new IllegalStateException("on purpose");
        });
    try (Logged logged = new Logged()) {
      assertAnswers(
          endpoint, both(text("go"), text("echo")), "first", "y", "close 1011 the server failed");
      assertEquals(1, logged.count("threw"), logged.all());
    }
  }

  /// Much that is sent behind mail counts for the marks at once, stops reading, and is told when
  /// there is room; nothing is refused that would not be without the mail.
  @Test
  void keepsTheMarksBehindMail() throws Exception {
    BlockingQueue<String> told = new LinkedBlockingQueue<>();
    byte[] large = new byte[200 << 10];
    Endpoint endpoint =
        new Endpoint() {
          @Override
          public void text(WebSocket ws, String text) throws Exception {
            Thread other = Thread.ofPlatform().start(() -> ws.send("first"));
            other.join();
            told.add(
                ws.send(large) + " " + ws.send(large) + " " + ws.bufferedBytes() / large.length);
          }

          @Override
          public void writable(WebSocket ws) {
            told.add("writable " + (ws.bufferedBytes() <= 128 << 10));
          }
        };
    try (Server server = server(false).loops(1).route("/room", endpoint).start();
        Peer peer = Peer.open(server.port(), "/room")) {
      peer.send(both(text("1"), text("2")));
      for (int n = 0; n < 2; n++) {
        assertEquals("first", peer.read().text());
        assertEquals(large.length, peer.read().payload().length);
        assertEquals(large.length, peer.read().payload().length);
      }
      for (int n = 0; n < 2; n++) {
        assertEquals("SENT QUEUED 2", told.poll(20, TimeUnit.SECONDS));
        assertEquals("writable true", told.poll(20, TimeUnit.SECONDS));
      }
    }
  }

  // ---- What must not disturb it ----------------------------------------------------------------

  /// A publication for which one loop has no room reaches nobody, and leaves no gap.
  @Test
  void knowsNothingOfWhatWasRefused() throws Exception {
    CountDownLatch blocked = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    Endpoint endpoint =
        new Endpoint() {
          @Override
          public void opened(WebSocket ws) {
            ws.group("room").join(ws);
          }

          @Override
          public void text(WebSocket ws, String text) throws Exception {
            blocked.countDown();
            assertTrue(release.await(20, TimeUnit.SECONDS));
          }
        };
    try (Server server =
        server(false)
            .limits(limits -> limits.mailboxMails(100).blockedLoopWarning(Duration.ofMinutes(1)))
            .route("/room", endpoint)
            .start()) {
      List<Peer> peers = new ArrayList<>();
      try {
        for (int n = 0; n < LOOPS; n++) {
          peers.add(Peer.open(server.port(), "/room"));
        }
        Group group = server.group("room");
        Probe.until("all have joined", () -> group.size() == LOOPS);
        peers.getFirst().sendText("block");
        assertTrue(blocked.await(20, TimeUnit.SECONDS));
        int taken = 0;
        int refused = 0;
        while (refused < 50) {
          if (group.publish("" + taken) == Send.REFUSED) {
            refused++;
          } else {
            taken++;
          }
        }
        release.countDown();
        while (group.publish("last") == Send.REFUSED) {
          Thread.onSpinWait();
        }
        for (Peer peer : peers) {
          for (int n = 0; n < taken; n++) {
            assertEquals("" + n, peer.read().text());
          }
          assertEquals("last", peer.read().text());
        }
        assertTrue(taken <= 100, taken + " taken");
      } finally {
        release.countDown();
        closeAll(peers);
      }
    }
  }

  @Test
  void goesOnWithoutALoopThatFailed() throws Exception {
    Room room = new Room();
    Probe probe = new Probe();
    Endpoint endpoint =
        new Endpoint() {
          @Override
          public void opened(WebSocket ws) throws Exception {
            probe.opened(ws);
            room.opened(ws);
          }
        };
    try (Logged logged = new Logged();
        Server server = server(false).route("/room", endpoint).start()) {
      List<WebSocket> served = new ArrayList<>();
      for (int n = 0; n < LOOPS; n++) {
        connect(server, false, Compression.off(), room.listener());
        served.add(probe.awaitOpened());
      }
      Group group = server.group("room");
      Probe.until("all have joined", () -> group.size() == LOOPS);
      Phaser publishers = new Phaser(1);
      run(publishers, true, () -> repeat(1_000, () -> room.publish(group)));
      io.weft.net.Fault.failPoller(served.getLast().stage().loop());
      publishers.awaitAdvanceInterruptibly(publishers.arriveAndDeregister(), 30, TimeUnit.SECONDS);
      assertTrue(room.listeners.getLast().end.await(20, TimeUnit.SECONDS));
      Probe.until("its member has left", () -> group.size() == LOOPS - 1);
      assertEquals(1_000, room.sequence);
      room.awaitAllHeard();
      assertEquals(1, logged.count("The loop cannot go on"), logged.all());
    }
  }

  /// Publications from the first and the last callback of others have their place as well.
  @Test
  void holdsForWhatOpenedAndClosedPublish() throws Exception {
    Room room = new Room();
    Endpoint guests =
        new Endpoint() {
          @Override
          public void opened(WebSocket ws) {
            room.publish(ws.group("room"));
          }

          @Override
          public void closed(WebSocket ws, Close close) {
            room.publish(ws.group("room"));
          }
        };
    try (Server server = server(false).route("/room", room).route("/guests", guests).start()) {
      for (int n = 0; n < 2 * LOOPS; n++) {
        connect(server, false, Compression.off(), room.listener());
      }
      Probe.until("all have joined", () -> server.group("room").size() == 2 * LOOPS);
      Phaser guestsOf = new Phaser(1);
      for (int t = 0; t < 4; t++) {
        run(guestsOf, true, () -> repeat(50, () -> Peer.open(server.port(), "/guests").close()));
      }
      guestsOf.awaitAdvanceInterruptibly(guestsOf.arriveAndDeregister(), 30, TimeUnit.SECONDS);
      Probe.until("all is published", () -> room.sequence == 400);
      room.awaitAllHeard();
    }
  }

  // ---- Tools -----------------------------------------------------------------------------------

  private interface Action {
    void run() throws Exception;
  }

  private interface Numbered {
    void run(int at) throws Exception;
  }

  private static void repeat(int times, Action action) throws Exception {
    count(times, at -> action.run());
  }

  private static void count(int times, Numbered action) throws Exception {
    for (int n = 0; n < times; n++) {
      action.run(n);
    }
  }

  /// Runs something on a thread of its own.
  private static void run(Phaser all, boolean isVirtual, Action action) {
    all.register();
    Thread.Builder builder = isVirtual ? Thread.ofVirtual() : Thread.ofPlatform();
    builder.start(() -> {
      try {
        action.run();
        all.arriveAndDeregister();
      } catch (Exception | AssertionError e) {
        throw new AssertionError("the phaser waits in vain", e);
      }
    });
  }

  private static void ask(WebSocket ws, String text) {
    while (!ws.send(text).isTaken()) {
      if (!ws.isOpen()) {
        fail(ws + " is closed");
      }
      LockSupport.parkNanos(1_000);
    }
  }

  private static void publish(Group group, String text) {
    while (!group.publish(text).isTaken()) {
      LockSupport.parkNanos(1_000);
    }
  }

  private static void closeAll(List<Peer> peers) throws IOException {
    for (Peer peer : peers) {
      peer.close();
    }
  }

  private static Server.Builder server(boolean tls) throws Exception {
    Peer.speakTls(tls);
    return Peer.speakingTls(Server.at("127.0.0.1", 0).loops(LOOPS));
  }

  private static WebSocket connect(
      Server server, boolean tls, Compression compression, Endpoint endpoint) {
    Client client =
        tls
            ? Client.to("wss://localhost:" + server.port() + "/room").tls(TRUSTING)
            : Client.to("ws://127.0.0.1:" + server.port() + "/room");
    return client.compression(compression).connect(endpoint).join();
  }
}
