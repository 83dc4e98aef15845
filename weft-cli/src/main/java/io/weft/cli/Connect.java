package io.weft.cli;

import io.weft.Close;
import io.weft.Conversation;
import java.util.concurrent.Callable;
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
      "Connects to a WebSocket server, to send and print in a pipe.",
      "",
      "Every line of standard input is sent as a message, and every message that comes is"
          + " printed as a line. At the end of the input it waits until nothing has come for"
          + " --wait, and closes."
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
      "76:the server refused the handshake, or did not answer it as it should",
      "130, 143:ended by Ctrl-C, by SIGTERM, after closing"
    },
    footerHeading = "%nExamples:%n",
    footer = {
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

  @Override
  public Integer call() throws InterruptedException {
    try {
      Session.checkClose(closeCode, closeReason);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
    Streams streams = main.streams();
    Outgoing.Source source = pipe.source(streams, target.messageBytes());
    target.client();
    try (Show show = pipe.show(streams)) {
      Conversation ws = target.connect();
      Session session = new Session(ws, 0, target.url(), show);
      Pipe.Plan plan =
          new Pipe.Plan(pipe.count(), pipe.patience(), closeCode, closeReason, "the server");
      return new Pipe(session, plan, streams.err()).run(source);
    }
  }
}
