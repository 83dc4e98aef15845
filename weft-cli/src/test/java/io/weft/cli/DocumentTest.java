package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Server;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The examples of docs/cli.md, run by a shell: what `weft connect` is shown to print, it prints.
@Timeout(120)
final class DocumentTest {

  private static final Pattern BLOCK = Pattern.compile("```\n(\\$ .*?)```", Pattern.DOTALL);

  /// A command and what it prints.
  private record Example(String command, String output) {}

  private static List<Example> examples() throws Exception {
    List<Example> examples = new ArrayList<>();
    BLOCK
        .matcher(Files.readString(Path.of("../docs/cli.md")))
        .results()
        .forEach(block -> {
          for (String each : ("\n" + block.group(1)).split("\n\\$ ", -1)) {
            String[] parts = each.split("\n", 2);
            if (parts[0].contains("weft connect")) {
              examples.add(new Example(parts[0], parts.length < 2 ? "" : parts[1].strip()));
            }
          }
        });
    return examples;
  }

  @Test
  void theExamplesOfConnectDoWhatTheyShow() throws Exception {
    List<Example> examples = examples();
    assertTrue(examples.size() >= 4, examples.toString());
    try (Server server = Server.at("127.0.0.1", 0).route("/echo", new Echo()).start()) {
      for (Example example : examples) {
        String command =
            example
                .command
                .replace("./weft", "\"$JAVA\" -cp \"$CLASSES\" io.weft.cli.Main")
                .replace("localhost:8080", "127.0.0.1:" + server.port());
        ProcessBuilder shell = new ProcessBuilder("bash", "-c", command);
        shell
            .environment()
            .put("JAVA", Path.of(System.getProperty("java.home"), "bin", "java").toString());
        shell.environment().put("CLASSES", System.getProperty("java.class.path"));
        Process run = shell.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String said = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(example.output, said.strip(), example.command);
        assertEquals(0, run.waitFor(), example.command);
      }
    }
  }

  @Test
  void everyCommandHasItsSection() throws Exception {
    String document = Files.readString(Path.of("../docs/cli.md"));
    Main.commandLine(Ran.nowhere()).getSubcommands().keySet().stream()
        .filter(name -> !name.equals("help"))
        .forEach(name -> assertTrue(document.contains("\n## weft " + name + "\n"), name));
  }
}
