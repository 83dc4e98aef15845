package io.weft.net;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// The connections of a loop that have ended and whose sockets the poller still has, or that could
/// not be told of their end yet, for want of memory.
final class Ends {

  /// How often the last connections of a loop are told, and how long to wait each time.
  private static final int LAST_TRIES = 100;

  private static final long LAST_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(10);

  /// How often a loop that ends polls without anything closing, and how long each time.
  private static final int CLOSE_POLLS = 100;

  private static final long CLOSE_POLL_NS = TimeUnit.MILLISECONDS.toNanos(10);

  private final Conns conns = new Conns();

  /// Whether some end is to be tried again.
  private boolean due;

  /// A connection has begun to end.
  void add(Conn conn) {
    conns.add(conn);
  }

  /// The end of one is to be tried again.
  void later() {
    due = true;
  }

  /// Whether [#again] has something to do.
  boolean isDue() {
    return due;
  }

  /// The poller is done with a connection's socket.
  void socketClosed(Conn conn) {
    conn.socket().conn = null; // nothing more comes of it
    due |= !leaves(conn);
  }

  /// Tries again what could not be done.
  void again() {
    due = false;
    Conn next;
    for (Conn conn = conns.first(); conn != null; conn = next) {
      next = conn.next;
      boolean through = conn.socket().conn == null ? leaves(conn) : conn.endNow(Survival.NO_MEMORY);
      due |= !through;
    }
  }

  /// Lets go of a connection of whose socket nothing more comes.
  ///
  /// @return false if it could not be told that it has ended
  private boolean leaves(Conn conn) {
    boolean told = conn.endNow(Survival.NO_MEMORY);
    if (told) {
      conns.remove(conn);
      conn.gone();
    }
    return told;
  }

  /// Waits a moment for the poller to let go of all sockets.
  ///
  /// @param deliver delivers what completed
  void awaitSockets(Poller poller, Runnable deliver) throws IOException {
    for (int left = CLOSE_POLLS; conns.count() > 0 && left > 0; ) {
      int before = conns.count();
      poller.poll(CLOSE_POLL_NS);
      deliver.run();
      left -= conns.count() == before ? 1 : 0;
    }
  }

  /// Lets go of all of them: the poller has ended.
  void forgetAll() {
    for (Conn conn = conns.first(); conn != null; conn = conns.first()) {
      for (int left = LAST_TRIES; !conn.endNow(Survival.NO_MEMORY) && left > 0; left--) {
        LockSupport.parkNanos(this, LAST_PAUSE_NS);
      }
      conns.remove(conn);
      conn.forgotten();
    }
  }
}
