package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A process that is asked to end does so, with the defaults and whatever its loops do, before
/// Kubernetes would kill it; and one whose handler ends it does so soon. [EndingChild] is that
/// process; all states are tried at once, since most of it is waiting.
@Timeout(120)
final class EndingTest {

  private static final Duration WITHIN = Duration.ofSeconds(25);
  private static final Duration SOON = Duration.ofSeconds(12);
  private static final int BY_SIGTERM = 128 + 15;

  /// A child, what was said to it, and when it was told to end.
  private static final class Child implements AutoCloseable {
    final Process process;
    final BufferedReader out;
    final int port;
    private final List<Socket> sockets = new ArrayList<>();
    private long askedNs;

    Child(String state) throws IOException {
      process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx64m",
                  "-XX:+UseSerialGC",
                  "-XX:TieredStopAtLevel=1",
                  "--enable-native-access=ALL-UNNAMED",
                  "-Dweft.transport=" + System.getProperty("weft.transport", "nio"),
                  "-cp",
                  System.getProperty("java.class.path"),
                  EndingChild.class.getName(),
                  state)
              .redirectErrorStream(true)
              .start();
      out = process.inputReader();
      port = Integer.parseInt(awaitLine("PORT ").substring("PORT ".length()));
    }

    String awaitLine(String start) throws IOException {
      StringBuilder all = new StringBuilder();
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        if (line.startsWith(start)) {
          return line;
        }
        all.append(line).append('\n');
      }
      throw new IOException("the child never said " + start + ": " + all);
    }

    /// Says something, and never closes.
    void says(String what) throws IOException {
      Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
      sockets.add(socket);
      socket.getOutputStream().write(what.getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
    }

    /// Asks for an upgrade, and then says something.
    void upgrades(String path, String then) throws IOException {
      says(
          "GET "
              + path
              + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
      Socket socket = sockets.getLast();
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        head.append((char) socket.getInputStream().read());
      }
      assertTrue(head.toString().startsWith("HTTP/1.1 101 "), head.toString());
      socket.getOutputStream().write(then.getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
    }

    void asks() {
      askedNs = System.nanoTime();
      assertTrue(process.toHandle().destroy());
    }

    void asked() {
      askedNs = System.nanoTime();
    }

    Duration lasted() throws Exception {
      while (out.readLine() != null) {
        // What it says while it ends is of no interest here.
      }
      process.waitFor();
      return Duration.ofNanos(System.nanoTime() - askedNs);
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  private interface Part {
    Child begin() throws Exception;
  }

  private static final String TEXT = "\u0081\u0084\0\0\0\0quit";

  private static Child readied(String state, String path, String request) throws Exception {
    Child child = new Child(state);
    if (!path.isEmpty()) {
      child.upgrades(path, "");
    } else if (!request.isEmpty()) {
      child.says(request);
    }
    child.awaitLine("READY");
    child.asks();
    return child;
  }

  private static String get(String path) {
    return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }

  private static Child exits(String state, String path) throws Exception {
    Child child = new Child(state);
    if (path.startsWith("/")) {
      child.upgrades("/quiet", ""); // which never answers a Close
      child.upgrades(path, TEXT);
    } else if (path.startsWith("GET")) {
      child.says(path);
    }
    child.asked();
    return child;
  }

  @Test
  void endsInTimeInEveryState() throws Exception {
    Map<String, Part> parts = new LinkedHashMap<>();
    parts.put("idle", () -> readied("idle", "", ""));
    parts.put("a handler stuck", () -> readied("stuck", "", get("/stuck")));
    parts.put("every loop dead", () -> readied("dead", "", ""));
    parts.put("a client that never closes", () -> readied("drain", "/quiet", ""));
    parts.put("closing at leisure", () -> readied("closing", "/quiet", ""));
    parts.put("exit in a callback", () -> exits("exit", "/exit"));
    parts.put("exit in a conversation", () -> exits("exit", "/talk"));
    parts.put("exit in an HTTP handler", () -> exits("exit", get("/exit")));
    parts.put("exit on the clients' loop", () -> exits("client", ""));
    Map<String, CompletableFuture<String>> ends = new LinkedHashMap<>();
    parts.forEach((name, part) ->
        ends.put(
            name,
            CompletableFuture.supplyAsync(
                () -> outcome(name, part), task -> Thread.ofVirtual().start(task))));
    for (CompletableFuture<String> end : ends.values()) {
      assertEquals("", end.get(110, TimeUnit.SECONDS));
    }
  }

  private static String outcome(String name, Part part) {
    try (Child child = part.begin()) {
      Duration lasted = child.lasted();
      boolean exits = name.startsWith("exit");
      boolean inTime = lasted.compareTo(exits ? SOON : WITHIN) < 0;
      boolean rightly = child.process.exitValue() == (exits ? 0 : BY_SIGTERM);
      String how = name + ": " + lasted.toMillis() + " ms, exit code " + child.process.exitValue();
      System.getLogger("io.weft.test").log(System.Logger.Level.INFO, how);
      return inTime && rightly ? "" : how;
    } catch (Exception | AssertionError e) {
      return name + ": " + e;
    }
  }
}
