package io.weft.cli;

import io.weft.Client;
import io.weft.Compression;
import io.weft.Conversation;
import io.weft.HandshakeException;
import io.weft.Limits;
import io.weft.Tls;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/// The options of every command that connects to a server: where it is, how to ask, and how long to
/// wait.
final class ClientOptions {

  static final String TOO_MANY_FILES =
      "This process may open no more files: raise the limit, as ulimit -n 65536, or open fewer"
          + " connections.";

  private static final String CERTIFICATE =
      "It wants a certificate of the client: --cert FILE and --key FILE show one.";

  private static final int UNAUTHORIZED = 401;
  private static final int FORBIDDEN = 403;
  private static final int PROXY_AUTHENTICATION_REQUIRED = 407;

  /// What is shown of the body of a refusal.
  private static final int MOST_SAID_CHARS = 2_000;

  /// A scheme that no WebSocket over TCP has, as in ws+unix:/run/app.sock.
  private static final Pattern OTHER_SCHEME = Pattern.compile("^(ws\\+unix|wss\\+unix|unix):");

  /// What names a user in a whole URL, in front of the host.
  private static final String USER_INFO = "^([^/]*//)[^/?#@]*@";

  private static final Pattern SCHEME = Pattern.compile("^([A-Za-z][A-Za-z0-9+.-]*)://");

  @SuppressWarnings("NullAway.Init") // set by picocli before anything is asked of it
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // required, so set by picocli
  @Parameters(
      index = "0",
      paramLabel = "URL",
      description =
          "The server, as ws://localhost:8080/echo. Without a scheme it is ws, without a host"
              + " localhost: :8080/echo")
  private String url;

  @Option(
      names = {"-H", "--header"},
      paramLabel = "NAME:VALUE",
      description = "Send this header with the handshake. Repeatable")
  private List<String> headers = new ArrayList<>();

  @Option(
      names = {"-u", "--user"},
      paramLabel = "NAME:PASSWORD",
      description =
          "Say who you are, by Basic authentication (RFC 7617). ws://name:password@host does the same")
  private String user = "";

  @Option(
      names = "--cookie",
      paramLabel = "NAME=VALUE",
      description = "Send this cookie. Repeatable")
  private List<String> cookies = new ArrayList<>();

  @Option(
      names = "--origin",
      paramLabel = "ORIGIN",
      description = "Pretend to be a page of this origin, as https://app.example")
  private String origin = "";

  @Option(
      names = "--subprotocol",
      paramLabel = "NAME",
      converter = Serve.Subprotocol.class,
      description = "Offer this subprotocol. Repeatable, the favourite first")
  private List<String> subprotocols = new ArrayList<>();

  @Option(
      names = "--compression",
      paramLabel = "off|on|takeover",
      description =
          "Offer permessage-deflate (RFC 7692): on compresses each message by itself, takeover in the"
              + " context of those before it. Default: ${DEFAULT-VALUE}")
  private Modes.Compressing compression = Modes.Compressing.OFF;

  @Option(
      names = "--follow",
      paramLabel = "COUNT",
      converter = Redirects.class,
      description =
          "Follow so many redirects, 20 at most; without credentials to another origin, and never"
              + " from wss to ws. Default: none")
  private int redirects;

  @Mixin private WayOptions way = new WayOptions();

  @ArgGroup(
      validate = false,
      order = 90,
      heading = "%nLimits. SIZE as 16MiB, 64KiB or 1000; TIME as 10s, 250ms or 1m:%n")
  private Bounds bounds = new Bounds();

  /// How much and how long.
  static final class Bounds {

    @Option(
        names = "--max-message",
        paramLabel = "SIZE",
        converter = MessageBytes.class,
        description =
            "The longest message, sent or received; a longer one that comes is answered with close"
                + " code 1009 (16MiB)")
    private int messageBytes = 16 << 20;

    @Option(
        names = "--connect-timeout",
        paramLabel = "TIME",
        converter = Time.class,
        description = "To find the host and make the TCP connection (10s)")
    private Duration connectTimeout = Duration.ofSeconds(10);

    @Option(
        names = "--handshake-timeout",
        paramLabel = "TIME",
        converter = Time.class,
        description = "For the server's answer to the handshake (10s)")
    private Duration handshakeTimeout = Limits.defaults().handshakeTimeout();

    @Option(
        names = "--idle-ping",
        paramLabel = "TIME",
        converter = Time.class,
        description = "Without a byte from the server until it is pinged (25s)")
    private Duration idlePing = Limits.defaults().idlePing();

