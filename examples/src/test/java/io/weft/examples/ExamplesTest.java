package io.weft.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Delivery;
import io.weft.HandshakeException;
import io.weft.Live;
import io.weft.Server;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Runs every example, and holds it to what it says of itself.
@Timeout(30)
final class ExamplesTest {

  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @AfterAll
  static void stop() {
    HTTP.close();
  }

  @Test
  void echoServer() throws Exception {
    try (Server server = EchoServer.start(0)) {
      Talker talker = Talker.connect(HTTP, server.port(), "/echo");
      talker.say("你好").say(new byte[] {0, (byte) 0xFF});
      talker.hears("你好", "00ff");
      talker.leave();
    }
  }

  @Test
  void echoClient() throws Exception {
    String url;
    try (Server server = EchoServer.start(0)) {
      url = "ws://localhost:" + server.port();
      assertEquals("你好", EchoClient.ask(url + "/echo", "你好"));
      var refused =
          assertThrows(HandshakeException.class, () -> EchoClient.ask(url + "/nowhere", "?"));
      assertEquals(404, refused.status());
    }
    var gone = assertThrows(HandshakeException.class, () -> EchoClient.ask(url + "/echo", "?"));
    assertTrue(gone.getMessage().contains("cannot connect"), gone.getMessage());
  }

  @Test
  void reconnectingClient() throws Exception {
    BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    List<String> log = Collections.synchronizedList(new ArrayList<>());
    Live live;
    int port;
    try (Server server = ChatServer.start(0)) {
      port = server.port();
      live =
          ReconnectingClient.join("ws://localhost:" + port + "/chat/lobby", heard::add, log::add);
      live.send("one");
      for (String text : List.of("Someone came in; we are 1.", "Here I am.", "one")) {
        assertEquals(text, heard.poll(10, TimeUnit.SECONDS));
      }
    }
    Delivery kept = live.send("two");
    try (live;
        Server _ = ChatServer.start(port)) {
      for (String text : List.of("Someone came in; we are 1.", "Here I am.", "two")) {
        assertEquals(text, heard.poll(10, TimeUnit.SECONDS));
      }
      assertEquals(Delivery.Outcome.SENT, kept.settled().get(10, TimeUnit.SECONDS));
      live.close();
      assertEquals(0, live.closed().get(10, TimeUnit.SECONDS).dropped());
    }
    assertEquals("connecting, attempt 1", log.getFirst());
    assertTrue(log.stream().anyMatch(line -> line.startsWith("1001 ")), log.toString());
    assertEquals("1000; dropped 0", log.getLast());
  }

  @Test
  void conversationServer() throws Exception {
    try (Server server = ConversationServer.start(0)) {
      Talker echo = Talker.connect(HTTP, server.port(), "/echo");
      echo.say("one").say("two").say(new byte[] {3});
      echo.hears("one", "two", "03");
      echo.leave();

      Talker guest = Talker.connect(HTTP, server.port(), "/greeting");
      guest.hears("Who is there?");
      guest.say("Ann");
      guest.hears("Hello, Ann!");
      assertEquals("1000 ", guest.closed.get(10, TimeUnit.SECONDS));
    }
  }

  @Test
  void chatServer() throws Exception {
    try (Server server = ChatServer.start(0)) {
      Talker ann = Talker.connect(HTTP, server.port(), "/chat/lobby");
      ann.hears("Someone came in; we are 1.");
      Talker bob = Talker.connect(HTTP, server.port(), "/chat/lobby");
      bob.say("hi");
      for (Talker each : List.of(ann, bob)) {
        each.hears("Someone came in; we are 2.", "hi");
      }
      bob.leave();
      ann.hears("Someone left; we are 1.");
      ann.leave();
    }
  }

  @Test
  void gameTick() throws Exception {
    try (Server server = GameTick.start(0)) {
      Talker player = Talker.connect(HTTP, server.port(), "/game");
      assertTrue(player.hear().matches("\\{\\d+=0}"));
      player.say("right").say("right").say("left");
      String field = player.hear();
      for (int tick = 0; tick < 100 && !field.endsWith("=1}"); tick++) {
        field = player.hear();
      }
      assertTrue(field.matches("\\{\\d+=1}"), field);
      player.leave();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/notes/ann, Cookie, session=s3cret, 101",
    "/notes/ann, Cookie, theme=dark; session=s3cret, 101",
    "/notes/bob, Authorization, Bearer pa55, 101",
    "/notes/bob, Authorization, Bearer s3cret, 403",
    "/notes/ann, Authorization, Bearer wrong, 401",
    "/notes/ann, X-Nothing, at all, 401",
  })
  void authServer(String path, String header, String value, int status) throws Exception {
    try (Server server = AuthServer.start(0)) {
      assertEquals(status, Talker.handshake(HTTP, server.port(), path, header, value));
    }
  }

  @Test
  void authServerAgreesOnASubprotocol() throws Exception {
    try (Server server = AuthServer.start(0)) {
      Talker ann =
          Talker.connect(
              HTTP,
              server.port(),
              "/notes/ann",
              b -> b.header("Cookie", "session=s3cret").subprotocols("v1.notes", "v2.notes"));
      ann.hears("Welcome, ann; we speak v2.notes.");
      ann.leave();
    }
  }

  @Test
  void slowConsumer() throws Exception {
    try (Server server = SlowConsumer.start(0)) {
      // Over a plain socket: the JDK's client spoils what came with the handshake if it reads late.
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
        socket.setSoTimeout(10_000);
        socket.getOutputStream().write(HANDSHAKE.getBytes(StandardCharsets.US_ASCII));
        Thread.sleep(300); // the server has filled every buffer on the way, and waits
        var in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        skipHead(in);
        for (int line = 1; line <= SlowConsumer.LINES; line++) {
          assertEquals(0x817E, in.readUnsignedShort(), "a whole text with a 16-bit length");
          byte[] payload = in.readNBytes(in.readUnsignedShort());
          String text = new String(payload, StandardCharsets.UTF_8);
          assertTrue(text.startsWith(line + ": weft"), text);
        }
        assertEquals(0x880203E8, in.readInt(), "Close with 1000");
      }
    }
  }

  private static final String HANDSHAKE =
      """
      GET /lines HTTP/1.1
      Host: localhost
      Upgrade: websocket
      Connection: Upgrade
      Sec-WebSocket-Version: 13
      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==

      """
          .replace("\n", "\r\n");

  private static void skipHead(DataInputStream in) throws IOException {
    for (int last = 0; last != 0x0D0A0D0A; ) {
      last = last << Byte.SIZE | in.readUnsignedByte();
    }
  }

  @Test
  void everyExampleIsShort() throws IOException {
    Path sources = Path.of("src/main/java/io/weft/examples");
    try (var files = Files.list(sources)) {
      for (Path file : files.toList()) {
        long lines = Files.readAllLines(file).size();
        assertTrue(lines <= 70, file.getFileName() + " has " + lines + " lines");
      }
    }
  }
}
