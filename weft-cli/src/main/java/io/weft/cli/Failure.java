package io.weft.cli;

/// What a command could not do, for reasons outside of weft: a sentence for the person who asked, a
/// hint at what to do, and the exit code.
final class Failure extends RuntimeException {

  private static final long serialVersionUID = 1;

  private final int exitCode;
  private final String what;
  private final String hint;

  /// Makes a failure.
  ///
  /// @param what without a full stop at its end; what strangers said is escaped in it
  /// @param hint whole sentences; may be empty
  Failure(int exitCode, String what, String hint) {
    super(what, null, false, false);
    this.exitCode = exitCode;
    this.what = what;
    this.hint = hint;
  }

  Failure(int exitCode, String what) {
    this(exitCode, what, "");
  }

  int exitCode() {
    return exitCode;
  }

  /// What went wrong, without a full stop.
  String what() {
    return what;
  }

  String hint() {
    return hint;
  }

  /// What went wrong, as it is printed.
  String sentence() {
    return "weft: " + what + ".";
  }
}
