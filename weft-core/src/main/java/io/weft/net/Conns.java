package io.weft.net;

import org.jspecify.annotations.Nullable;

/// Connections, linked through themselves; each stands in one such list at most.
final class Conns {

  private @Nullable Conn first;
  private int count;

  /// The one added last; null if there is none.
  @Nullable Conn first() {
    return first;
  }

  int count() {
    return count;
  }

  void add(Conn conn) {
    Conn behind = first;
    conn.next = behind;
    if (behind != null) {
      behind.previous = conn;
    }
    first = conn;
    count++;
  }

  void remove(Conn conn) {
    Conn before = conn.previous;
    Conn behind = conn.next;
    if (behind != null) {
      behind.previous = before;
    }
    if (before != null) {
      before.next = behind;
    } else {
      first = behind;
    }
    conn.next = null;
    conn.previous = null;
    count--;
  }
}
