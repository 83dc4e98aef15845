package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A real link to a network namespace, as slow as it is told: a pair of veth, and a token bucket
/// (tbf) at either end. A client at the far end is a program of its own, in Python.
final class SlowLink implements AutoCloseable {

  private static final AtomicInteger NUMBER = new AtomicInteger();

  /// A client that reads as fast as bytes come and answers each ping at once; what it does beside
  /// that is written at its end. It says `got BYTES` for each message, and `closed CODE` or
  /// `ended`.
  private static final String CLIENT =
      """
      import socket, struct, sys, threading, time
      s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
      s.settimeout(60)
      def say(line): print(line, flush=True)
      def exactly(n):
          b = b''
          while len(b) < n:
              p = s.recv(n - len(b))
              if not p: raise EOFError
              b += p
          return b
      def frame(op, data):
          n = len(data)
          head = bytes([0x80 | op])
          head += (bytes([0x80 | n]) if n < 126 else struct.pack('>BH', 0xfe, n) if n < 65536
                   else struct.pack('>BQ', 0xff, n))
          return head + bytes(4) + data
      def upgrade():
          s.sendall(('GET %s HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n'
              'Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n'
              % sys.argv[3]).encode())
          head = b''
          while not head.endswith(b'\\r\\n\\r\\n'): head += exactly(1)
          say(head.split(b'\\r\\n')[0].decode())
      def read():
          try:
              while True:
                  a, b = exactly(2)
                  n = b & 127
                  if n == 126: n, = struct.unpack('>H', exactly(2))
                  elif n == 127: n, = struct.unpack('>Q', exactly(8))
                  data = exactly(n)
                  op = a & 15
                  if op == 9: s.sendall(frame(10, data))
                  elif op == 8:
                      say('closed %d' % struct.unpack('>H', data[:2]))
                      s.sendall(frame(8, data))
                      return
                  elif op < 3: say('got %d' % n)
          except (EOFError, OSError) as e: say('ended')
      """;

  private final String namespace;
  private final String near;
  private final String far;
  private final int subnet;
  private final List<Process> clients = new ArrayList<>();

  /// What the machine lacks for it; null if it lacks nothing.
  static @Nullable String lacks() {
    String probe = "weft" + ProcessHandle.current().pid() + "probe";
    try {
      run("ip", "netns", "add", probe);
      run("ip", "netns", "del", probe);
      run("tc", "-V");
      return null;
    } catch (IOException e) {
      return "network namespaces need root, ip and tc: " + e.getMessage();
    }
  }

  /// @param rate as tc writes it, such as `512kbit`, either way
  SlowLink(String rate) throws IOException {
    int number = NUMBER.getAndIncrement();
    long pid = ProcessHandle.current().pid();
    namespace = "weft" + pid + "n" + number;
    near = "wf" + pid % 100_000 + "a" + number;
    far = "wf" + pid % 100_000 + "b" + number;
    subnet = (int) (pid * 7 + number) & 0xFF;
    try {
      run("ip", "netns", "add", namespace);
      run("ip", "link", "add", near, "type", "veth", "peer", "name", far);
      run("ip", "link", "set", far, "netns", namespace);
      run("ip", "addr", "add", host() + "/24", "dev", near);
      run("ip", "link", "set", near, "up");
      in("ip", "addr", "add", "10.78." + subnet + ".2/24", "dev", far);
      in("ip", "link", "set", far, "up");
      String[] tbf = {"root", "tbf", "rate", rate, "burst", "3kb", "latency", "400ms"};
      run(with("tc qdisc add dev " + near, tbf));
      in(with("tc qdisc add dev " + far, tbf));
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /// The address of this end.
  String host() {
    return "10.78." + subnet + ".1";
  }

  /// Has the far end vanish without a word.
  void cut() throws IOException {
    in("ip", "link", "set", far, "down");
  }

  /// Starts a client of ours at the far end.
  ///
  /// @param does what it does beside, in Python: `upgrade()`, `read()`, `s`, `frame(op, data)`
  Client client(int port, String path, String does) throws IOException {
    List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
    command.addAll(List.of(System.getProperty("weft.python", "python3"), "-c", CLIENT + does));
    command.addAll(List.of(host(), "" + port, path));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    clients.add(process);
    return new Client(process);
  }

  /// A client, and what it says.
  static final class Client {
    private final BufferedReader says;
    private final StringBuilder said = new StringBuilder();

    Client(Process process) {
      says =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /// Waits for the next line.
    void assertSays(String line) throws IOException {
      String next = says.readLine();
      said.append(next).append('\n');
      assertEquals(line, next, "the client said so far:\n" + said);
    }
  }

  private void in(String... command) throws IOException {
    run(with("ip netns exec " + namespace, command));
  }

  private static String[] with(String before, String... behind) {
    List<String> all = new ArrayList<>(List.of(before.split(" ", -1)));
    all.addAll(List.of(behind));
    return all.toArray(String[]::new);
  }

  private static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    byte[] said = process.getInputStream().readAllBytes();
    if (process.onExit().join().exitValue() != 0) {
      throw new IOException(
          String.join(" ", command) + ": " + new String(said, StandardCharsets.UTF_8).strip());
    }
  }

  @Override
  public void close() throws IOException {
    for (Process client : clients) {
      client.destroyForcibly().onExit().join();
    }
    try {
      run("ip", "link", "del", near);
    } finally {
      run("ip", "netns", "del", namespace);
    }
  }
}
