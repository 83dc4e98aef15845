package io.weft.net;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/// The socket of a [Uring] that listens: one request that accepts again and again.
///
/// The kernel may accept more than is wanted: connections that came in while accepting was being
/// switched off, or more than a turn's share. They wait here, as the others do in the kernel's
/// queue.
final class UringListener {

  /// Connections accepted in one turn; the rest wait for the next, behind everybody's bytes.
  private static final int ACCEPTED_A_TURN = 64;

  /// How often the end of the request is waited for, and how long each time.
  private static final int CLOSE_TRIES = 100;

  private static final long CLOSE_WAIT_NS = 10_000_000;
  private static final int ACCEPT_MULTISHOT = 1;
  private static final int NONE = -1;

  private final Uring uring;
  private final Linux linux;

  private int fd = NONE;

  /// What the request's completions carry: another number for each time it listens, so that what
  /// belongs to a socket that is closed is not taken for the next one's.
  private long id = Uring.ACCEPT_ID;

  /// Whether connections are wanted, and whether the kernel has a request for them.
  private boolean wanted;

  private boolean armed;

  /// How many were told of in this turn.
  private int told;

  /// Connections that wait to be told of.
  private final ArrayDeque<Integer> waiting = new ArrayDeque<>();

  /// Sockets that listen no more, by the request that has not ended.
  private final Map<Long, Integer> ending = new HashMap<>();

  UringListener(Uring uring, Linux linux) {
    this.uring = uring;
    this.linux = linux;
  }

  InetSocketAddress listen(InetSocketAddress address, int backlog) throws IOException {
    InetAddress host = address.getAddress();
    boolean every = host != null && host.isAnyLocalAddress();
    boolean six = every ? linux.hasSix() : host instanceof Inet6Address;
    int socket = linux.socket(six);
    try {
      linux.reuseAddress(socket);
      linux.noDelay(socket);
      linux.bind(socket, address, six);
      linux.listen(socket, backlog);
      InetSocketAddress bound = linux.local(socket);
      fd = socket;
      armed = false;
      id++;
      accepting(true);
      return bound;
    } catch (IOException | RuntimeException e) {
      fd = NONE;
      linux.close(socket);
      throw e;
    }
  }

  void accepting(boolean on) {
    wanted = on;
    if (on) {
      arm();
    } else if (armed) {
      uring.cancel(id);
    }
  }

  private void arm() {
    if (wanted && !armed && fd != NONE) {
      armed = true;
      uring.request(Ring.OP_ACCEPT, fd, id).mode(ACCEPT_MULTISHOT).opFlags(Linux.SOCK_CLOEXEC);
    }
  }

  /// Stops to listen. The port is free only when the kernel has let go of the request too.
  void close() {
    if (fd == NONE) {
      return;
    }
    accepting(false);
    linux.shutdown(fd); // nobody connects to it any more, and the request ends by itself
    for (int left = CLOSE_TRIES; armed && left > 0 && !uring.hasLast(id); left--) {
      uring.enter(1, CLOSE_WAIT_NS);
    }
    if (armed && !uring.hasLast(id)) {
      ending.put(id, fd); // it may not have begun, and must find no other file under this number
    } else {
      linux.close(fd);
    }
    armed = false;
    fd = NONE;
    waiting.forEach(linux::close);
    waiting.clear();
  }

  /// Closes what has not ended; no request begins after this.
  void closeEnding() {
    ending.values().forEach(linux::close);
    ending.clear();
  }

  void turn() {
    told = 0;
  }

  /// Whether there is something to tell without waiting.
  boolean hasMore() {
    return wanted && !waiting.isEmpty();
  }

  /// Takes a completion of a request.
  boolean accepted(long of, int result, boolean last, Completion into) {
    if (fd == NONE || of != id) {
      if (result >= 0) {
        linux.close(result);
      }
      Integer ended = last ? ending.remove(of) : null;
      if (ended != null) {
        linux.close(ended);
      }
      return false;
    }
    armed = !last;
    switch (-result) {
      case Linux.ECANCELED, Linux.ECONNABORTED, Linux.EPROTO, Linux.EINTR, Linux.EAGAIN -> {}
      default -> {
        if (result < 0) {
          wanted = false;
          return into.acceptFailed(Linux.error(-result));
        }
        waiting.add(result);
        if (armed && !wanted) {
          uring.cancel(id); // it should have ended, and did not
        }
      }
    }
    arm();
    return tell(into);
  }

  /// Tells of a connection that waits, if one is wanted.
  boolean tell(Completion into) {
    while (hasMore() && told < ACCEPTED_A_TURN) {
      told++;
      int socket = waiting.poll();
      try {
        InetSocketAddress remote = linux.remote(socket);
        return into.of(Completion.Kind.ACCEPTED, UringSocket.accepted(socket, remote));
      } catch (IOException e) {
        linux.close(socket); // it was gone before it could be asked for its address
      }
    }
    return false;
  }
}
