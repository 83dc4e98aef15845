package io.weft.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `weft completion`: scripts by which a shell completes weft's commands and options.
@Command(
    name = "completion",
    description = "Prints a script by which a shell completes commands and options.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:done", "2:the command line is wrong", "70:weft itself failed"},
    footerHeading = "%nExamples:%n",
    footer = {
      "  source <(weft completion bash)                                 in ~/.bashrc",
      "  source <(weft completion zsh)                                  in ~/.zshrc",
      "  weft completion fish > ~/.config/fish/completions/weft.fish    once"
    })
final class Completion implements Callable<Integer> {

  /// A shell that has such scripts.
  enum Shell {
    BASH,
    ZSH,
    FISH;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @Spec
  private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // required, so set by picocli
  @Parameters(paramLabel = "SHELL", description = "One of ${COMPLETION-CANDIDATES}")
  private Shell shell;

  @Override
  public Integer call() {
    CommandLine weft = spec.root().commandLine();
    PrintWriter out = spec.commandLine().getOut();
    switch (shell) {
      case BASH, ZSH -> out.print(AutoComplete.bash("weft", weft)); // zsh takes bash's
      case FISH -> out.print(fish(weft));
    }
    out.flush();
    return 0;
  }

  private static String fish(CommandLine weft) {
    StringBuilder script = new StringBuilder("complete -c weft -f\n");
    weft.getSubcommands()
        .forEach((name, command) -> {
          var usage = command.getCommandSpec().usageMessage();
          String what = firstOf(usage.header().length > 0 ? usage.header() : usage.description());
          script
              .append("complete -c weft -n __fish_use_subcommand -a ")
              .append(name)
              .append(" -d ")
              .append(quoted(what))
              .append('\n');
          for (PositionalParamSpec word : command.getCommandSpec().positionalParameters()) {
            words(script, name, word);
          }
          for (OptionSpec option : command.getCommandSpec().options()) {
            option(script, name, option);
          }
        });
    return script.toString();
  }

  private static void words(StringBuilder script, String command, PositionalParamSpec word) {
    if (word.completionCandidates() != null) {
      script
          .append("complete -c weft -n '__fish_seen_subcommand_from ")
          .append(command)
          .append("' -a ")
          .append(quoted(String.join(" ", word.completionCandidates())))
          .append('\n');
    }
  }

  private static void option(StringBuilder script, String command, OptionSpec option) {
    script.append("complete -c weft -n '__fish_seen_subcommand_from ").append(command).append("'");
    for (String name : option.names()) {
      if (name.startsWith("--")) {
        script.append(" -l ").append(name.substring(2));
      } else {
        script.append(" -s ").append(name.substring(1));
      }
    }
    if (option.arity().max() > 0) {
      boolean file = option.paramLabel().equals("FILE");
      script.append(file ? " -r -F" : " -x");
      if (option.completionCandidates() != null) {
        script.append(" -a ").append(quoted(String.join(" ", option.completionCandidates())));
      }
    }
    script.append(" -d ").append(quoted(firstOf(option.description()))).append('\n');
  }

  /// The first line of a description, in which picocli's variables and `%` are as it prints them.
  private static String firstOf(String[] description) {
    String line = description.length == 0 ? "" : description[0];
    return line.replace("%%", "%").replaceAll(" *Default: \\$\\{DEFAULT-VALUE}", "");
  }

  private static String quoted(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
