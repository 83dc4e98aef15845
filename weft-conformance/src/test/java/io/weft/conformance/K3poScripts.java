package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.kaazing.k3po.driver.internal.Robot;

/// The scripts of `specification.ws`, and how K3PO plays one.
///
/// A script passes if everything in it happened: K3PO then gives back its text, word for word.
final class K3poScripts {

  private static final long PATIENCE_MS = 10_000;

  private K3poScripts() {}

  /// What the other side does while K3PO plays.
  interface Other {
    void play() throws Exception;
  }

  /// Name and text, without comments, of the scripts that are wanted.
  static Map<String, String> read(Predicate<Path> wanted) throws IOException {
    Map<String, String> scripts = new TreeMap<>();
    URI jar =
        URI.create(
            "jar:"
                + org.kaazing.specification.ws.internal.Functions.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation());
    try (FileSystem files = FileSystems.newFileSystem(jar, Map.of())) {
      Path root = files.getPath("/org/kaazing/specification/ws");
      try (Stream<Path> all = Files.walk(root)) {
        for (Path file : all.filter(Files::isRegularFile).filter(wanted).toList()) {
          scripts.put(
              root.relativize(file.getParent()).toString(),
              Files.readString(file).replaceAll("(?m)^#.*\\R", ""));
        }
      }
    }
    return scripts;
  }

  /// Has K3PO play a script, and demands that all of it happened.
  static void play(String name, String script, Other other) throws Exception {
    var robot = new Robot();
    try {
      robot.prepare(script).await();
      robot.start().await();
      other.play();
      boolean finished = robot.finish().await(PATIENCE_MS);
      if (!finished) {
        robot.abort().await(PATIENCE_MS);
      }
      String seen = robot.getObservedScript();
      assertTrue(seen.equals(script), () -> name + ": " + difference(script, seen));
      assertTrue(finished, () -> name + ": all was seen, but it did not end");
    } finally {
      robot.dispose().await(PATIENCE_MS);
    }
  }

  /// Where what was seen leaves the script.
  private static String difference(String script, String seen) {
    List<String> wanted = script.lines().toList();
    List<String> came = seen.lines().toList();
    int line = 0;
    while (line < Math.min(wanted.size(), came.size()) && wanted.get(line).equals(came.get(line))) {
      line++;
    }
    return "line %d\n  wanted: %s\n  seen:   %s\nof\n%s"
        .formatted(line + 1, at(wanted, line), at(came, line), script);
  }

  private static String at(List<String> lines, int line) {
    return line < lines.size() ? lines.get(line) : "(the end)";
  }
}
