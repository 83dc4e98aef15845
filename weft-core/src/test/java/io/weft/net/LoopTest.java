package io.weft.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Logged;
import io.weft.bytes.Chunk;
import io.weft.bytes.Pool;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The loop and its connections, driven by hand: a scripted poller, a clock that stands still until
/// it is moved, and no thread but the test's.
final class LoopTest {

  private static final long MS = 1_000_000;

  private final ScriptedPoller poller = new ScriptedPoller();
  private final Pool pool = new Pool(64, 1 << 20);
  private long clockNs;
  private int gone;
  private final Loop loop = new Loop(poller, () -> clockNs, new SplittableRandom(1), pool, 4);

  /// Marks of the outbox: 100 and 400 bytes; progress within 10 s, closes within 5 s or 1,000
  /// bytes.
  private final Terms terms =
      new Terms(
          100,
          400,
          Duration.ofSeconds(10).toNanos(),
          Duration.ofSeconds(5).toNanos(),
          1_000,
          Runnable::run,
          () -> gone++);

  private final ScriptedPoller.Line line = new ScriptedPoller.Line();
  private Recorder stage = new Recorder();
  private Conn conn;

  /// Notes what it hears; takes bytes one by one, and wishes what the byte says: `L`ater, `P`ause,
  /// `T`hrow, `F`inish, and anything else is text.
  private static class Recorder implements Stage {
    final StringBuilder heard = new StringBuilder();
    Conn conn;
    boolean wasConnecting;
    long nextNs = Conn.NEVER;

    @Override
    public void begun() {
      heard.append(wasConnecting ? "begun|" : "");
    }

    @Override
    public Next read(Chunk in) {
      while (in.buffer.hasRemaining()) {
        char next = (char) in.buffer.get();
        switch (next) {
          case 'L' -> {
            return Next.LATER;
          }
          case 'P' -> {
            return Next.PAUSE;
          }
          case 'T' -> throw new IllegalStateException("on purpose");
          case 'F' -> {
            conn.finish();
            return Next.MORE;
          }
          default -> heard.append(next);
        }
      }
      return Next.MORE;
    }

    @Override
    public void ended() {
      heard.append("|ended");
    }

    @Override
    public void writable() {
      heard.append("|writable");
    }

    @Override
    public long expired(long nowNs) {
      heard.append("|expired");
      return nextNs;
    }

    @Override
    public void closed(String reason) {
      heard.append("|closed: ").append(reason);
    }
  }

  @BeforeEach
  void adopt() {
    loop.attach();
    conn = adopt(line, stage);
  }

  private Conn adopt(ScriptedPoller.Line of, Recorder with) {
    List<Conn> made = new ArrayList<>();
    loop.adopt(
        of,
        terms,
        c -> {
          made.add(c);
          with.conn = c;
          c.become(with);
        });
    return made.isEmpty() ? null : made.getFirst();
  }

  private void heard(String what) {
    assertEquals(what, stage.heard.toString());
  }

  private void send(String ascii) {
    byte[] bytes = ascii.getBytes(StandardCharsets.US_ASCII);
    conn.outbox().put(bytes, 0, bytes.length, 0);
    conn.flush();
  }

  private void turnAfter(Duration time) {
    clockNs += time.toNanos();
    loop.turn();
  }

  @Test
  void bringsWhatArrives() {
    poller.reads(line, "one ");
    poller.reads(line, "two");
    loop.turn();
    heard("one two");
  }

  @Test
  void goesOnNextTurnWithWhatAStageLeftForLater() {
    poller.reads(line, "aLbLc");
    loop.turn();
    heard("ab"); // the turn's own share, and the round of those that go on
    assertFalse(line.reading, "nothing more is read while something is kept");
    loop.turn();
    assertEquals(0, poller.waitedNs, "the loop does not sleep on kept bytes");
    heard("abc");
    assertTrue(line.reading);
    assertEquals(0, pool.lentChunks());
  }

