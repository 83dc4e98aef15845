package io.weft.cli;

import io.weft.Limits;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;

/// The options for limits: one for every component of [Limits] that a server keeps, made from the
/// record itself, so that none can be missing.
///
/// An option is named after its component: a time by the same words (`closeTimeout`:
/// `--close-timeout`), a size or count with `max` before them and without the unit (`messageBytes`:
/// `--max-message`), and what is a least with `min` (`leastBytesPerSecond`:
/// `--min-bytes-per-second`).
final class LimitOptions {

  /// What a limit is for, and what happens when it is crossed.
  private record Help(String what, String outcome) {}

  private static final Map<String, Help> HELP = new HashMap<>();

  private static void help(String component, String what, String outcome) {
    HELP.put(component, new Help(what, outcome));
  }

  static {
    help(
        "handshakeTimeout",
        "From accepting a connection, or the answer before, to the end of a request head",
        "408, or a close if nothing has come");
    help("requestLineBytes", "The line a request begins with", "414");
    help("headBytes", "A whole request head", "431");
    help("headers", "Header fields in a request head", "431");
    help("bodyBytes", "The body of a plain HTTP request", "413");
    help("messageBytes", "A message, over all its fragments", "close code 1009");
    help("fragments", "Fragments in a message", "close code 1008");
    help("emptyFragments", "Fragments in a message that carry nothing", "close code 1008");
    help(
        "inflateRatio",
        "Times its size that a compressed message may inflate to, once over 64KiB",
        "close code 1009");
    help(
        "messageTimeout",
        "From the first byte of a message to its last, unless it keeps to --min-bytes-per-second",
        "close code 1008");
    help(
        "leastBytesPerSecond",
        "The bandwidth that a message, or a request's body, has to keep that takes longer than"
            + " --message-timeout, or --handshake-timeout",
        "close code 1008, 408");
    help("controlFramesPerSecond", "Control frames a second in the long run", "close code 1008");
    help("controlFrameBurst", "Control frames at once after a quiet time", "close code 1008");
    help("idlePing", "Without a byte from the client", "it is pinged");
    help("pongTimeout", "For a sign of life after that ping", "the connection is given up, 1006");
    help("closeTimeout", "For the client to answer a Close", "TCP is closed");
    help(
        "lingerBytes",
        "Read and dropped behind a Close or a refusal",
        "nothing more is read until TCP is closed");
    help(
        "outboxSoftBytes",
        "Waiting to be sent to a client before it counts as slow",
        "nothing more is read from it");
    help(
        "outboxHardBytes",
        "Waiting to be sent to a client, over which no message takes it while more than"
            + " --max-outbox-soft waits; no less than --max-message unless given",
        "a send is refused; in a group close code 1013");
    help("progressTimeout", "With bytes waiting to be sent and none leaving", "a close, 1006");
    help("inboxBytes", "Received, and not yet taken by straight-line code", "reading pauses");
    help("inboxMessages", "Messages received, and not yet taken by it", "reading pauses");
    help(
        "inboxTimeout",
        "That straight-line code may take nothing out of a full inbox, or may go on once its"
            + " connection has ended",
        "close code 1013; it is interrupted");
    help("turnBytes", "Read from a connection in one turn of its loop", "the others come first");
    help("turnFrames", "Frames of a connection in one turn of its loop", "the others come first");
    help("connections", "Connections at once", "503, or a close");
    help(
        "connectionsPerAddress",
        "Connections of one address that is neither this machine's nor a --trusted-proxy; half of"
            + " --max-connections unless given",
        "429, or a close");
    help("groupsPerConnection", "Groups a connection may be in", "it joins no more");
    help("groupNameBytes", "The name of a group", "the name is refused");
    help("mailboxMails", "Sends of other threads that wait for a loop", "a send is refused");
    help("tlsTasks", "TLS handshakes that wait for a thread", "the connection is closed");
    help(
        "receivedBytes",
        "Memory for what was received, over all connections",
        "who holds much is closed with 1013, or answered 503");
    help("poolBytes", "Memory that all loops lend to what waits to be sent", "a send is refused");
    help(
        "codecBytes",
        "Memory of all compressors and decompressors",
        "no context takeover for new connections, uncompressed sends, close code 1013");
    help(
        "compressorIdle",
        "That a connection keeps a compressor it does not use",
        "the next message is compressed without context");
    help("drainTimeout", "For connections to close when the server stops", "closed by force");
    help("drainSpread", "Over which the closes are spread when the server stops", "no more spread");
    help(
        "blockedLoopWarning", "That a loop may be kept busy by one handler", "a warning is logged");
  }

