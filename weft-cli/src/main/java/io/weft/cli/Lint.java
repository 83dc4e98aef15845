package io.weft.cli;

import io.weft.Tls;
import io.weft.cli.lint.Facts;
import io.weft.cli.lint.Finding;
import io.weft.cli.lint.Linter;
import io.weft.cli.lint.Outcome;
import io.weft.cli.lint.Proxy;
import io.weft.cli.lint.Target;
import java.io.PrintWriter;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// `weft lint`: holds a WebSocket server against the rules.
@Command(
    name = "lint",
    description = {
      "Holds any WebSocket server against RFC 6455, RFC 7692 and the HTTP beneath them.",
      "",
      "Each rule sends something, sound or spoilt, on connections of its own, and judges what comes"
          + " back:",
      "",
      "  ok       the server keeps the rule",
      "  FAIL     it breaks what an RFC says MUST be",
      "  warn     it does otherwise than an RFC says SHOULD be, or than prudence would",
      "  skipped  this endpoint gives no way to tell",
      "",
      "Lint servers that are yours: some rules send what a hostile client would. No more than a few"
          + " connections are open at once, and no rule sends more than 16 MiB."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    abbreviateSynopsis = true,
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:no rule failed, and with --strict none warned",
      "1:a rule failed, or with --strict one warned",
      "2:the command line is wrong",
      "3:the server cannot be reached, or opens no WebSocket at that URL",
      "70:weft itself failed",
      "74:the output cannot be written"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  weft lint ws://localhost:8080/echo                     every rule",
      "  weft lint :8080/echo --strict                          for CI: warnings count too",
      "  weft lint :8080/echo --only close --only text/invalid  a group, and one rule",
      "  weft lint :8080/echo --skip origin --json > lint.json  for programs",
      "  weft lint :8080/echo --header 'Cookie: sid=42'         as somebody who has logged in",
      "  weft lint :8080/echo --timeout 60s                     how long a slow client is borne, too",
      "  weft lint wss://app.example/feed --ca our-ca.pem       behind an authority of one's own",
      "  weft lint --list                                       every rule, and what it demands"
    })
final class Lint implements Callable<Integer> {