  @Test
  void keepsBytesWhileAStagePausesAndReadsNoMore() {
    poller.reads(line, "aPb");
    loop.turn();
    poller.reads(line, "c"); // was under way when reading was switched off
    loop.turn();
    heard("a");
    assertFalse(line.reading);
    conn.resume();
    loop.turn();
    loop.turn();
    heard("abc");
    assertTrue(line.reading);
    assertEquals(0, pool.lentChunks());
  }

  @Test
  void tellsTheEndBehindWhatWasKept() {
    poller.reads(line, "aPb");
    poller.ends(line);
    loop.turn();
    heard("a");
    conn.resume();
    loop.turn();
    loop.turn();
    heard("ab|ended");
    loop.turn();
    heard("ab|ended");
  }

  @Test
  void feedsTheStageThatTakesTheFirstOnesPlace() {
    Recorder second = new Recorder();
    Stage first =
        new Recorder() {
          @Override
          public Next read(Chunk in) {
            in.buffer.get();
            conn.become(second);
            return Next.MORE;
          }
        };
    ((Recorder) first).conn = conn;
    conn.become(first);
    poller.reads(line, "1rest");
    loop.turn();
    assertEquals("rest", second.heard.toString());
  }

  @Test
  void wakesOneThatWaitsAfterTheTurnAndManyFromAVirtualThread() throws Exception {
    List<Thread> wakers = new CopyOnWriteArrayList<>();
    loop.post(() -> loop.wakeAfterTurn(() -> wakers.add(Thread.currentThread())));
    assertEquals(List.of(), wakers);
    loop.turn();
    assertEquals(List.of(Thread.currentThread()), wakers);
    CountDownLatch woken = new CountDownLatch(3);
    for (int n = 0; n < 3; n++) {
      loop.wakeAfterTurn(() -> {
        wakers.add(Thread.currentThread());
        woken.countDown();
      });
    }
    loop.turn();
    assertTrue(woken.await(10, TimeUnit.SECONDS));
    assertEquals(4, wakers.size());
    assertTrue(wakers.getLast().isVirtual());
    assertEquals(2, Set.copyOf(wakers).size());
  }

  @Test
  void sendsInOneWriteWhatATurnProduced() {
    send("one ");
    send("two");
    loop.turn();
    poller.takes(line, 1_000);
    loop.turn();
    assertEquals("one two", line.written.toString(StandardCharsets.US_ASCII));
    assertTrue(conn.outbox().isEmpty());
    assertEquals(0, pool.lentChunks());
  }

  @Test
  void goesOnWithWhatThePeerDidNotTake() {
    send("0123456789".repeat(15)); // three chunks
    loop.turn();
    for (int n = 0; n < 16; n++) {
      poller.takes(line, 10);
      loop.turn();
    }
    assertEquals("0123456789".repeat(15), line.written.toString(StandardCharsets.US_ASCII));
    assertEquals(0, pool.lentChunks());
  }

  @Test
  void tellsOnceThatTheOutboxIsLow() {
    send("x".repeat(150));
    conn.tellWhenLow();
    loop.turn();
    poller.takes(line, 90);
    loop.turn();
    heard(""); // 60 wait: not yet half of 100
    poller.takes(line, 20);
    loop.turn();
    heard("|writable");
    poller.takes(line, 100);
    loop.turn();
    heard("|writable");
  }

  @Test
  void tellsNextTurnThatAnOutboxIsLowThatWasNeverHigh() {
    conn.tellWhenLow();
    heard("");
    loop.turn();
    heard("|writable");
  }

  @Test
  void finishesBehindItsLastByteAndLingersForThePeer() {
    send("bye");
    poller.reads(line, "F and what nobody will read");
    loop.turn();
    assertFalse(line.finished, "the last bytes have not left");
    poller.takes(line, 100);
    loop.turn();
    assertEquals("bye", line.written.toString(StandardCharsets.US_ASCII));
    assertTrue(line.finished && !line.closed);
    poller.reads(line, "still talking");
    poller.ends(line);
    loop.turn();
    heard("|closed: closed");
    assertTrue(line.closed);
    assertEquals(1, gone);
    assertEquals(0, loop.connections());
  }

