package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Clients that come, say something and go, politely or not: when the last has gone, nothing of
/// them is left, in the heap, in open files or in threads.
final class SoakTest {

  private static final long SEED = 0x5eed;
  private static final int AT_A_TIME = 32;
  private static final int GROUPS = 8;

  /// Connect from this many addresses: a port is not free again for a minute after its connection.
  private static final int ADDRESSES = 200;

  private static final int WARM_UP = 2_000;
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration GLANCE = Duration.ofMillis(10);

  /// What may be there in addition, whoever made it: classes and compiled code of the JVM's own, a
  /// thread of its pools, buffers kept for the next client. At 200,000 clients 2 MiB are 10 bytes
  /// for each.
  private static final Footprint TOLERANCE = new Footprint(2 << 20, 4 << 20, 4, 4);

  @Test
  void leavesNothingBehindAfterTwoThousandClients() throws Exception {
    soak(2_000);
  }

  @Test
  @Tag("full")
  void leavesNothingBehindAfterTwoHundredThousandClients() throws Exception {
    soak(200_000);
  }

  private static void soak(int clients) throws Exception {
    Tools.need(Footprint.isMeasurable(), "/proc/self/fd");
    try (WeftEcho server = WeftEcho.start();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      come(server, threads, WARM_UP, SEED);
      awaitAllGone(server, WARM_UP);
      Footprint before = Footprint.now();

      come(server, threads, clients, SEED + 1);
      awaitAllGone(server, WARM_UP + clients);
      Footprint bound = before.plus(TOLERANCE);
      Footprint after = Footprint.settled(bound);

      Files.writeString(
          Tools.target().resolve("soak-" + clients + ".txt"), before + "\n" + after + "\n");

      WeftEcho.Echo told = server.echo();
      assertAll(
          () -> assertEquals(WARM_UP + clients, told.opened(), "calls of opened"),
          () -> assertEquals(WARM_UP + clients, told.closed(), "calls of closed"),
          () -> assertEquals(0, told.wrong(), "calls out of turn"),
          () -> assertEquals(0, server.connections(), "connections"),
          () -> assertTrue(after.isWithin(bound), () -> "from " + before + " to " + after));
      for (int group = 0; group < GROUPS; group++) {
        assertEquals(0, server.group(name(group)).size(), "members of " + name(group));
      }
    }
  }

  /// Lets clients come, several at a time, until that many have come and gone.
  private static void come(WeftEcho server, ExecutorService threads, int clients, long seed)
      throws Exception {
    AtomicInteger next = new AtomicInteger();
    List<Future<?>> workers = new ArrayList<>();
    for (int worker = 0; worker < AT_A_TIME; worker++) {
      workers.add(
          threads.submit(() -> {
            for (int client = next.getAndIncrement();
                client < clients;
                client = next.getAndIncrement()) {
              comeAndGo(server, client, seed);
            }
            return null;
          }));
    }
    for (Future<?> worker : workers) {
      worker.get();
    }
  }

  private static void comeAndGo(WeftEcho server, int client, long seed) throws IOException {
    var random = new SplittableRandom(seed + client);
    InetAddress from = InetAddress.ofLiteral("127.0.0." + (2 + client % ADDRESSES));
    String path = "/echo?group=" + name(client % GROUPS);
    try (var raw = new RawClient(from, server.port(), path, random)) {
      raw.echo("你".repeat(random.nextInt(100)));
      switch (random.nextInt(5)) {
        case 0, 1 -> raw.closePolitely();
        case 2 -> {} // Hangs up: the end of the stream comes without a close.
        case 3 -> {
          raw.sendHalfAFrame();
          raw.reset();
        }
        default -> raw.reset();
      }
    } catch (IOException e) {
      throw new IOException("client " + client + " of seed " + seed + ": " + e.getMessage(), e);
    }
  }

  private static void awaitAllGone(WeftEcho server, long came) throws InterruptedException {
    long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
    while (server.connections() > 0 || server.echo().closed() < came) {
      if (System.nanoTime() > deadlineNs) {
        throw new AssertionError(
            server.connections()
                + " connections are left, "
                + server.echo().open()
                + " of them open");
      }
      Thread.sleep(GLANCE);
    }
  }

  private static String name(int group) {
    return "soak-" + group;
  }
}
