package io.weft;

import java.util.HashSet;
import java.util.Set;

/// The groups of one connection. Guarded by the monitor of the connection's stage; a group's own
/// ([Roster]) is held by whoever adds or removes it.
final class Memberships {

  private Set<Roster> rosters = Set.of();

  /// Whether the connection may join no more; written on the loop's thread.
  private boolean gone;

  boolean has(Roster roster) {
    return rosters.contains(roster);
  }

  /// Adds a group, unless it is there, the connection is gone, or it has `most` already.
  ///
  /// @return whether it was added
  boolean add(Roster roster, int most) {
    if (gone || has(roster) || rosters.size() >= most) {
      return false;
    }
    if (rosters.isEmpty()) {
      rosters = new HashSet<>(4);
    }
    return rosters.add(roster);
  }

  /// Removes a group.
  ///
  /// @return whether it was there
  boolean remove(Roster roster) {
    if (!has(roster)) {
      return false;
    }
    rosters.remove(roster);
    rosters = rosters.isEmpty() ? Set.of() : rosters;
    return true;
  }

  /// Ends all memberships for good; on the loop's thread.
  ///
  /// @return those there were
  Set<Roster> leave() {
    Set<Roster> left = rosters;
    rosters = Set.of();
    gone = true;
    return left;
  }

  /// Whether they have ended for good; on the loop's thread.
  boolean isGone() {
    return gone;
  }
}
