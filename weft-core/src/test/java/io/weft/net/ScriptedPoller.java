package io.weft.net;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A poller whose completions a test writes, one after the other, and that notes what is asked of
/// it. Writes complete when the test says how much the peer takes.
final class ScriptedPoller implements Poller {

  private final ArrayDeque<Predicate<Completion>> script = new ArrayDeque<>();
  long waitedNs = -1;
  boolean accepting;
  boolean closed;

  /// Whether it says of no socket that it is closed.
  boolean forgets;

  /// The call that fails, by its name; null if none does. How often, and with what.
  private @Nullable String failing;

  private int failures;
  private @Nullable Throwable thrown;

  /// Has a call fail.
  ///
  /// @param call the name of the method
  /// @param times how often
  void fails(String call, int times, Throwable with) {
    failing = call;
    failures = times;
    thrown = with;
  }

  /// How many of the failures are still to come.
  int failuresLeft() {
    return failures;
  }

  @SuppressWarnings("unchecked")
  private <T extends Throwable> void mayFail(String call) throws T {
    if (call.equals(failing) && failures > 0) {
      failures--;
      throw (T) java.util.Objects.requireNonNull(thrown);
    }
  }

  /// A socket, and what became of it.
  static final class Line extends Socket {
    final ByteArrayOutputStream written = new ByteArrayOutputStream();
    boolean reading = true;
    boolean finished;
    boolean discarded;
    boolean closed;
    @Nullable Outbox outbox;

    /// What TCP says; unknown if below zero.
    int acknowledged = -1;

    boolean peerEnded;

    @Override
    public SocketAddress remote() {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    }

    @Override
    public void discard() {
      discarded = true;
    }
  }

  /// What is done at the polls that do not wait, one each.
  final ArrayDeque<Runnable> lateScript = new ArrayDeque<>();

  void completes(Predicate<Completion> completion) {
    script.add(completion);
  }

  void reads(Line line, String ascii) {
    byte[] bytes = ascii.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    completes(into -> into.read(line, Chunk.copyOf(bytes)));
  }

  void ends(Line line) {
    completes(into -> into.of(Completion.Kind.ENDED, line));
  }

  /// The peer takes up to `most` bytes of the write that waits.
  void takes(Line line, int most) {
    completes(into -> {
      Outbox outbox = line.outbox;
      if (outbox == null) {
        return false;
      }
      line.outbox = null;
      ByteBuffer[] buffers = new ByteBuffer[16];
      int count = outbox.gather(buffers);
      int left = most;
      for (int at = 0; at < count; at++) {
        while (left > 0 && buffers[at].hasRemaining()) {
          line.written.write(buffers[at].get());
          left--;
        }
      }
      return into.wrote(line, most - left);
    });
  }

  @Override
  public InetSocketAddress listen(InetSocketAddress address, int backlog) {
    accepting = true;
    return address;
  }

  @Override
  public void accepting(boolean on) {
    mayFail("accepting");
    accepting = on;
  }

  @Override
  public void unlisten() {
    accepting = false;
  }

  @Override
  public void adopt(Socket socket) throws IOException {
    mayFail("adopt");
    if (((Line) socket).discarded) {
      throw new IOException("it broke");
    }
  }

  /// What [#connect] gives next.
  @Nullable Line toConnect;

  @Override
  public Socket connect(InetSocketAddress to) throws IOException {
    mayFail("connect");
    Line line = toConnect;
    if (line == null) {
      throw new IOException("Too many open files");
    }
    return line;
  }

  @Override
  public void reading(Socket socket, boolean on) {
    mayFail("reading");
    ((Line) socket).reading = on;
  }

  @Override
  public void write(Socket socket, Outbox outbox) {
    mayFail("write");
    ((Line) socket).outbox = outbox;
  }

  @Override
  public void finish(Socket socket) {
    mayFail("finish");
    ((Line) socket).finished = true;
  }

  @Override
  public void look(Socket socket, Tcp into) {
    Line line = (Line) socket;
    into.unknown();
    if (line.acknowledged >= 0) {
      into.is(line.peerEnded ? 8 : 1, line.acknowledged);
    }
  }

  @Override
  public void close(Socket socket) {
    mayFail("close");
    Line line = (Line) socket;
    if (!line.closed) {
      line.closed = true;
      completes(into -> !forgets && into.of(Completion.Kind.CLOSED, line));
    }
  }

  @Override
  public void wake() {}

  @Override
  public void poll(long waitNs) {
    mayFail("poll");
    waitedNs = waitNs;
    Runnable late = waitNs == 0 ? lateScript.poll() : null;
    if (late != null) {
      late.run();
    }
  }

  @Override
  public boolean next(Completion into) {
    mayFail("next");
    for (Predicate<Completion> step = script.poll(); step != null; step = script.poll()) {
      if (step.test(into)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() {
    closed = true;
  }
}
