package io.weft.cli;

import io.weft.Close;
import io.weft.Conversation;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jline.terminal.Terminal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `weft connect`: a client for people at a terminal, and for pipes.
@Command(
    name = "connect",
    description = {
      "Connects to a WebSocket server: to talk at a terminal, to send and print in a pipe.",
      "",
      "At a terminal /help lists its commands. In a pipe every line of standard input is sent as a message, and every message that comes is"
          + " printed as a line. At the end of the input it waits until nothing has come for"
          + " --wait, and closes; for the first answer to what was sent it waits longer."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    abbreviateSynopsis = true,
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all was sent, and the connection was closed by us, or by the server with 1000 or no code",
      "1:it ended otherwise: with another code or without a Close, before all was sent or enough"
          + " had come",
      "2:the command line is wrong",
      "65:the input is no message: not UTF-8, hex or base64 where it should be, or too long",
      "66:a file or the input cannot be read",
      "69:the server cannot be reached",
      "70:weft itself failed",
      "74:a file or the output cannot be written",
      "75:all was sent, and no answer came in time",
      "76:the server refused the handshake, or did not answer it as it should",
      "130, 143:ended by Ctrl-C, by SIGTERM, after closing"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  weft connect ws://localhost:8080/echo               talk; /help shows how",
      "  echo hi | weft connect -1 :8080/echo                ask once, print the answer",
      "  weft connect -m hi -m ho -n 2 :8080/echo            the same with two",
      "  weft connect -t -w forever :8080/clock < /dev/null  watch, with the time of each",
      "  weft connect --input hex --output raw :8080/echo < in.hex > out.bin",
      "  weft connect -H 'Authorization: Bearer abc' ws://api.example/feed",
      "  weft connect --record talk.jsonl :8080/echo         and later, as fast as it goes:",
      "  weft connect --replay talk.jsonl --pace fast :8080/echo"
    })
final class Connect implements Callable<Integer> {

  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @Spec
  private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @ParentCommand
  private Main main;

  @Mixin private ClientOptions target = new ClientOptions();
  @Mixin private PipeOptions pipe = new PipeOptions();

  @Option(
      names = "--close-code",
      paramLabel = "CODE",
      description = "Close with this code. Default: ${DEFAULT-VALUE}")
  private int closeCode = Close.NORMAL;

  @Option(names = "--close-reason", paramLabel = "TEXT", description = "Close with this reason")
  private String closeReason = "";

  @Option(
      names = "--no-history",
      description = "At a terminal, keep nothing of what is typed for the next time")
  private boolean noHistory;

  @Override
  public Integer call() throws InterruptedException {
    try {
      Session.checkClose(closeCode, closeReason);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
    Streams streams = main.streams();
    if (streams.interactive() && pipe.isTyped()) {
      return talk(streams);
    }
    Outgoing.Source source = pipe.source(streams, target.messageBytes());
    target.client();
    try (Show show = pipe.show(streams)) {
      Conversation ws = target.connect();
      Session session = new Session(ws, 0, target.url(), show);
      Pipe.Plan plan =
          new Pipe.Plan(
              pipe.count(),
              pipe.patience(),
              pipe.patienceForAnswer(),
              closeCode,
              closeReason,
              "the server");
      return new Pipe(session, plan, streams.err()).run(source);
    }
  }

  /// Talks with a person at the terminal.
  private int talk(Streams streams) throws InterruptedException {
    Conversation ws = target.connect(); // before the terminal is taken: Ctrl-C still ends it
    try (Show show = pipe.show(streams);
        Terminal terminal = Person.terminal()) {
      Session session = new Session(ws, 0, target.url(), show);
      Prompt prompt =
          new Prompt(
              session, show, terminal, noHistory ? null : Person.history(), target.messageBytes());
      pipe.set(prompt.screen());
      return prompt.run(target.url());
    } catch (IOException e) {
      throw new Failure(Main.CANNOT_READ, "the terminal cannot be used: " + e.getMessage());
    }
  }
}
