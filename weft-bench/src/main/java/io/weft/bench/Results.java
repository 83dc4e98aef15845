package io.weft.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// What one run measured, as it is kept in a file.
///
/// @param setup where and how
/// @param versions of the servers, by name
/// @param cells one for each scenario and server
record Results(Setup setup, Map<String, String> versions, List<Cell> cells) {

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  /// Where and how.
  ///
  /// @param date of the run
  /// @param machine processors, memory, kernel and JDK
  /// @param command that did it
  /// @param cores how load and server were kept apart
  /// @param rounds of each server in each scenario
  /// @param roundMs length of a round
  /// @param minutes the whole run took
  /// @param busy how many processes wanted a core when it began (the load average)
  record Setup(
      String date,
      String machine,
      String command,
      String cores,
      int rounds,
      long roundMs,
      double minutes,
      double busy) {}

  /// What came of one server in one scenario; medians over the rounds.
  ///
  /// @param scenario its name
  /// @param peer the server's name
  /// @param failure what went wrong; null if nothing
  /// @param perSecond messages (deliveries, connections) a second
  /// @param cpuNs processor time of the server for each, user and system
  /// @param cpuNsOfRounds the same for each round, in their order
  /// @param userShare which part of it was user time, 0 to 1
  /// @param loadBusy which part of its core the load used, 0 to 1: near 1, `perSecond` says little
  /// @param allocatedBytes what the server allocated on its heap for each
  /// @param latency in the closed loop
  /// @param half at half of `perSecond`, or null if it was not asked for
  /// @param rssBytes resident memory at the end of the rounds
  /// @param idle of the scenario `idle` alone
  /// @param wireShare bytes on the wire for each byte of text, on their way back; 0 if they were
  ///   not compressed
  /// @param active of the scenario `active` alone
  record Cell(
      String scenario,
      String peer,
      @Nullable String failure,
      double perSecond,
      double cpuNs,
      List<Double> cpuNsOfRounds,
      double userShare,
      double loadBusy,
      double allocatedBytes,
      @Nullable Latency latency,
      @Nullable Half half,
      long rssBytes,
      @Nullable Idle idle,
      double wireShare,
      @Nullable Active active) {

    static Cell failed(String scenario, String peer, String why) {
      return new Cell(scenario, peer, why, 0, 0, List.of(), 0, 0, 0, null, null, 0, null, 0, null);
    }
  }

  /// How long it took, in microseconds: the median, and what 1 % and 0.1 % exceeded.
  record Latency(double p50, double p99, double p999) {}

  /// At a fixed rate, half of what the same server reached in the closed loop.
  ///
  /// @param perSecond the rate
  /// @param cpuNs processor time of the server for a message
  /// @param latency from when a message was due until it was back
  record Half(double perSecond, double cpuNs, Latency latency) {}

  /// What a silent connection holds, in bytes: on the heap after collection, of that in objects
  /// whose classes are not the JDK's, in native memory, and resident.
  record Idle(double heap, double own, double nativeBytes, double resident) {}

  /// What a connection holds that has just echoed some messages, in bytes: on the heap after
  /// collection, native, those of libraries included, and resident; and the same without
  /// compression.
  record Active(
      double heap,
      double nativeBytes,
      double resident,
      double plainHeap,
      double plainNative,
      double plainResident) {

    /// What compression adds.
    double added() {
      return heap + nativeBytes - plainHeap - plainNative;
    }
  }

  Optional<Cell> cell(String scenario, String peer) {
    return cells.stream()
        .filter(cell -> cell.scenario.equals(scenario) && cell.peer.equals(peer))
        .findFirst();
  }

  void write(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    Files.writeString(file, JSON.writeValueAsString(this) + "\n");
  }

  static Results read(Path file) throws IOException {
    return JSON.readValue(Files.readString(file), Results.class);
  }
}
