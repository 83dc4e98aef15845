package io.weft;

import io.weft.bytes.Budget;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/// The server of a [Crowd], in a process of its own with a small heap. It says its port, and
/// answers what it is asked by a line each.
final class CrowdServer {

  private CrowdServer() {}

  /// An echo whose connections are members of a group.
  private static final class Room extends Probe {
    @Override
    public void opened(WebSocket ws) {
      ws.group("room").join(ws);
    }

    @Override
    public void closed(WebSocket ws, Close close) {}
  }

  /// @param args the transport, and `tls` or `plain`
  public static void main(String[] args) throws Exception {
    Duration patient = Duration.ofMinutes(5);
    Server.Builder builder =
        Server.at("127.0.0.1", 0)
            .loops(2)
            .transport(Transport.valueOf(args[0]))
            .limits(limits -> limits.handshakeTimeout(patient).messageTimeout(patient))
            .route("/echo", new Echo())
            .route("/room", new Room())
            .http("/page", request -> Response.text(200, request.body().length + " bytes"));
    if (args[1].equals("tls")) {
      builder.tls(TlsServerTest.localhost());
    }
    try (Server server = builder.start()) {
      say("port " + server.port());
      var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        switch (line) {
          case "publish" ->
              say("publish " + server.group("room").publish(ByteBuffer.allocate(1 << 20)));
          case "state" -> say("state " + state(server));
          default -> throw new IllegalArgumentException(line);
        }
      }
    }
  }

  /// An echo and nothing else.
  private static final class Echo implements Endpoint {
    @Override
    public void binary(WebSocket ws, ByteBuffer data) {
      ws.send(data);
    }
  }

  private static String state(Server server) throws Exception {
    long loops =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().startsWith("weft-loop-"))
            .count();
    long files;
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      files = open.count();
    }
    return "%d %d %d %d %d"
        .formatted(
            server.connections(), Budget.RECEIVED.bytes(), Budget.KEPT.bytes(), loops, files);
  }

  private static void say(String line) {
    System.out.println(line);
  }
}
