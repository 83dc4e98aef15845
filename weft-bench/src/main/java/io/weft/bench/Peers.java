package io.weft.bench;

import io.weft.bench.Results.Cell;
import io.weft.bench.Results.Setup;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Weft beside other servers, in one run.
@Command(
    name = "peers",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Measures Weft beside other servers of the JVM, in one run.",
      "",
      "Each server has a process of its own on one core, the load another core. For each scenario"
          + " all servers are started and warmed up; then rounds take turns. Every byte that comes"
          + " back is held against what was sent.",
      ""
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  peers                                 all of it, in under half an hour",
      "  peers --quick                         the main scenarios, in about 4",
      "  peers --only echo-*/weft-*,netty-*    some scenarios and servers",
      "  peers --only echo-20/weft-nio --url ws://127.0.0.1:9001/ --pid 4711",
      "                                        a server that runs already, beside one of ours"
    })
final class Peers implements Callable<Integer> {

  private static final List<String> SERVERS =
      List.of(
          Floor.SERVERS.get(0),
          Floor.SERVERS.get(1),
          Floor.SERVERS.get(2),
          "weft-io_uring",
          "weft-nio",
          "weft-straight",
          "weft-shared",
          "weft-takeover",
          "weft-dedicated",
          "netty-nio",
          "netty-epoll",
          "netty-io_uring",
          "netty-tcnative",
          "undertow",
          "jetty",
          "vertx",
          "tomcat",
          "helidon",
          "java-websocket");

  /// Where the straight-line style is measured: it differs only in how messages are handed over.
  private static final List<String> STRAIGHT_LINE = List.of("echo-20", "echo-16k");

  /// Who is measured over TLS.
  private static final List<String> TLS =
      List.of("weft-io_uring", "weft-nio", "netty-epoll", "netty-tcnative", "jetty");

  /// Who is measured with permessage-deflate.
  private static final List<String> DEFLATED =
      List.of("weft-shared", "weft-takeover", "weft-dedicated", "netty-epoll", "undertow", "jetty");

  private static final List<String> QUICK =
      List.of(
          "echo-20", "echo-16k", "echo-300k", "pipelined-20", "broadcast", "deflate-2k", "idle");

  @Option(
      names = "--only",
      paramLabel = "SCENARIO/SERVER,...",
      description = {
        "Only these; * stands for anything, and without a server all are meant.",
        "Scenarios: echo-20, echo-1k, echo-16k, echo-300k, echo-1m, pipelined-20, many-20, tls-20, tls-16k,"
            + " broadcast, crowd, connect, deflate-300, deflate-2k, deflate-64k, idle, active.",
        "Servers: floor-epoll, floor-io_uring, floor-multishot (an echo in C, compiled by gcc),"
            + " weft-io_uring, weft-nio, weft-straight, netty-nio, netty-epoll, netty-io_uring,"
            + " netty-tcnative, undertow, jetty, vertx, tomcat, helidon, java-websocket;"
            + " with permessage-deflate weft-shared, weft-takeover, weft-dedicated, netty-epoll,"
            + " undertow, jetty."
      })
  private List<String> only = List.of();

  @Option(names = "--quick", description = "The main scenarios alone, in 4 minutes.")
  private boolean quick;

