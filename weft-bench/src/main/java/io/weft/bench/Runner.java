package io.weft.bench;

import io.weft.bench.Results.Active;
import io.weft.bench.Results.Cell;
import io.weft.bench.Results.Half;
import io.weft.bench.Results.Idle;
import io.weft.bench.Results.Latency;
import io.weft.bench.load.DeflateLoad;
import io.weft.bench.load.EchoLoad;
import io.weft.bench.load.Load;
import io.weft.bench.load.Target;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/// Runs one scenario on several servers: all are started, warmed up, and measured in rounds that
/// take turns, so that what disturbs the machine disturbs all. Each round has connections of its
/// own. A server that fails is left out from there on, and its cell says why.
final class Runner {

  /// Before each measurement, on its own connections, so that it begins in full swing.
  private static final Duration LEAD_IN = Duration.ofMillis(150);

  /// Of text on each connection, so that the largest window is full.
  private static final int ACTIVE_BYTES = 48 << 10;

  private final Scenario scenario;
  private final Plan plan;
  private final Servers servers;
  private final Consumer<String> progress;
  private final List<Contender> contenders = new ArrayList<>();

  /// A server with what its rounds gave.
  private static final class Contender {
    final String name;
    @Nullable Subject subject;
    boolean isFresh;
    @Nullable String failure;
    final List<Double> cpuNs = new ArrayList<>();
    final List<Double> perSecond = new ArrayList<>();
    final List<Double> loadBusy = new ArrayList<>();
    final List<Double> allocated = new ArrayList<>();
    final Histogram latency = new Histogram(Duration.ofMinutes(1).toNanos(), 3);
    long userTicks;
    long ticks;
    @Nullable Half half;
    @Nullable Idle idle;
    double wireShare;
    @Nullable Active active;
    long rssBytes;

    Contender(String name) {
      this.name = name;
    }
  }

  /// Something that may fail for one server.
  private interface Part {
    void run(Contender contender, Subject subject) throws IOException;
  }

  Runner(Scenario scenario, Plan plan, Servers servers, Consumer<String> progress) {
    this.scenario = scenario;
    this.plan = plan;
    this.servers = servers;
    this.progress = progress;
  }

  /// Measures.
  ///
  /// @param peers names of our servers
  /// @param others servers that run already
  /// @param versions where the servers' versions are put
  List<Cell> run(List<String> peers, List<Subject> others, Map<String, String> versions) {
    for (Servers.Start start : servers.start(peers, scenario)) {
      Contender contender = new Contender(start.peer());
      contender.subject = start.subject();
      contender.failure = start.failure();
      contender.isFresh = start.isFresh();
      contenders.add(contender);
    }
    for (Subject other : others) {
      Contender contender = new Contender(other.name);
      contender.subject = other;
      contenders.add(contender);
    }
    for (Contender contender : contenders) {
      if (contender.subject != null) {
        versions.put(contender.name, contender.subject.version);
      }
    }
    switch (scenario.kind()) {
      case IDLE -> each(0, this::idle);
      case ACTIVE -> each(0, this::active);
      default -> measure();
    }
    for (Contender contender : contenders) {
      if (contender.subject != null && contender.failure != null) {
        servers.drop(contender.subject);
      }
    }
    return contenders.stream().map(this::cell).toList();
  }

  private void measure() {
    each(
        0,
        (contender, subject) -> {
          try (Load load = scenario.open(subject.target(scenario))) {
            load.run(plan.warmUp().multipliedBy(contender.isFresh ? Plan.FRESH : 1));
            load.settle();
          }
        });
    for (int round = 0; round < plan.rounds(); round++) {
      each(round, this::round);
      progress.accept(scenario.name() + ": round " + (round + 1) + " of " + plan.rounds());
    }
    each(
        0, (contender, subject) -> contender.rssBytes = CpuClock.statusBytes(subject.pid, "VmRSS"));
    if (scenario.isDeflated()) {
      each(0, this::wireShare);
    }
    if (scenario.hasHalfLoad()) {
      each(0, this::halfLoad);
    }
  }

