package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Server;
import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The library's jar, with nothing beside it, as an application gets it: compiled against with
/// every lint, and run, as a module, on the class path, and in a run-time image of its own.
@Timeout(300)
final class PackagedTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /// Names values that may be null, so that the compiler meets the annotations that say so.
  private static final String MAIN =
      """
      package app.inside;

      import io.weft.*;

      public final class Main {
        private Main() {}

        public static void main(String[] args) throws Exception {
          Endpoint echo =
              new Endpoint() {
                @Override
                public void text(WebSocket ws, String text) {
                  ws.send(text + " " + ws.request().header("X-Missing"));
                }
              };
          Server.Builder at = Server.at("127.0.0.1", 0).compression(Compression.takeover());
          try (Server server = at.closeAtShutdown(false).route("/", echo).start();
              Conversation ws =
                  Client.to("ws://127.0.0.1:" + server.port() + "/")
                      .compression(Compression.takeover())
                      .connect()) {
            ws.send("x".repeat(1000));
            String text = ((Message.Text) ws.receive()).text();
            System.out.println(Server.class.getModule().getName() + " echoes " + text.length());
          }
        }
      }
      """;

  @TempDir private Path home;
  private Path jar;

  @BeforeEach
  void findTheJar() throws URISyntaxException {
    jar = Path.of(Server.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Tools.need(Files.isRegularFile(jar), "the packaged library (mvn verify makes it): " + jar);
  }

  @Test
  void aModularApplicationCompilesAndRuns() throws Exception {
    Path classes = compileModule();
    String path = jar + File.pathSeparator + classes;
    runs(
        "io.weft echoes 1005",
        Tools.java(),
        "--enable-native-access=io.weft",
        "-p",
        path,
        "-m",
        "app/app.inside.Main");
  }

  @Test
  void anApplicationOnTheClassPathCompilesAndRuns() throws Exception {
    Path classes = home.resolve("classes");
    tool("javac", "-Xlint:all", "-Werror", "-cp", jar, "-d", classes, source("Main.java", MAIN));
    String path = jar + File.pathSeparator + classes;
    runs(
        "null echoes 1005",
        Tools.java(),
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        path,
        "app.inside.Main");
  }

  /// The image has java.base, the library and the application: that is all they need.
  @Test
  void anImageOfItsOwnIsLinkedAndRuns() throws Exception {
    Path classes = compileModule();
    Path image = home.resolve("image");
    tool(
        "jlink",
        "--module-path",
        jar + File.pathSeparator + classes,
        "--add-modules",
        "app",
        "--launcher",
        "app=app/app.inside.Main",
        "--add-options=--enable-native-access=io.weft",
        "--output",
        image);
    List<String> modules =
        run(image.resolve("bin/java"), "--list-modules").stream()
            .map(line -> line.replaceAll("@.*", ""))
            .toList();
    assertEquals(List.of("app", "io.weft", "java.base"), modules);
    runs("io.weft echoes 1005", image.resolve("bin/app"));
  }

  private Path compileModule() throws Exception {
    Path classes = home.resolve("classes");
    Path module = source("module-info.java", "module app { requires io.weft; }\n");
    Path main = source("Main.java", MAIN);
    tool("javac", "-Xlint:all", "-Werror", "-cp", home, "-p", jar, "-d", classes, module, main);
    return classes;
  }

  private Path source(String name, String code) throws Exception {
    return Files.writeString(home.resolve(name), code);
  }

  private static void tool(String name, Object... arguments) {
    var out = new StringWriter();
    var writer = new PrintWriter(out, true);
    String[] words = new String[arguments.length];
    for (int at = 0; at < words.length; at++) {
      words[at] = arguments[at].toString();
    }
    int status = ToolProvider.findFirst(name).orElseThrow().run(writer, writer, words);
    assertEquals(0, status, () -> name + " says: " + out);
  }

  private void runs(String line, Path program, String... arguments) throws Exception {
    List<String> lines = run(program, arguments);
    assertTrue(lines.contains(line), lines::toString);
  }

  private List<String> run(Path program, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(arguments));
    try (Program run = Program.start("application", home, command)) {
      assertEquals(0, run.awaitExit(PATIENCE), run::report);
      return run.lines();
    }
  }
}
