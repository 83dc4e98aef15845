package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// `weft listen`, with clients of another making.
@Timeout(60)
final class ListenTest {

  /// The command, on a thread of its own, and both ends of its streams.
  private static final class Listening implements AutoCloseable {

    private final PipedOutputStream typed = new PipedOutputStream();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final BlockingQueue<String> err = new LinkedBlockingQueue<>();
    private final CompletableFuture<Integer> code = new CompletableFuture<>();
    private final HttpClient http = HttpClient.newHttpClient();
    private final String url;

    Listening(String... options) throws Exception {
      PipedInputStream in = new PipedInputStream(typed);
      String[] words = new String[options.length + 2];
      words[0] = "listen";
      words[1] = "0";
      System.arraycopy(options, 0, words, 2, options.length);
      Streams streams = new Streams(in, out, new PrintWriter(new Lines(err), true), false, false);
      Thread.ofPlatform().daemon().start(() -> code.complete(Main.run(streams, words)));
      String first = err.poll(20, TimeUnit.SECONDS);
      assertNotNull(first);
      assertTrue(first.startsWith("weft: listening at ws://127.0.0.1:"), first);
      url = first.substring("weft: listening at ".length());
    }

    Talker connect(String path) {
      return Talker.connect(http, URI.create(url + path), builder -> builder);
    }

    void say(String text) throws IOException {
      typed.write(text.getBytes(StandardCharsets.UTF_8));
      typed.flush();
    }

    void hears(String start) throws InterruptedException {
      String line = err.poll(20, TimeUnit.SECONDS);
      assertTrue(line != null && line.startsWith(start), line);
    }

    void endsWith(int expected, String output) throws Exception {
      assertEquals(expected, code.get(20, TimeUnit.SECONDS), err.toString());
      assertEquals(output, out.toString(StandardCharsets.UTF_8));
    }

    @Override
    public void close() throws IOException {
      typed.close();
      http.close();
    }
  }

  /// Cuts what is written into lines.
  private static final class Lines extends Writer {
    private final BlockingQueue<String> lines;
    private final StringBuilder line = new StringBuilder();

    Lines(BlockingQueue<String> lines) {
      this.lines = lines;
    }

    @Override
    public void write(char[] chars, int from, int length) {
      for (int at = from; at < from + length; at++) {
        if (chars[at] == '\n') {
          lines.add(line.toString());
          line.setLength(0);
        } else {
          line.append(chars[at]);
        }
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @Test
  void linesGoToAllAndMessagesComeWithTheirNumber() throws Exception {
    try (Listening weft = new Listening("-n", "3")) {
      weft.say("waits for somebody\n");
      Talker one = weft.connect("a/b");
      weft.hears("1 connected from /127.0.0.1:");
      one.hears("waits for somebody");
      Talker two = weft.connect("");
      weft.hears("2 connected from /127.0.0.1:");
      two.say("from two");
      one.say(new byte[] {0, -1});
      weft.say("to all\n");
      one.hears("to all");
      two.hears("to all");
      one.leave();
      weft.hears("1 gone: the client closed with 1000 (normal) bye");
      two.say("enough");
      assertEquals(0, weft.code.get(20, TimeUnit.SECONDS));
      assertTrue(two.closed.get(10, TimeUnit.SECONDS).startsWith("1001 "));
      String said = weft.out.toString(StandardCharsets.UTF_8);
      assertTrue(said.contains("2 from two\n") && said.contains("1 00ff\n"), said);
      assertTrue(said.endsWith("2 enough\n"), said);
    }
  }

  @Test
  void onceIsForOneClient() throws Exception {
    try (Listening weft = new Listening("--once", "--wait=forever")) {
      Talker one = weft.connect("x");
      weft.hears("1 connected from ");
      Talker two = weft.connect("x");
      assertEquals("1013 one client at a time", two.closed.get(10, TimeUnit.SECONDS));
      weft.say("hello\n");
      one.hears("hello");
      one.say("and bye");
      one.leave();
      weft.endsWith(0, "and bye\n");
    }
  }

  @Test
  void onceClosesAtTheEndOfTheInput() throws Exception {
    try (Listening weft = new Listening("--once", "--quiet", "--wait=200ms")) {
      weft.say("a\nb\n");
      weft.typed.close();
      Talker one = weft.connect("");
      one.hears("a", "b");
      assertEquals("1000 ", one.closed.get(10, TimeUnit.SECONDS));
      weft.endsWith(0, "");
    }
  }

  @Test
  void onceSaysHowItEnded() throws Exception {
    try (Listening weft = new Listening("--once", "--quiet")) {
      Talker one = weft.connect("");
      one.socket.sendClose(4001, "no").join();
      weft.endsWith(Main.ENDED_BADLY, "");
      weft.hears("weft: the client closed with 4001 no.");
    }
  }

  @Test
  void aPortThatIsTakenIsSaid() throws Exception {
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      Ran ran = Ran.weft("listen", Integer.toString(taken.getLocalPort()));
      assertEquals(Main.CANNOT_LISTEN, ran.code(), ran.err());
      assertTrue(
          ran.err()
              .matches(
                  "weft: cannot listen at 127\\.0\\.0\\.1 port \\d+: the port is taken\\.\n"
                      + "Choose another, as `weft listen \\d+`, .*\n"),
          ran.err());
      assertTrue(ran.err().startsWith("weft: "), ran.err());
    }
  }
}
