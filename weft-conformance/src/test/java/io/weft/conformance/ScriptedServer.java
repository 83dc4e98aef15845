package io.weft.conformance;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// A server that is a script in another language: it prints its ports, and closes as they come.
final class ScriptedServer implements ForeignServer {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Program program;
  private final Map<String, Integer> ports = new HashMap<>();

  /// Starts it.
  ///
  /// @param script with its interpreter
  ScriptedServer(String name, List<String> script, Authority.Issued own, Authority.Issued other)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(script);
    for (Authority.Issued each : List.of(own, other)) {
      command.add(each.certificate().toString());
      command.add(each.key().toString());
    }
    Path home = Tools.target().resolve("foreign").resolve(name + "-server");
    program = Program.start(name, home, command);
    try {
      for (String kind : List.of("ws", "wss", "other")) {
        Pattern port = Pattern.compile("^" + kind + " (\\d+)$");
        ports.put(kind, Integer.valueOf(program.awaitLine(port, PATIENCE).group(1)));
      }
    } catch (AssertionError | InterruptedException e) {
      program.close();
      throw e;
    }
  }

  @Override
  public Map<String, Integer> ports() {
    return Map.copyOf(ports);
  }

  @Override
  public void awaitClose(int code, String reason) throws InterruptedException {
    Pattern closed = Pattern.compile("^closed " + code + " " + Pattern.quote(reason) + "$");
    program.awaitLine(closed, PATIENCE);
  }

  @Override
  public void close() {
    program.close();
  }
}
