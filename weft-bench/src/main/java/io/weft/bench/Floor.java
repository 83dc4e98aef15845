package io.weft.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The floor: an echo server in C that does only what none can leave out, so that a figure beside
/// it says how much of a message's cost is the kernel's. `floor/floor.c` is its source; it is
/// compiled on the machine that measures, with its own instructions.
///
/// It has no best setting for all sizes. Small messages want many small buffers, which a near cache
/// holds; a large one wants a buffer that takes it whole. So each size has its own settings, and
/// the best of them in a run is what others are held against.
final class Floor {

  /// What the names of these servers begin with; how they read follows.
  static final String PREFIX = "floor-";

  static final List<String> SERVERS =
      List.of(PREFIX + "epoll", PREFIX + "io_uring", PREFIX + "multishot");

  private static final String SOURCE = "/io/weft/bench/floor/floor.c";

  /// What the C compiler is asked for.
  private static final List<String> COMPILER =
      List.of("gcc", "-O3", "-march=native", "-Wall", "-pthread");

  private static @Nullable Path program;

  private Floor() {}

  static boolean is(String server) {
    return server.startsWith(PREFIX);
  }

  /// Why it cannot be had here; null if it can.
  static synchronized @Nullable String refusal() {
    try {
      program();
      return null;
    } catch (IOException e) {
      return e.getMessage();
    }
  }

  /// How to start one for a scenario, after the program's own name.
  static List<String> arguments(String server, Scenario scenario) {
    String reads = server.substring(PREFIX.length());
    int frameBytes = scenario.messageBytes() + 14;
    if (reads.equals("epoll")) {
      return List.of(reads, Integer.toString(Math.max(64 << 10, powerOfTwo(frameBytes))));
    }
    boolean isSmall = frameBytes * scenario.inFlight() < 8 << 10;
    int bytes = isSmall ? 8 << 10 : Math.max(32 << 10, powerOfTwo(frameBytes));
    int buffers = isSmall ? 128 : Math.clamp((4 << 20) / bytes, 8, 64);
    return List.of(reads, Integer.toString(bytes), Integer.toString(buffers));
  }

  private static int powerOfTwo(int least) {
    return Integer.highestOneBit(least - 1) << 1;
  }

  /// The command that starts one for a scenario.
  ///
  /// @throws IOException if there is no compiler, or it fails
  static List<String> command(String server, Scenario scenario) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(program().toString());
    command.addAll(arguments(server, scenario));
    return command;
  }

  /// The program, compiled at the first call.
  private static synchronized Path program() throws IOException {
    Path made = program;
    if (made == null) {
      made = compile();
      program = made;
    }
    return made;
  }

  private static Path compile() throws IOException {
    Path folder = Files.createTempDirectory("weft-floor");
    Path source = folder.resolve("floor.c");
    Path to = folder.resolve("floor");
    try (InputStream text = Floor.class.getResourceAsStream(SOURCE)) {
      if (text == null) {
        throw new IOException("the floor's source " + SOURCE + " is not in this program");
      }
      Files.copy(text, source);
    }
    List<String> command = new ArrayList<>(COMPILER);
    command.addAll(List.of("-o", to.toString(), source.toString()));
    Process compiler;
    try {
      compiler = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      throw new IOException("there is no C compiler (gcc): " + e.getMessage(), e);
    }
    String said = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (compiler.waitFor() != 0) {
        throw new IOException("the floor does not compile: " + said.strip());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the floor was compiled", e);
    }
    to.toFile().deleteOnExit();
    source.toFile().deleteOnExit();
    folder.toFile().deleteOnExit();
    return to;
  }
}