  @Option(
      names = "--minutes",
      paramLabel = "N",
      description = "How long the whole may take: 21, or 4 with --quick. Rounds become shorter.")
  private double minutes;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description =
          "Measure the server that runs at this ws:// or wss:// URL too, which echoes there; broadcast is"
              + " left out.")
  private @Nullable URI url;

  @Option(names = "--pid", paramLabel = "N", description = "The process of the server at --url.")
  private long pid;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      defaultValue = "other",
      description = "What to call the server at --url.")
  private String name = "other";

  @Option(
      names = "--no-pin",
      description =
          "Let the system choose the cores, instead of one for the load, one for servers.")
  private boolean unpinned;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "weft-bench/target/peers.json",
      description = "Where the results go, for the command report: ${DEFAULT-VALUE}.")
  private Path out = Path.of("peers.json");

  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @Spec
  private CommandSpec spec;

  /// A scenario and who takes part.
  private record Entry(Scenario scenario, List<String> servers, boolean hasOther) {}

  @Override
  public Integer call() throws Exception {
    if ((url == null) != (pid == 0)) {
      throw new ParameterException(spec.commandLine(), "--url and --pid go together");
    }
    List<Entry> entries = entries();
    if (entries.isEmpty()) {
      throw new ParameterException(spec.commandLine(), "nothing is called " + only);
    }
    String noFloor = Floor.refusal();
    if (noFloor != null) {
      System.err.println("without the floor: " + noFloor);
    }
    double given = minutes > 0 ? minutes : quick ? 4 : 21;
    Plan plan = plan(entries, Duration.ofMillis((long) (given * 60_000)));
    double busy = Machine.load();
    long sinceNs = System.nanoTime();
    Cores cores = unpinned ? Cores.ANY : Cores.take();
    System.err.printf(
        Locale.ROOT,
        "warm-up %d ms, %d rounds of %d ms, %d ms at half load, for each server and scenario%n",
        plan.warmUp().toMillis(),
        plan.rounds(),
        plan.round().toMillis(),
        plan.halfLoad().toMillis());
    Map<String, String> versions = new LinkedHashMap<>();
    List<Cell> cells = new ArrayList<>();
    try (Servers servers = new Servers(cores)) {
      List<Subject> other = url == null ? List.of() : List.of(Subject.at(name, url, pid));
      for (Entry entry : entries) {
        Runner runner = new Runner(entry.scenario, plan, servers, System.err::println);
        cells.addAll(runner.run(entry.servers, entry.hasOther ? other : List.of(), versions));
        System.out.println(Tables.scenario(entry.scenario, cells));
      }
    }
    double took = (System.nanoTime() - sinceNs) / 60e9;
    new Results(setup(plan, cores, took, busy), versions, cells).write(out);
    System.err.printf(Locale.ROOT, "%.1f minutes; the results are in %s%n", took, out);
    return cells.stream().anyMatch(cell -> cell.failure() != null) ? 1 : 0;
  }

  private Setup setup(Plan plan, Cores cores, double took, double busy) throws IOException {
    List<String> args = spec.commandLine().getParent().getParseResult().originalArgs();
    return new Setup(
        LocalDate.now(ZoneOffset.UTC).toString(),
        Machine.describe(),
        "java -jar weft-bench/target/benchmarks.jar " + String.join(" ", args),
        cores.arePinned()
            ? "the load on core " + cores.load() + ", the server on core " + cores.server()
            : "not pinned to cores",
        plan.rounds(),
        plan.round().toMillis(),
        took,
        busy);
  }

  private static Plan plan(List<Entry> entries, Duration all) {
    int timed = 0;
    int idle = 0;
    Set<String> fresh = new HashSet<>();
    for (Entry entry : entries) {
      Scenario scenario = entry.scenario;
      int servers = entry.servers.size() + (entry.hasOther ? 1 : 0);
      if (scenario.holds()) {
        idle += servers;
      } else {
        timed += servers;
        entry.servers.forEach(s ->
            fresh.add(
                String.join(
                    " ",
                    s,
                    "" + scenario.maxMessageBytes(),
                    "" + scenario.isTls(),
                    "" + scenario.isDeflated())));
      }
    }
    return Plan.of(all, timed, fresh.size(), idle);
  }

  private List<Entry> entries() {
    List<Entry> entries = new ArrayList<>();
    for (Scenario scenario : Scenario.all(quick ? 1000 : 3000)) {
      if (quick && only.isEmpty() && !QUICK.contains(scenario.name())) {
        continue;
      }
      List<String> servers =
          SERVERS.stream().filter(server -> takesPart(scenario, server)).toList();
      boolean hasOther =
          url != null
              && scenario.kind() != Scenario.Kind.BROADCAST
              && scenario.kind() != Scenario.Kind.ACTIVE
              && scenario.isTls() == "wss".equals(url.getScheme())
              && isWanted(scenario.name(), "");
      if (!servers.isEmpty() || hasOther) {
        entries.add(new Entry(scenario, servers, hasOther));
      }
    }
    return entries;
  }

  private boolean takesPart(Scenario scenario, String server) {
    boolean has =
        switch (server) {
          case "weft-straight" -> STRAIGHT_LINE.contains(scenario.name());
          case "weft-shared", "weft-takeover", "weft-dedicated" -> false;
          case "floor-epoll", "floor-io_uring", "floor-multishot" -> hasFloor(scenario);
          case "netty-tcnative" -> scenario.isTls();
          default -> !scenario.isTls() || TLS.contains(server);
        };
    boolean takesPart = scenario.isDeflated() ? DEFLATED.contains(server) : has;
    return takesPart && isWanted(scenario.name(), server);
  }

  /// Whether there is a floor: for plain echoes, and where a C compiler is.
  private static boolean hasFloor(Scenario scenario) {
    return scenario.kind() == Scenario.Kind.ECHO && !scenario.isTls() && Floor.refusal() == null;
  }

  /// Whether `--only` names it; an empty server is asked for its scenario alone.
  private boolean isWanted(String scenario, String server) {
    if (only.isEmpty()) {
      return true;
    }
    for (String one : only) {
      for (String choice : choices(one)) {
        String[] parts = choice.split("/", 2);
        if (matches(parts[0], scenario)
            && (server.isEmpty() || parts.length < 2 || matches(parts[1], server))) {
          return true;
        }
      }
    }
    return false;
  }

  /// `a/b,c` means `a/b` and `a/c`.
  private static List<String> choices(String only) {
    List<String> choices = new ArrayList<>();
    String scenario = "*";
    boolean hasScenario = false;
    for (String part : only.split(",", -1)) {
      int slash = part.indexOf('/');
      if (slash >= 0) {
        scenario = part.substring(0, slash);
        hasScenario = true;
        choices.add(part);
      } else {
        choices.add(hasScenario ? scenario + "/" + part : part);
      }
    }
    return choices;
  }

  private static boolean matches(String pattern, String name) {
    return Pattern.matches(("\\Q" + pattern + "\\E").replace("*", "\\E.*\\Q"), name);
  }
}
