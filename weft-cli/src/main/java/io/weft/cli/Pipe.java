package io.weft.cli;

import io.weft.Close;
import io.weft.Message;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A connection between standard input and standard output, without anybody who types.
///
/// It ends when the other side closes, when enough messages have come, or when all is sent and
/// nothing has come for a while. What was sent was taken, or is said not to have been; what came is
/// printed before it ends.
final class Pipe {

  /// When a pipe ends by itself, and how.
  ///
  /// @param count when so many messages have come; 0 for no end
  /// @param patience how long to wait in silence when all is sent
  /// @param answer how long to wait for the first message then, if something was sent: longer than
  ///   `patience` where an answer is expected, and whether one came is told by the exit code
  /// @param code of our Close
  /// @param reason of our Close
  /// @param peer who is at the other end, as "the server"
  record Plan(int count, Duration patience, Duration answer, int code, String reason, String peer) {

    /// Whether an answer is expected to what is sent.
    boolean expectsAnswer() {
      return answer.compareTo(patience) > 0;
    }
  }

  /// How long to wait, when the connection has ended, for the sender to miss it. One that waits for
  /// standard input never does.
  private static final long MISSED_NS = 500_000_000;

  private final Session session;
  private final Plan plan;
  private final PrintWriter err;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Guarded by the lock:
  private boolean allSent;
  private boolean taking;
  private int closing;
  private boolean showing;
  private long quietSinceNs;
  private long shown;
  private boolean unanswered;
  private @Nullable String unsent;
  private @Nullable Failure failure;
  private @Nullable Close end;

  Pipe(Session session, Plan plan, PrintWriter err) {
    this.session = session;
    this.plan = plan;
    this.closing = plan.code;
    this.err = err;
  }

  /// Sends and prints until the end.
  ///
  /// @return the exit code
  /// @throws Failure if the input is no message, or the output takes no more
  int run(Outgoing.Source source) throws InterruptedException {
    Thread receiver = Thread.ofVirtual().name("weft-receive").start(this::receive);
    // Reading standard input cannot be interrupted: this thread may outlive the connection.
    Thread.ofPlatform().daemon().name("weft-send").start(() -> send(source));
    Thread hook = Thread.ofPlatform().name("weft-stop").unstarted(() -> interrupted(receiver));
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      awaitDone();
      session.ws().close(plan.code, plan.reason);
      receiver.join();
      awaitSender();
      return verdict();
    } finally {
      forget(hook);
    }
  }

  /// Takes back a shutdown hook.
  static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      assert !hook.getState().equals(Thread.State.NEW); // the process ends, and the hook runs
    }
  }

  /// Ctrl-C, or SIGTERM: closes, and says how far it came.
  private void interrupted(Thread receiver) {
    locked(() -> closing = Close.GOING_AWAY);
    session.ws().close(Close.GOING_AWAY, "");
    try {
      receiver.join(Duration.ofSeconds(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    err.println(
        "weft: interrupted; sent " + session.sent() + ", received " + session.received() + ".");
    err.flush();
  }

  // ---- The two directions ---------------------------------------------------------------------

  private void send(Outgoing.Source source) {
    try {
      source.feed(this::take);
    } catch (Failure e) {
      fail(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    locked(() -> {
      allSent = true;
      quietSinceNs = System.nanoTime();
    });
  }

  private boolean take(Outgoing message, String where) throws InterruptedException {
    locked(() -> taking = true);
    boolean taken;
    try {
      taken = session.take(message, where);
    } finally {
      locked(() -> taking = false);
    }
    if (message instanceof Outgoing.Close(int code, String _)) {
      locked(() -> closing = code);
    } else if (!taken) {
      locked(() -> unsent = where);
    }
    return taken;
  }

  private void receive() {
    try {
      Close close = session.receive(this::show);
      locked(() -> end = close);
    } catch (Failure e) {
      fail(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void show(Message message) {
    lock.lock();
    try {
      if (isEnough()) {
        return; // it came while we closed
      }
      showing = true;
    } finally {
      lock.unlock();
    }
    session.show(message);
    locked(() -> {
      showing = false;
      shown++;
      quietSinceNs = System.nanoTime();
    });
  }

  private void fail(Failure thrown) {
    locked(() -> failure = failure == null ? thrown : failure);
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

  // ---- The end --------------------------------------------------------------------------------

  private boolean isEnough() {
    return plan.count > 0 && shown >= plan.count;
  }

  private void awaitDone() throws InterruptedException {
    lock.lock();
    try {
      while (end == null && failure == null && !isEnough()) {
        long leftNs = Long.MAX_VALUE;
        if (allSent && !showing) {
          boolean awaited = awaitsAnswer();
          Duration patience = awaited ? plan.answer : plan.patience;
          leftNs = quietSinceNs + patience.toNanos() - System.nanoTime();
          if (leftNs <= 0) {
            unanswered = awaited;
            return;
          }
        }
        changed.await(leftNs, TimeUnit.NANOSECONDS);
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean awaitsAnswer() {
    return plan.expectsAnswer() && shown == 0 && session.sent() > 0;
  }

  /// Waits until the sender has missed the connection, and in any case until it has recorded what
  /// it sent: the answer may be here sooner.
  private void awaitSender() throws InterruptedException {
    lock.lock();
    try {
      long leftNs = MISSED_NS;
      while ((taking || mayStillMiss()) && leftNs > 0) {
        leftNs = changed.awaitNanos(leftNs);
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean mayStillMiss() {
    return !allSent && unsent == null && failure == null && !isEnough();
  }

  /// Whether a connection ended as it should: with 1000, without a code, or as we wished.
  static boolean isWell(Close close, int ours) {
    return close.code() == Close.NORMAL
        || close.code() == Close.NO_STATUS
        || (close.by() == Close.By.SELF && close.code() == ours);
  }

  private int verdict() {
    lock.lock();
    try {
      if (failure != null) {
        throw failure;
      }
      Close close = end;
      if (close == null) {
        return Main.ENDED_BADLY; // interrupted
      }
      boolean well = isWell(close, closing);
      if (!well) {
        say(Session.sentence(close, plan.peer));
      }
      if (unsent != null && !isEnough()) {
        say(unsent + " and what follows it was not sent: the connection had ended");
        well = false;
      }
      if (plan.count > 0 && !isEnough()) {
        say(String.format(Locale.ROOT, "%d of %d messages came", shown, plan.count));
        well = false;
      }
      if (well && unanswered && shown == 0) {
        say(
            "no answer came within "
                + plan.answer.toSeconds()
                + " s; --wait says how long to wait");
        return Main.NO_ANSWER;
      }
      return well ? 0 : Main.ENDED_BADLY;
    } finally {
      lock.unlock();
    }
  }

  private void say(String sentence) {
    err.println("weft: " + sentence + ".");
    err.flush();
  }
}