  /// What only a client that stays connected keeps: none of this program's does.
  static final Set<String> OF_CLIENTS = Set.of("keptMessages", "keptBytes", "keptTimeout");

  private static final List<RecordComponent> COMPONENTS =
      Stream.of(Limits.class.getRecordComponents())
          .filter(component -> !OF_CLIENTS.contains(component.getName()))
          .toList();

  private LimitOptions() {}

  /// The option of a component.
  static String option(RecordComponent component) {
    String name =
        component
            .getName()
            .replaceAll("Bytes$", "")
            .replaceAll("([A-Z])", "-$1")
            .toLowerCase(Locale.ROOT);
    if (name.startsWith("least-")) {
      return "--min-" + name.substring("least-".length());
    }
    return component.getType() == Duration.class ? "--" + name : "--max-" + name;
  }

  /// All of them, under a heading of their own in the help.
  static ArgGroupSpec group() {
    ArgGroupSpec.Builder group =
        ArgGroupSpec.builder()
            .validate(false)
            .order(100)
            .heading(
                "%nLimits, with (default -> what happens when it is crossed). SIZE as 16MiB, 64KiB"
                    + " or 1000; TIME as 10s, 250ms or 1m:%n");
    for (int at = 0; at < COMPONENTS.size(); at++) {
      group.addArg(spec(COMPONENTS.get(at), at));
    }
    return group.build();
  }

  private static OptionSpec spec(RecordComponent component, int order) {
    Help help =
        Objects.requireNonNull(HELP.get(component.getName()), "no help for " + component.getName());
    String description =
        String.format(
            Locale.ROOT,
            "%s (%s -> %s)",
            help.what,
            written(component, value(component, Limits.defaults())),
            help.outcome);
    return OptionSpec.builder(option(component))
        .paramLabel(label(component))
        .type(component.getType())
        .converters(converter(component))
        .description(description.replace("%", "%%"))
        .order(order)
        .build();
  }

  private static boolean isSize(RecordComponent component) {
    return component.getName().matches(".*Bytes(PerSecond)?");
  }

  private static String label(RecordComponent component) {
    return component.getType() == Duration.class ? "TIME" : isSize(component) ? "SIZE" : "COUNT";
  }

  private static ITypeConverter<?> converter(RecordComponent component) {
    if (component.getType() == Duration.class) {
      return Times::parse;
    } else if (component.getType() == long.class) {
      return text -> Sizes.parse(text, Long.MAX_VALUE);
    } else if (isSize(component)) {
      return text -> (int) Sizes.parse(text, Integer.MAX_VALUE);
    }
    return LimitOptions::count;
  }

  private static int count(String text) {
    if (!text.matches("\\d{1,9}")) {
      throw new TypeConversionException(
          "'" + text + "' is no count: write a whole number of at most 9 digits, as 1000");
    }
    return Integer.parseInt(text);
  }

  /// Writes a limit's value as its option would be given.
  private static String written(RecordComponent component, Object value) {
    return switch (value) {
      case Duration time -> Times.format(time);
      case Number number when isSize(component) -> Sizes.format(number.longValue());
      default -> value.toString();
    };
  }

  static Object value(RecordComponent component, Limits limits) {
    try {
      return component.getAccessor().invoke(limits);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("a limit cannot be read: " + component.getName(), e);
    }
  }

  /// The limits of a command line: those it names, and the defaults for the others.
  ///
  /// @throws IllegalArgumentException if they make no sense together, naming the options
  static Limits limits(ParseResult parsed) {
    Limits.Builder builder = Limits.builder();
    for (RecordComponent component : COMPONENTS) {
      Object value = parsed.matchedOptionValue(option(component), null);
      if (value != null) {
        set(builder, component, value);
      }
    }
    try {
      return builder.build();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(inOptions(String.valueOf(e.getMessage())), e);
    }
  }

  private static void set(Limits.Builder builder, RecordComponent component, Object value) {
    try {
      Limits.Builder.class
          .getMethod(component.getName(), component.getType())
          .invoke(builder, value);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("a limit cannot be set: " + component.getName(), e);
    }
  }

  /// Names options in a sentence that names components.
  private static String inOptions(String sentence) {
    String named = sentence;
    for (RecordComponent component : COMPONENTS) {
      named = named.replaceAll("\\b" + component.getName() + "\\b", option(component));
    }
    return named;
  }

  /// The names of all options, in the order of the record.
  static List<String> names() {
    return COMPONENTS.stream().map(LimitOptions::option).toList();
  }
}
