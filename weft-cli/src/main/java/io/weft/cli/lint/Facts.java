package io.weft.cli.lint;

import java.util.EnumSet;
import java.util.Set;

/// What the endpoint proved to do when it was first met.
///
/// @param met what rules may need, apart from time
public record Facts(Set<Rule.Need> met) {

  /// Whether text comes back as it is.
  public boolean echoesText() {
    return met.contains(Rule.Need.TEXT_ECHO);
  }

  /// Whether binary messages come back as they are.
  public boolean echoesBinary() {
    return met.contains(Rule.Need.BINARY_ECHO);
  }

  /// Whether it agrees to permessage-deflate.
  public boolean deflates() {
    return met.contains(Rule.Need.DEFLATE);
  }

  static Facts of(Set<Rule.Need> met) {
    Set<Rule.Need> all = EnumSet.of(Rule.Need.TIME, Rule.Need.END);
    all.addAll(met);
    return new Facts(Set.copyOf(all));
  }
}
