package io.weft.conformance;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The real `weft serve` in a process of its own, on a free port of 127.0.0.1.
final class WeftServe implements AutoCloseable {

  private static final Pattern WHERE_TO_OPEN = Pattern.compile("http(s?)://127\\.0\\.0\\.1:(\\d+)");
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Program program;
  private final int port;

  /// What stands behind http and ws: an s, if it speaks TLS, or nothing.
  private final String s;

  /// Starts it and waits until it says where to open the page.
  static WeftServe start(String... options) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Tools.java().toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "io.weft.cli.Main",
                "serve",
                "--host",
                "127.0.0.1",
                "--port",
                "0"));
    command.addAll(List.of(options));
    Program program = Program.start("weft serve", Tools.target().resolve("browser"), command);
    try {
      return new WeftServe(program, program.awaitLine(WHERE_TO_OPEN, PATIENCE));
    } catch (AssertionError | InterruptedException e) {
      program.close();
      throw e;
    }
  }

  private WeftServe(Program program, Matcher whereToOpen) {
    this.program = program;
    this.s = whereToOpen.group(1);
    this.port = Integer.parseInt(whereToOpen.group(2));
  }

  /// Where the console page is.
  URI page() {
    return URI.create(origin() + "/");
  }

  int port() {
    return port;
  }

  /// What a browser sends as the origin of the page.
  String origin() {
    return "http" + s + "://127.0.0.1:" + port;
  }

  String webSocket(String path) {
    return "ws" + s + "://127.0.0.1:" + port + path;
  }

  /// Asks it to end, as an administrator would (SIGTERM).
  ///
  /// @return whether it did so in time
  boolean endsWithin(Duration patience) throws InterruptedException {
    return program.endsWithin(patience);
  }

  @Override
  public void close() {
    program.close();
  }
}