  @Test
  void closesAPeerThatDoesNotEndInTime() {
    poller.reads(line, "F");
    loop.turn();
    turnAfter(Duration.ofMillis(4_900));
    assertFalse(line.closed);
    turnAfter(Duration.ofMillis(200));
    heard("|closed: the peer did not close in time");
  }

  @Test
  void closesAConnectionWhoseBytesDoNotLeave() {
    send("x".repeat(50));
    loop.turn();
    turnAfter(Duration.ofMillis(9_900));
    poller.takes(line, 1);
    loop.turn(); // progress: the time starts anew
    turnAfter(Duration.ofMillis(9_900));
    assertFalse(line.closed);
    turnAfter(Duration.ofMillis(200));
    heard(
        "|closed: the peer took nothing for the progressTimeout of 10000 ms, with 49 bytes waiting to be sent");
    loop.turn();
    assertEquals(0, pool.lentChunks());
    assertEquals(1, gone);
  }

  @Test
  void keepsAConnectionWhosePeerAcknowledgesWhatTheKernelHas() {
    send("x".repeat(50));
    loop.turn();
    for (int seconds = 0; seconds < 54; seconds++) {
      line.acknowledged = 1 + seconds / 9;
      turnAfter(Duration.ofSeconds(1));
      assertFalse(line.closed, "after " + seconds + " s");
    }
    line.acknowledged++;
    assertEquals(12, secondsUntilClosed(), 2); // 10, or up to a fourth more, and steps of a second
  }

  private int secondsUntilClosed() {
    int seconds = 0;
    for (; !line.closed && seconds < 100; seconds++) {
      turnAfter(Duration.ofSeconds(1));
    }
    return seconds;
  }

  @Test
  void givesAPeerThatStillTakesBytesTheTimeToClose() {
    line.acknowledged = 0;
    poller.reads(line, "F");
    loop.turn();
    for (int seconds = 1; seconds < 30; seconds++) {
      line.acknowledged = seconds;
      turnAfter(Duration.ofSeconds(1));
      assertFalse(line.closed, "after " + seconds + " s");
    }
    assertEquals(6, secondsUntilClosed(), 1);
    heard("|closed: the peer did not close in time");
  }

  @Test
  void leavesWhatComesBehindTheEndToTheKernelAboveABound() {
    poller.reads(line, "F" + "x".repeat(900));
    loop.turn();
    poller.reads(line, "x".repeat(1_000));
    loop.turn();
    assertTrue(line.reading);
    poller.reads(line, "x");
    loop.turn();
    assertFalse(line.reading);
    assertFalse(line.closed, "a reset might overtake what was sent");
    turnAfter(Duration.ofMillis(5_100));
    heard("|closed: the peer did not close in time");
  }

  @Test
  void deliversAllThatCameMeanwhileBeforeItTellsTimersBehindAPause() {
    loop.mindLateTurns();
    conn.wakeAt(10 * MS);
    poller.reads(line, "one L");
    poller.lateScript.add(() -> poller.reads(line, "two L"));
    poller.lateScript.add(() -> poller.reads(line, "three"));
    turnAfter(Duration.ofSeconds(3));
    heard("one two three");
    turnAfter(Duration.ofMillis(2_900)); // late too; but timers do not wait for ever
    heard("one two three");
    turnAfter(Duration.ofMillis(200));
    heard("one two three|expired");
  }

  @Test
  void tellsTimersThoughEveryTurnIsLate() {
    loop.mindLateTurns();
    for (int told = 1; told <= 3; told++) {
      conn.wakeAt(clockNs + 10 * MS);
      int turns = 0;
      for (; !stage.heard.toString().equals("|expired".repeat(told)); turns++) {
        assertTrue(turns < 5, "turn " + turns);
        turnAfter(Duration.ofSeconds(1));
      }
    }
  }

  @Test
  void looksAFewTimesBeforeADeadline() {
    long[] looks = {25, 50, 75, 100};
    long now = 0;
    for (long look : looks) {
      now = Looks.nextNs(100, 100, now);
      assertEquals(look, now);
    }
    assertEquals(Conn.NEVER, Looks.nextNs(Conn.NEVER, 100, 5));
    assertEquals(3, Looks.nextNs(3, 1, 2), "a span too short to be divided");
  }

