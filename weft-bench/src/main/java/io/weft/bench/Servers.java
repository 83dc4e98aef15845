package io.weft.bench;

import io.weft.bench.peer.Peer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The servers of a run. One process of each serves all scenarios that can share it, so that its
/// compiled code is warm; those for large messages and for counting memory have their own.
final class Servers implements AutoCloseable {

  private final Cores cores;
  private @Nullable Path keyStore;
  private final Map<Key, Subject> running = new LinkedHashMap<>();

  /// What makes two processes of a server different.
  ///
  /// @param settings of the floor, which has others for each size of message; else empty
  private record Key(
      String peer,
      boolean counts,
      int maxMessageBytes,
      boolean isTls,
      boolean isDeflated,
      List<String> settings) {}

  /// How a start went.
  ///
  /// @param subject null if it failed
  /// @param isFresh whether it did not run before
  /// @param failure null if it did not fail
  record Start(String peer, @Nullable Subject subject, boolean isFresh, @Nullable String failure) {}

  Servers(Cores cores) {
    this.cores = cores;
  }

  /// Starts what does not run yet, all at once; ends those that a scenario before needed alone.
  List<Start> start(List<String> peers, Scenario scenario) {
    endOthersThan(scenario);
    Map<String, Process> launched = new LinkedHashMap<>();
    Map<String, String> failures = new LinkedHashMap<>();
    for (String peer : peers) {
      if (!running.containsKey(key(peer, scenario))) {
        try {
          launched.put(
              peer, Subject.launch(peer, scenario, scenario.isTls() ? keyStore() : null, cores));
        } catch (IOException | RuntimeException e) {
          failures.put(peer, String.valueOf(e.getMessage()));
        }
      }
    }
    launched.forEach((peer, process) -> {
      try {
        running.put(key(peer, scenario), Subject.ready(peer, process));
      } catch (IOException | RuntimeException e) {
        process.destroyForcibly();
        failures.put(peer, String.valueOf(e.getMessage()));
      }
    });
    List<Start> starts = new ArrayList<>();
    for (String peer : peers) {
      Subject subject = running.get(key(peer, scenario));
      starts.add(new Start(peer, subject, launched.containsKey(peer), failures.get(peer)));
    }
    return starts;
  }

  /// A key and its certificate, made once for a run by the JDK's own tool.
  private Path keyStore() throws IOException {
    if (keyStore == null) {
      Path file = Files.createTempDirectory("weft-bench").resolve("key.p12");
      Process keytool =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                  "-genkeypair",
                  "-alias",
                  "measure",
                  "-keyalg",
                  "EC",
                  "-groupname",
                  "secp256r1",
                  "-dname",
                  "CN=localhost",
                  "-storetype",
                  "PKCS12",
                  "-storepass",
                  Peer.PASSWORD,
                  "-keystore",
                  file.toString())
              .redirectErrorStream(true)
              .start();
      String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!Files.exists(file)) {
        throw new IOException("keytool made no key: " + said);
      }
      keyStore = file;
    }
    return keyStore;
  }

  /// Ends a server that failed; it is started again when it is next asked for.
  void drop(Subject subject) {
    subject.close();
    running.values().remove(subject);
  }

  private void endOthersThan(Scenario scenario) {
    for (Map.Entry<Key, Subject> entry : List.copyOf(running.entrySet())) {
      Key key = entry.getKey();
      boolean isCommon =
          !key.counts && !key.isTls && key.maxMessageBytes == (16 << 10) && key.settings.isEmpty();
      if (!isCommon && !key.equals(key(key.peer, scenario))) {
        drop(entry.getValue());
      }
    }
  }

  private static Key key(String peer, Scenario scenario) {
    return new Key(
        peer,
        scenario.countsMemory(),
        scenario.maxMessageBytes(),
        scenario.isTls(),
        scenario.isDeflated(),
        Floor.is(peer) ? Floor.arguments(peer, scenario) : List.of());
  }

  @Override
  public void close() {
    running.values().forEach(Subject::askToEnd);
    running.values().forEach(Subject::close);
    running.clear();
  }
}
