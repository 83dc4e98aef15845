package io.weft.net;

import io.weft.bytes.Budget;
import io.weft.bytes.Chunk;
import io.weft.bytes.Pool;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToIntFunction;

/// What the connections of one loop hold of what they received, and which of them pays when the
/// process may hold no more. See ADR 9.
///
/// There are two crowds: strangers, which have not had an answer yet, and the others. When a share
/// is used up, the crowd that holds more pays: those of it that hold the most (by powers of two)
/// before those that hold less; of several that hold about as much, among strangers the one that
/// came first, since it has had its time, and among the others the one that came last. Nobody pays
/// who holds less than 4 KiB. Nobody pays for one that would hold more, nor for one that would hold
/// as much, but a stranger for a newer one; yet strangers that hold more than all others together
/// pay for any of these. If nobody pays, whoever asked does.
///
/// Paying is to be closed: a WebSocket with 1013, a request with 503. It is done a moment later,
/// between two events, since whoever asks may be in a callback.
final class Books {

  /// Who holds less is left in peace, in bytes.
  private static final int SMALL_BYTES = 4 << 10;

  /// Who reads nothing for so long may have to pay where memory to send is short.
  static final long STUCK_NS = 1_000_000_000;

  private static final String SHORT =
      "memory is short, and this connection holds much (limits receivedBytes and poolBytes)";

  private final Pool pool;
  private final Conns conns;

  /// Those that are to be closed; empty but between two events.
  private final List<Conn> paying = new ArrayList<>(0);

  Books(Pool pool, Conns conns) {
    this.pool = pool;
    this.conns = conns;
  }

  /// Charges `asker` for heap.
  ///
  /// @return false if it has to give up
  boolean hold(Conn asker, int bytes) {
    boolean holds =
        pool.received.take(bytes) || isGranted(pool.received, asker, bytes, Books::settledBytes);
    if (holds) {
      asker.heldBytes += bytes;
    }
    return holds;
  }

  private static int settledBytes(Conn conn) {
    conn.stage().settle();
    return conn.heldBytes;
  }

  /// Ends a charge for heap.
  void letGo(int bytes) {
    pool.received.give(bytes);
  }

  /// Keeps a copy of what is unread in `in`, which is used up then. If there is no memory for it,
  /// the connection pays, and it does not matter what came.
  void keep(Conn asker, Chunk in, ArrayDeque<Chunk> behind) {
    int end = in.buffer.limit();
    while (in.remaining() > 0) {
      if (!keep(asker, pool.chunkBytes())) {
        in.buffer.position(end);
        return;
      }
      Chunk kept = pool.keep(pool.chunkBytes());
      int step = Math.min(in.remaining(), kept.capacity());
      kept.buffer.clear().put(in.buffer.limit(in.buffer.position() + step)).flip();
      in.buffer.limit(end);
      behind.add(kept);
    }
  }

  /// Whether `bytes` more can be kept without that anybody pays.
  boolean hasRoomToKeep(int bytes) {
    long chunks = (long) Math.ceilDiv(bytes, pool.chunkBytes()) * pool.chunkBytes();
    if (pool.kept.take(chunks)) {
      pool.kept.give(chunks);
      return true;
    }
    return false;
  }

  private boolean keep(Conn asker, int bytes) {
    if (pool.kept.take(bytes) || isGranted(pool.kept, asker, bytes, Conn::keptBytes)) {
      return true;
    }
    pay(asker);
    return false;
  }

  /// Charges `asker` for native memory that it has already; has it pay if that is too much.
  void kept(Conn asker, int bytes) {
    if (!keep(asker, bytes)) {
      pool.kept.force(bytes);
    }
  }

  /// Ends a charge for native memory.
  void letGoOfKept(int bytes) {
    pool.kept.give(bytes);
  }

  /// Takes back a chunk that was kept.
  void giveKept(Chunk chunk) {
    pool.giveKept(chunk);
    pool.kept.give(pool.chunkBytes());
  }

