package io.weft.cli.lint;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// A connection as bytes, with a deadline on every read. A write to a peer that has gone is no
/// error here: what became of the connection is seen by reading.
final class Wire implements AutoCloseable {

  private static final int NONE_LEFT = -1;
  private static final long SPARE_NS = 10_000_000_000L;

  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;
  private final long waitNs;
  private final Future<?> guard;
  private final long openedNs = System.nanoTime();
  private final byte[] buffer = new byte[8 << 10];
  private int at;
  private int to;
  private long deadlineNs;
  private End end = End.NONE;
  private volatile boolean stuck;

  /// How a stream was left.
  enum End {
    /// It was not: there may be more.
    NONE("a connection that is still open"),
    /// The peer ended it in order.
    STREAM("the end of the stream"),
    /// It broke.
    RESET("a reset"),
    /// Nothing came within the time.
    SILENCE("nothing within the time"),
    /// It took so long that we closed it.
    STUCK("a connection that moved no more");

    private final String words;

    End(String words) {
      this.words = words;
    }

    String words() {
      return words;
    }
  }

  /// Takes a connection.
  ///
  /// @param waitNs for each answer
  /// @param guards one of which closes the socket when even writing has taken too long
  Wire(Socket socket, long waitNs, ScheduledExecutorService guards) throws IOException {
    this.socket = socket;
    this.in = socket.getInputStream();
    this.out = socket.getOutputStream();
    this.waitNs = waitNs;
    this.guard = guards.schedule(this::giveUp, 4 * waitNs + SPARE_NS, TimeUnit.NANOSECONDS);
    waitAfresh();
  }

  /// From now on there is the whole time again.
  void waitAfresh() {
    waitNs(waitNs);
  }

  /// From now on there is that much time, but never more than the whole.
  void waitNs(long most) {
    deadlineNs = System.nanoTime() + Math.min(most, waitNs);
    if (end == End.SILENCE) {
      end = End.NONE;
    }
  }

  /// Sends what it can.
  ///
  /// @return whether the peer may still be there
  boolean send(byte[] bytes) {
    try {
      out.write(bytes);
      out.flush();
      return true;
    } catch (IOException gone) {
      return false;
    }
  }

  /// Sends byte by byte, so that each may arrive alone.
  void drip(byte[] bytes, long pauseNs) throws InterruptedException {
    for (byte next : bytes) {
      if (!send(new byte[] {next})) {
        return;
      }
      Thread.sleep(Duration.ofNanos(pauseNs));
    }
  }

  /// Ends our direction of the stream and leaves the other.
  void endOutput() throws IOException {
    socket.shutdownOutput();
  }

  /// The next byte, or a negative number if none came: then [#end] says why.
  int read() {
    if (at < to) {
      return buffer[at++] & 0xFF;
    }
    if (end != End.NONE) {
      return NONE_LEFT;
    }
    long leftMs = (deadlineNs - System.nanoTime()) / 1_000_000;
    if (leftMs <= 0) {
      end = End.SILENCE;
      return NONE_LEFT;
    }
    try {
      socket.setSoTimeout((int) Math.min(leftMs, Integer.MAX_VALUE));
      at = 0;
      to = 0;
      to = Math.max(0, in.read(buffer));
      if (to > 0) {
        return buffer[at++] & 0xFF;
      }
      end = End.STREAM;
    } catch (SocketTimeoutException late) {
      end = End.SILENCE;
    } catch (IOException broken) {
      end = stuck ? End.STUCK : End.RESET;
    }
    return NONE_LEFT;
  }

  End end() {
    return end;
  }

  long ageMs() {
    return (System.nanoTime() - openedNs) / 1_000_000;
  }

  private void giveUp() {
    stuck = true;
    closeSocket();
  }

  @Override
  public void close() {
    guard.cancel(false);
    closeSocket();
  }

  private void closeSocket() {
    try {
      socket.close();
    } catch (IOException e) {
      stuck = true; // closed all the same
    }
  }
}