  private static final int FOUND = 1;
  private static final int UNREACHABLE = 3;
  private static final String CLEAR_LINE = "\r\033[K";

  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @Spec
  private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "URL",
      description = "The endpoint, as ws://localhost:8080/echo, :8080/echo or wss://host/path")
  private @Nullable String url;

  @Option(
      names = "--only",
      paramLabel = "RULE",
      completionCandidates = Names.class,
      description = "Judge this rule, or group of rules, and no other. Repeatable")
  private List<String> only = new ArrayList<>();

  @Option(
      names = "--skip",
      paramLabel = "RULE",
      completionCandidates = Names.class,
      description = "Leave out this rule, or group of rules. Repeatable")
  private List<String> skip = new ArrayList<>();

  @Option(names = "--strict", description = "Let a warning count as a failure for the exit code")
  private boolean strict;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      converter = Wait.class,
      description =
          "For each wait: a connection, an answer, an end. How long a silent or slow client is"
              + " borne is measured up to this as well. Default: 5s")
  private Duration timeout = Duration.ofSeconds(5);

  @Option(
      names = "--echo",
      paramLabel = "auto|yes|no",
      description =
          "Whether messages come back as they are: as the endpoint proves, surely, or never."
              + " Default: ${DEFAULT-VALUE}")
  private Linter.Echo echo = Linter.Echo.AUTO;

  @Option(
      names = "--origin",
      paramLabel = "ORIGIN",
      description = "The Origin that the server allows, as https://app.example. Default: none")
  private @Nullable String origin;

  @Option(
      names = {"-H", "--header"},
      paramLabel = "NAME:VALUE",
      converter = Header.class,
      description = "A header of every handshake, as 'Cookie: sid=42'. Repeatable")
  private List<String> headers = new ArrayList<>();

  @Option(
      names = "--subprotocol",
      paramLabel = "NAME",
      description = "Offer this subprotocol in every handshake. Repeatable")
  private List<String> subprotocols = new ArrayList<>();

  @Option(
      names = "--connections",
      paramLabel = "COUNT",
      converter = Count.class,
      description =
          "Rules at work at once, a connection each; the two that measure a slow client come on top."
              + " Default: 4")
  private int connections = 4;

  @Option(names = "--json", description = "Write one JSON object instead of lines")
  private boolean json;

  @Option(names = "--list", description = "List the rules and what they demand; connect to nobody")
  private boolean list;

  @Mixin private WayOptions way = new WayOptions();

  static CommandLine commandLine() {
    return new CommandLine(new Lint()).setCaseInsensitiveEnumValuesAllowed(true);
  }

  @Override
  public Integer call() throws InterruptedException {
    Set<String> ids = chosen();
    if (list) {
      listRules(ids);
      return 0;
    }
    Target target = target();
    Report report = new Report(ids.size());
    List<Finding> findings;
    try {
      findings = new Linter(target, echo).run(ids, report);
    } catch (Linter.Unreachable e) {
      err().println("weft lint: " + target.uri() + ": " + Escape.printable(words(e)) + ".");
      hint(e).lines().forEach(err()::println);
      err().flush();
      return UNREACHABLE;
    }
    boolean failed = count(findings, Outcome.FAIL) > 0;
    boolean warned = strict && count(findings, Outcome.WARN) > 0;
    int exit = failed || warned ? FOUND : 0;
    if (json) {
      writeJson(target, report.facts, findings, exit);
    } else {
      out().println(summary(findings));
    }
    out().flush();
    return exit;
  }

  private static String words(Linter.Unreachable e) {
    return switch (e.getCause()) {
      case null -> String.valueOf(e.getMessage());
      case UnknownHostException unknown -> "the host is not known";
      case SSLException tls -> "TLS failed: " + tls.getMessage();
      case Throwable cause -> "cannot connect: " + cause.getMessage();
    };
  }

  /// What may help; empty if nothing comes to mind.
  private static String hint(Linter.Unreachable e) {
    String why = String.valueOf(e.getCause() == null ? e.getMessage() : e.getCause().getMessage());
    if (e.getCause() instanceof SSLException) {
      return why.contains("certificate")
          ? "--ca FILE trusts a certificate or its authority; --insecure takes any, to try things."
          : "For a server without TLS the URL begins with ws://.";
    }
    return why.contains("Connection refused")
        ? "Nobody listens there: check the port, and that the server runs."
        : "";
  }

  // ---- What is asked for ------------------------------------------------------------------------

  private Target target() {
    if (url == null) {
      throw wrong("Missing required parameter: 'URL'");
    }
    try {
      URI uri = URI.create(ClientOptions.whole(url));
      Tls tls = way.tls();
      return new Target(
          uri,
          headers,
          origin,
          subprotocols,
          timeout,
          connections,
          tls == null ? Tls.system() : tls,
          proxy(uri));
    } catch (IllegalArgumentException e) {
      throw wrong(String.valueOf(e.getMessage()));
    }
  }

  private @Nullable Proxy proxy(URI uri) {
    String proxy = way.proxy();
    if (way.isStraight() || uri.getHost() == null) {
      return null;
    }
    return proxy == null ? Proxy.ofJvm(uri) : Proxy.parse(proxy);
  }

  private Set<String> chosen() {
    Set<String> ids = new LinkedHashSet<>();
    for (Finding rule : Linter.list()) {
      boolean wanted = only.isEmpty() || only.stream().anyMatch(name -> names(name, rule.id()));
      if (wanted && skip.stream().noneMatch(name -> names(name, rule.id()))) {
        ids.add(rule.id());
      }
    }
    for (List<String> names : List.of(only, skip)) {
      for (String name : names) {
        if (Linter.list().stream().noneMatch(rule -> names(name, rule.id()))) {
          throw wrong("'" + name + "' is no rule and no group of rules: see weft lint --list");
        }
      }
    }
    if (ids.isEmpty()) {
      throw wrong("--only and --skip leave no rule to judge");
    }
    return ids;
  }

  private static boolean names(String name, String id) {
    return id.equals(name) || id.startsWith(name.endsWith("/") ? name : name + "/");
  }

  private ParameterException wrong(String why) {
    return new ParameterException(spec.commandLine(), why);
  }

  // ---- What it says -----------------------------------------------------------------------------

  private void listRules(Set<String> ids) {
    for (Finding rule : Linter.list()) {
      if (ids.contains(rule.id())) {
        out()
            .println(
                String.format(
                    Locale.ROOT,
                    "%-30s %-18s %s -> %s",
                    rule.id(),
                    rule.section(),
                    rule.sent(),
                    rule.must()));
      }
    }
    out().flush();
  }

  /// A line for each finding as it comes; on a terminal also one that says how far it is.
  private final class Report implements Linter.Listener {

    private final int rules;
    private final boolean terminal = !json && Ansi.AUTO.enabled();
    private int done;
    private @Nullable Facts facts;

    Report(int rules) {
      this.rules = rules;
    }

    @Override
    public void met(Facts met) {
      facts = met;
      if (!json) {
        out().println("The endpoint " + said(met) + ".");
        if (!met.proxy().isEmpty()) {
          out()
              .println(
                  "A proxy answers for it ("
                      + Escape.printable(Escape.clip(met.proxy()))
                      + "): what is found of handshakes and of slow clients may be the proxy's doing."
                      + " Lint the server itself to know.");
        }
        progress();
      }
    }

    @Override
    public void found(Finding finding) {
      done++;
      if (json) {
        return;
      }
      if (terminal) {
        err().print(CLEAR_LINE);
        err().flush();
      }
      out().println(line(finding));
      out().flush();
      progress();
    }

    private void progress() {
      if (terminal && done < rules) {
        err().print(done + " of " + rules + " rules ...");
        err().flush();
      }
    }
  }

  private static String said(Facts facts) {
    String echoes =
        facts.echoesText() && facts.echoesBinary()
            ? "echoes text and binary messages"
            : facts.echoesText()
                ? "echoes text"
                : facts.echoesBinary() ? "echoes binary messages" : "does not echo";
    return echoes + (facts.deflates() ? ", and compresses" : ", and does not compress");
  }

  private static String line(Finding finding) {
    boolean found = finding.outcome() == Outcome.FAIL || finding.outcome() == Outcome.WARN;
    String word = String.format(Locale.ROOT, "%-8s", finding.outcome().word());
    String style =
        switch (finding.outcome()) {
          case OK -> "green";
          case FAIL -> "bold,red";
          case WARN -> "yellow";
          case SKIPPED -> "faint";
        };
    return String.format(
        Locale.ROOT,
        "%s %-30s %-18s %s -> %s%s",
        Ansi.AUTO.string("@|" + style + " " + word + "|@"),
        finding.id(),
        finding.section(),
        finding.sent(),
        Escape.printable(Escape.clip(finding.seen())),
        found ? "; wanted: " + finding.must() : "");
  }

  private static String summary(List<Finding> findings) {
    return String.format(
        Locale.ROOT,
        "%d rules: %d ok, %d failed, %d warnings, %d skipped.",
        findings.size(),
        count(findings, Outcome.OK),
        count(findings, Outcome.FAIL),
        count(findings, Outcome.WARN),
        count(findings, Outcome.SKIPPED));
  }

  private static long count(List<Finding> findings, Outcome outcome) {
    return findings.stream().filter(finding -> finding.outcome() == outcome).count();
  }

  private void writeJson(Target target, @Nullable Facts facts, List<Finding> findings, int exit) {
    ObjectNode report = Json.of("lint").put("url", target.uri().toString());
    if (facts != null) {
      report.put("echoesText", facts.echoesText());
      report.put("echoesBinary", facts.echoesBinary());
      report.put("deflates", facts.deflates());
      report.put("proxy", facts.proxy());
    }
    ArrayNode rules = report.putArray("rules");
    for (Finding finding : findings) {
      String section = finding.section();
      rules
          .addObject()
          .put("id", finding.id())
          .put("outcome", finding.outcome().word().toLowerCase(Locale.ROOT))
          .put("section", section.startsWith("RFC") ? section : "RFC 6455 " + section)
          .put("sent", finding.sent())
          .put("wanted", finding.must())
          .put("seen", finding.seen())
          .put("ms", finding.ms());
    }
    for (Outcome outcome : Outcome.values()) {
      report.put(outcome.word().toLowerCase(Locale.ROOT), count(findings, outcome));
    }
    out().println(report.put("exit", exit));
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }

  // ---- What options may be
  // ------------------------------------------------------------------------

  /// The groups and the rules, for shells to complete.
  static final class Names implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      Set<String> names = new TreeSet<>();
      for (Finding rule : Linter.list()) {
        names.add(rule.id().substring(0, rule.id().indexOf('/')));
        names.add(rule.id());
      }
      return names.iterator();
    }
  }

  static final class Wait implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      Duration wait = Times.parse(text);
      if (wait.compareTo(Duration.ofMillis(100)) < 0 || wait.compareTo(Duration.ofHours(1)) > 0) {
        throw new TypeConversionException("'" + text + "' is no time to wait: 100ms to 1h");
      }
      return wait;
    }
  }

  static final class Header implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      int colon = text.indexOf(':');
      boolean plain = text.chars().allMatch(c -> c >= ' ' && c < 0x7F);
      if (colon < 1 || !plain) {
        throw new TypeConversionException(
            "'" + text + "' is no header: write it as 'Cookie: sid=42'");
      }
      return text;
    }
  }

  static final class Count implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      if (!text.matches("[1-9]\\d?")) {
        throw new TypeConversionException("'" + text + "' is no count: write 1 to 99");
      }
      return Integer.parseInt(text);
    }
  }
}