  /// Finds out who pays.
  ///
  /// @return false if it is the one who asks
  private boolean isGranted(
      Budget.Share share, Conn asker, int more, ToIntFunction<Conn> heldBytes) {
    long ofStrangers = 0;
    long ofOthers = 0;
    for (Conn conn = conns.first(); conn != null; conn = conn.next) {
      int held = conn.pays ? 0 : heldBytes.applyAsInt(conn);
      if (conn.stage().isStranger()) {
        ofStrangers += held;
      } else {
        ofOthers += held;
      }
    }
    if (share.take(more)) {
      return true; // some had let go of something meanwhile
    }
    boolean byStranger = asker.stage().isStranger();
    boolean strangersPay =
        ofStrangers + (byStranger ? more : 0) > ofOthers + (byStranger ? 0 : more);
    int least = size(SMALL_BYTES);
    if (byStranger || !strangersPay) {
      int size =
          size(Math.max(heldBytes.applyAsInt(asker), more)); // growing, it lets go of the less
      least = Math.max(least, strangersPay ? size : size + 1);
    }
    long enough = more + share.worthBytes();
    boolean paid = havePay(payers(strangersPay, least, asker, heldBytes), more, enough, heldBytes);
    if (paid) {
      share.force(more);
    }
    return paid;
  }

  /// Those of a crowd that may pay, in the order in which they do.
  ///
  /// @param least of what they hold, as [#size]
  @SuppressWarnings("ReferenceEquality") // this very connection
  private List<Conn> payers(
      boolean strangers, int least, Conn asker, ToIntFunction<Conn> heldBytes) {
    List<Conn> payers = new ArrayList<>();
    for (Conn conn = conns.first(); conn != null; conn = conn.next) {
      if (conn != asker
          && !conn.pays
          && conn.stage().isStranger() == strangers
          && size(heldBytes.applyAsInt(conn)) >= least) {
        payers.add(conn); // the newest first
      }
    }
    List<Conn> ordered = strangers ? payers.reversed() : payers;
    ordered.sort(Comparator.comparingInt(conn -> -size(heldBytes.applyAsInt(conn))));
    return ordered;
  }

  /// Has some pay, until enough is free; or none, if even all of them hold less than is needed.
  private boolean havePay(
      List<Conn> payers, long needed, long enough, ToIntFunction<Conn> heldBytes) {
    if (payers.stream().mapToLong(heldBytes::applyAsInt).sum() < needed) {
      return false;
    }
    long freed = 0;
    for (int at = 0; at < payers.size() && freed < enough; at++) {
      freed += heldBytes.applyAsInt(payers.get(at));
      pay(payers.get(at));
    }
    return true;
  }

  /// A power of two that stands for about so many bytes.
  private static int size(int bytes) {
    return Integer.SIZE - Integer.numberOfLeadingZeros(bytes);
  }

  /// Has those that read nothing, and hold the most of what waits to be sent, pay for one that
  /// would have little wait.
  ///
  /// @return whether there are any
  boolean relieve(long neededBytes) {
    List<Conn> stuck = new ArrayList<>();
    for (Conn conn = conns.first(); conn != null; conn = conn.next) {
      if (!conn.pays && conn.isStuck(STUCK_NS)) {
        stuck.add(conn);
      }
    }
    stuck.sort(Comparator.comparingInt(conn -> -conn.outbox().bytes()));
    long enough = neededBytes + pool.worthBytes();
    return havePay(stuck, 1, enough, conn -> conn.outbox().bytes() + pool.chunkBytes());
  }

  private void pay(Conn conn) {
    if (!conn.pays) {
      conn.pays = true;
      conn.letGo(conn.heldBytes);
      paying.add(conn);
    }
  }

  /// Closes those that pay; between two events.
  void collect() {
    for (int at = 0; at < paying.size(); at++) {
      Conn conn = paying.get(at);
      try {
        conn.pay(SHORT);
      } catch (Throwable bug) {
        Loop.abandon(conn, bug);
      }
    }
    paying.clear();
  }

  /// Whether somebody is to be closed.
  boolean isOwed() {
    return !paying.isEmpty();
  }
}
