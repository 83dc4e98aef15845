package io.weft.bench;

import io.weft.Endpoint;
import io.weft.Server;
import io.weft.WebSocket;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.management.JMException;
import javax.management.ObjectName;

/// Bytes that an idle connection costs: heap after collection, by owner, and native memory.
///
/// The server runs in a process of its own, so that nothing of the client is counted. Each
/// connection shakes hands, echoes one message of 100 bytes and falls silent; then the server's
/// memory is read and compared with what it was before the first connection.
///
/// ```text
/// java -cp weft-bench/target/benchmarks.jar io.weft.bench.IdleBytes 1000 15000
/// ```
public final class IdleBytes {

  private static final String HANDSHAKE =
      """
      GET /echo HTTP/1.1\r
      Host: 127.0.0.1:8080\r
      Upgrade: websocket\r
      Connection: Upgrade\r
      Sec-WebSocket-Version: 13\r
      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
      \r
      """;

  private IdleBytes() {}

  /// Measures and prints.
  ///
  /// @param args how many connections to measure, each number in turn; `server` is for the child
  public static void main(String[] args) throws Exception {
    if (args.length == 1 && args[0].equals("server")) {
      serve();
      return;
    }
    System.out.printf(
        "%11s %14s %14s %14s %14s%n",
        "connections", "heap, all", "of io.weft", "of the JDK", "native");
    for (String count : args.length == 0 ? new String[] {"1000", "15000"} : args) {
      measure(Integer.parseInt(count));
    }
  }

  // ---- The client
  // ---------------------------------------------------------------------------------

  private static void measure(int connections) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:NativeMemoryTracking=summary",
                "-XX:+UseSerialGC",
                "-XX:+UseCompactObjectHeaders",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx2g",
                "-cp",
                System.getProperty("java.class.path"),
                IdleBytes.class.getName(),
                "server")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    List<SocketChannel> all = new ArrayList<>();
    try (BufferedReader answers =
            new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        PrintStream asks =
            new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8)) {
      int port = Integer.parseInt(answers.readLine());
      for (int n = 0; n < 200; n++) {
        open(port, n).close(); // what is made once is made before the first reading
      }
      Reading before = Reading.ask(asks, answers);
      for (int n = 0; n < connections; n++) {
        all.add(open(port, n));
      }
      Reading after = Reading.ask(asks, answers);
      System.out.printf(
          "%11d %14.0f %14.0f %14.0f %14.0f%n",
          connections,
          (after.heap - before.heap) / (double) connections,
          (after.weft - before.weft) / (double) connections,
          (after.heap - after.weft - before.heap + before.weft) / (double) connections,
          (after.nativeBytes - before.nativeBytes) / (double) connections);
    } finally {
      for (SocketChannel channel : all) {
        channel.close();
      }
      process.destroy();
      process.waitFor();
    }
  }

  private static SocketChannel open(int port, int number) throws IOException {
    // Many loopback addresses, so that ports do not run out when this is run again and again.
    byte[] from = {127, 0, (byte) (1 + number / 250), (byte) (1 + number % 250)};
    SocketChannel channel = SocketChannel.open();
    channel.bind(new InetSocketAddress(InetAddress.getByAddress(from), 0));
    channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    channel.write(ByteBuffer.wrap(HANDSHAKE.getBytes(StandardCharsets.US_ASCII)));
    ByteBuffer in = ByteBuffer.allocate(1024);
    while (!new String(in.array(), 0, in.position(), StandardCharsets.US_ASCII)
        .endsWith("\r\n\r\n")) {
      readSome(channel, in);
    }
    in.clear();
    ByteBuffer message = ByteBuffer.allocate(106);
    message.put((byte) 0x82).put((byte) (0x80 | 100)).position(106);
    channel.write(message.flip());
    while (in.position() < 102) {
      readSome(channel, in);
    }
    return channel;
  }

  private static void readSome(SocketChannel channel, ByteBuffer in) throws IOException {
    if (channel.read(in) < 0) {
      throw new IOException("the server closed the connection");
    }
  }

  /// What the server's process holds, in bytes.
  private record Reading(long heap, long weft, long nativeBytes) {

    static Reading ask(PrintStream asks, BufferedReader answers) throws IOException {
      asks.println("read");
      String[] numbers = answers.readLine().split(" ", -1);
      return new Reading(
          Long.parseLong(numbers[0]), Long.parseLong(numbers[1]), Long.parseLong(numbers[2]));
    }
  }

  // ---- The server
  // ---------------------------------------------------------------------------------

  private static void serve() throws Exception {
    Endpoint echo =
        new Endpoint() {
          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            ws.send(data);
          }
        };
    try (Server server = Server.at("127.0.0.1", 0).route("/echo", echo).start();
        BufferedReader asks =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      System.out.println(server.port());
      for (String ask = asks.readLine(); ask != null; ask = asks.readLine()) {
        System.out.println(read());
      }
    }
  }

  private static String read() throws JMException {
    for (int n = 0; n < 3; n++) {
      System.gc();
    }
    String histogram = diagnose("gcClassHistogram");
    long heap = 0;
    long weft = 0;
    for (String line : histogram.lines().toList()) {
      String[] columns = line.strip().split("\\s+", -1);
      if (columns.length >= 4 && columns[0].endsWith(":")) {
        long bytes = Long.parseLong(columns[2]);
        heap += bytes;
        // Of the arrays only the heads of the requests are kept: they are Weft's.
        weft += columns[3].startsWith("io.weft.") ? bytes : 0;
      }
    }
    return heap + " " + weft + " " + nativeBytes();
  }

  /// What the JVM has from the system beside the heap and the class data, in bytes.
  private static long nativeBytes() throws JMException {
    long bytes = 0;
    for (String line : diagnose("vmNativeMemory", "summary", "scale=b").lines().toList()) {
      if (line.startsWith("-") && (line.contains("Other (") || line.contains("NIO ("))) {
        bytes += Long.parseLong(line.replaceAll(".*committed=(\\d+).*", "$1"));
      }
    }
    return bytes;
  }

  private static String diagnose(String command, String... arguments) throws JMException {
    return (String)
        ManagementFactory.getPlatformMBeanServer()
            .invoke(
                new ObjectName("com.sun.management:type=DiagnosticCommand"),
                command,
                new Object[] {arguments},
                new String[] {String[].class.getName()});
  }
}
