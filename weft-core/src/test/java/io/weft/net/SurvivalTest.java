package io.weft.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Logged;
import io.weft.bytes.Chunk;
import io.weft.bytes.Pool;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever is thrown, and wherever, a loop goes on: the neighbour is served, every connection that
/// began is told of its end once, and every socket is closed and counted.
@Timeout(60)
final class SurvivalTest {

  private static final int TURNS = Survival.MOST_FAILED_TURNS;

  private final ScriptedPoller poller = new ScriptedPoller();
  private final Pool pool = new Pool(64, 1 << 20);
  private long clockNs;
  private int gone;
  private final Loop loop = new Loop(poller, () -> clockNs, new SplittableRandom(1), pool, 4);
  private final Terms terms =
      new Terms(
          100,
          400,
          Duration.ofSeconds(10).toNanos(),
          Duration.ofSeconds(5).toNanos(),
          1 << 20,
          Runnable::run,
          () -> gone++);
  private final Logged logged = new Logged();
  private final ScriptedPoller.Line nearLine = new ScriptedPoller.Line();
  private final Echo near = new Echo();
  private final ScriptedPoller.Line line = new ScriptedPoller.Line();
  private final Echo stage = new Echo();

  /// Sends back what it hears, and fails where a test wants it to.
  private static class Echo implements Stage {
    Conn conn;
    String failsAt = "";
    int failures;
    Error thrown = new OutOfMemoryError("on purpose");
    final List<String> ends = new ArrayList<>();

    private void at(String call) {
      if (call.equals(failsAt) && failures > 0) {
        failures--;
        throw thrown;
      }
    }

    @Override
    public void begun() {
      at("begun");
    }

    @Override
    public Next read(Chunk in) {
      at("read");
      int bytes = in.remaining();
      byte[] echo = new byte[bytes];
      in.buffer.get(echo);
      conn.outbox().put(echo, 0, bytes, 0);
      conn.flush();
      return Next.MORE;
    }

    @Override
    public void ended() {
      at("ended");
      conn.finish();
    }

    @Override
    public void writable() {
      at("writable");
    }

    @Override
    public void wrote(long bytes) {
      at("wrote");
    }

    @Override
    public long expired(long nowNs) {
      at("expired");
      return Conn.NEVER;
    }

    @Override
    public void closed(String reason) {
      at("closed");
      ends.add(reason);
    }

    @Override
    public void gone() {
      ends.add("gone");
      at("gone");
    }
  }

  @BeforeEach
  void adopt() {
    loop.attach();
    adopt(nearLine, near);
    adopt(line, stage);
  }

  @AfterEach
  void printAgain() {
    logged.close();
  }

  private void adopt(ScriptedPoller.Line of, Echo with) {
    loop.adopt(
        of,
        terms,
        c -> {
          with.conn = c;
          c.become(with);
        });
  }

  /// Turns as [Loop#run] does, by hand.
  private void turns(int count) {
    List<Integer> left = new ArrayList<>(List.of(count));
    loop.post(() -> stopIn(left));
    loop.run();
  }

  private void stopIn(List<Integer> left) {
    left.set(0, left.getFirst() - 1);
    if (left.getFirst() == 0) {
      loop.stop();
    } else {
      loop.post(() -> stopIn(left));
    }
  }

  private void assertNeighbourServed() {
    nearLine.written.reset();
    poller.reads(nearLine, "still there");
    loop.turn();
    poller.takes(nearLine, 100);
    loop.turn();
    assertEquals("still there", nearLine.written.toString(StandardCharsets.US_ASCII));
  }

  private void assertEndedOnce(Echo of, ScriptedPoller.Line at) {
    assertEquals(2, of.ends.size(), of.ends.toString());
    assertEquals("gone", of.ends.getLast());
    assertTrue(at.closed || at.discarded, "its socket is closed");
  }

