package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `./weft` in a checkout of its own, with a Maven that builds another program: one that says which
/// build it is of, and loads a class when it is spoken to.
@Timeout(300)
final class LauncherTest {

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /// Puts program.jar where the plug-in that makes the jar would, over what is there.
  private static final String MAVEN =
      """
      #!/bin/sh
      target=target
      for word in "$@"; do
        case $word in -Dweft.target=*) target=${word#*=} ;; esac
      done
      mkdir -p "weft-cli/$target"
      cat program.jar >"weft-cli/$target/weft.jar"
      """;

  @TempDir private Path checkout;

  @BeforeEach
  void layOut() throws Exception {
    Path real = Tools.module().getParent();
    for (String file : List.of("weft", ".mvn/find-jdk.sh", ".mvn/NewerClasses.java")) {
      Path copy = checkout.resolve(file);
      Files.createDirectories(copy.getParent());
      Files.copy(real.resolve(file), copy, StandardCopyOption.COPY_ATTRIBUTES);
    }
    Files.writeString(checkout.resolve("pom.xml"), "<project/>");
    Files.createDirectories(checkout.resolve("weft-cli/src/main"));
    Path maven = Files.createDirectories(checkout.resolve("bin")).resolve("mvn");
    Files.writeString(maven, MAVEN);
    assertTrue(maven.toFile().setExecutable(true));
  }

  /// Makes the program that the next build builds, and a source that is newer than the last one.
  private void edit(int version) throws Exception {
    Path source = checkout.resolve("weft-cli/src/main");
    Files.writeString(
        source.resolve("Main.java"),
        """
        package io.weft.cli;
        public final class Main {
          public static void main(String[] args) throws Exception {
            System.out.println("build %1$d");
            System.in.read();
            System.out.println(Late.text());
          }
        }
        final class Late {
          static String text() { return "late %1$d"; }
        }
        """
            .formatted(version));
    Files.writeString(
        source.resolve("Rehearsal.java"),
        "package io.weft.cli; final class Rehearsal { public static void main(String[] a) {} }");
    Path classes = checkout.resolve("classes" + version);
    tool(
        "javac",
        "-d",
        classes.toString(),
        source.resolve("Main.java").toString(),
        source.resolve("Rehearsal.java").toString());
    tool(
        "jar",
        "--create",
        "--file=" + checkout.resolve("program.jar"),
        "--main-class=io.weft.cli.Main",
        "-C",
        classes.toString(),
        ".");
    if (version > 1) {
      FileTime later = FileTime.from(Instant.now().plusSeconds(version));
      Files.setLastModifiedTime(source.resolve("Main.java"), later);
    }
  }

  private static void tool(String name, String... arguments) {
    var out = new StringWriter();
    var writer = new PrintWriter(out, true);
    int status = ToolProvider.findFirst(name).orElseThrow().run(writer, writer, arguments);
    assertEquals(0, status, () -> name + " says: " + out);
  }

  private Program start(String... command) throws Exception {
    Map<String, String> environment =
        Map.of(
            "JAVA_HOME",
            System.getProperty("java.home"),
            "PATH",
            checkout.resolve("bin") + ":" + System.getenv("PATH"));
    return Program.start(command[0], checkout, List.of(command), environment);
  }

  private static void says(Program weft, String line) throws Exception {
    weft.awaitLine(Pattern.compile("^" + line + "$"), PATIENCE);
  }

  /// What was built under a program that runs: by `./check`, or by `./weft` itself after an edit.
  @Test
  void aBuildLeavesAProgramThatRunsAlone() throws Exception {
    String weft = checkout.resolve("weft").toString();
    edit(1);
    try (Program first = start(weft)) {
      says(first, "build 1");
      edit(2);
      try (Program check = start(checkout.resolve("bin/mvn").toString(), "-B", "verify")) {
        assertEquals(0, check.awaitExit(PATIENCE), check::report);
      }
      try (Program second = start(weft)) {
        says(second, "build 2");
        first.type("\n");
        says(first, "late 1");
        assertEquals(0, first.awaitExit(PATIENCE), first::report);
        second.type("\n");
        says(second, "late 2");
        assertEquals(0, second.awaitExit(PATIENCE), second::report);
      }
    }
  }

  @Test
  void aBuildThatFailsLeavesTheProgramAndSaysSo() throws Exception {
    String weft = checkout.resolve("weft").toString();
    edit(1);
    try (Program first = start(weft)) {
      says(first, "build 1");
      edit(2);
      Files.delete(checkout.resolve("program.jar"));
      Files.writeString(checkout.resolve("bin/mvn"), "#!/bin/sh\necho '[ERROR] broken'; exit 1\n");
      try (Program second = start(weft)) {
        assertEquals(70, second.awaitExit(PATIENCE), second::report);
        assertTrue(second.lines().contains("[ERROR] broken"), second::report);
      }
      first.type("\n");
      says(first, "late 1");
    }
  }
}
