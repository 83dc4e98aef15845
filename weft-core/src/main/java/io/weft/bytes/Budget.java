package io.weft.bytes;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/// One kind of memory of the process that peers can make it hold, with a cap on all of it. From any
/// thread.
///
/// | kind | what | owner |
/// |---|---|---|
/// | [#RECEIVED] | heap: heads, bodies, messages, inboxes, TLS sessions | the connection it came on |
/// | [#KEPT] | native memory: what arrived and was not taken, parts of TLS records | the same |
///
/// Each loop draws from it in portions and keeps its own account, its [Share], so that loops do not
/// meet in one counter for every message. A quarter of the cap is divided over the loops
/// beforehand: a crowd on one loop leaves the others that.
///
/// ```text
///  cap   [ drawn by loop 0 | drawn by loop 1 | not drawn ][ of loop 0 | of loop 1 ]
///          3/4 of it, in portions                           1/4, whoever needs it
/// ```
public final class Budget {

  /// Heap of the process for what was received and not handed over.
  public static final Budget RECEIVED = new Budget();

  /// Native memory of the process for what was received and not taken.
  public static final Budget KEPT = new Budget();

  private static final VarHandle HELD;

  static {
    try {
      HELD = MethodHandles.lookup().findVarHandle(Share.class, "held", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /// A cap is drawn in so many portions, or a few more.
  private static final int PORTIONS = 256;

  private final AtomicLong drawn = new AtomicLong();
  private final List<Share> shares = new CopyOnWriteArrayList<>();

  /// Makes a budget of its own, of which nothing is held.
  public Budget() {}

  /// Opens the account of one loop.
  ///
  /// @param mostBytes the cap, over all loops of the process
  /// @param loops how many share the quarter that is divided beforehand
  public Share open(long mostBytes, int loops) {
    Share share = new Share(this, mostBytes, loops);
    shares.add(share);
    return share;
  }

  /// How much all loops hold, in bytes.
  public long bytes() {
    long sum = 0;
    for (Share share : shares) {
      sum += (long) HELD.getOpaque(share);
    }
    return sum;
  }

  private boolean draw(long bytes, long most) {
    long before;
    do {
      before = drawn.get();
      if (before + bytes > most) {
        return false;
      }
    } while (!drawn.compareAndSet(before, before + bytes));
    return true;
  }

  /// What one loop holds of a budget. For the loop's thread.
  public static final class Share {
    private final Budget of;
    private final long commonBytes;
    private final long ownBytes;
    private final long portionBytes;
    private long drawn;
    private long held;
    private boolean closed;

    private Share(Budget of, long mostBytes, int loops) {
      this.of = of;
      this.commonBytes = mostBytes - mostBytes / 4;
      this.ownBytes = mostBytes / 4 / loops;
      this.portionBytes = Math.max(1, mostBytes / PORTIONS);
    }

    /// Counts `bytes` more, if the budget has them.
    public boolean take(long bytes) {
      long after = held + bytes;
      long needed = after - ownBytes - drawn;
      if (needed > 0) {
        long portions = Math.ceilDiv(needed, portionBytes) * portionBytes;
        if (of.draw(portions, commonBytes)) {
          drawn += portions;
        } else if (of.draw(needed, commonBytes)) {
          drawn += needed;
        } else {
          return false;
        }
      }
      HELD.setOpaque(this, after);
      return true;
    }

    /// Counts `bytes` more, although the budget may not have them: others are about to give as
    /// much.
    public void force(long bytes) {
      if (!take(bytes)) {
        HELD.setOpaque(this, held + bytes);
      }
    }

    /// Counts `bytes` as given back.
    public void give(long bytes) {
      if (closed) {
        return;
      }
      long after = held - bytes;
      assert after >= 0 : after + " bytes would be held";
      HELD.setOpaque(this, after);
      long idle = drawn - Math.max(0, after - ownBytes);
      if (idle > 2 * portionBytes) {
        long back = Math.min(drawn, idle - portionBytes);
        drawn -= back;
        of.drawn.addAndGet(-back);
      }
    }

    /// How much the loop holds, in bytes.
    public long bytes() {
      return held;
    }

    /// What is worth freeing at once, in bytes, where somebody has to pay.
    public long worthBytes() {
      return PORTIONS / 32 * portionBytes;
    }

    /// Closes the account: what it holds is gone with its loop.
    public void close() {
      closed = true;
      of.drawn.addAndGet(-drawn);
      drawn = 0;
      HELD.setOpaque(this, 0L);
      of.shares.remove(this);
    }
  }
}