  /// Does a part for each server that has not failed, beginning with another one each round.
  private void each(int round, Part part) {
    for (int n = 0; n < contenders.size(); n++) {
      Contender contender = contenders.get((n + round) % contenders.size());
      Subject subject = contender.subject;
      if (subject != null && contender.failure == null) {
        try {
          part.run(contender, subject);
        } catch (IOException | RuntimeException e) {
          fail(contender, e);
        }
      }
    }
  }

  private void fail(Contender contender, Exception why) {
    contender.failure = why.getMessage() == null ? why.toString() : why.getMessage();
    progress.accept(scenario.name() + ": " + contender.name + " failed: " + contender.failure);
  }

  private void round(Contender contender, Subject subject) throws IOException {
    try (Load load = scenario.open(subject.target(scenario))) {
      load.run(LEAD_IN);
      load.reset();
      long[] allocated = subject.ask("allocated");
      CpuClock.Ticks ticks = CpuClock.Ticks.of(subject.pid);
      long loadNs = CpuClock.ns(ProcessHandle.current().pid());
      long cpuNs = CpuClock.ns(subject.pid);
      long sinceNs = System.nanoTime();
      long messages = load.run(plan.round());
      double tookNs = System.nanoTime() - sinceNs;
      double usedNs = CpuClock.ns(subject.pid) - cpuNs;
      double loadUsedNs = CpuClock.ns(ProcessHandle.current().pid()) - loadNs;
      CpuClock.Ticks ticksAfter = CpuClock.Ticks.of(subject.pid);
      long[] allocatedAfter = subject.ask("allocated");
      if (messages == 0) {
        throw new IOException("nothing came back in a round of " + plan.round());
      }
      contender.cpuNs.add(usedNs / messages);
      contender.perSecond.add(messages / tookNs * 1e9);
      contender.loadBusy.add(loadUsedNs / tookNs);
      if (allocated.length > 0) {
        contender.allocated.add((allocatedAfter[0] - allocated[0]) / (double) messages);
      }
      contender.userTicks += ticksAfter.user() - ticks.user();
      contender.ticks += ticksAfter.both() - ticks.both();
      contender.latency.add(load.latency());
      load.settle();
    }
  }

  /// Half of what it reached, or of what the middle one of all reached, if that is less: so the
  /// fast ones get the same rate, which the load can keep.
  private void halfLoad(Contender contender, Subject subject) throws IOException {
    double middle =
        median(
            contenders.stream()
                .filter(one -> !one.perSecond.isEmpty())
                .map(one -> median(one.perSecond))
                .toList());
    double perSecond = Math.min(median(contender.perSecond), middle) / 2;
    try (EchoLoad load = (EchoLoad) scenario.open(subject.target(scenario))) {
      load.paceAt(perSecond);
      load.run(LEAD_IN);
      load.reset();
      long cpuNs = CpuClock.ns(subject.pid);
      long messages = load.run(plan.halfLoad());
      double usedNs = CpuClock.ns(subject.pid) - cpuNs;
      if (messages == 0) {
        throw new IOException("nothing came back at half load");
      }
      contender.half = new Half(perSecond, usedNs / messages, latency(load.latency()));
      load.settle();
    }
  }

