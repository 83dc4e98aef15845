package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Runs a `main` of the tests in a Java process of its own, as things that belong to a process need
/// it: whether assertions are on, the default locale and charset.
final class ChildJvm {

  private ChildJvm() {}

  /// Runs it to its end, which has to be a good one.
  ///
  /// @param options of the JVM
  /// @return what it printed, in UTF-8
  static String run(List<String> options, Class<?> main, String... args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "--enable-native-access=ALL-UNNAMED",
            "-Dstdout.encoding=UTF-8",
            "-Dstderr.encoding=UTF-8",
            "-Dweft.transport=" + System.getProperty(Transport.PROPERTY, "auto")));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(args));
    Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      child.getOutputStream().close();
      String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      child.waitFor(Probe.WAIT.toSeconds(), TimeUnit.SECONDS);
      assertEquals(0, child.isAlive() ? -1 : child.exitValue(), command + " said:\n" + said);
      return said;
    } finally {
      child.destroyForcibly();
    }
  }
}
