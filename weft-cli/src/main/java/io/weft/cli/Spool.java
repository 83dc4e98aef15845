package io.weft.cli;

import java.io.PrintWriter;
import java.io.Writer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// A log on its way to where writing may take long, as a terminal that was stopped or a pipe that
/// nobody reads: a thread of its own writes, so that whoever logs, an event loop above all, does
/// not wait for it. What comes while [#MOST] entries wait is left out, counted, and told.
final class Spool extends Writer {

  /// Entries that may wait.
  static final int MOST = 8192;

  private final PrintWriter to;
  private final LongConsumer whenLeftOut;
  private final ReentrantLock guard = new ReentrantLock();
  private final Condition changed = guard.newCondition();

  // Under the guard:
  private final ArrayDeque<String> waiting = new ArrayDeque<>();
  private long leftOut;
  private boolean writing;

  /// @param to where entries go
  /// @param whenLeftOut hears how many entries were left out, when entries are taken again
  Spool(PrintWriter to, LongConsumer whenLeftOut) {
    this.to = to;
    this.whenLeftOut = whenLeftOut;
    Thread.ofPlatform().name("weft-log").daemon().start(this::run);
  }

  /// Takes an entry: as much as one call has.
  @Override
  public void write(String entry, int from, int length) {
    guard.lock();
    try {
      if (waiting.size() >= MOST) {
        leftOut++;
      } else {
        waiting.add(entry.substring(from, from + length));
        changed.signalAll();
      }
    } finally {
      guard.unlock();
    }
  }

  @Override
  public void write(char[] entry, int from, int length) {
    String text = String.valueOf(entry, from, length);
    write(text, 0, length);
  }

  /// Does nothing: entries are on their way already.
  @Override
  public void flush() {}

  /// Does nothing: the process ends with [#await].
  @Override
  public void close() {}

  /// Waits until all entries are written, or not longer than `most`.
  void await(Duration most) {
    guard.lock();
    try {
      long leftNs = most.toNanos();
      while ((writing || !waiting.isEmpty()) && leftNs > 0) {
        leftNs = changed.awaitNanos(leftNs);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      guard.unlock();
    }
  }

  private void run() {
    try {
      while (true) {
        String entries = take();
        to.print(entries);
        to.flush();
        tellLeftOut();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void tellLeftOut() {
    long count;
    guard.lock();
    try {
      count = leftOut;
      leftOut = 0;
    } finally {
      guard.unlock();
    }
    if (count > 0) {
      whenLeftOut.accept(count);
    }
  }

  /// Takes all that waits.
  private String take() throws InterruptedException {
    guard.lockInterruptibly();
    try {
      writing = false;
      changed.signalAll();
      while (waiting.isEmpty()) {
        changed.await(1, TimeUnit.DAYS);
      }
      writing = true;
      StringBuilder entries = new StringBuilder();
      @Nullable String entry;
      while ((entry = waiting.poll()) != null) {
        entries.append(entry);
      }
      return entries.toString();
    } finally {
      guard.unlock();
    }
  }
}
