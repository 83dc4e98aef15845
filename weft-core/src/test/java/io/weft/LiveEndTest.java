package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Delivery.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Connections of a [Live] that end while a send is under way, again and again: what the operating
/// system has taken of it by then may arrive, and so is not sent again.
@Timeout(300)
final class LiveEndTest {

  private static final int ROUNDS = 10;
  private static final int MESSAGES = 250;
  private static final int MESSAGE_BYTES = 1 << 16;

  /// What a client's frame of that size takes: header, length and key before the payload (§5.2).
  private static final int FRAME_BYTES = 2 + 8 + 4 + MESSAGE_BYTES;

  /// After so long without a byte everything that the kernel had was taken.
  private static final int DRY_MS = 20;

  /// What the kernel holds for a peer that does not read.
  private static final int RECEIVE_BYTES = 1 << 16;

  private static final int KEY_AT = 2 + 8;

  /// A message to the client, larger than what one request to receive brings.
  private static final byte[] MESSAGE = ByteBuffer.allocate(4 + 65_535).putInt(0x827E_FFFF).array();

  private static final Reconnect QUICK =
      Reconnect.defaults().delays(Duration.ofMillis(1), Duration.ofMillis(2));

  /// How the first connection ends, when its sends are stuck since nobody reads. The client's loop
  /// is busy meanwhile: so it hears in one turn of the end and of what else was taken, in whichever
  /// order the kernel has them.
  private enum End {
    /// The peer ends its half, then takes what is still sent.
    FIN_FIRST,
    /// The peer takes something, which has the kernel take more, then ends its half.
    FIN_LAST,
    /// The peer takes something and resets.
    RESET
  }

  /// The numbers of the messages that arrived whole, of each connection that is over.
  private final BlockingQueue<List<Integer>> arrived = new LinkedBlockingQueue<>();

  private final Semaphore heard = new Semaphore(0);
  private final CountDownLatch[] stuck = {new CountDownLatch(1)};

  @ParameterizedTest
  @EnumSource
  void sendsNothingAgainThatWasTaken(End end) throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      stuck[0] = new CountDownLatch(1);
      play(end);
    }
    ClientRig.awaitNothing();
  }

  private void play(End end) throws Exception {
    List<Integer> connections = new ArrayList<>();
    try (RawServer server =
        new RawServer(
            socket -> {
              String accept = RawServer.acceptOf(RawServer.readHead(socket.getInputStream()));
              RawServer.say(socket, RawServer.UPGRADE + accept + "\r\n");
              connections.add(0);
              if (connections.size() == 1) {
                assertTrue(stuck[0].await(20, TimeUnit.SECONDS));
                arrived.add(takeUntilTheEnd(socket, end));
              } else {
                ByteArrayOutputStream all = new ByteArrayOutputStream();
                take(socket, 0, all);
                arrived.add(numbers(all));
              }
            },
            RECEIVE_BYTES)) {
      Live live = server.client().limits(LiveEndTest::wide).stayConnected(new Hearing(), QUICK);
      List<Delivery> all = new ArrayList<>();
      for (int number = 0; number < MESSAGES; number++) {
        all.add(live.send(ByteBuffer.allocate(MESSAGE_BYTES).putInt(0, number)));
      }
      Probe.until("the kernel takes no more", new Standstill(live)::reached);
      assertTrue(live.keptMessages() > 0, "some are kept");
      stuck[0].countDown();
      for (Delivery each : all) {
        assertEquals(Outcome.SENT, each.settled().get(30, TimeUnit.SECONDS));
      }
      live.close();
      List<Integer> numbers = new ArrayList<>(arrived.poll(20, TimeUnit.SECONDS));
      int first = numbers.size();
      numbers.addAll(arrived.poll(20, TimeUnit.SECONDS));
      assertEquals(numbers.stream().distinct().sorted().toList(), numbers, first + " on the first");
      if (end != End.RESET) {
        assertEquals(MESSAGES, numbers.size(), "nothing is lost where all that was taken arrives");
      }
    }
  }

  /// Counts what arrives.
  private final class Hearing implements Endpoint {
    @Override
    public void binary(WebSocket ws, ByteBuffer data) {
      heard.release();
    }
  }

  private static void wide(Limits.Builder limits) {
    limits
        .keptBytes(2 * MESSAGES * MESSAGE_BYTES)
        .outboxSoftBytes(2 * MESSAGES * MESSAGE_BYTES)
        .outboxHardBytes(2 * MESSAGES * MESSAGE_BYTES)
        .closeTimeout(Duration.ofMillis(50));
  }

  /// @return the numbers of the messages that have arrived whole
  private List<Integer> takeUntilTheEnd(Socket socket, End end) throws Exception {
    socket.getOutputStream().write(MESSAGE); // then the send is the older one of its requests
    assertTrue(heard.tryAcquire(20, TimeUnit.SECONDS));
    CountDownLatch busy = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(1);
    ClientLoop.shared()
        .loop
        .post(() -> {
          busy.countDown();
          awaitQuietly(done);
        });
    awaitQuietly(busy);
    if (end == End.FIN_FIRST) {
      socket.shutdownOutput();
    }
    ByteArrayOutputStream taken = new ByteArrayOutputStream();
    take(socket, DRY_MS, taken);
    switch (end) {
      case FIN_FIRST -> {}
      case FIN_LAST -> socket.shutdownOutput();
      case RESET -> RawServer.reset(socket);
    }
    done.countDown();
    take(socket, 0, taken);
    return numbers(taken);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Reads until the connection ends, or until nothing comes for `dryMs` (0: for ever).
  private static void take(Socket socket, int dryMs, ByteArrayOutputStream into) {
    byte[] some = new byte[1 << 16];
    try {
      socket.setSoTimeout(dryMs);
      InputStream in = socket.getInputStream();
      for (int read = in.read(some); read >= 0; read = in.read(some)) {
        into.write(some, 0, read);
      }
    } catch (IOException e) {
      // It is over, or dry.
    }
  }

  private static List<Integer> numbers(ByteArrayOutputStream taken) {
    ByteBuffer frames = ByteBuffer.wrap(taken.toByteArray());
    List<Integer> numbers = new ArrayList<>();
    for (int at = 0; at + FRAME_BYTES <= frames.capacity(); at += FRAME_BYTES) {
      numbers.add(frames.getInt(at + KEY_AT + 4) ^ frames.getInt(at + KEY_AT));
    }
    return numbers;
  }

  /// Whether nothing was taken from a live connection for a while.
  private static final class Standstill {
    private static final long QUIET_NS = Duration.ofMillis(100).toNanos();
    private final Live live;
    private long kept = -1;
    private long sinceNs;

    Standstill(Live live) {
      this.live = live;
    }

    boolean reached() {
      long now = live.keptBytes();
      if (now != kept) {
        kept = now;
        sinceNs = System.nanoTime();
      }
      return live.state() instanceof Live.State.Open && System.nanoTime() - sinceNs > QUIET_NS;
    }
  }
}
