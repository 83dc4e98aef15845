package io.weft.cli;

import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/// The `weft` command.
@Command(
    name = "weft",
    description = "WebSocket from the socket up: a server to try things with, and tools for yours.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1, 3:weft lint found something, or nobody: see its help",
      "2:the command line is wrong",
      "69:the server cannot listen where it should",
      "70:weft itself failed",
      "130, 143:ended by Ctrl-C, by SIGTERM, after closing every connection"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  weft serve                      serve the console page and the demos on port 8080",
      "  weft serve --port 0             ... on any free port",
      "  weft serve --help               every option and limit",
      "  weft lint ws://localhost:8080/echo   hold a server against the rules"
    })
public final class Main implements Callable<Integer> {

  /// Exit code: the command line is wrong.
  static final int USAGE = 2;

  /// Exit code: the server cannot listen (EX_UNAVAILABLE of sysexits.h).
  static final int CANNOT_LISTEN = 69;

  /// Exit code: weft itself failed (EX_SOFTWARE of sysexits.h).
  static final int INTERNAL = 70;

  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @Spec
  private CommandSpec spec;

  /// Runs the command line and ends the process with its exit code.
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  /// Runs a command line in this process.
  ///
  /// @return its exit code
  static int run(PrintWriter out, PrintWriter err, String... args) {
    return commandLine().setOut(out).setErr(err).execute(args);
  }

  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .addSubcommand(Serve.commandLine())
        .addSubcommand(Lint.commandLine())
        .setUsageHelpWidth(100)
        .setUsageHelpLongOptionsMaxWidth(36)
        .setParameterExceptionHandler((wrong, args) -> explain(wrong))
        .setExecutionExceptionHandler((thrown, command, parsed) -> {
          command.getErr().println("weft: this is a fault of weft's own; please report it:");
          thrown.printStackTrace(command.getErr());
          return INTERNAL;
        });
  }

  /// Says what is wrong in one line and where to read on, instead of printing all of the help.
  private static int explain(ParameterException wrong) {
    CommandLine command = wrong.getCommandLine();
    PrintWriter err = command.getErr();
    String name = command.getCommandSpec().qualifiedName();
    err.println(name + ": " + wrong.getMessage());
    UnmatchedArgumentException.printSuggestions(wrong, err);
    err.println("Try '" + name + " --help'.");
    err.flush();
    return USAGE;
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
        "weft %s (Java %s, %s %s)"
            .formatted(
                number(),
                Runtime.version(),
                System.getProperty("os.name"),
                System.getProperty("os.arch"))
      };
    }
  }
}
