package io.weft.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/// The examples of `weft --help` and of the help of every command, run by a shell in a folder with
/// the files they name, against `weft serve`. What would go on for ever is asked to end when it has
/// said something.
@Timeout(600)
final class HelpTest {

  /// What a signal ends, as a shell has it.
  private static final int BY_SIGTERM = 128 + 15;

  private static final Pattern FOR_EVER =
      Pattern.compile(
          "weft serve.*|(tail .*)?weft listen.*|weft ping (?!.*-c ).*|.* -w forever .*");

  @TempDir private Path folder;

  @BeforeEach
  void files() throws Exception {
    Files.writeString(folder.resolve("in.hex"), "00 ff\n");
    Files.writeString(folder.resolve("app.log"), "a line\n");
    SelfSigned own = SelfSigned.forHost("localhost");
    TlsCommandsTest.write(own, folder.resolve("chain.pem"), folder.resolve("key.pem"));
  }

  private static List<String> examples(CommandLine command) {
    List<String> examples = new ArrayList<>();
    for (String line : command.getCommandSpec().usageMessage().footer()) {
      assertTrue(line.startsWith("  ") && line.contains("weft "), line);
      examples.add(line.strip().split(" {2,}", 2)[0]);
    }
    return examples;
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "serve", "connect", "listen", "ping", "lint", "bench", "completion"})
  void theExamplesDoWhatTheySay(String name) throws Exception {
    CommandLine weft = Main.commandLine(Ran.nowhere());
    List<String> examples = examples(name.isEmpty() ? weft : weft.getSubcommands().get(name));
    List<String> here = examples.stream().filter(one -> !one.contains(".example/")).toList();
    assertTrue(here.size() >= 3, "too few that anybody can run: " + examples);
    try (Serving server = new Serving("--quiet")) {
      if (name.equals("connect")) { // where one needs what another has written
        for (String example : here) {
          run(example, server.server.port());
        }
        return;
      }
      try (ExecutorService pool = Executors.newFixedThreadPool(3)) {
        List<Future<?>> runs = new ArrayList<>();
        here.forEach(one ->
            runs.add(
                pool.submit(() -> {
                  run(one, server.server.port());
                  return null;
                })));
        for (Future<?> run : runs) {
          run.get();
        }
      }
    }
  }

  @Test
  void everyCommandIsThere() {
    assertEquals(
        List.of("bench", "completion", "connect", "help", "lint", "listen", "ping", "serve"),
        Main.commandLine(Ran.nowhere()).getSubcommands().keySet().stream().sorted().toList());
  }

  private void run(String example, int port) throws Exception {
    Path said = Files.createTempFile(folder, "said", "");
    Process shell = shell(example, port).redirectOutput(said.toFile()).start();
    boolean forEver = FOR_EVER.matcher(example).matches();
    try {
      shell.getOutputStream().close();
      if (forEver) {
        awaitSaying(shell, said, example);
        shell.descendants().forEach(ProcessHandle::destroy);
      }
      assertTrue(shell.waitFor(300, TimeUnit.SECONDS), "still running: " + example);
      assertEquals(
          forEver ? BY_SIGTERM : 0, shell.exitValue(), example + "\n" + Files.readString(said));
    } finally {
      shell.descendants().forEach(ProcessHandle::destroyForcibly);
      shell.destroyForcibly();
    }
  }

  /// A shell that knows `weft`, in which port 8080 is the server's, and other ports are any.
  private ProcessBuilder shell(String example, int port) throws IOException {
    String here =
        example
            .replace(":8080", ":" + port)
            .replaceFirst("--port 9000", "--port 0")
            .replaceFirst("weft serve(?!.*--port)", "weft serve --port 0")
            .replaceFirst("\\b9000\\b", "0")
            .replaceFirst("weft listen(?!.*\\b0\\b)", "weft listen 0")
            .replace("~/.config/fish/completions/", "");
    if (here.contains("weft bench")) {
      here = here.replaceFirst("--duration \\S+", "");
      here = here.replaceFirst("weft bench", "weft bench --duration=2s --warm-up=50ms");
    }
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String program =
        """
        set -o pipefail
        weft() { "$JAVA" -Xmx256m --enable-native-access=ALL-UNNAMED -cp "$CLASSES" \
        io.weft.cli.Main "$@"; }
        %s
        """
            .formatted(here);
    ProcessBuilder shell = new ProcessBuilder("bash", "--norc", "-c", program);
    shell.directory(folder.toFile()).redirectErrorStream(true);
    shell.environment().put("JAVA", java);
    shell.environment().put("CLASSES", System.getProperty("java.class.path"));
    return shell;
  }

  private void awaitSaying(Process shell, Path said, String example) throws Exception {
    long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    Path other = folder.resolve("weft.log");
    while (Files.size(said) == 0 && (!Files.exists(other) || Files.size(other) == 0)) {
      assertTrue(
          shell.isAlive() && System.nanoTime() < deadlineNs,
          example + " says nothing: " + Files.readString(said, UTF_8));
      Thread.sleep(20);
    }
  }
}
