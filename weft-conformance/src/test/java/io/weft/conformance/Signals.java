package io.weft.conformance;

import java.io.IOException;
import java.util.List;

/// Signals of child processes. What is ignored here is ignored by them (execve(2)), and Java has no
/// way to say otherwise.
final class Signals {

  /// What stands before a command so that it ignores no signal: env(1) of GNU coreutils 8.31 or
  /// later, or nothing where it is another.
  static final List<String> BY_DEFAULT = byDefault();

  private Signals() {}

  private static List<String> byDefault() {
    List<String> env = List.of("/usr/bin/env", "--default-signal");
    try {
      Process tried =
          new ProcessBuilder(env.get(0), env.get(1), "true")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return tried.waitFor() == 0 ? env : List.of();
    } catch (IOException noEnv) {
      return List.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }
}
