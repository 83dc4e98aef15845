package io.weft.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Weft beside another server of the JVM, in one run: the processor time of the server for an
/// echoed message (user and system, as the operating system counts it), and messages a second.
///
/// Each server has one thread and a process of its own; the load is in this one. Rounds of the
/// servers take turns, so that what disturbs the machine disturbs all; the medians are printed.
///
/// ```text
/// java -cp weft-bench/target/benchmarks.jar io.weft.bench.Echo [rounds] [seconds a round]
/// ```
public final class Echo {

  private static final List<String> SERVERS = List.of("weft", "undertow");
  private static final List<Scenario> SCENARIOS =
      List.of(
          new Scenario(100, 20, 1),
          new Scenario(100, 20, 16),
          new Scenario(100, 1 << 10, 1),
          new Scenario(100, 16 << 10, 1));

  private Echo() {}

  private record Scenario(int connections, int messageBytes, int inFlight) {}

  private record Result(double cpuNs, double perSecond) {}

  /// Measures and prints.
  ///
  /// @param args how many rounds, 5 unless told otherwise, and how many seconds each, 3 likewise
  public static void main(String[] args) throws Exception {
    int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
    Duration round = Duration.ofSeconds(args.length > 1 ? Integer.parseInt(args[1]) : 3);
    System.out.printf(
        "%-28s %10s %12s %12s %8s%n", "scenario", "server", "CPU ns/msg", "msg/s", "ratio");
    for (Scenario scenario : SCENARIOS) {
      List<List<Result>> results = measure(scenario, rounds, round);
      double ours = median(results.getFirst().stream().map(Result::cpuNs).toList());
      for (int at = 0; at < SERVERS.size(); at++) {
        double cpuNs = median(results.get(at).stream().map(Result::cpuNs).toList());
        System.out.printf(
            "%-28s %10s %12.0f %12.0f %8.2f%n",
            scenario.connections
                + " conns, "
                + scenario.messageBytes
                + " B, "
                + scenario.inFlight
                + " in flight",
            SERVERS.get(at),
            cpuNs,
            median(results.get(at).stream().map(Result::perSecond).toList()),
            ours / cpuNs);
      }
    }
  }

  private static List<List<Result>> measure(Scenario scenario, int rounds, Duration round)
      throws Exception {
    List<Process> processes = new ArrayList<>();
    List<EchoLoad> loads = new ArrayList<>();
    List<List<Result>> results = new ArrayList<>();
    try {
      for (String server : SERVERS) {
        Process process = start(server);
        processes.add(process);
        loads.add(
            new EchoLoad(
                port(process), scenario.connections, scenario.messageBytes, scenario.inFlight));
        results.add(new ArrayList<>());
      }
      for (int n = -1; n < rounds; n++) {
        for (int at = 0; at < SERVERS.size(); at++) {
          Result result = run(loads.get(at), processes.get(at), round);
          if (n >= 0) { // the first one warms up
            results.get(at).add(result);
          }
        }
      }
    } finally {
      for (EchoLoad load : loads) {
        load.close();
      }
      processes.forEach(Process::destroy);
    }
    return results;
  }

  private static Result run(EchoLoad load, Process server, Duration round) throws IOException {
    long cpuNs = cpuNs(server);
    long sinceNs = System.nanoTime();
    long echoes = load.run(round);
    double seconds = (System.nanoTime() - sinceNs) / 1e9;
    return new Result((cpuNs(server) - cpuNs) / (double) echoes, echoes / seconds);
  }

  private static long cpuNs(Process process) {
    return process.toHandle().info().totalCpuDuration().orElseThrow().toNanos();
  }

  private static Process start(String server) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseCompactObjectHeaders",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow", // for Undertow's buffers
            "-Xmx1g",
            "-cp",
            System.getProperty("java.class.path"),
            EchoServers.class.getName(),
            server)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static int port(Process process) throws IOException {
    String line =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))
            .readLine();
    if (line == null) {
      throw new IOException("the server did not start");
    }
    return Integer.parseInt(line);
  }

  private static double median(List<Double> figures) {
    List<Double> sorted = new ArrayList<>(figures);
    Collections.sort(sorted);
    return sorted.get(sorted.size() / 2);
  }
}