  private void idle(Contender contender, Subject subject) throws IOException {
    try (EchoLoad load =
        new EchoLoad(subject.target(scenario), 200, scenario.messageBytes(), scenario.inFlight())) {
      load.once(); // what is made once is made before the first reading
    }
    long[] before = subject.ask("memory");
    long residentBefore = CpuClock.statusBytes(subject.pid, "VmRSS");
    try (EchoLoad load = (EchoLoad) scenario.open(subject.target(scenario))) {
      load.once();
      long[] after = subject.ask("memory");
      contender.rssBytes = CpuClock.statusBytes(subject.pid, "VmRSS");
      double connections = scenario.connections();
      double resident = (contender.rssBytes - residentBefore) / connections;
      contender.idle =
          before.length < 3
              ? new Idle(0, 0, 0, resident)
              : new Idle(
                  (after[0] - before[0]) / connections,
                  (after[1] - before[1]) / connections,
                  (after[2] - before[2]) / connections,
                  resident);
    }
    progress.accept(scenario.name() + ": " + contender.name);
  }

  /// What comes back once windows are full, which takes longer than a round.
  private void wireShare(Contender contender, Subject subject) throws IOException {
    try (DeflateLoad load =
        new DeflateLoad(subject.target(scenario), 4, scenario.messageBytes(), true)) {
      load.exchangeRow();
      load.reset();
      load.exchangeRow();
      contender.wireShare = load.wireShare();
    }
  }

  /// What connections hold that have just filled their windows, less what they hold uncompressed.
  private void active(Contender contender, Subject subject) throws IOException {
    double[] plain = held(subject, false);
    double[] deflated = held(subject, true);
    contender.rssBytes = CpuClock.statusBytes(subject.pid, "VmRSS");
    contender.active =
        new Active(deflated[0], deflated[1], deflated[2], plain[0], plain[1], plain[2]);
    progress.accept(scenario.name() + ": " + contender.name);
  }

  /// @return bytes for a connection: of the heap, native, resident
  private double[] held(Subject subject, boolean compresses) throws IOException {
    Target target = subject.target(scenario);
    int messages = ACTIVE_BYTES / scenario.messageBytes();
    try (DeflateLoad load = new DeflateLoad(target, 100, scenario.messageBytes(), compresses)) {
      load.exchange(messages); // what is made once is made before the first reading
    }
    double[] before = held(subject);
    try (DeflateLoad load =
        new DeflateLoad(target, scenario.connections(), scenario.messageBytes(), compresses)) {
      load.exchange(messages);
      double[] after = held(subject);
      for (int n = 0; n < after.length; n++) {
        after[n] = (after[n] - before[n]) / scenario.connections();
      }
      return after;
    }
  }

  private static double[] held(Subject subject) throws IOException {
    long[] memory = subject.ask("memory");
    long[] libraries = subject.ask("libraries");
    if (memory.length < 3 || libraries.length == 0) {
      throw new IOException("what somebody else's server holds cannot be asked");
    }
    double nativeBytes = memory[2] + libraries[0];
    return new double[] {memory[0], nativeBytes, CpuClock.statusBytes(subject.pid, "VmRSS")};
  }

  private Cell cell(Contender of) {
    if (of.failure != null || (of.cpuNs.isEmpty() && of.idle == null && of.active == null)) {
      String why = of.failure == null ? "was not measured" : of.failure;
      return Cell.failed(scenario.name(), of.name, why);
    }
    boolean isTimed = !of.cpuNs.isEmpty();
    return new Cell(
        scenario.name(),
        of.name,
        null,
        median(of.perSecond),
        median(of.cpuNs),
        of.cpuNs,
        of.ticks == 0 ? 0 : of.userTicks / (double) of.ticks,
        median(of.loadBusy),
        median(of.allocated),
        isTimed ? latency(of.latency) : null,
        of.half,
        of.rssBytes,
        of.idle,
        of.wireShare,
        of.active);
  }

  private static Latency latency(Histogram of) {
    return new Latency(
        of.getValueAtPercentile(50) / 1e3,
        of.getValueAtPercentile(99) / 1e3,
        of.getValueAtPercentile(99.9) / 1e3);
  }

  /// The middle one; 0 of none.
  static double median(List<Double> figures) {
    double[] sorted = figures.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int half = sorted.length / 2;
    if (sorted.length == 0) {
      return 0;
    }
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
}
