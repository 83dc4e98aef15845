package io.weft.bench.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Echoes over many connections. In a closed loop each connection sends some binary messages in one
/// write, waits until they are back, and goes on; at a rate, messages are due at even intervals and
/// are as old as they are late.
public final class EchoLoad extends Load {

  /// Different contents, so that an answer meant for another is noticed.
  private static final int VARIANTS = 4;

  private final int inFlight;
  private final ByteBuffer[] bursts = new ByteBuffer[VARIANTS];
  private final ByteBuffer[] answers = new ByteBuffer[VARIANTS];
  private final List<EchoLine> lines = new ArrayList<>();
  private int underWay;

  /// Null in a closed loop.
  private @Nullable Schedule schedule;

  /// A connection with its part of the schedule.
  private static final class EchoLine extends Line {
    int variant;
    boolean isIdle = true;

    /// When what is under way was sent, or should have been.
    long sinceNs;

    /// How many messages are due and not sent, and when the first of them was due.
    int late;

    long lateSinceNs;

    EchoLine(Target target, EchoLoad load, int number) throws IOException {
      super(target.open(number), load.selector);
      variant = number % VARIANTS;
    }
  }

  /// Messages due at even intervals, in turn on each connection.
  private static final class Schedule {
    final double intervalNs;
    final long startNs;
    long next;

    Schedule(double perSecond) {
      this.intervalNs = 1e9 / perSecond;
      this.startNs = System.nanoTime();
    }

    long dueNs(long number) {
      return startNs + (long) (number * intervalNs);
    }
  }

  /// Opens the connections.
  ///
  /// @param inFlight messages that a connection has under way at once
  public EchoLoad(Target target, int connections, int messageBytes, int inFlight)
      throws IOException {
    this.inFlight = inFlight;
    for (int variant = 0; variant < VARIANTS; variant++) {
      bursts[variant] = Frames.burst(messageBytes, inFlight, variant, true);
      answers[variant] = Frames.burst(messageBytes, inFlight, variant, false);
    }
    try {
      for (int n = 0; n < connections; n++) {
        lines.add(new EchoLine(target, this, n));
      }
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /// Waits until nothing is under way, and from then on sends so many messages a second, all
  /// connections together.
  public void paceAt(double perSecond) throws IOException {
    settle();
    schedule = new Schedule(perSecond);
  }

  /// Sends one burst on each connection, waits for the echoes, and stands still.
  public void once() throws IOException {
    settling = false;
    begin();
    settle();
  }

  @Override
  boolean isSettled() {
    return underWay == 0;
  }

  @Override
  void begin() throws IOException {
    if (schedule == null) {
      long now = System.nanoTime();
      for (EchoLine line : lines) {
        if (line.isIdle) {
          send(line, now);
        }
      }
    }
  }

  @Override
  boolean turn(long nowNs) throws IOException {
    Schedule due = schedule;
    if (due == null || settling) {
      return true;
    }
    while (due.dueNs(due.next) <= nowNs) {
      EchoLine line = lines.get((int) (due.next % lines.size()));
      long dueNs = due.dueNs(due.next++);
      if (line.isIdle) {
        send(line, dueNs);
      } else {
        line.lateSinceNs = line.late++ == 0 ? dueNs : line.lateSinceNs;
      }
    }
    return false;
  }

  @Override
  void ready(SelectionKey key) throws IOException {
    EchoLine line = (EchoLine) key.attachment();
    if (key.isWritable()) {
      line.write();
    }
    if (!key.isReadable()) {
      return;
    }
    ByteBuffer answer = answers[line.variant];
    receive(line, answer);
    if (line.received == answer.limit()) {
      long now = System.nanoTime();
      count(inFlight, now - line.sinceNs);
      line.isIdle = true;
      underWay--;
      goOn(line, now);
    }
  }

  private void goOn(EchoLine line, long nowNs) throws IOException {
    Schedule due = schedule;
    if (settling) {
      line.late = 0;
    } else if (due == null) {
      send(line, nowNs);
    } else if (line.late > 0) {
      long dueNs = line.lateSinceNs;
      line.late--;
      line.lateSinceNs += (long) (due.intervalNs * lines.size());
      send(line, dueNs);
    }
  }

  private void send(EchoLine line, long sinceNs) throws IOException {
    line.isIdle = false;
    line.sinceNs = sinceNs;
    line.variant = (line.variant + 1) % VARIANTS;
    line.received = 0;
    line.out = bursts[line.variant].duplicate();
    underWay++;
    line.write();
  }
}
