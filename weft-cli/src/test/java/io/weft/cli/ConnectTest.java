package io.weft.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Endpoint;
import io.weft.Handshake;
import io.weft.Request;
import io.weft.Response;
import io.weft.Server;
import io.weft.WebSocket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `weft connect` in a pipe, against servers that answer, close, refuse and mean harm.
@Timeout(60)
final class ConnectTest {

  /// Says what it was asked to: `close 4001 bye`, `tell` for what the handshake held.
  private static final class Puppet implements Endpoint {

    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

    @Override
    public Handshake opening(Request request) {
      if ("no".equals(request.query("may"))) {
        return Handshake.refuse(Response.text(403, "not \u001b[31myou").header("X-Why", "because"));
      }
      if ("json".equals(request.query("may"))) {
        return Handshake.refuse(
            Response.json(401, "{\"error\":\"no \\\"cookie\\\"\"}")
                .header("WWW-Authenticate", "Basic realm=\"puppets\""));
      }
      if ("go".equals(request.query("may"))) {
        return Handshake.refuse(Response.text(307, "").header("Location", "/puppet"));
      }
      return Handshake.accept();
    }

    @Override
    public void text(WebSocket ws, String text) {
      if (text.startsWith("close ")) {
        String[] words = text.split(" ", 3);
        ws.close(Integer.parseInt(words[1]), words[2]);
      } else if (text.equals("tell")) {
        Request request = ws.request();
        ws.send(
            List.of(
                    String.valueOf(request.header("X-One")),
                    String.valueOf(request.cookie("a")),
                    String.valueOf(request.cookie("b")),
                    String.valueOf(request.origin()),
                    String.valueOf(ws.subprotocol()))
                .toString());
      } else if (text.equals("who")) {
        ws.send(String.valueOf(ws.request().header("Authorization")));
      } else if (text.startsWith("late ")) {
        CompletableFuture.delayedExecutor(
                Integer.parseInt(text.substring(5)), TimeUnit.MILLISECONDS)
            .execute(() -> ws.send("at last"));
      } else if (text.equals("extensions")) {
        ws.send(ws.extensions());
      } else if (text.startsWith("many ")) {
        IntStream.range(0, Integer.parseInt(text.substring(5))).forEach(n -> ws.send("n" + n));
      } else {
        heard.add(text);
      }
    }

    @Override
    public void binary(WebSocket ws, ByteBuffer data) {
      ws.send(data);
    }

    @Override
    public void closed(WebSocket ws, io.weft.Close close) {
      heard.add("closed " + close.code() + " " + close.reason());
    }
  }

  @TempDir private Path home;

  private static Server server;
  private static String echo;
  private static String puppetUrl;
  private static final Puppet puppet = new Puppet();

