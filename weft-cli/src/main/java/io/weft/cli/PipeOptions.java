package io.weft.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// The options of the commands that connect standard input and output with a WebSocket: what is
/// sent, how what comes is printed, what is recorded, and when to end.
final class PipeOptions {

  /// How fast a recording is replayed.
  enum Pace {
    /// As it was recorded.
    RECORDED,
    /// As fast as the other side takes it.
    FAST;

    @Override
    public String toString() {
      return this == RECORDED ? "recorded" : "fast";
    }
  }

  /// What a server that has to think may take before it answers.
  private static final Duration ANSWER = Duration.ofSeconds(10);

  /// For as long as anybody cares.
  private static final Duration FOREVER = Duration.ofDays(36_500);

  @SuppressWarnings("NullAway.Init") // set by picocli before anything is asked of it
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = {"-m", "--message"},
      paramLabel = "TEXT",
      description = "Send this text, instead of standard input. Repeatable")
  private List<String> messages = new ArrayList<>();

  @Option(
      names = {"-i", "--input"},
      paramLabel = "FORM",
      description = {
        "How standard input becomes messages. Default: ${DEFAULT-VALUE}",
        "lines: a text message a line; hex, base64: a binary message a line; text, binary: all of"
            + " it is one message"
      })
  private Input input = Input.LINES;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORM",
      description = {
        "How what comes is printed. Default: ${DEFAULT-VALUE}",
        "hex, base64: a message a line, text as it is, binary so; raw: the bytes of every message,"
            + " nothing between; json: all that happens, an object a line, as in a recording"
      })
  private Output output = Output.HEX;

  @Option(
      names = {"-p", "--pretty"},
      description = "Indent texts that are JSON")
  private boolean pretty;

  @Option(
      names = {"-t", "--timestamps"},
      description = "Begin every line of output with the time")
  private boolean timestamps;

  @Option(
      names = {"-n", "--count"},
      paramLabel = "COUNT",
      converter = Count.class,
      description = "Close when so many messages have come")
  private int count;

  @Option(names = "-1", description = "Close when one message has come; as --count 1")
  private boolean one;

  @Option(
      names = {"-w", "--wait"},
      paramLabel = "TIME",
      converter = Wait.class,
      description =
          "When all is sent, close after nothing has come for this long; \"forever\" never closes."
              + " Default: 1s, but 10s for the first answer to what was sent; with --count 30s")
  private @Nullable Duration wait;

  @Option(
      names = "--record",
      paramLabel = "FILE",
      description = "Record all that happens, an object a line, as --output json does")
  private @Nullable Path record;

  @Option(
      names = "--replay",
      paramLabel = "FILE",
      description = "Send what was sent in this recording, instead of standard input")
  private @Nullable Path replay;

  @Option(
      names = "--pace",
      paramLabel = "PACE",
      description =
          "How fast it is replayed: recorded, as it was; or fast, as fast as the other side takes"
              + " it, and without its close. Default: ${DEFAULT-VALUE}")
  private Pace pace = Pace.RECORDED;

  /// Whether a person is to type, on a terminal: nothing says that a program does.
  boolean isTyped() {
    return messages.isEmpty()
        && replay == null
        && input == Input.LINES
        && (output == Output.HEX || output == Output.BASE64)
        && count() == 0;
  }

  /// Sets up a screen as it is asked for.
  void set(Screen screen) {
    screen.pretty(pretty);
    screen.times(timestamps);
    screen.base64(output == Output.BASE64);
  }

  /// How many messages to wait for; 0 for no end.
  int count() {
    return one ? 1 : count;
  }

  /// How long to wait in silence when all is sent.
  Duration patience() {
    if (wait != null) {
      return wait;
    }
    return count() > 0 ? Duration.ofSeconds(30) : Duration.ofSeconds(1);
  }

  /// How long to wait for the first answer to what was sent; as [#patience()] where somebody has
  /// said how long to wait, or for how many messages.
  Duration patienceForAnswer() {
    return wait == null && count() == 0 ? ANSWER : patience();
  }

  /// What is to be sent.
  ///
  /// @throws ParameterException if more than one thing is
  /// @throws Failure if a recording is missing
  Outgoing.Source source(Streams streams, int messageBytes) {
    if (replay != null && !messages.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "--message and --replay both say what to send: choose one");
    }
    if (replay != null) {
      return Tape.replay(replay, pace == Pace.RECORDED, messageBytes);
    }
    return messages.isEmpty()
        ? input.from(streams.in(), messageBytes)
        : Outgoing.texts(messages, messageBytes);
  }

  /// Where what comes is shown.
  ///
  /// @throws ParameterException if a terminal would be given raw bytes
  /// @throws Failure if the recording cannot be written
  Show show(Streams streams) {
    if (output == Output.RAW && streams.showsOutput()) {
      throw new ParameterException(
          spec.commandLine(),
          "raw bytes could do anything to a terminal: send them to a file or a program, as"
              + " '--output raw > FILE'");
    }
    return new Show(streams, output, pretty, timestamps, recording());
  }

  Tape.@Nullable Writer recording() {
    return record == null ? null : Tape.Writer.to(record);
  }

  static final class Count implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return Serve.whole(text, 1, 999_999_999, "number of messages", "3");
    }
  }

  static final class Wait implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      return text.equals("forever") ? FOREVER : Times.parse(text);
    }
  }
}
