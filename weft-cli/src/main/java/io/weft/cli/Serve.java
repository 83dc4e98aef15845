package io.weft.cli;

import io.weft.Endpoint;
import io.weft.Limits;
import io.weft.Server;
import io.weft.Tls;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/// `weft serve`: the console page and the demo endpoints.
@Command(
    name = "serve",
    description = {
      "Serves the browser console and WebSocket endpoints to try things with.",
      "",
      "  /                    the console: open it in a browser",
      "  /weft.js             the client for your own pages, and its types, /weft.d.ts",
      "  /echo                text and binary come back as they are",
      "  /chat/{room}?name=   a room: everyone in it reads what anyone says",
      "  /ws/{username}/      one to one: send {\"to\":\"bob\",\"text\":\"hi\"}",
      "  /clock               the time, pushed every second",
      "  /health              status and connections as JSON, for probes"
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    abbreviateSynopsis = true,
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:help or version, as asked for",
      "2:the command line is wrong",
      "69:cannot listen: the port is taken, or not allowed, or the host is not known;"
          + " or io_uring is asked for and refused",
      "70:weft itself failed: no event loop can go on",
      "130, 143:ended by Ctrl-C, by SIGTERM, after closing every connection"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  weft serve                                          for yourself, on port 8080",
      "  weft serve --host 0.0.0.0 --port 9000               for everyone who can reach you",
      "  weft serve --origin https://app.example             for pages of another site too",
      "  weft serve --max-message 16MiB                      for large messages",
      "  weft serve --tls                                    over https and wss, to try them",
      "  weft serve --tls-cert chain.pem --tls-key key.pem   over https and wss, for good",
      "  weft serve --compression takeover                   for many small, similar messages",
      "  weft serve --log-format json 2> weft.log            with a log for programs"
    })
final class Serve implements Callable<Integer> {

  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @Spec
  private CommandSpec spec;

  @Option(
      names = "--host",
      paramLabel = "HOST",
      description = "The interface to listen on, 0.0.0.0 for all. Default: ${DEFAULT-VALUE}")
  private String host = "127.0.0.1";

  @Option(
      names = "--port",
      paramLabel = "PORT",
      converter = Port.class,
      description = "The port, 0 for any that is free. Default: ${DEFAULT-VALUE}")
  private int port = 8080;