  /// Has everything happen to a connection that can: it begins, reads, writes, hears its deadline,
  /// has room again, and ends.
  private void live() {
    poller.reads(line, "one");
    loop.turn();
    stage.conn.tellWhenLow();
    poller.takes(line, 100);
    stage.conn.wakeAt(clockNs);
    clockNs += Duration.ofMillis(100).toNanos();
    loop.turn();
    loop.turn();
    poller.ends(line);
    loop.turn();
    loop.turn();
    poller.ends(line);
    loop.turn();
    clockNs += Duration.ofSeconds(20).toNanos();
    loop.turn();
    loop.turn();
  }

  @ParameterizedTest
  @ValueSource(strings = {"read", "ended", "writable", "wrote", "expired", "closed", "gone"})
  void costsOnlyAConnectionWhoseStageRunsOutOfMemory(String where) {
    stage.failsAt = where;
    stage.failures = 1;
    live();
    assertEquals(0, stage.failures, "it was come to");
    assertEndedOnce(stage, line);
    assertEquals(1, gone);
    assertNeighbourServed();
  }

  @Test
  void costsOnlyAConnectionThatCannotBegin() {
    ScriptedPoller.Line other = new ScriptedPoller.Line();
    Echo begins = new Echo();
    begins.failsAt = "begun";
    begins.failures = 1;
    adopt(other, begins);
    loop.turn();
    assertEndedOnce(begins, other);
    assertNeighbourServed();
  }

