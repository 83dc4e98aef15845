package io.weft.net;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/// How many connections each address has: an address of IPv4, or 64 bits of one of IPv6, which is
/// what one subscriber has (RFC 6177). A table of two arrays, of some 25 bytes an address; for any
/// thread.
final class AddressCounts {

  private static final int LEAST_PLACES = 64;

  /// IPv4 among the keys, where no IPv6 network is.
  private static final long FOUR = 0xFFFF_0000_0000L;

  /// Makes it hard to choose addresses that fall on each other.
  private final long mix;

  // Guarded by the monitor; a count of 0 is a free place, and a key stands in the first place that
  // was free behind its own.
  private long[] keys = new long[LEAST_PLACES];
  private int[] counts = new int[LEAST_PLACES];
  private int used;

  /// @param chance anything
  AddressCounts(long chance) {
    this.mix = chance | 1;
  }

  /// What an address counts under.
  static long key(InetAddress address) {
    ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
    if (address instanceof Inet4Address) {
      return FOUR | (bytes.getInt() & 0xFFFF_FFFFL);
    }
    // All of a link have the same first half.
    return bytes.getLong(((Inet6Address) address).isLinkLocalAddress() ? Long.BYTES : 0);
  }

  /// Counts one more, unless there are `most`.
  ///
  /// @return whether it was counted
  synchronized boolean add(long key, int most) {
    int at = find(key);
    if (counts[at] >= most) {
      return false;
    }
    if (counts[at]++ == 0) {
      keys[at] = key;
      used++;
      if (used * 2 > keys.length) {
        resize(keys.length * 2);
      }
    }
    return true;
  }

  /// Counts one less.
  synchronized void remove(long key) {
    int at = find(key);
    if (counts[at] == 0 || --counts[at] > 0) {
      return;
    }
    used--;
    closeGap(at);
    if (keys.length > LEAST_PLACES && used * 8 < keys.length) {
      resize(keys.length / 2);
    }
  }

  /// How many addresses there are.
  synchronized int size() {
    return used;
  }

  /// The place of a key, or the free one where it would stand.
  private int find(long key) {
    int at = home(key);
    while (counts[at] != 0 && keys[at] != key) {
      at = (at + 1) & (keys.length - 1);
    }
    return at;
  }

  private int home(long key) {
    return (int) ((key * mix) >>> Integer.SIZE) & (keys.length - 1);
  }

  /// Moves back what stands behind a place that has become free, as far as it belongs there.
  private void closeGap(int free) {
    int gap = free;
    int last = keys.length - 1;
    for (int at = (gap + 1) & last; counts[at] != 0; at = (at + 1) & last) {
      int wayFromHome = (at - home(keys[at])) & last;
      if (wayFromHome >= ((at - gap) & last)) {
        keys[gap] = keys[at];
        counts[gap] = counts[at];
        counts[at] = 0;
        gap = at;
      }
    }
  }

  private void resize(int places) {
    long[] oldKeys = keys;
    int[] oldCounts = counts;
    long[] newKeys = new long[places];
    int[] newCounts = new int[places];
    keys = newKeys;
    counts = newCounts;
    for (int at = 0; at < oldKeys.length; at++) {
      if (oldCounts[at] != 0) {
        int to = find(oldKeys[at]);
        keys[to] = oldKeys[at];
        counts[to] = oldCounts[at];
      }
    }
  }
}