  @Option(
      names = "--loops",
      paramLabel = "COUNT",
      converter = Loops.class,
      description = "Event loops, a thread each. Default: one for each processor")
  private int loops = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--transport",
      paramLabel = "auto|nio|io_uring",
      description =
          "How bytes come and go: NIO everywhere, or the io_uring of Linux, which is refused in"
              + " many containers. Default: auto, the fastest that works")
  private Modes.@Nullable Transporting transport;

  @Option(
      names = "--origin",
      paramLabel = "ORIGIN",
      description =
          "Allow pages of this origin to connect, as https://app.example, https://*.app.example or"
              + " file://; * for all. Repeatable. Default: the server's own, and clients that are no"
              + " browsers")
  private List<String> origins = new ArrayList<>();

  @Option(
      names = "--allow-host",
      paramLabel = "NAME",
      description =
          "Answer requests for this host name, as app.example or *.app.example, as a proxy in front"
              + " passes it on; * for all. Repeatable. Default: on loopback localhost and its"
              + " addresses, which it always answers for; elsewhere all")
  private List<String> hosts = new ArrayList<>();

  @Option(
      names = "--subprotocol",
      paramLabel = "NAME",
      converter = Subprotocol.class,
      description =
          "Agree on this subprotocol if the client offers it. Repeatable, the favourite first."
              + " Default: none")
  private List<String> subprotocols = new ArrayList<>();

  @Option(
      names = "--trusted-proxy",
      paramLabel = "RANGE",
      description =
          "A proxy in front, which may have any number of connections: an address, or a range as"
              + " 10.0.0.0/8. Repeatable. Default: this machine's own")
  private List<String> trustedProxies = new ArrayList<>();

  @Mixin private CompressionOptions compression = new CompressionOptions();

  @ArgGroup(validate = false, order = 90, heading = "%nTLS:%n")
  private TlsOptions tls = new TlsOptions();

  @Option(names = "--quiet", description = "Log warnings and errors only, not every connection")
  private boolean quiet;

  @Option(
      names = "--log-format",
      paramLabel = "text|json",
      description = "How the log looks, on standard error. Default: ${DEFAULT-VALUE}")
  private Journal.Format logFormat = Journal.Format.TEXT;

  /// Where log entries wait, once there is a server.
  private @Nullable Spool log;

  /// How long the process waits at its end for the log to be written.
  private static final Duration LAST_ENTRIES = Duration.ofSeconds(2);

  static CommandLine commandLine() {
    CommandLine command = new CommandLine(new Serve());
    command.getCommandSpec().addArgGroup(LimitOptions.group());
    return command.setCaseInsensitiveEnumValuesAllowed(true);
  }

  /// Serves until the process is asked to end.
  @Override
  public Integer call() {
    Server server;
    try {
      server = start();
    } catch (UncheckedIOException e) {
      throw cannotListen(host, port, "weft serve --port ", e);
    }
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().name("weft-stop").unstarted(() -> stop(server)));
    announce(server);
    Throwable why = server.failed().join(); // else the hook has the last word
    throw new Failure(
        Main.INTERNAL,
        "no event loop can go on, the last for this: " + why,
        "Nothing is served any more; start it again. The log says more.");
  }

  /// Starts the server with everything it serves; does not wait.
  ///
  /// @throws UncheckedIOException if it cannot listen
  Server start() {
    log =
        new Spool(
            err(),
            count ->
                System.getLogger("io.weft.cli")
                    .log(
                        Level.WARNING,
                        count
                            + " log entries are left out here: the log is not read fast enough."));
    Journal journal =
        new Journal(
            new PrintWriter(log),
            logFormat,
            quiet ? Level.WARNING : Level.INFO,
            InstantSource.system());
    LogFinder.use(journal);
    Health health = new Health();
    Server.Builder builder = builder(journal, health);
    Tls with = tls();
    if (with != null) {
      builder.tls(with);
    }
    Thread.ofPlatform().daemon().name("weft-json").start(Json::load); // beside what follows
    Server server = builder.start();
    health.of(server);
    if (with != null) {
      tls.watch(server, with, journal);
    }
    return server;
  }

  private Server.Builder builder(Journal journal, Health health) {
    try {
      Limits limits = LimitOptions.limits(spec.commandLine().getParseResult());
      Server.Builder builder =
          Server.at(host, port)
              .loops(loops)
              .origins(origins.toArray(String[]::new))
              .hosts(hosts.toArray(String[]::new))
              .subprotocols(subprotocols.toArray(String[]::new))
              .trustedProxies(trustedProxies.toArray(String[]::new))
              .compression(compression.value())
              .limits(limits)
              .closeAtShutdown(false)
              .route("/echo", logged(new Echo(), journal))
              .route("/chat/{room}", logged(new Chat(limits), journal))
              .route("/ws/{username}/", logged(new Direct(limits), journal))
              .route("/clock", logged(new Clock(), journal))
              .http("/health", health);
      if (transport != null) {
        builder.transport(transport.transport);
      }
      Console.on(builder);
      return builder;
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private @Nullable Tls tls() {
    try {
      return tls.tls(host);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private static Endpoint logged(Endpoint endpoint, Journal journal) {
    return journal.isLoggable(Level.INFO) ? new Logged(endpoint, journal) : endpoint;
  }

  /// Why a server cannot listen, and what to do.
  ///
  /// @param retry what a port is written behind, to try another
  static Failure cannotListen(String host, int port, String retry, UncheckedIOException thrown) {
    String why = String.valueOf(rootOf(thrown).getMessage());
    String hint = "";
    if (!(rootOf(thrown) instanceof BindException)) {
      return new Failure(Main.CANNOT_LISTEN, String.valueOf(thrown.getMessage()));
    } else if (why.contains("in use")) {
      why = "the port is taken";
      int other = port == 65_535 ? port - 1 : port + 1;
      hint =
          "Choose another, as `%1$s%2$d`, or let weft find a free one, as `%1$s0`. Who has it: `ss"
              + " -ltnp 'sport = :%3$d'`.";
      hint = String.format(Locale.ROOT, hint, retry, other, port);
    } else if (why.contains("denied")) {
      why = "the system does not allow it";
      hint =
          String.format(
              Locale.ROOT,
              "Ports under 1024 are kept for root; choose one above, as `%s8080`.",
              retry);
    } else if (why.contains("assign")) {
      why = "no interface of this machine has that address";
      hint = "Choose --host 127.0.0.1 for this machine alone, or --host 0.0.0.0 for every one.";
    }
    return new Failure(
        Main.CANNOT_LISTEN, "cannot listen at " + host + " port " + port + ": " + why, hint);
  }

  private static Throwable rootOf(Throwable thrown) {
    Throwable cause = thrown.getCause();
    return cause == null ? thrown : rootOf(cause);
  }

  // ---- What it says ---------------------------------------------------------------------------

  private void announce(Server server) {
    String at = authority(server.address());
    if (logFormat == Journal.Format.JSON) {
      Map<String, @Nullable Object> fields = new LinkedHashMap<>();
      fields.put("version", Main.Version.number());
      fields.put("host", host);
      fields.put("port", server.port());
      fields.put("url", (server.isSecure() ? "https://" : "http://") + at + "/");
      if (tls.fingerprint() != null) {
        fields.put("fingerprint", tls.fingerprint());
      }
      fields.put("transport", server.transport().name().toLowerCase(Locale.ROOT));
      events().event(Level.INFO, "listening", fields);
      return;
    }
    out()
        .print(
            String.format(
                Locale.ROOT,
                """
                Weft %1$s listens: open http%3$s://%2$s/ in a browser.

                  ws%3$s://%2$s/echo                   text and binary come back
                  ws%3$s://%2$s/chat/lobby?name=ann    a room: everyone in it reads what anyone says
                  ws%3$s://%2$s/ws/ann/                one to one: send {"to":"bob","text":"hi"}
                  ws%3$s://%2$s/clock                  the time, pushed every second
                  http%3$s://%2$s/health               status and connections, for probes

                """,
                Main.Version.number(),
                at,
                server.isSecure() ? "s" : ""));
    if (tls.fingerprint() != null) {
      out()
          .print(
              String.format(
                  Locale.ROOT,
                  """
                  The certificate is weft's own, made just now for localhost; nobody vouches for it, and
                  your browser will say so. Its SHA-256 fingerprint:
                  %s

                  """,
                  tls.fingerprint()));
    }
    out().println("Ctrl-C stops it.");
    out().flush();
  }

  /// Host and port as a URL has them; a wildcard is reached at localhost.
  static String authority(InetSocketAddress address) {
    InetAddress ip = address.getAddress();
    String name = address.getHostString();
    if (ip.isAnyLocalAddress()) {
      name = "localhost";
    } else if (name.contains(":")) {
      name = "[" + name + "]";
    }
    return name + ":" + address.getPort();
  }

  private void stop(Server server) {
    Server.Drained drained = server.close(server.limits().drainTimeout());
    if (log != null) {
      log.await(LAST_ENTRIES);
    }
    if (logFormat == Journal.Format.JSON) {
      Map<String, @Nullable Object> fields = new LinkedHashMap<>();
      fields.put("connections", drained.connections());
      fields.put("forced", drained.forced());
      fields.put("unsentBytes", drained.unsentBytes());
      events().event(Level.INFO, "stopped", fields);
      return;
    }
    out().println(sentence(drained));
    out().flush();
  }

  static String sentence(Server.Drained drained) {
    String all =
        switch (drained.connections()) {
          case 0 -> "Weft stopped; no connection was open";
          case 1 -> "Weft stopped: 1 connection closed";
          default -> "Weft stopped: " + drained.connections() + " connections closed";
        };
    return drained.forced() == 0
        ? all + "."
        : String.format(
            Locale.ROOT,
            "%s, %d of them by force; %d bytes could not be sent.",
            all,
            drained.forced(),
            drained.unsentBytes());
  }

  private Journal events() {
    return new Journal(out(), Journal.Format.JSON, Level.ALL, InstantSource.system());
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }

  // ---- What options may be ----------------------------------------------------------------------

  static final class Port implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return whole(text, 0, 65_535, "port", "8080, or 0 for any that is free");
    }
  }

  static final class Loops implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return whole(text, 1, 1024, "number of loops", "2");
    }
  }

  /// A token of HTTP (RFC 6455 §4.1 says so of subprotocols).
  static final class Subprotocol implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      if (!text.matches("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")) {
        throw new TypeConversionException(
            "'" + text + "' is no subprotocol: letters, digits, dots and dashes, as v1.chat");
      }
      return text;
    }
  }

  static int whole(String text, int least, int most, String what, String example) {
    if (text.matches("\\d{1,9}")) {
      int number = Integer.parseInt(text);
      if (number >= least && number <= most) {
        return number;
      }
    }
    throw new TypeConversionException(
        String.format(
            Locale.ROOT, "'%s' is no %s: write %d to %d, as %s", text, what, least, most, example));
  }
}