  /// The end itself may be told late, and is told all the same.
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 50})
  void tellsTheEndWhenThereIsMemoryAgain(int failures) {
    stage.failsAt = "closed";
    stage.failures = failures;
    poller.completes(into -> into.failed(line, new IOException("reset by peer")));
    while (stage.failures > 0) {
      assertEquals(List.of(), stage.ends);
      loop.turn();
    }
    loop.turn();
    assertEndedOnce(stage, line);
    assertEquals(1, gone);
    assertNeighbourServed();
  }

  /// Another failure than for want of memory would come again.
  @Test
  void tellsTheEndOnceToAStageThatFails() {
    stage.failsAt = "closed";
    stage.failures = 1;
    stage.thrown = new AssertionError("on purpose");
    poller.completes(into -> into.failed(line, new IOException("reset by peer")));
    loop.turn();
    loop.turn();
    assertEquals(List.of("gone"), stage.ends);
    assertEquals(1, gone);
    assertEquals(1, logged.count("The end of a connection failed"));
  }

  @ParameterizedTest
  @CsvSource({"reading", "write", "finish", "close"})
  void costsOnlyAConnectionForWhichThePollerHasNoMemory(String call) {
    poller.fails(call, 1, new OutOfMemoryError("on purpose"));
    live();
    if (call.equals("reading")) {
      assertEquals(0, poller.failuresLeft());
    }
    clockNs += Duration.ofSeconds(20).toNanos();
    loop.turn();
    loop.turn();
    assertEndedOnce(stage, line);
    assertEquals(1, gone);
    assertNeighbourServed();
  }

  @Test
  void closesASocketThatCannotBeAdopted() {
    poller.fails("adopt", 1, new OutOfMemoryError("on purpose"));
    ScriptedPoller.Line other = new ScriptedPoller.Line();
    adopt(other, new Echo());
    assertTrue(other.discarded);
    assertEquals(1, gone, "and counts it no more");
    assertEquals(2, loop.connections());
  }

  @Test
  void closesASocketThatConnectsToNobody() {
    ScriptedPoller.Line to = new ScriptedPoller.Line();
    poller.toConnect = to;
    try {
      loop.connect(
          new InetSocketAddress(1),
          terms,
          conn -> {
            throw new OutOfMemoryError("on purpose");
          });
    } catch (OutOfMemoryError | IOException expected) {
      assertTrue(to.closed);
    }
    assertEquals(2, loop.connections());
    loop.turn();
    assertNeighbourServed();
  }

  @ParameterizedTest
  @CsvSource({"poll, 1", "poll, 15", "next, 1", "next, 15"})
  void triesATurnAgainThatFails(String call, int times) {
    poller.fails(call, times, new OutOfMemoryError("on purpose"));
    turns(1);
    assertEquals(0, poller.failuresLeft());
    assertFalse(loop.hasFailed());
    assertEquals(1, logged.count("A turn of the loop failed"), "one line a second");
  }

  /// What a poller had to tell when it failed is told by the next turn, before it polls again.
  @Test
  void losesNoCompletionOfATurnThatFails() {
    poller.completes(into -> {
      throw new OutOfMemoryError("on purpose");
    });
    poller.reads(line, "behind it");
    loop.post(() -> poller.takes(line, 100));
    turns(3);
    assertEquals("behind it", line.written.toString(StandardCharsets.US_ASCII));
  }

  @Test
  void givesUpOnlyWhenTurnAfterTurnFails() {
    poller.fails("poll", TURNS - 1, new IOException("on purpose"));
    turns(2);
    assertFalse(loop.hasFailed());
  }

  @Test
  void closesTheConnectionThatHoldsTheMostWhenMemoryRunsOut() {
    loop.books().hold(near.conn, 10);
    loop.books().hold(stage.conn, 1000);
    poller.fails("poll", 1, new OutOfMemoryError("on purpose"));
    turns(1);
    assertEquals("the server stopped", stage.ends.getFirst(), "a reserve is given up before");

    SurvivalTest again = new SurvivalTest();
    again.logged.close();
    again.adopt();
    again.loop.books().hold(again.near.conn, 10);
    again.loop.books().hold(again.stage.conn, 1000);
    again.poller.fails("poll", 2, new OutOfMemoryError("on purpose"));
    again.turns(1);
    assertEquals(
        "no memory is left, and this connection holds the most", again.stage.ends.getFirst());
    assertEquals("the server stopped", again.near.ends.getFirst());
  }

  @Test
  void survivesALogThatFails() {
    java.util.logging.Handler failing =
        new java.util.logging.Handler() {
          @Override
          public void publish(java.util.logging.LogRecord line) {
            throw new OutOfMemoryError("on purpose");
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    java.util.logging.Logger log = java.util.logging.Logger.getLogger("io.weft");
    log.addHandler(failing);
    try {
      stage.failsAt = "read";
      stage.failures = 1;
      loop.post(() -> {
        throw new OutOfMemoryError("on purpose");
      });
      loop.after(
          0,
          () -> {
            throw new OutOfMemoryError("on purpose");
          });
      live();
    } finally {
      log.removeHandler(failing);
    }
    assertEndedOnce(stage, line);
    assertNeighbourServed();
    loop.post(() -> {
      throw new OutOfMemoryError("on purpose");
    });
    loop.turn();
    assertEquals(1, logged.count("A mail to the loop failed. (3 reports before could not be"));
  }

  @Test
  void wakesEverybodyThoughOneCannotBeWoken() {
    List<String> woken = new ArrayList<>();
    loop.wakeAfterTurn(() -> {
      throw new OutOfMemoryError("on purpose");
    });
    loop.turn();
    loop.wakeAfterTurn(() -> woken.add("next"));
    loop.turn();
    assertEquals(List.of("next"), woken);
  }

  @SuppressWarnings("ReferenceEquality") // this very loader
  @Test
  void takesFromItsThreadWhatACallbackLeft() throws IOException {
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    try (URLClassLoader left = new URLClassLoader(new URL[0], before)) {
      List<Boolean> clean = new ArrayList<>();
      Runnable leaves =
          () -> {
            clean.add(
                Thread.currentThread().getContextClassLoader() == before
                    && !Thread.currentThread().isInterrupted());
            Thread.currentThread().interrupt();
            Thread.currentThread().setContextClassLoader(left);
          };
      loop.handling(true);
      leaves.run();
      assertSame(left, Thread.currentThread().getContextClassLoader());
      loop.handling(false);
      assertNotSame(left, Thread.currentThread().getContextClassLoader());
      loop.post(leaves);
      loop.post(leaves);
      loop.after(0, leaves);
      loop.after(0, leaves);
      clockNs += Duration.ofSeconds(1).toNanos();
      loop.turn();
      leaves.run();
      assertEquals(List.of(true, true, true, true, true, true), clean);
    } finally {
      Thread.interrupted();
      Thread.currentThread().setContextClassLoader(before);
    }
  }
}