  @Test
  void wakesAStageAtItsDeadline() {
    conn.wakeAt(100 * MS);
    turnAfter(Duration.ofMillis(90));
    heard("");
    stage.nextNs = 300 * MS;
    turnAfter(Duration.ofMillis(30));
    heard("|expired");
    turnAfter(Duration.ofMillis(170));
    heard("|expired");
    stage.nextNs = Conn.NEVER;
    turnAfter(Duration.ofMillis(40));
    heard("|expired|expired");
    turnAfter(Duration.ofHours(1));
    heard("|expired|expired");
  }

  @Test
  void costsAConnectionWhoseStageFailsAndNoOther() {
    Recorder other = new Recorder();
    ScriptedPoller.Line second = new ScriptedPoller.Line();
    adopt(second, other);
    poller.reads(line, "aTb");
    poller.reads(second, "fine");
    loop.turn();
    assertTrue(
        stage.heard.toString().startsWith("a|closed: internal error"), stage.heard.toString());
    assertEquals("fine", other.heard.toString());
    assertEquals(1, loop.connections());
  }

  @Test
  void costsAConnectionWhoseDeadlineFailsAndNoOther() {
    stage = new Failing();
    ScriptedPoller.Line second = new ScriptedPoller.Line();
    Conn failing = adopt(second, stage);
    Recorder other = new Recorder();
    Conn fine = adopt(new ScriptedPoller.Line(), other);
    failing.wakeAt(20 * MS);
    fine.wakeAt(20 * MS);
    turnAfter(Duration.ofMillis(100));
    assertTrue(stage.heard.toString().startsWith("|closed: internal error"), stage.heard + "");
    assertEquals("|expired", other.heard.toString());
    assertTrue(second.closed);
  }

  /// One whose deadlines come to nothing good.
  private static final class Failing extends Recorder {
    @Override
    public long expired(long nowNs) {
      throw new IllegalStateException("on purpose");
    }
  }

  @Test
  void survivesATaskThatFails() {
    StringBuilder ran = new StringBuilder();
    loop.after(
        20 * MS,
        () -> {
          throw new IllegalStateException("on purpose");
        });
    loop.after(20 * MS, () -> ran.append("fine"));
    turnAfter(Duration.ofMillis(100));
    assertEquals("fine", ran.toString());
  }

  @Test
  void closesAConnectionWhoseFirstStageCannotBeMade() {
    ScriptedPoller.Line second = new ScriptedPoller.Line();
    loop.adopt(
        second,
        terms,
        failing -> {
          throw new IllegalStateException("on purpose");
        });
    loop.turn();
    assertTrue(second.closed);
    assertEquals(1, gone);
    assertEquals(1, loop.connections());
  }

  @Test
  void reportsABrokenConnectionOnce() {
    poller.completes(into -> into.failed(line, new IOException("reset by peer")));
    poller.completes(into -> into.failed(line, new IOException("and again")));
    loop.turn();
    heard("|closed: the connection broke: reset by peer");
    assertEquals(1, gone);
  }

  @Test
  void countsASocketThatBrokeBeforeItWasAdopted() {
    ScriptedPoller.Line broken = new ScriptedPoller.Line();
    broken.discard();
    assertEquals(null, adopt(broken, new Recorder()));
    assertEquals(1, gone);
    assertEquals(1, loop.connections());
  }

  @Test
  void runsMailAndSurvivesItsFailure() {
    StringBuilder ran = new StringBuilder();
    loop.post(() -> ran.append("one "));
    loop.post(() -> {
      throw new IllegalStateException("on purpose");
    });
    loop.post(() -> loop.post(() -> ran.append("next turn")));
    loop.post(() -> ran.append("two "));
    loop.turn();
    assertEquals("one two ", ran.toString(), "mail of mail waits, so that a turn ends");
    loop.turn();
    assertEquals("one two next turn", ran.toString());
  }

