package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Many peers that do whatever comes to mind, legal or not, while the application sends, publishes,
/// pings and closes from other threads. What they do follows from a seed; how it falls together is
/// the scheduler's. Nobody says what answers they get: what must hold is in [Rig].
@Timeout(120)
@ParameterizedClass(name = "TLS: {0}")
@ValueSource(booleans = {false, true})
final class ChaosTest {

  @Parameter boolean tls;

  @BeforeEach
  void speakTls() throws GeneralSecurityException {
    Peer.speakTls(tls);
  }

  @AfterEach
  void speakTlsNoMore() throws GeneralSecurityException {
    Peer.speakTls(false);
  }

  private static final int PEERS = 40;
  private static final int STEPS = 60;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void leavesNothingBehind(long seed) throws Exception {
    run(seed);
  }

  @ParameterizedTest
  @ValueSource(longs = {100, 200, 300, 400, 500, 600, 700, 800})
  @Tag("full")
  void leavesNothingBehindManyTimes(long seed) throws Exception {
    for (long at = 0; at < 20; at++) {
      run(seed + at);
    }
  }

  private static void run(long seed) throws Exception {
    try (Logged logged = new Logged();
        Rig rig =
            Rig.of(
                new Rig.Watched(),
                builder ->
                    builder
                        .limits(ChaosTest::narrow)
                        .converse("/talk", ws -> ws.forEach(ws::send))
                        .http("/hi", request -> Response.text(200, "hi".repeat(1000))));
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> done = new ArrayList<>();
      for (int at = 0; at < PEERS; at++) {
        SplittableRandom random = new SplittableRandom(1_000_000 * seed + at);
        done.add(threads.submit(() -> misbehave(rig, random)));
      }
      done.add(threads.submit(() -> apply(rig, new SplittableRandom(seed))));
      for (Future<?> each : done) {
        each.get();
      }
      rig.awaitNobody();
      assertEquals(0, rig.endpoint.open(), "opened and not closed, seed " + seed);
      assertEquals(0, logged.count("failed"), logged.all());
    }
  }

  private static void narrow(Limits.Builder limits) {
    limits
        .handshakeTimeout(Duration.ofMillis(500))
        .messageBytes(100_000)
        .messageTimeout(Duration.ofMillis(500))
        .idlePing(Duration.ofMillis(400))
        .pongTimeout(Duration.ofMillis(400))
        .closeTimeout(Duration.ofMillis(200))
        .progressTimeout(Duration.ofMillis(300))
        .outboxSoftBytes(10_000)
        .outboxHardBytes(200_000)
        .inboxMessages(3)
        .turnFrames(7)
        .turnBytes(5000)
        .mailboxMails(100);
  }

  private static Void misbehave(Rig rig, SplittableRandom random) throws IOException {
    for (int life = 0; life < 4; life++) {
      String path = random.nextBoolean() ? Rig.PATH : "/talk";
      try (Peer peer =
          switch (random.nextInt(5)) {
            case 0 -> Peer.tcp(rig.port());
            case 1 -> Peer.narrow(rig.port(), path);
            default -> Peer.open(rig.port(), path);
          }) {
        peer.wait(Duration.ofMillis(1 + random.nextInt(200)));
        for (int at = random.nextInt(STEPS); at > 0; at--) {
          step(peer, random);
        }
      } catch (IOException e) {
        // The server has had enough, or had nothing to say in time.
      }
    }
    return null;
  }

  private static void step(Peer peer, SplittableRandom random) throws IOException {
    byte[] payload = new byte[random.nextInt(4) == 0 ? random.nextInt(120_000) : random.nextInt(9)];
    switch (random.nextInt(24)) {
      case 0 -> peer.send(Peer.frame(false, Peer.TEXT, payload));
      case 1 -> peer.send(Peer.frame(random.nextBoolean(), Peer.CONTINUATION, payload));
      case 2 -> peer.send(Peer.frame(true, Peer.PING, new byte[random.nextInt(126)]));
      case 3 -> peer.send(Peer.frame(true, Peer.PONG, new byte[random.nextInt(126)]));
      case 4 -> peer.sendClose(1000 + random.nextInt(5), "bye");
      case 5 -> peer.send(new byte[] {(byte) random.nextInt(), (byte) random.nextInt()});
      case 6 -> peer.send(Peer.handshake("/test"));
      case 7 -> peer.send("GET /hi HTTP/1.1\r\nHost: a\r\n\r\n");
      case 8 -> {
        byte[] frame = Peer.frame(true, Peer.BINARY, payload);
        peer.socket.getOutputStream().write(frame, 0, random.nextInt(frame.length));
      }
      case 9 -> peer.socket.shutdownOutput();
      case 10 -> peer.reset();
      case 11 -> peer.wait(Duration.ofMillis(1 + random.nextInt(500)));
      case 12, 13, 14, 15, 16 -> peer.read();
      case 17 -> peer.sendHex("82ff4000000000000000");
      default -> peer.sendBinary(payload);
    }
  }

  /// What the application does meanwhile, on a thread of its own.
  private static Void apply(Rig rig, SplittableRandom random) throws InterruptedException {
    Group group = rig.server.group("all");
    List<WebSocket> all = new ArrayList<>();
    for (int at = 0; at < 3000; at++) {
      rig.endpoint.opened.drainTo(all);
      if (all.isEmpty()) {
        Thread.sleep(1);
        continue;
      }
      WebSocket ws = all.get(random.nextInt(all.size()));
      switch (random.nextInt(8)) {
        case 0 -> ws.send("text");
        case 1 -> ws.send(new byte[random.nextInt(50_000)]);
        case 2 -> {
          var _ = ws.ping();
        }
        case 3 -> group.join(ws);
        case 4 -> group.leave(ws);
        case 5 -> group.publish(ByteBuffer.allocate(random.nextInt(20_000)));
        case 6 -> ws.bufferedBytes();
        default -> {
          if (random.nextInt(20) == 0) {
            ws.close(4000, "enough");
          }
        }
      }
      if (random.nextInt(10) == 0) {
        Thread.sleep(1);
      }
    }
    Thread.sleep(1);
    return null;
  }
}
