package io.weft.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Which processor core the load has, and which the server: the first and the last that this
/// process may use, set with `taskset`. Without it, or with one core, they share what there is.
///
/// @param load the core of the load; below 0 if nothing is pinned
/// @param server the core of the servers; below 0 if nothing is pinned
record Cores(int load, int server) {

  /// Nothing is pinned.
  static final Cores ANY = new Cores(-1, -1);

  /// Finds two cores, and moves this process to the first.
  static Cores take() throws IOException, InterruptedException {
    List<Integer> allowed = allowed();
    if (allowed.size() < 2 || !Files.isExecutable(Path.of("/usr/bin/taskset"))) {
      return ANY;
    }
    Cores cores = new Cores(allowed.getFirst(), allowed.getLast());
    String pid = Long.toString(ProcessHandle.current().pid());
    int exit =
        new ProcessBuilder("taskset", "-acp", Integer.toString(cores.load), pid)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor();
    return exit == 0 ? cores : ANY;
  }

  boolean arePinned() {
    return load >= 0;
  }

  /// What goes before the command of a server.
  List<String> ofServer() {
    return arePinned() ? List.of("taskset", "-c", Integer.toString(server)) : List.of();
  }

  /// The cores this process may use, as /proc/self/status lists them: `0-3,8`.
  private static List<Integer> allowed() throws IOException {
    List<Integer> cores = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("Cpus_allowed_list:")) {
        for (String range : line.substring(line.indexOf(':') + 1).strip().split(",", -1)) {
          String[] ends = range.split("-", -1);
          int last = Integer.parseInt(ends[ends.length - 1]);
          for (int core = Integer.parseInt(ends[0]); core <= last; core++) {
            cores.add(core);
          }
        }
      }
    }
    return cores;
  }
}
