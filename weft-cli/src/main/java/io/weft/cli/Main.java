package io.weft.cli;

import io.weft.Transport;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/// The `weft` command.
@Command(
    name = "weft",
    description = "WebSocket from the socket up: a client, a server, and tools for yours.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:not done: a connection ended otherwise than it should, an answer did not come, or weft lint"
          + " or bench found a fault",
      "2:the command line is wrong",
      "3:weft lint met no WebSocket at the URL",
      "65:the input is not what it should be",
      "66:a file or the input cannot be read",
      "69:the server cannot be reached, or cannot listen where it should",
      "70:weft itself failed",
      "74:a file or the output cannot be written",
      "75:what was sent was not answered in time",
      "76:the server refused the handshake, or did not answer it as it should",
      "130, 143:ended by Ctrl-C, by SIGTERM, after closing every connection"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  weft serve                              serve the console page and the demos on port 8080",
      "  weft connect ws://localhost:8080/echo   talk to a server",
      "  echo hi | weft connect -1 :8080/echo    ask it once from a script",
      "  weft lint ws://localhost:8080/echo      hold a server against the rules",
      "  weft bench ws://localhost:8080/echo     load it, check what comes back, and measure",
      "  weft ping -c 5 :8080/echo               round trips of a WebSocket",
      "  weft listen 9000                        what clients say, and say something back",
      "  weft connect --help                     every option of a command"
    })
public final class Main implements Callable<Integer> {

  /// Exit code: not done; a connection ended otherwise than it should, an answer did not come.
  static final int ENDED_BADLY = 1;

  /// Exit code: the command line is wrong.
  static final int USAGE = 2;

  /// Exit code: the input is not what it should be (EX_DATAERR of sysexits.h).
  static final int BAD_INPUT = 65;

  /// Exit code: a file or the input cannot be read (EX_NOINPUT of sysexits.h).
  static final int CANNOT_READ = 66;

  /// Exit code: the server cannot be reached (EX_UNAVAILABLE of sysexits.h).
  static final int CANNOT_CONNECT = 69;

  /// Exit code: the server cannot listen (EX_UNAVAILABLE of sysexits.h).
  static final int CANNOT_LISTEN = 69;

  /// Exit code: weft itself failed (EX_SOFTWARE of sysexits.h).
  static final int INTERNAL = 70;

  /// Exit code: a file or the output cannot be written (EX_IOERR of sysexits.h).
  static final int CANNOT_WRITE = 74;

  /// Exit code: what was sent was not answered in time (EX_TEMPFAIL of sysexits.h).
  static final int NO_ANSWER = 75;

  /// Exit code: the server refused the handshake, or did not answer it as it should (EX_PROTOCOL of
  /// sysexits.h).
  static final int REFUSED = 76;

  private static final Pattern CHOICES =
      Pattern.compile("(expected one of \\[[A-Z_0-9, ]+\\]) \\(case-insensitive\\)");

  private static final Pattern NIO =
      Pattern.compile("(--transport=)?nio", Pattern.CASE_INSENSITIVE);

  /// In the order of the help.
  private static final Map<String, Supplier<Object>> COMMANDS = commands();

  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @Spec
  private CommandSpec spec;

  private final Supplier<Streams> streams;

  /// Made when first asked for, once: what is written must be in the buffer that is flushed.
  private @Nullable Streams made;

  private Main(Supplier<Streams> streams) {
    this.streams = streams;
  }

  /// Where messages come from and go to.
  synchronized Streams streams() {
    if (made == null) {
      made = streams.get();
    }
    return made;
  }

  /// Runs the command line and ends the process with its exit code.
  public static void main(String[] args) {
    if (Arguments.areLost(args)) {
      System.err.println(Arguments.WHY);
      System.exit(USAGE);
    }
    if (mayTakeIoUring(args)) {
      // Beside what follows: to try it out takes as long as to understand the command line.
      Thread.ofPlatform().daemon().name("weft-io_uring").start(Transport.IO_URING::refusal);
    }
    PrintWriter out = new PrintWriter(System.out, true, charsetOfOutput());
    int code = commandLine(Streams::ofProcess, args).setOut(out).execute(args);
    if (code != CANNOT_WRITE && System.out.checkError()) {
      System.err.println("weft: standard output cannot be written.");
      code = CANNOT_WRITE;
    }
    System.exit(code);
  }

  /// A terminal's own; files and pipes are UTF-8, whatever the locale says.
  private static Charset charsetOfOutput() {
    Charset own = System.out.charset();
    return own.equals(StandardCharsets.UTF_8) || Terminals.isOutput()
        ? own
        : StandardCharsets.UTF_8;
  }

