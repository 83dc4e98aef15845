package io.weft.bench;

import io.weft.bench.load.Target;
import io.weft.bench.peer.PeerMain;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// A server under measurement: one in a child process, or one that somebody else runs.
final class Subject implements AutoCloseable {

  private static final int PATIENCE_SECONDS = 60;

  final String name;
  final long pid;
  final String version;

  /// Where its endpoint for echoes is.
  private final Target echo;

  /// Null for somebody else's server.
  private final @Nullable Process process;

  private Subject(String name, long pid, String version, Target echo, @Nullable Process process) {
    this.name = name;
    this.pid = pid;
    this.version = version;
    this.echo = echo;
    this.process = process;
  }

  /// A server that runs already.
  ///
  /// @param echo the URL of an endpoint that echoes
  static Subject at(String name, URI echo, long pid) throws IOException {
    if (!Files.isDirectory(Path.of("/proc/" + pid))) {
      throw new IOException("there is no process " + pid);
    }
    return new Subject(name, pid, "as it runs", Target.of(echo), null);
  }

  /// Starts a server in a process of its own; it takes a moment until [#ready].
  ///
  /// @param scenario what it is to serve
  /// @param keyStore its key if that is over TLS, else null
  static Process launch(String peer, Scenario scenario, @Nullable Path keyStore, Cores cores)
      throws IOException {
    return launch(peer, scenario, keyStore, cores, "");
  }

  /// The same with other classes.
  ///
  /// @param first class path in front of this program's own; empty for none
  static Process launch(
      String peer, Scenario scenario, @Nullable Path keyStore, Cores cores, String first)
      throws IOException {
    List<String> command = new ArrayList<>(cores.ofServer());
    if (Floor.is(peer)) {
      command.addAll(Floor.command(peer, scenario));
    } else {
      command.addAll(java(peer, scenario, keyStore, first));
    }
    return new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.appendTo(log(peer).toFile()))
        .start();
  }

  private static List<String> java(
      String peer, Scenario scenario, @Nullable Path keyStore, String first) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx1g",
            "-XX:+UseCompactObjectHeaders",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow"));
    if (scenario.countsMemory()) {
      command.addAll(List.of("-XX:NativeMemoryTracking=summary", "-XX:+UseSerialGC"));
    }
    String more = System.getProperty("weft.bench.jvm", "");
    command.addAll(more.isBlank() ? List.of() : List.of(more.strip().split("\\s+", -1)));
    command.addAll(
        List.of(
            "-cp",
            (first.isEmpty() ? "" : first + File.pathSeparator)
                + System.getProperty("java.class.path"),
            PeerMain.class.getName(),
            peer,
            Integer.toString(scenario.maxMessageBytes()),
            Boolean.toString(scenario.isDeflated())));
    if (keyStore != null) {
      command.add(keyStore.toString());
    }
    return command;
  }

  /// Where a server's process says what went wrong.
  static Path log(String peer) throws IOException {
    return Files.createDirectories(Path.of(System.getProperty("java.io.tmpdir"), "weft-bench"))
        .resolve(peer + ".log");
  }

  /// Waits until a server that was launched listens.
  static Subject ready(String peer, Process process) throws IOException {
    String line = line(process, peer);
    while (!line.matches("\\d+ .+")) { // a profiler in the process may have its say first
      line = line(process, peer);
    }
    String[] said = line.split(" ", 2);
    Target echo = Target.local(Integer.parseInt(said[0]), "/echo");
    return new Subject(peer, process.pid(), said[1], echo, process);
  }

  private static String line(Process process, String peer) throws IOException {
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    try {
      String line =
          CompletableFuture.supplyAsync(() -> read(out)).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (line.isEmpty()) {
        throw new IOException(peer + " ended; the end of " + log(peer) + ": " + lastLines(peer));
      }
      return line;
    } catch (TimeoutException | ExecutionException e) {
      throw new IOException(peer + " did not answer", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /// An empty line at the end.
  private static String read(BufferedReader out) {
    try {
      String line = out.readLine();
      return line == null ? "" : line;
    } catch (IOException e) {
      return "";
    }
  }

  private static String lastLines(String peer) throws IOException {
    List<String> lines = Files.readAllLines(log(peer));
    return String.join(" | ", lines.subList(Math.max(0, lines.size() - 4), lines.size()));
  }

  /// Where it answers, for a scenario.
  Target target(Scenario scenario) {
    return process == null ? echo : new Target(echo.address(), scenario.path(), scenario.isTls());
  }

  /// Asks the process one of the questions that [PeerMain] answers.
  ///
  /// @return its numbers; none if it is somebody else's, or the floor
  long[] ask(String question) throws IOException {
    if (process == null || Floor.is(name)) {
      return new long[0];
    }
    PrintStream asks = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
    asks.println(question);
    String[] words = line(process, name).split(" ", -1);
    long[] numbers = new long[words.length];
    for (int at = 0; at < words.length; at++) {
      numbers[at] = Long.parseLong(words[at]);
    }
    return numbers;
  }

  /// Asks the process to end, as its standard input does; a profiler in it writes what it has.
  void askToEnd() {
    if (process != null) {
      try {
        process.getOutputStream().close();
      } catch (IOException e) {
        process.destroy(); // it has ended, or nearly
      }
    }
  }

  @Override
  public void close() {
    askToEnd();
    try {
      if (process != null && !process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
    }
  }
}