  @BeforeAll
  static void start() {
    server =
        Server.at("127.0.0.1", 0)
            .loops(1)
            .origins("*")
            .hosts("*")
            .subprotocols("v2")
            .compression(io.weft.Compression.on())
            .limits(io.weft.Limits.builder().messageBytes(32 << 20).build())
            .route("/echo", new Echo())
            .route("/puppet", puppet)
            .start();
    echo = "ws://127.0.0.1:" + server.port() + "/echo";
    puppetUrl = "ws://127.0.0.1:" + server.port() + "/puppet";
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Nested
  final class WhatIsSent {

    @Test
    void everyLineIsAMessage() {
      Ran.with("one\n\n你好 🧵\nlast", "connect", "-n4", echo).said("one\n\n你好 🧵\nlast\n");
    }

    @Test
    void oneQuestionOneAnswer() {
      Ran.with("hi\n", "connect", "-1", echo).said("hi\n");
    }

    @Test
    void atTheEndOfTheInputItWaitsForSilence() {
      Ran.with("hi\nho\n", "connect", "--wait=300ms", echo).said("hi\nho\n");
    }

    /// Longer than the second of silence that ends it otherwise.
    @Test
    void forTheFirstAnswerItWaitsLonger() {
      Ran.with("late 1600\n", "connect", puppetUrl).said("at last\n");
    }

    @Test
    void thatNoAnswerCameIsSaid() throws Exception {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      StringWriter err = new StringWriter();
      Streams streams =
          new Streams(InputStream.nullInputStream(), out, new PrintWriter(err, true), false, false);
      for (int expected : new int[] {Main.NO_ANSWER, 0}) {
        Duration answer = Duration.ofMillis(expected == 0 ? 100 : 1000);
        Pipe.Plan plan = new Pipe.Plan(0, Duration.ofMillis(100), answer, 1000, "", "the server");
        try (Show show = new Show(streams, Output.HEX, false, false, null)) {
          Session session = new Session(io.weft.Client.to(puppetUrl).connect(), 0, puppetUrl, show);
          Pipe pipe = new Pipe(session, plan, streams.err());
          assertEquals(expected, pipe.run(Outgoing.texts(List.of("silence"), 1000)));
        }
      }
      assertEquals(
          "weft: no answer came within 1 s; --wait says how long to wait.\n", err.toString());
    }

    @Test
    void messagesOfTheCommandLineGoInsteadOfTheInput() {
      Ran.with("not this\n", "connect", "-m", "a\nb", "-m", "", "-n2", echo).said("a\nb\n\n");
    }

    @Test
    void hexAndBase64AreBinary() {
      Ran.with("00 ff\n80\n", "connect", "-n2", "--input=hex", echo).said("00ff\n80\n");
      Ran.with("AP8=\n", "connect", "-1", "-i", "base64", "-o", "base64", echo).said("AP8=\n");
    }

    @Test
    void theWholeInputIsOneMessage() {
      Ran.with("a\nb\n", "connect", "-1", "-i", "text", echo).said("a\nb\n\n");
      Ran.with("a\nb\n", "connect", "-1", "-i", "binary", "-o", "raw", echo).said("a\nb\n");
    }

    @Test
    void aLargeMessageComesBackWhole() {
      String large = "织".repeat(5_000_000);
      Ran.with(large, "connect", "-1", echo).said(large + "\n");
    }

    @Test
    void manyLinesComeBackInOrder() {
      String lines =
          IntStream.range(0, 20_000).mapToObj(n -> "line " + n).collect(Collectors.joining("\n"));
      Ran.with(lines, "connect", "-n20000", echo).said(lines + "\n");
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        textBlock =
            """
            lines  | \\xff    | line 2 is not UTF-8, so it cannot be a text message
            hex    | 0g      | line 2 is not hex: write two digits a byte, as 00 ff or 00ff
            base64 | *       | line 2 is not base64: write it as SGVsbG8=
            lines  | 12345   | line 2 is longer than --max-message (4)
            hex    | 0000000000 | line 2 is longer than --max-message (4)
            """)
    void whatIsNoMessageIsSaidWithItsLine(String form, String line, String sentence) {
      byte[] second = line.equals("\\xff") ? new byte[] {(byte) 0xff} : line.getBytes(UTF_8);
      byte[] input = new byte[3 + second.length];
      System.arraycopy("00\n".getBytes(UTF_8), 0, input, 0, 3);
      System.arraycopy(second, 0, input, 3, second.length);
      byte[] whole = form.equals("base64") ? "AA==\n*".getBytes(UTF_8) : input;
      Ran ran =
          Ran.with(
              new java.io.ByteArrayInputStream(whole),
              "connect",
              "--max-message=4",
              "-i",
              form,
              echo);
      assertEquals(Main.BAD_INPUT, ran.code(), ran.err());
      assertTrue(ran.err().startsWith("weft: " + sentence + ".\n"), ran.err());
    }

    @Test
    void aServerThatReadsLateLosesNothing() throws Exception {
      // The input is held back while the connection has no room; what was taken arrives.
      String lines = ("x".repeat(99_999) + "\n").repeat(200);
      Ran ran = Ran.with(lines, "connect", "-n200", echo);
      ran.said(lines);
    }
  }

  @Nested
  final class WhatComes {

    @Test
    void aPipeGetsTheTextAsItIs() {
      Ran.weft("connect", "-1", "-m", "\u001b[2J\u202ex", echo).said("\u001b[2J\u202ex\n");
    }

    @Test
    void aTerminalIsNotControlled() {
      Ran.shown("", "connect", "-1", "-m", "\u001b[2J\u202e\u009b1A a\tb\nforged", echo)
          .said("\\u001b[2J\\u202e\\u009b1A a\tb\n    forged\n");
    }

    @Test
    void aTerminalGetsNoRawBytes() {
      Ran ran = Ran.shown("", "connect", "-o", "raw", echo);
      assertEquals(Main.USAGE, ran.code());
      assertTrue(ran.err().contains("raw bytes could do anything to a terminal"), ran.err());
    }

    @Test
    void jsonIsIndentedAndNothingOfItChanges() {
      Ran.with(
              "{\"b\":1.10,\"a\":[1e400,\"\\u001b\"],\"b\":{}}\n{no}\n1 2\n",
              "connect",
              "-n3",
              "--pretty",
              echo)
          .said(
              """
              {
                "b" : 1.10,
                "a" : [ 1e400, "\\u001B" ],
                "b" : { }
              }
              {no}
              1 2
              """);
    }

    @Test
    void everyLineMayBeginWithTheTime() {
      Ran ran = Ran.with("hi\n", "connect", "-1", "-t", echo);
      assertTrue(ran.out().matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z hi\n"));
    }

    @Test
    void enoughIsEnough() {
      Ran.with("many 50\n", "connect", "-n3", puppetUrl).said("n0\nn1\nn2\n");
    }

    @Test
    void theHandshakeHoldsWhatWasAskedFor() {
      Ran.with(
              "tell\n",
              "connect",
              "-1",
              "-H",
              "X-One: 1:2",
              "--cookie=a=1",
              "--cookie=b=2",
              "--origin=https://app.example",
              "--subprotocol=v1",
              "--subprotocol=v2",
              puppetUrl)
          .said("[1:2, 1, 2, https://app.example, v2]\n");
    }

    @Test
    void compressionIsOfferedWhenAsked() {
      Ran.with("extensions\n", "connect", "-1", puppetUrl).said("\n");
      Ran ran = Ran.with("extensions\n", "connect", "-1", "--compression=on", puppetUrl);
      assertTrue(ran.out().startsWith("permessage-deflate"), ran.out() + ran.err());
    }

    @Test
    void aProxyIsAskedForTheWay() throws Exception {
      try (ServerSocket proxy = new ServerSocket()) {
        proxy.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        Thread.ofVirtual().start(() -> tunnel(proxy));
        String way = "http://127.0.0.1:" + proxy.getLocalPort();
        Ran.with("hi\n", "connect", "-1", "--proxy", way, "ws://elsewhere.invalid/echo")
            .said("hi\n");
      }
      Ran.with("hi\n", "connect", "-1", "--proxy=none", echo).said("hi\n");
    }

    /// Whatever host is asked for, it is the server of this test.
    private static void tunnel(ServerSocket proxy) {
      try (Socket client = proxy.accept();
          Socket way = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
        InputStream from = client.getInputStream();
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
          head.append((char) from.read());
        }
        assertTrue(head.toString().startsWith("CONNECT elsewhere.invalid:80 HTTP/1.1\r\n"));
        client.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n".getBytes(UTF_8));
        Thread.ofVirtual().start(() -> pump(from, way));
        way.getInputStream().transferTo(client.getOutputStream());
      } catch (IOException e) {
        assert e.getMessage() != null;
      }
    }

    private static void pump(InputStream from, Socket to) {
      try {
        from.transferTo(to.getOutputStream());
        to.shutdownOutput();
      } catch (IOException e) {
        assert e.getMessage() != null;
      }
    }

    @Test
    void aRedirectIsFollowedWhenAsked() {
      assertEquals(
          Main.REFUSED, Ran.weft("connect", "-1", "-m", "x", puppetUrl + "?may=go").code());
      Ran.weft("connect", "-1", "-m", "many 1", "--follow", "1", puppetUrl + "?may=go")
          .said("n0\n");
    }

    @Test
    void schemeAndHostMayBeLeftOut() {
      int port = server.port();
      Ran.with("hi\n", "connect", "-1", ":" + port + "/echo").said("hi\n");
      Ran.with("hi\n", "connect", "-1", "127.0.0.1:" + port + "/echo").said("hi\n");
      Ran.with("hi\n", "connect", "-1", "http://127.0.0.1:" + port + "/echo").said("hi\n");
    }
  }

  @Nested
  final class HowItEnds {

    @Test
    void aNormalCloseOfTheServerIsSuccess() {
      Ran.with("close 1000 done\n", "connect", "--wait=forever", puppetUrl).said("");
    }

    @Test
    void anotherCodeIsNot() {
      Ran.with("close 4001 no\u001b[2Jway\n", "connect", "--wait=forever", puppetUrl)
          .failed(Main.ENDED_BADLY, "", "weft: the server closed with 4001 \"no\\u001b[2Jway\".");
    }

    @Test
    void ourCloseCarriesCodeAndReason() throws Exception {
      Ran.weft(
              "connect",
              "-m",
              "x",
              "--wait=0s",
              "--close-code=4002",
              "--close-reason=enough",
              puppetUrl)
          .said("");
      await("closed 4002 enough");
    }

    private static void await(String expected) throws InterruptedException {
      String heard;
      do {
        heard = puppet.heard.poll(10, TimeUnit.SECONDS);
      } while (heard != null && !heard.equals(expected));
      assertEquals(expected, heard);
    }

    @Test
    void anAnswerThatDoesNotComeIsSaid() {
      Ran.weft("connect", "-m", "x", "-n2", "--wait=200ms", puppetUrl)
          .failed(Main.ENDED_BADLY, "", "weft: 0 of 2 messages came.");
    }

    @Test
    void whatWasNotSentIsSaid() throws Exception {
      // The input goes on for as long as the command reads it: some of it comes too late.
      InputStream endless =
          new InputStream() {
            private int at;

            @Override
            public int read() {
              byte[] all = "close 1000 bye\n".getBytes(UTF_8);
              return at < all.length ? all[at++] : '\n';
            }

            @Override
            public int read(byte[] into, int from, int length) {
              into[from] = (byte) read();
              return 1;
            }
          };
      Ran ran = Ran.with(endless, "connect", puppetUrl);
      assertEquals(Main.ENDED_BADLY, ran.code(), ran.err());
      assertTrue(
          ran.err()
              .matches(
                  "weft: line \\d+ and what follows it was not sent: the connection had ended\\.\n"),
          ran.err());
    }

    @Test
    void aConnectionThatBreaksIsSaid() throws Exception {
      try (Breaker breaker = new Breaker()) {
        Ran ran = Ran.weft("connect", "--wait=forever", "-m", "x", breaker.url());
        assertEquals(Main.ENDED_BADLY, ran.code());
        assertTrue(
            ran.err().matches("weft: the connection broke: [^:\"]+\\.\n(weft: the message .*\n)?"),
            ran.err());
      }
    }

    @Test
    void whatMayHelpIsSaid() throws Exception {
      int closed;
      try (ServerSocket none = new ServerSocket()) {
        none.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        closed = none.getLocalPort();
      }
      String at = "127.0.0.1:" + closed;
      Ran.weft("connect", at)
          .failed(
              Main.CANNOT_CONNECT,
              "",
              "weft: ws://" + at + "/: cannot connect: " + at + ": Connection refused.",
              "Nobody listens there: check the port, and that the server runs.");
      Ran.weft("connect", "nowhere.invalid")
          .failed(
              Main.CANNOT_CONNECT,
              "",
              "weft: ws://nowhere.invalid/: the host nowhere.invalid is not known.",
              "Check the host's name, and that this machine can look names up.");
      String plain = "wss://127.0.0.1:" + server.port() + "/echo";
      Ran.weft("connect", plain)
          .failed(
              Main.CANNOT_CONNECT,
              "",
              "weft: " + plain + ": TLS failed: the peer does not speak TLS.",
              "For a server without TLS the URL begins with ws://.");
      Ran redirect = Ran.weft("connect", puppetUrl + "?may=go");
      assertTrue(redirect.err().contains("--follow 1 goes there."), redirect.err());
    }

    @Test
    void aWrongCommandIsSaid() {
      Ran.weft("conect", "ws://localhost/")
          .failed(
              Main.USAGE,
              "",
              "weft: there is no command 'conect'",
              "Did you mean: weft connect or weft completion?",
              "Try 'weft --help'.");
    }

    @Test
    void aRefusalIsShownWithItsBody() {
      Ran ran = Ran.weft("connect", puppetUrl + "?may=no");
      assertEquals(Main.REFUSED, ran.code());
      assertTrue(ran.err().contains("403"), ran.err());
      assertTrue(ran.err().contains("It says: not \\u001b[31myou\n"), ran.err());
      assertEquals("", ran.out());
    }

    @Test
    void aRefusalInJsonIsIndented() {
      Ran ran = Ran.weft("connect", puppetUrl + "?may=json");
      assertTrue(
          ran.err().contains("It says:\n    {\n      \"error\" : \"no \\\"cookie\\\"\"\n    }\n"),
          ran.err());
      assertTrue(ran.err().contains("Say who you are, as --user name:password."), ran.err());
    }

    @Test
    void whoOneIsGoesByOptionOrUrlAndIsNeverShown() {
      for (String[] how :
          new String[][] {
            {"--user", "bob:p@ss", puppetUrl},
            {puppetUrl.replace("//", "//bob:p%40ss@")}
          }) {
        Path tape = home.resolve("who.jsonl");
        List<String> words =
            new ArrayList<>(List.of("connect", "-1", "-m", "who", "--record", tape.toString()));
        words.addAll(List.of(how));
        Ran ran = Ran.weft(words.toArray(String[]::new));
        ran.said("Basic Ym9iOnBAc3M=\n");
        assertFalse(read(tape).contains("p%40ss") || read(tape).contains("p@ss"), read(tape));
      }
      Ran wrong = Ran.weft("connect", "--user", "bob", puppetUrl);
      assertEquals(Main.USAGE, wrong.code());
      assertTrue(wrong.err().contains("--user has no ':'"), wrong.err());
    }

    @Test
    void anotherKindOfSocketIsNamed() {
      Ran ran = Ran.weft("connect", "ws+unix:/run/app.sock");
      assertEquals(Main.USAGE, ran.code());
      assertTrue(ran.err().contains("Unix domain sockets are not spoken yet"), ran.err());
    }

    private static String read(Path file) {
      try {
        return Files.readString(file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Test
    void aServerThatIsNotThereIsSaid() throws Exception {
      int port;
      try (ServerSocket free = new ServerSocket(0)) {
        port = free.getLocalPort();
      }
      Ran ran = Ran.weft("connect", "ws://127.0.0.1:" + port + "/");
      assertEquals(Main.CANNOT_CONNECT, ran.code());
      assertTrue(ran.err().startsWith("weft: ws://127.0.0.1:" + port + "/: "), ran.err());
      assertEquals(Main.CANNOT_CONNECT, Ran.weft("connect", "ws://nowhere.invalid/").code());
    }

    @Test
    void anOutputThatIsGoneEndsIt() {
      StringWriter err = new StringWriter();
      OutputStream full =
          new OutputStream() {
            @Override
            public void write(int b) throws IOException {
              throw new IOException("Broken pipe");
            }
          };
      InputStream in = new java.io.ByteArrayInputStream("hi\n".getBytes(UTF_8));
      int code =
          Main.run(
              new Streams(in, full, new PrintWriter(err, true), false, false),
              "connect",
              "--wait=forever",
              echo);
      assertEquals(Main.CANNOT_WRITE, code);
      assertEquals("weft: standard output cannot be written: Broken pipe.\n", err.toString());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      textBlock =
          """
          ftp://x/              | the scheme is not ws, wss, http or https
          -H Bad ws://x/        | --header has no ':' in 'Bad': write it as
          --cookie a ws://x/    | --cookie has no '=' in 'a': write it as session=abc
          -n 0 ws://x/          | '0' is no number of messages: write 1 to 999999999, as 3
          --wait 5 ws://x/      | '5' is no time: write it as 10s, 250ms or 1m
          --close-code 1005 ws://x/ | 1005 is no code to close with: write 1000 to 1003
          --max-message 0 ws://x/ | a message needs room for at least 1 byte
          -m a --replay pom.xml ws://x/ | --message and --replay both say what to send
          ^^                    | Missing required parameter: 'URL'
          """)
  void saysWhichOptionIsWrong(String words, String sentence) {
    Ran ran = Ran.weft(("connect " + words).strip().split(" "));
    assertEquals(Main.USAGE, ran.code(), ran.err());
    assertTrue(ran.err().contains(sentence), ran.err());
    assertTrue(ran.err().endsWith("Try 'weft connect --help'.\n"), ran.err());
  }

  /// Agrees to a handshake, and breaks the connection when it has heard something.
  private static final class Breaker implements AutoCloseable {

    private final ServerSocket listener = new ServerSocket();

    Breaker() throws IOException {
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      Thread.ofVirtual().start(this::serve);
    }

    String url() {
      return "ws://127.0.0.1:" + listener.getLocalPort() + "/";
    }

    private void serve() {
      try (Socket socket = listener.accept()) {
        Wire.agree(socket);
        socket.getInputStream().read();
        socket.setSoLinger(true, 0);
      } catch (IOException e) {
        assert listener.isClosed() : e;
      }
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }
}
