package io.weft.cli.lint;

import java.io.IOException;
import java.util.Set;

/// One rule.
///
/// @param id `group/name`
/// @param section of RFC 6455, or of the RFC it names
/// @param sent to the server, in words
/// @param must be seen, in words
/// @param isMust whether an RFC demands it; otherwise a breach is only worth a warning
/// @param needs what the endpoint must do besides for this to be judged
/// @param check sends it and judges
record Rule(
    String id,
    String section,
    String sent,
    String must,
    boolean isMust,
    Set<Need> needs,
    Check check) {

  /// What only some endpoints do.
  enum Need {
    /// Text messages do not end the connection.
    TEXT("the endpoint takes no text"),
    /// Binary messages do not end the connection.
    BINARY("the endpoint takes no binary messages"),
    /// A text comes back as it is.
    TEXT_ECHO("the endpoint does not echo text (--echo yes if it should)"),
    /// A binary message comes back as it is.
    BINARY_ECHO("the endpoint does not echo binary messages (--echo yes if it should)"),
    /// permessage-deflate is agreed on.
    DEFLATE("the endpoint does not agree to permessage-deflate"),
    /// An origin is refused.
    ORIGINS("the endpoint takes every origin"),
    /// To be judged beside the others, since it waits for long.
    TIME(""),
    /// To be judged when all others are done.
    END("");

    private final String missing;

    Need(String missing) {
      this.missing = missing;
    }

    /// Why a rule is skipped that needs it.
    String missing() {
      return missing;
    }
  }

  /// Sends what the rule sends, and judges what comes back.
  @FunctionalInterface
  interface Check {
    Verdict check(Lab lab) throws IOException, InterruptedException, Breach;
  }

  static Rule must(
      String id, String section, String sent, String must, Check check, Need... needs) {
    return new Rule(id, section, sent, must, true, Set.of(needs), check);
  }

  static Rule should(
      String id, String section, String sent, String must, Check check, Need... needs) {
    return new Rule(id, section, sent, must, false, Set.of(needs), check);
  }
}
