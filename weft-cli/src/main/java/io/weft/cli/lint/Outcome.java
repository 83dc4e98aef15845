package io.weft.cli.lint;

/// What became of a rule.
public enum Outcome {
  /// The server keeps it.
  OK("ok"),
  /// It breaks something that an RFC says MUST be.
  FAIL("FAIL"),
  /// It does otherwise than an RFC says SHOULD be, or than prudence would.
  WARN("warn"),
  /// It could not be judged here.
  SKIPPED("skipped");

  private final String word;

  Outcome(String word) {
    this.word = word;
  }

  /// As it is written in a report.
  public String word() {
    return word;
  }
}
