package io.weft.bench;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// The measurements of Weft, as commands of `java -jar benchmarks.jar`.
@Command(
    name = "benchmarks",
    description = "Measures Weft, and others beside it.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      Peers.class,
      Compare.class,
      Micro.class,
      Windows.class,
      StartUp.class,
      TlsIdle.class,
      TlsIdle.Hold.class,
      Report.class
    })
public final class Main implements Callable<Integer> {

  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @Spec
  private CommandSpec spec;

  /// Runs a command and ends the process with its exit code.
  public static void main(String[] args) {
    System.exit(new CommandLine(new Main()).execute(args));
  }

  /// Without a command there is nothing to do but to say what could be done.
  @Override
  public Integer call() {
    spec.commandLine().usage(System.err);
    return CommandLine.ExitCode.USAGE;
  }
}
