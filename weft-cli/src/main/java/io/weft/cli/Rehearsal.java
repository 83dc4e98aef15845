package io.weft.cli;

import io.weft.Client;
import io.weft.Conversation;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What the program does first, done once while nobody waits: the help, a server that starts, a
/// client, an echo. The launcher has the JVM watch this after a build and keep what it loaded and
/// made of it (an AOT cache, JEP 483, 514), so that the program starts in less time.
final class Rehearsal {

  private static final Duration MOST = Duration.ofSeconds(20);
  private static final int PIPE_BYTES = 64 << 10;
  private static final Pattern LISTENS = Pattern.compile("http(://\\S+)/ ");

  private Rehearsal() {}

  /// Rehearses and ends the process: with 0, or with 1 if it took too long or did not work.
  public static void main(String[] args) throws Exception {
    Thread.ofPlatform().daemon().start(Rehearsal::endInTime);
    run(OutputStream.nullOutputStream(), "--help");
    PipedOutputStream said = new PipedOutputStream();
    BufferedReader heard =
        new BufferedReader(
            new InputStreamReader(new PipedInputStream(said, PIPE_BYTES), StandardCharsets.UTF_8));
    Thread.ofPlatform().start(() -> run(said, "serve", "--port=0"));
    String echo = "ws" + url(heard) + "/echo";
    try (Conversation ws = Client.connect(echo)) {
      ws.send(ByteBuffer.allocate(1));
      ws.receive(MOST);
    }
    System.exit(run(OutputStream.nullOutputStream(), "connect", "-1", echo));
  }

  private static int run(OutputStream out, String... args) {
    PrintWriter nowhere = new PrintWriter(PrintWriter.nullWriter());
    InputStream hi = new ByteArrayInputStream("hi\n".getBytes(StandardCharsets.UTF_8));
    return Main.run(new Streams(hi, out, nowhere, false, false), args);
  }

  private static String url(BufferedReader heard) throws IOException {
    for (String line = heard.readLine(); line != null; line = heard.readLine()) {
      Matcher at = LISTENS.matcher(line);
      if (at.find()) {
        return at.group(1);
      }
    }
    throw new IOException("the server did not say where it listens");
  }

  private static void endInTime() {
    try {
      Thread.sleep(MOST);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().halt(1);
  }
}
