package io.weft.cli;

import io.weft.Client;
import io.weft.cli.bench.Plan;
import io.weft.cli.bench.Result;
import io.weft.cli.bench.Run;
import java.io.PrintWriter;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.node.ObjectNode;

/// `weft bench`: loads an echo endpoint, and measures.
@Command(
    name = "bench",
    description = {
      "Sends messages to an endpoint that echoes, checks every byte that comes back, and measures.",
      "",
      "Without --rate each connection sends anew for every echo (a closed loop), and latency is from"
          + " sending to echo. With --rate messages are due at even intervals, and latency is from"
          + " when a message was due: a server that stalls is charged with all it keeps waiting."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    abbreviateSynopsis = true,
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:every message came back, and was right",
      "1:something went wrong; the failures say what",
      "2:the command line is wrong",
      "69:no connection could be opened",
      "70:weft itself failed",
      "74:the output cannot be written",
      "130, 143:ended by Ctrl-C, by SIGTERM, after saying what was measured so far"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  weft bench ws://localhost:8080/echo                       10 connections, 20 bytes, 10 s",
      "  weft bench :8080/echo --connections 100 --size 16KiB      more of them, and larger ones",
      "  weft bench :8080/echo --in-flight 16                      16 on their way on each",
      "  weft bench :8080/echo --rate 5000 --duration 1m           latency at half load",
      "  weft bench :8080/echo --text --json > bench.json          for programs"
    })
final class Bench implements Callable<Integer> {

  private static final int MAX_IN_FLIGHT = 10_000;
  private static final int PACED_IN_FLIGHT = 100;
  private static final double BUSY = 0.9;

  /// At the end, beside `--timeout`, for all but waiting.
  private static final long SPARE_MS = 10_000;

  private static final String CLEAR_LINE = "\r\033[K";

  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @Spec
  private CommandSpec spec;

  @Mixin private ClientOptions target = new ClientOptions();

  @Option(
      names = "--connections",
      paramLabel = "COUNT",
      converter = Count.class,
      description = "Connections. Default: ${DEFAULT-VALUE}")
  private int connections = 10;

  @Option(
      names = "--size",
      paramLabel = "SIZE",
      converter = MessageSize.class,
      description = "Bytes of a message. Default: ${DEFAULT-VALUE}")
  private int size = 20;

  @Option(names = "--text", description = "Send text; otherwise messages are binary")
  private boolean text;

  @Option(
      names = "--in-flight",
      paramLabel = "COUNT",
      converter = Count.class,
      description =
          "Messages on their way on a connection at most. Default: 1; with --rate "
              + PACED_IN_FLIGHT)
  private int inFlight;

  @Option(
      names = "--rate",
      paramLabel = "COUNT",
      converter = Rate.class,
      description = "Messages a second, over all connections. Default: as many as come back")
  private double rate;

  @Option(
      names = "--duration",
      paramLabel = "TIME",
      converter = Span.class,
      description = "To measure. Default: 10s")
  private Duration duration = Duration.ofSeconds(10);