  @Test
  void closesAllItHasWhenItStops() {
    send("unsent");
    loop.stop();
    loop.run();
    heard("|closed: the server stopped");
    assertTrue(poller.closed);
    assertEquals(1, gone);
    assertEquals(0, pool.lentChunks());
  }

  private Conn connect(ScriptedPoller.Line to, Recorder with) throws IOException {
    poller.toConnect = to;
    with.wasConnecting = true;
    return loop.connect(
        new InetSocketAddress(1),
        terms,
        made -> {
          with.conn = made;
          return with;
        });
  }

  @Test
  void beginsAStageWhenItsConnectionIsThere() throws IOException {
    stage = new Recorder();
    ScriptedPoller.Line to = new ScriptedPoller.Line();
    Conn made = connect(to, stage);
    assertFalse(made.isOpen());
    made.wakeAt(100 * MS);
    stage.nextNs = 200 * MS;
    turnAfter(Duration.ofMillis(120));
    stage.nextNs = Conn.NEVER;
    turnAfter(Duration.ofMillis(100));
    heard("|expired|expired");
    poller.completes(into -> into.of(Completion.Kind.CONNECTED, to));
    poller.reads(to, "hello");
    loop.turn();
    heard("|expired|expiredbegun|hello");
    assertTrue(made.isOpen());
    made.abort("enough");
    poller.completes(into -> into.of(Completion.Kind.CONNECTED, to)); // nobody cares any more
    loop.turn();
    heard("|expired|expiredbegun|hello|closed: enough");
    assertEquals(1, gone);
  }

  @Test
  void tellsAStageWhyItsConnectionCannotBeMade() throws IOException {
    stage = new Recorder();
    ScriptedPoller.Line to = new ScriptedPoller.Line();
    connect(to, stage);
    assertEquals(2, loop.connections());
    poller.completes(into -> into.failed(to, new IOException("Connection refused")));
    loop.turn();
    heard("|closed: Connection refused");
    assertEquals(1, gone);
    assertEquals(1, loop.connections());
    assertThrows(IOException.class, () -> connect(null, new Recorder()), "no socket is left");
    assertEquals(1, loop.connections());
  }

  @Test
  void leavesTheFirstFinToThePeerIfAsked() {
    send("bye");
    conn.yieldEnd();
    loop.turn();
    poller.takes(line, 100);
    poller.reads(line, "dropped");
    loop.turn();
    assertEquals("bye", line.written.toString(StandardCharsets.US_ASCII));
    assertFalse(line.finished || line.closed);
    poller.ends(line);
    loop.turn();
    heard("|closed: closed");
    assertFalse(line.finished, "closing says it too");
    assertEquals(1, gone);
  }

  @Test
  void sendsItsLastBytesToAPeerThatEndsBeforeThem() {
    send("bye");
    conn.yieldEnd();
    loop.turn();
    poller.ends(line);
    loop.turn();
    heard("");
    poller.takes(line, 100);
    loop.turn();
    assertEquals("bye", line.written.toString(StandardCharsets.US_ASCII));
    heard("|closed: closed");
  }

  @Test
  void waitsForThePeersFinOnlySoLong() {
    conn.yieldEnd();
    turnAfter(Duration.ofMillis(4_900));
    assertFalse(line.closed);
    turnAfter(Duration.ofMillis(200));
    heard("|closed: the peer did not close in time");
  }

  @Test
  void tellsWhatLeftOfAConnectionThatEndedBeforeItIsGone() {
    Leaving leaving = new Leaving();
    conn.become(leaving);
    send("hello");
    loop.turn(); // the write is under way
    poller.takes(line, 3);
    conn.abort("on purpose"); // and CLOSED behind what it took
    loop.turn();
    assertEquals("|closed: on purpose|wrote 3|gone", leaving.heard.toString());
    assertEquals(0, pool.lentChunks());
  }

  @Test
  void takesForSentWhatAPollerThatFailedHadToWrite() {
    Leaving leaving = new Leaving();
    conn.become(leaving);
    send("hello");
    loop.turn();
    send(", and more");
    poller.forgets = true;
    loop.close();
    assertEquals("|closed: the server stopped|wrote 5|gone", leaving.heard.toString());
    assertEquals(0, pool.lentChunks());
  }

