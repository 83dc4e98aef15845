package io.weft.cli.lint;

/// What came of sending what a rule sends.
///
/// @param seen in words; what the server chose of them is not escaped
record Verdict(Outcome outcome, String seen) {

  static Verdict ok(String seen) {
    return new Verdict(Outcome.OK, seen);
  }

  static Verdict fail(String seen) {
    return new Verdict(Outcome.FAIL, seen);
  }

  static Verdict warn(String seen) {
    return new Verdict(Outcome.WARN, seen);
  }

  static Verdict skipped(String why) {
    return new Verdict(Outcome.SKIPPED, why);
  }

  boolean isOk() {
    return outcome == Outcome.OK;
  }

  /// The same about one of several things sent.
  Verdict of(String one) {
    return new Verdict(outcome, one + ": " + seen);
  }
}
