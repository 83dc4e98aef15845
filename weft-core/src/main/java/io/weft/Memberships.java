package io.weft;

import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The groups of one connection, as all threads see them, and what of it the loop has not heard of
/// yet. Guarded by the monitor of the connection's stage.
final class Memberships {

  private Set<String> names = Set.of();

  /// Changes that the loop has not heard of, oldest first; null if there are none.
  private @Nullable ArrayDeque<Change> changes;

  private int changeCount;

  /// Whether the connection may join no more.
  private boolean gone;

  /// A change to a connection's groups.
  ///
  /// @param number counted from 1
  record Change(String name, boolean joins, int number) {}

  boolean has(String name) {
    return names.contains(name);
  }

  /// Adds a group's name unless the connection is gone or has `most` already.
  boolean add(String name, int most) {
    if (gone || names.size() >= most) {
      return false;
    }
    if (names.isEmpty()) {
      names = new HashSet<>(4);
    }
    names.add(name);
    changed(name, true);
    return true;
  }

  /// Removes a group's name.
  ///
  /// @return whether it was there
  boolean remove(String name) {
    if (!names.contains(name)) {
      return false;
    }
    names.remove(name);
    names = names.isEmpty() ? Set.of() : names;
    changed(name, false);
    return true;
  }

  /// Ends all memberships for good.
  ///
  /// @return the names there were
  Set<String> leave() {
    Set<String> left = names;
    names = Set.of();
    gone = true;
    left.forEach(name -> changed(name, false));
    return left;
  }

  private void changed(String name, boolean joins) {
    if (changes == null) {
      changes = new ArrayDeque<>(2);
    }
    changes.add(new Change(name, joins, ++changeCount));
  }

  /// How many changes there were so far.
  int changes() {
    return changeCount;
  }

  /// Takes the oldest change that the loop has not heard of.
  ///
  /// @param upTo the number of the last to take
  /// @return null if it has heard of all up to that
  @Nullable Change next(int upTo) {
    Change oldest = changes == null ? null : changes.peek();
    if (changes == null || oldest == null || oldest.number - upTo > 0) {
      return null;
    }
    changes.remove();
    changes = changes.isEmpty() ? null : changes;
    return oldest;
  }
}
