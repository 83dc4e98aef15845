package io.weft.cli;

import io.weft.Server;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import picocli.CommandLine;

/// `weft serve` in this process, on a free port.
final class Serving implements AutoCloseable {

  final StringWriter log = new StringWriter();
  final Server server;
  final HttpClient http = HttpClient.newHttpClient();

  Serving(String... options) {
    List<String> words = new ArrayList<>(List.of("serve", "--port", "0", "--loops", "2"));
    words.addAll(List.of(options));
    CommandLine command = Main.commandLine(Ran.nowhere()).setErr(new PrintWriter(log, true));
    CommandLine.ParseResult parsed = command.parseArgs(words.toArray(String[]::new));
    Serve serve = (Serve) parsed.subcommand().commandSpec().userObject();
    server = serve.start();
  }

  Talker connect(String path) {
    return connect(path, builder -> builder);
  }

  Talker connect(String path, UnaryOperator<java.net.http.WebSocket.Builder> change) {
    return Talker.connect(http, ws(path), change);
  }

  Talker connectLazily(String path) {
    return Talker.connectLazily(http, ws(path));
  }

  /// The status with which a handshake is refused; 101 if it is not.
  int handshake(String path, UnaryOperator<java.net.http.WebSocket.Builder> change) {
    return Talker.handshake(http, ws(path), change);
  }

  private URI ws(String path) {
    return URI.create("ws://127.0.0.1:" + server.port() + path);
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return http.send(request(path).GET().build(), HttpResponse.BodyHandlers.ofString());
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
        .timeout(Duration.ofSeconds(10));
  }

  /// Closes the server, so that all it had to say is said.
  void stop() {
    server.close(Duration.ofSeconds(5));
  }

  @Override
  public void close() {
    stop();
    http.close();
  }
}