  /// Whether these arguments name a command, and nobody says that it must be NIO: then io_uring is
  /// not even tried, which some systems end a process for.
  private static boolean mayTakeIoUring(String... args) {
    return args.length > 0
        && COMMANDS.containsKey(args[0])
        && Arrays.stream(args).noneMatch(NIO.asMatchPredicate())
        && !"nio".equalsIgnoreCase(System.getProperty(Transport.PROPERTY));
  }

  /// Runs a command line in this process.
  ///
  /// @return its exit code
  static int run(Streams streams, String... args) {
    PrintWriter out = new PrintWriter(streams.out(), true, StandardCharsets.UTF_8);
    return commandLine(() -> streams, args).setOut(out).setErr(streams.err()).execute(args);
  }

  /// Makes what understands these arguments. Commands that they do not begin with are left out,
  /// since to describe one takes as long as to start a server; all are there when none is named,
  /// and for `help` and `completion`, which speak of the others.
  static CommandLine commandLine(Supplier<Streams> streams, String... args) {
    CommandLine weft = new CommandLine(new Main(streams));
    Supplier<Object> named = args.length == 0 ? null : COMMANDS.get(args[0]);
    if (named != null) {
      weft.addSubcommand(named.get());
    } else {
      COMMANDS.values().forEach(command -> weft.addSubcommand(command.get()));
      weft.addSubcommand(new Completion()).addSubcommand(new HelpCommand());
    }
    return weft.registerConverter(int.class, Main::whole)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpWidth(100)
        .setUsageHelpLongOptionsMaxWidth(36)
        .setParameterExceptionHandler((wrong, arguments) -> explain(wrong))
        .setExecutionExceptionHandler((thrown, command, parsed) -> explain(thrown, command));
  }

  /// A number, where an option says no more of it: in the digits of ASCII, though Java reads those
  /// of every script.
  private static int whole(String text) {
    if (!text.matches("\\d{1,9}")) {
      throw new TypeConversionException("'" + text + "' is no whole number: write it as 1000");
    }
    return Integer.parseInt(text);
  }

  private static Map<String, Supplier<Object>> commands() {
    Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
    commands.put("connect", Connect::new);
    commands.put("listen", Listen::new);
    commands.put("ping", Ping::new);
    commands.put("serve", Serve::commandLine);
    commands.put("lint", Lint::commandLine);
    commands.put("bench", Bench::new);
    return commands;
  }

  private static int explain(Exception thrown, CommandLine command) {
    PrintWriter err = command.getErr();
    if (thrown instanceof Failure failure) {
      err.println(failure.sentence());
      failure.hint().lines().forEach(err::println);
      err.flush();
      return failure.exitCode();
    }
    err.println("weft: this is a fault of weft's own; please report it:");
    thrown.printStackTrace(err);
    err.flush();
    return INTERNAL;
  }

  /// Says what is wrong in one line and where to read on, instead of printing all of the help.
  private static int explain(ParameterException wrong) {
    CommandLine command = wrong.getCommandLine();
    PrintWriter err = command.getErr();
    String name = command.getCommandSpec().qualifiedName();
    boolean isCommand =
        wrong instanceof UnmatchedArgumentException unmatched
            && command.getParent() == null
            && !unmatched.isUnknownOption();
    err.println(
        isCommand
            ? name + ": there is no command '" + unmatched(wrong) + "'"
            : name + ": " + choices(String.valueOf(wrong.getMessage())));
    UnmatchedArgumentException.printSuggestions(wrong, err);
    err.println("Try '" + name + " --help'.");
    err.flush();
    return USAGE;
  }

  /// Picocli lists choices in capitals, by the names of constants.
  private static String choices(String sentence) {
    return CHOICES
        .matcher(sentence)
        .replaceAll(list -> Matcher.quoteReplacement(list.group(1).toLowerCase(Locale.ROOT)));
  }

  private static String unmatched(ParameterException wrong) {
    return Escape.printable(((UnmatchedArgumentException) wrong).getUnmatched().getFirst());
  }

  /// Without a command there is nothing to do but to say what could be done.
  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return USAGE;
  }

  /// What `--version` prints.
  static final class Version implements IVersionProvider {

    /// The version of this build, as the jar's manifest has it.
    static String number() {
      return Objects.requireNonNullElse(
          Main.class.getPackage().getImplementationVersion(), "(unpackaged)");
    }

    @Override
    public String[] getVersion() {
      return new String[] {
        String.format(
            Locale.ROOT,
            "weft %s (Java %s, %s %s)",
            number(),
            Runtime.version(),
            System.getProperty("os.name"),
            System.getProperty("os.arch"))
      };
    }
  }
}