  /// Notes what left, too.
  private static final class Leaving extends Recorder {
    @Override
    public void wrote(long bytes) {
      heard.append("|wrote ").append(bytes);
    }

    @Override
    public void gone() {
      heard.append("|gone");
    }
  }

  private static final Throwable ON_PURPOSE = new IllegalStateException("on purpose");

  @Test
  void closesAllItHasWhenTurnAfterTurnFails() {
    poller.fails("poll", Survival.MOST_FAILED_TURNS, ON_PURPOSE);
    loop.stop();
    runLogged();
    heard("|closed: the loop failed: java.lang.IllegalStateException: on purpose");
    assertTrue(poller.closed);
    assertEquals(1, gone);
  }

  /// Runs the loop, without its words in the output.
  private Logged runLogged() {
    try (Logged logged = new Logged()) {
      loop.run();
      return logged;
    }
  }

  @Test
  void keepsTimeAndRunsMailWhenItHasFailed() {
    poller.fails("next", Survival.MOST_FAILED_TURNS + 1, ON_PURPOSE);
    List<String> ran = new ArrayList<>();
    loop.after(
        Duration.ofMillis(1).toNanos(),
        () -> {
          ran.add("timer, " + loop.hasFailed());
          loop.post(() -> {
            ran.add("mail");
            assertNull(adopt(new ScriptedPoller.Line(), new Recorder()));
            assertThrows(IOException.class, () -> loop.connect(null, terms, c -> stage));
            loop.stop();
          });
        });
    clockNs += Duration.ofSeconds(1).toNanos(); // what stands still otherwise
    runLogged();
    assertEquals(List.of("timer, true", "mail"), ran);
    assertEquals(2, gone, "a socket that came too late is counted too");
  }

  @Test
  void pausesAcceptingWhenTheSystemRefuses() {
    Listener listener = new Listener(List.of(loop), 2, terms, c -> c.become(new Recorder()));
    var bound = listener.open(new InetSocketAddress(0));
    loop.turn();
    assertTrue(bound.isDone());
    assertTrue(poller.accepting);
    ScriptedPoller.Line first = new ScriptedPoller.Line();
    ScriptedPoller.Line second = new ScriptedPoller.Line();
    poller.completes(into -> into.of(Completion.Kind.ACCEPTED, first));
    poller.completes(into -> into.of(Completion.Kind.ACCEPTED, second));
    loop.turn();
    assertEquals(2, listener.connections());
    ScriptedPoller.Line third = new ScriptedPoller.Line();
    poller.completes(into -> into.of(Completion.Kind.ACCEPTED, third));
    loop.turn();
    assertEquals(2, listener.connections());
    assertEquals(1, listener.turnedAway());
    assertTrue(third.discarded && poller.accepting, "two are open, and two are allowed");
    poller.completes(into -> into.failed(first, new IOException("gone")));
    loop.turn();
    loop.turn();
    assertEquals(1, listener.connections());

    poller.accepting = false; // as a poller does that runs out of file descriptors
    poller.completes(into -> into.acceptFailed(new IOException("Too many open files")));
    loop.turn();
    assertFalse(poller.accepting);
    turnAfter(Duration.ofMillis(50));
    assertFalse(poller.accepting);
    turnAfter(Duration.ofMillis(100));
    assertTrue(poller.accepting);
    var closed = listener.close();
    loop.turn();
    assertTrue(closed.isDone());
    assertFalse(poller.accepting);
  }

  @Test
  void boundsReservedMailAndSleepsUntilItsNextTimer() {
    for (int n = 0; n < 4; n++) {
      assertTrue(loop.reserveMail());
    }
    assertFalse(loop.reserveMail());
    loop.unreserveMail();
    assertTrue(loop.reserveMail());
    conn.wakeAt(1_000 * MS);
    loop.turn();
    assertTrue(poller.waitedNs >= 1_000 * MS && poller.waitedNs < 1_050 * MS, "" + poller.waitedNs);
  }
}
