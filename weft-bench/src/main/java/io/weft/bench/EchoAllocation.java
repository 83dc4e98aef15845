package io.weft.bench;

import com.sun.management.ThreadMXBean;
import io.weft.Endpoint;
import io.weft.Server;
import io.weft.WebSocket;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// Bytes that the loop's thread allocates for an echoed message, by the JVM's own counter.
///
/// ```text
/// java -cp weft-bench/target/benchmarks.jar io.weft.bench.EchoAllocation 1000000
/// ```
public final class EchoAllocation {

  private static final int PAYLOAD_BYTES = 20;
  private static final int WARM_UP =
      400_000; // until C2 has compiled the way through the selector too

  private EchoAllocation() {}

  /// Measures and prints.
  ///
  /// @param args how many messages; a million unless told otherwise
  public static void main(String[] args) throws Exception {
    int messages = args.length == 0 ? 1_000_000 : Integer.parseInt(args[0]);
    Endpoint echo =
        new Endpoint() {
          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            ws.send(data);
          }
        };
    try (Server server = Server.at("127.0.0.1", 0).loops(1).route("/echo", echo).start();
        Socket socket = open(server.port())) {
      for (int depth : new int[] {1, 16}) {
        echo(socket, WARM_UP, depth);
        long before = allocated();
        echo(socket, messages, depth);
        long bytes = allocated() - before;
        System.out.printf(
            "%d echoes of %d bytes, %d in flight: %d bytes allocated, %.4f a message%n",
            messages, PAYLOAD_BYTES, depth, bytes, bytes / (double) messages);
      }
    }
  }

  private static Socket open(int port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    socket
        .getOutputStream()
        .write(
            ("GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                    + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) socket.getInputStream().read());
    }
    return socket;
  }

  private static void echo(Socket socket, int messages, int depth) throws IOException {
    byte[] out = new byte[depth * (6 + PAYLOAD_BYTES)];
    for (int at = 0; at < out.length; at += 6 + PAYLOAD_BYTES) {
      out[at] = (byte) 0x82;
      out[at + 1] = (byte) (0x80 | PAYLOAD_BYTES);
      out[at + 2] = 0x5A; // a key other than 0, so that unmasking is done
    }
    byte[] in = new byte[depth * (2 + PAYLOAD_BYTES)];
    OutputStream sending = socket.getOutputStream();
    DataInputStream receiving = new DataInputStream(socket.getInputStream());
    for (int done = 0; done < messages; done += depth) {
      sending.write(out);
      receiving.readFully(in);
    }
  }

  private static long allocated() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().equals("weft-loop-0")) {
        return threads.getThreadAllocatedBytes(thread.threadId());
      }
    }
    throw new IllegalStateException("no thread is called weft-loop-0");
  }
}