    @Option(
        names = "--pong-timeout",
        paramLabel = "TIME",
        converter = Time.class,
        description = "For a sign of life after that, or the connection is given up (20s)")
    private Duration pongTimeout = Limits.defaults().pongTimeout();

    @Option(
        names = "--progress-timeout",
        paramLabel = "TIME",
        converter = Time.class,
        description = "For a server that takes nothing, or the connection is given up (1m)")
    private Duration progressTimeout = Duration.ofMinutes(1);

    @Option(
        names = "--close-timeout",
        paramLabel = "TIME",
        converter = Time.class,
        description = "For the server to answer a Close (5s)")
    private Duration closeTimeout = Limits.defaults().closeTimeout();
  }

  /// The URL with all that may be left out of it.
  String url() {
    return whole(url).replaceFirst(USER_INFO, "$1");
  }

  /// Name and password, as the option or the URL has them; null if nobody is named.
  private @Nullable String user() {
    if (!user.isEmpty()) {
      if (!user.contains(":")) {
        throw new IllegalArgumentException("--user has no ':': write it as --user name:password");
      }
      return user;
    }
    String whole = whole(url);
    String bare = url();
    if (whole.length() == bare.length()) {
      return null;
    }
    int from = whole.indexOf("//") + 2;
    String encoded = whole.substring(from, from + whole.length() - bare.length() - 1);
    return URLDecoder.decode(encoded.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  /// A URL with all that may be left out of it.
  ///
  /// @throws IllegalArgumentException if it is of a kind that is not spoken
  static String whole(String url) {
    if (OTHER_SCHEME.matcher(url).find()) {
      throw new IllegalArgumentException(
          "Unix domain sockets are not spoken yet: write a URL as ws://localhost:8080/echo");
    }
    var scheme = SCHEME.matcher(url);
    if (!scheme.find()) {
      return "ws://" + (url.startsWith(":") ? "localhost" : "") + url;
    }
    String rest = url.substring(scheme.end());
    return switch (scheme.group(1)) {
      case "http" -> "ws://" + rest;
      case "https" -> "wss://" + rest;
      default -> url;
    };
  }

  /// The longest message, in bytes.
  int messageBytes() {
    return bounds.messageBytes;
  }

  /// The client that these options ask for.
  ///
  /// @throws ParameterException if one of them is wrong, saying how to write it
  Client client() {
    try {
      Client client =
          Client.to(url())
              .limits(this::set)
              .compression(Compression.of(compression.mode))
              .connectTimeout(bounds.connectTimeout)
              .subprotocols(subprotocols.toArray(String[]::new));
      String proxy = way.proxy();
      if (way.isStraight()) {
        client = client.noProxy();
      } else if (proxy != null) {
        client = client.proxy(proxy);
      }
      if (redirects > 0) {
        client = client.followRedirects(redirects);
      }
      if (!origin.isEmpty()) {
        client = client.origin(origin);
      }
      Tls tls = way.tls();
      if (tls != null) {
        client = client.tls(tls);
      }
      String who = user();
      if (who != null) {
        byte[] bytes = who.getBytes(StandardCharsets.UTF_8);
        client =
            client.header("Authorization", "Basic " + Base64.getEncoder().encodeToString(bytes));
      }
      for (String header : headers) {
        String[] pair = pair("--header", header, ":", "'Authorization: Bearer abc'");
        client = client.header(pair[0].strip(), pair[1].strip());
      }
      for (String cookie : cookies) {
        String[] pair = pair("--cookie", cookie, "=", "session=abc");
        client = client.cookie(pair[0], pair[1]);
      }
      return client;
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private void set(Limits.Builder limits) {
    limits
        .messageBytes(bounds.messageBytes)
        .outboxHardBytes(Math.max(Limits.defaults().outboxHardBytes(), bounds.messageBytes))
        .handshakeTimeout(bounds.handshakeTimeout)
        .idlePing(bounds.idlePing)
        .pongTimeout(bounds.pongTimeout)
        .progressTimeout(bounds.progressTimeout)
        .closeTimeout(bounds.closeTimeout);
  }

  private static String[] pair(String option, String text, String between, String example) {
    String[] pair = text.split(between, 2);
    if (pair.length < 2) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s has no '%s' in '%s': write it as %s",
              option,
              between,
              text,
              example));
    }
    return pair;
  }

  /// Connects.
  ///
  /// @throws Failure if that fails, saying what the server answered
  Conversation connect() throws InterruptedException {
    try {
      return client().connect();
    } catch (HandshakeException e) {
      throw failure(e);
    } catch (UncheckedIOException e) {
      throw new Failure(Main.CANNOT_CONNECT, String.valueOf(e.getMessage()));
    }
  }

  /// What a failed handshake means for a command.
  static Failure failure(HandshakeException thrown) {
    boolean reached = thrown.step() == HandshakeException.Step.UPGRADING;
    return new Failure(reached ? Main.REFUSED : Main.CANNOT_CONNECT, what(thrown), hint(thrown));
  }

  /// What went wrong, in the words of the command line.
  static String what(HandshakeException thrown) {
    return Escape.printable(String.valueOf(thrown.getMessage()))
        .replaceFirst(" instead of 101: .*", " instead of 101") // the hint says it whole
        .replace("the connectTimeout of", "the --connect-timeout of")
        .replace("the handshakeTimeout of", "the --handshake-timeout of");
  }

  /// What the server said beside its status, and what may help.
  static String hint(HandshakeException thrown) {
    StringBuilder hint = new StringBuilder();
    String body = thrown.bodyText().strip();
    if (!body.isEmpty()) {
      hint.append(said(body)).append('\n');
    }
    String location = thrown.header("Location");
    if (location != null) {
      hint.append("It points to ").append(Escape.value(location)).append(". ");
      hint.append("--follow 1 goes there.\n");
    }
    return hint.append(advice(thrown)).toString().stripTrailing();
  }

  /// What a server says, as text: JSON is indented, and only what would harm a terminal is escaped.
  private static String said(String body) {
    String indented = Json.pretty(body);
    String text = indented == null ? body : indented;
    String clipped = text.length() > MOST_SAID_CHARS ? cut(text) : text;
    String shown = Escape.block(clipped.replace("\r\n", "\n"));
    return shown.contains("\n") ? "It says:\n    " + shown : "It says: " + shown;
  }

  private static String cut(String text) {
    int end =
        Character.isHighSurrogate(text.charAt(MOST_SAID_CHARS - 1))
            ? MOST_SAID_CHARS - 1
            : MOST_SAID_CHARS;
    return text.substring(0, end) + "…";
  }

  private static String advice(HandshakeException thrown) {
    String message = String.valueOf(thrown.getMessage());
    return switch (thrown.step()) {
      case RESOLVING -> "Check the host's name, and that this machine can look names up.";
      case CONNECTING ->
          message.contains("Too many open files")
              ? TOO_MANY_FILES
              : message.contains("Connection refused")
                  ? "Nobody listens there: check the port, and that the server runs."
                  : "Check host and port, and whether a firewall or a --proxy stands between.";
      case TUNNELLING ->
          thrown.status() == PROXY_AUTHENTICATION_REQUIRED
              ? "Give user and password, as --proxy http://user:password@host:3128."
              : "--proxy none goes straight.";
      case SECURING ->
          wantsCertificate(message)
              ? CERTIFICATE
              : message.contains("does not speak TLS")
                  ? "For a server without TLS the URL begins with ws://."
                  : message.contains("certificate") && !message.contains("expired")
                      ? "--ca FILE trusts a certificate or its authority; --insecure takes any, to try"
                          + " things."
                      : "";
      case UPGRADING ->
          switch (thrown.status()) {
            case 0 -> wantsCertificate(message) ? CERTIFICATE : "";
            case UNAUTHORIZED -> credentials(thrown.header("WWW-Authenticate"));
            case FORBIDDEN -> "It may want another --origin, a --cookie or a header.";
            default -> "";
          };
    };
  }

  /// Whether the server has refused us for want of a certificate (RFC 8446 §6.2).
  private static boolean wantsCertificate(String message) {
    return message.contains("certificate_required") || message.contains("bad_certificate");
  }

  /// How to say who one is, by what the server asks for (RFC 9110 §11.6.1).
  private static String credentials(@Nullable String asked) {
    String scheme = asked == null ? "" : asked.strip().split("[\\s,]", 2)[0];
    return switch (scheme.toLowerCase(Locale.ROOT)) {
      case "basic" -> "Say who you are, as --user name:password.";
      case "bearer", "" -> "Say who you are, as -H 'Authorization: Bearer abc'.";
      default ->
          "It asks for "
              + Escape.value(scheme)
              + " credentials: give them with -H 'Authorization: …'.";
    };
  }

  /// A time, as an option gives it.
  static final class Time implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      return Times.parse(text);
    }
  }

  static final class Redirects implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return Serve.whole(text, 0, 20, "number of redirects", "5");
    }
  }

  static final class MessageBytes implements ITypeConverter<Integer> {

    private static final int MOST = 1 << 30;

    @Override
    public Integer convert(String text) {
      int bytes = (int) Sizes.parse(text, MOST);
      if (bytes == 0) {
        throw new TypeConversionException("a message needs room for at least 1 byte");
      }
      return bytes;
    }
  }
}
