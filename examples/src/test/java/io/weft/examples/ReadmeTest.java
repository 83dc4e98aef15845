package io.weft.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import io.weft.Server;
import java.io.BufferedReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What the README says first, how to depend on Weft, done as it says.
@Timeout(120)
final class ReadmeTest {

  private final String readme = Files.readString(Path.of("../README.md"));

  @TempDir private Path home;

  ReadmeTest() throws Exception {}

  @Test
  void theServerOfTheFirstCodeBlockRunsAsItSays() throws Exception {
    String server = block("java");
    assertTrue(server.lines().count() <= 10, "ten lines:\n" + server);
    assertEquals(2, server.split("8080", -1).length, "its port, once");
    Path source = Files.writeString(home.resolve("Echo.java"), server.replace("8080", "0"));

    List<String> command = new ArrayList<>(List.of(find("(?m)^java (.* Echo\\.java)$").split(" ")));
    command.addFirst(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.set(command.indexOf("-cp") + 1, jar().toString());
    command.set(command.size() - 1, source.toString());
    Process java =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (BufferedReader out = java.inputReader();
        HttpClient http = HttpClient.newHttpClient()) {
      String url = out.readLine();
      Talker talker = Talker.connect(http, URI.create(url).getPort(), "/echo");
      talker.say("你好").say(new byte[] {1, 2});
      talker.hears("你好", "0102");
      talker.leave();
    } finally {
      java.destroyForcibly().waitFor();
    }
  }

  /// The dependency is what was built here, and the command names its jar where Maven installs it.
  @Test
  void theDependencyIsTheOneThatIsBuilt() throws Exception {
    String dependency = block("xml");
    assertEquals("io.weft", element(dependency, "groupId"));
    assertEquals("weft", element(dependency, "artifactId"));
    String version = element(dependency, "version");
    assertEquals("weft-" + version + ".jar", jar().getFileName().toString());
    String installed = "io/weft/weft/" + version + "/weft-" + version + ".jar";
    assertEquals("~/.m2/repository/" + installed, find("-cp (\\S+) Echo\\.java"));
  }

  private static String element(String xml, String name) {
    Matcher matcher = Pattern.compile("<" + name + ">(.*)</" + name + ">").matcher(xml);
    assertTrue(matcher.find(), name + " in " + xml);
    return matcher.group(1);
  }

  /// The first code block of a language.
  private String block(String language) {
    return find("(?s)```" + language + "\n(.*?)```");
  }

  private String find(String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(readme);
    assertTrue(matcher.find(), () -> "the README has " + pattern);
    return matcher.group(1);
  }

  /// The library as `mvn verify` packages it for the modules behind it.
  private static Path jar() throws Exception {
    Path jar = Path.of(Server.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    if (!Files.isRegularFile(jar)) {
      String reason = "the library is not packaged: " + jar;
      if ("true".equals(System.getenv("CI"))) {
        fail(reason);
      }
      abort(reason);
    }
    return jar;
  }
}
