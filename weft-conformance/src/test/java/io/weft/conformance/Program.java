package io.weft.conformance;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A program of somebody else, run as a child process that ignores no signal: what it prints is
/// kept, and it is gone, with its own children, when this is closed.
final class Program implements AutoCloseable {

  private final String name;
  private final Process process;
  private final Thread reader;
  private final List<String> lines = new ArrayList<>();
  private boolean ended;

  /// Starts `command` in the folder `home`, which is made if it is missing. Standard error is read
  /// together with standard output.
  static Program start(String name, Path home, List<String> command) throws IOException {
    return start(name, home, command, Map.of());
  }

  static Program start(String name, Path home, List<String> command, Map<String, String> more)
      throws IOException {
    Files.createDirectories(home);
    List<String> all = new ArrayList<>(Signals.BY_DEFAULT);
    all.addAll(command);
    var builder = new ProcessBuilder(all).directory(home.toFile()).redirectErrorStream(true);
    builder.environment().putAll(more);
    return new Program(name, builder.start());
  }

  private Program(String name, Process process) {
    this.name = name;
    this.process = process;
    this.reader = Thread.ofVirtual().name("output of " + name).start(this::read);
  }

  private void read() {
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        keep(line);
      }
    } catch (IOException | UncheckedIOException closed) {
      keep("(output ends: " + closed.getMessage() + ")");
    }
    synchronized (this) {
      ended = true;
      notifyAll();
    }
  }

  private synchronized void keep(String line) {
    lines.add(line);
    notifyAll();
  }

  /// Writes to its standard input.
  void type(String text) throws IOException {
    OutputStream in = process.getOutputStream();
    in.write(text.getBytes(StandardCharsets.UTF_8));
    in.flush();
  }

  /// What it has printed so far.
  synchronized List<String> lines() {
    return List.copyOf(lines);
  }

  /// Waits until it prints something in which `pattern` is found.
  synchronized Matcher awaitLine(Pattern pattern, Duration patience) throws InterruptedException {
    long deadlineNs = System.nanoTime() + patience.toNanos();
    for (int seen = 0; ; ) {
      for (; seen < lines.size(); seen++) {
        Matcher matcher = pattern.matcher(lines.get(seen));
        if (matcher.find()) {
          return matcher;
        }
      }
      long leftNs = deadlineNs - System.nanoTime();
      if (ended || leftNs <= 0) {
        throw new AssertionError(
            name + (ended ? " ended" : " ran " + patience) + " without " + pattern + report());
      }
      TimeUnit.NANOSECONDS.timedWait(this, leftNs);
    }
  }

  /// Waits for its end, and for all it printed.
  ///
  /// @return the exit status
  int awaitExit(Duration patience) throws InterruptedException {
    if (!process.waitFor(patience)) {
      throw new AssertionError(name + " did not end within " + patience + report());
    }
    reader.join();
    return process.exitValue();
  }

  /// Asks it to end, as an administrator would (SIGTERM).
  ///
  /// @return whether it did so in time
  boolean endsWithin(Duration patience) throws InterruptedException {
    process.destroy();
    return process.waitFor(patience);
  }

  /// Its last lines, for a failure message.
  synchronized String report() {
    return "; it printed:\n"
        + String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size()));
  }

  @Override
  public void close() {
    List<ProcessHandle> family = process.descendants().toList();
    process.destroyForcibly();
    family.forEach(ProcessHandle::destroyForcibly);
    try {
      process.waitFor();
      reader.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