  @Option(
      names = "--warm-up",
      paramLabel = "TIME",
      converter = Span.class,
      description = "Before anything counts. Default: 2s")
  private Duration warmUp = Duration.ofSeconds(2);

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      converter = Span.class,
      description = "For the last echoes, at the end. Default: 5s")
  private Duration timeout = Duration.ofSeconds(5);

  @Option(names = "--json", description = "Write one JSON object instead of lines")
  private boolean json;

  /// Whether it ends before its time.
  private volatile boolean interrupted;

  @Override
  public Integer call() throws InterruptedException {
    Client client = target.client();
    Plan plan = plan();
    warnOfOthers();
    // That a loop is busy is what a load is for, and no news.
    LogFinder.use(new Journal(err(), Journal.Format.TEXT, Level.ERROR, InstantSource.system()));
    Progress progress = new Progress();
    Run run = new Run(client, plan, progress);
    CountDownLatch said = new CountDownLatch(1);
    Thread hook = Thread.ofPlatform().name("weft-stop").unstarted(() -> interrupted(run, said));
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      Result result = run.run();
      progress.show("");
      return say(plan, result);
    } finally {
      said.countDown();
      Pipe.forget(hook);
    }
  }

  /// Ctrl-C, or SIGTERM: what was measured so far is said.
  private void interrupted(Run run, CountDownLatch said) {
    interrupted = true;
    run.stop();
    try {
      var _ = said.await(timeout.toMillis() + SPARE_MS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private int say(Plan plan, Result result) {
    if (result.opened() == 0) {
      result
          .failures()
          .forEach((kind, times) -> err().println("weft bench: " + failure(kind, times)));
      if (lacksFiles(result)) {
        err().println(ClientOptions.TOO_MANY_FILES);
      }
      err().flush();
      return Main.CANNOT_CONNECT;
    }
    int exit = result.failureCount() > 0 || result.messages() == 0 ? Main.ENDED_BADLY : 0;
    if (json) {
      writeJson(plan, result, exit);
    } else {
      write(plan, result);
    }
    out().flush();
    return exit;
  }

  private static boolean lacksFiles(Result result) {
    return result.failures().keySet().stream()
        .anyMatch(kind -> kind.contains("Too many open files"));
  }

  // ---- What is asked for ------------------------------------------------------------------------

  private Plan plan() {
    int window = inFlight > 0 ? inFlight : rate > 0 ? PACED_IN_FLIGHT : 1;
    if (window > MAX_IN_FLIGHT) {
      throw new ParameterException(
          spec.commandLine(), "--in-flight is at most " + MAX_IN_FLIGHT + " a connection");
    }
    return new Plan(connections, size, text, window, rate, warmUp, duration, timeout);
  }

  /// A load on a machine of somebody else is an attack, unless they know of it.
  private void warnOfOthers() {
    String host = String.valueOf(URI.create(target.url()).getHost());
    if (!isHere(host)) {
      err().println("weft bench: " + host + " is not this machine: load only what is yours.");
      err().flush();
    }
  }

  /// Whether a host is this machine, or not known: then connecting will say so.
  static boolean isHere(String host) {
    try {
      return Stream.of(InetAddress.getAllByName(host)).allMatch(InetAddress::isLoopbackAddress);
    } catch (UnknownHostException e) {
      return true;
    }
  }

  // ---- What it says -----------------------------------------------------------------------------

  /// On a terminal, a line that says how it goes, anew each second.
  private final class Progress implements Run.Listener {

    private final boolean terminal = Ansi.AUTO.enabled();
    private double seconds;

    @Override
    public void opened(int count) {
      show(count + " of " + connections + " connections are open");
    }

    @Override
    public void second(boolean measured, double passed, Histogram last, long failures) {
      seconds += measured ? passed : 0;
      String phase = measured ? String.format(Locale.ROOT, "%.0f s", seconds) : "warming up";
      show(
          String.format(
              Locale.ROOT,
              "%s: %,.0f messages/s, p50 %s, p99 %s%s",
              phase,
              last.getTotalCount() / passed,
              time(last.getValueAtPercentile(50)),
              time(last.getValueAtPercentile(99)),
              failures == 0 ? "" : ", " + failures + " failures"));
    }

    private void show(String line) {
      if (terminal) {
        err().print(CLEAR_LINE + line);
        err().flush();
      }
    }
  }

  private void write(Plan plan, Result result) {
    Histogram all = result.latencies();
    String how =
        plan.isPaced()
            ? String.format(Locale.ROOT, "%,.0f messages a second", plan.rate())
            : plan.inFlight() + " in flight";
    out().println(Escape.printable(target.url()));
    out()
        .printf(
            Locale.ROOT,
            "%,d connections, %s of %s, %s, %.1f s%s%n%n",
            result.opened(),
            text ? "text" : "binary",
            bytes(size),
            how,
            result.seconds(),
            interrupted ? ", then interrupted" : "");
    out()
        .printf(
            Locale.ROOT,
            "echoed    %,d messages: %,.0f/s, %s/s each way%n",
            result.messages(),
            result.messagesPerSecond(),
            bytes((long) (result.messagesPerSecond() * size)));
    if (result.messages() > 0) {
      writeLatencies(all);
    }
    result.failures().forEach((kind, times) -> out().println("FAILED    " + failure(kind, times)));
    if (lacksFiles(result)) {
      out().println("note      " + ClientOptions.TOO_MANY_FILES);
    }
    if (result.processorShare() > BUSY) {
      out()
          .printf(
              Locale.ROOT,
              "note      this program took %.2f of a processor: it may be what limits the figures%n",
              result.processorShare());
    }
  }

  private void writeLatencies(Histogram all) {
    out()
        .printf(
            Locale.ROOT,
            "latency   p50 %s   p90 %s   p99 %s   p99.9 %s   max %s%n%n",
            time(all.getValueAtPercentile(50)),
            time(all.getValueAtPercentile(90)),
            time(all.getValueAtPercentile(99)),
            time(all.getValueAtPercentile(99.9)),
            time(all.getMaxValue()));
    Bars.of(all).forEach(out()::println);
  }

  private static String failure(String kind, long times) {
    String printable = Escape.printable(Escape.clip(kind));
    return times == 1 ? printable : printable + " (" + times + " times)";
  }

  private void writeJson(Plan plan, Result result, int exit) {
    Histogram all = result.latencies();
    ObjectNode report = Json.of("bench").put("url", target.url());
    report.put("connections", result.opened()).put("bytes", size).put("text", text);
    report.put("inFlight", plan.inFlight()).put("rate", rate).put("seconds", result.seconds());
    report.put("messages", result.messages());
    report.put("messagesPerSecond", result.messagesPerSecond());
    report.put("bytesPerSecond", result.messagesPerSecond() * size);
    ObjectNode latency = report.putObject("latencyNs");
    for (double percentile : List.of(50.0, 75.0, 90.0, 99.0, 99.9, 99.99)) {
      String name = "p" + (percentile % 1 == 0 ? Long.toString((long) percentile) : percentile);
      latency.put(name, all.getValueAtPercentile(percentile));
    }
    latency.put("max", all.getMaxValue()).put("mean", all.getMean());
    ObjectNode failures = report.putObject("failures");
    result.failures().forEach(failures::put);
    report.put("processorShare", result.processorShare());
    report.put("interrupted", interrupted);
    out().println(report.put("exit", exit));
  }

  /// A latency with three digits, as `53.1 µs`.
  static String time(long ns) {
    String[] units = {"ns", "µs", "ms", "s"};
    double value = ns;
    int unit = 0;
    while (value >= 999.5 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    String pattern =
        unit == 0 || value >= 99.95 ? "%.0f %s" : value >= 9.995 ? "%.1f %s" : "%.2f %s";
    return String.format(Locale.ROOT, pattern, value, units[unit]);
  }

  static String bytes(long count) {
    if (count < 1024) {
      return count + " bytes";
    }
    int zeros = Math.min(3, (63 - Long.numberOfLeadingZeros(count)) / 10);
    double value = count / (double) (1L << (10 * zeros));
    String pattern = value == Math.rint(value) ? "%.0f %s" : "%.1f %s";
    return String.format(Locale.ROOT, pattern, value, List.of("B", "KiB", "MiB", "GiB").get(zeros));
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }

  // ---- What options may be
  // ------------------------------------------------------------------------

  static final class Count implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      if (!text.matches("[1-9]\\d{0,5}")) {
        throw new TypeConversionException("'" + text + "' is no count: write 1 to 999999");
      }
      return Integer.parseInt(text);
    }
  }

  static final class Rate implements ITypeConverter<Double> {
    @Override
    public Double convert(String text) {
      if (!text.matches("\\d{1,8}(\\.\\d{1,3})?") || Double.parseDouble(text) == 0) {
        throw new TypeConversionException(
            "'" + text + "' is no rate: write messages a second, as 5000");
      }
      return Double.parseDouble(text);
    }
  }

  static final class MessageSize implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      int bytes = (int) Sizes.parse(text, 64 << 20);
      if (bytes == 0) {
        throw new TypeConversionException("'" + text + "' leaves nothing to check: 1 at least");
      }
      return bytes;
    }
  }

  static final class Span implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      Duration span = Times.parse(text);
      if (span.compareTo(Duration.ofMillis(1)) < 0 || span.compareTo(Duration.ofHours(24)) > 0) {
        throw new TypeConversionException("'" + text + "' is out of bounds: 1ms to 24h");
      }
      return span;
    }
  }
}
