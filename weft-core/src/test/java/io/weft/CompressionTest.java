package io.weft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Pool;
import io.weft.net.Loop;
import io.weft.ws.Codecs;
import io.weft.ws.Opcode;
import io.weft.zlib.CodecMemory;
import io.weft.zlib.Corpus;
import io.weft.zlib.Counting;
import io.weft.zlib.StrictInflater;
import io.weft.zlib.Zlib;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// permessage-deflate on servers, clients and groups (RFC 7692).
@Timeout(120)
final class CompressionTest {

  private static final String TEXT = "{\"text\":\"" + "a longer text ".repeat(20) + "\"}";

  private static Rig rig(Compression compression) throws Exception {
    return Rig.of(new Rig.Watched(), server -> server.compression(compression));
  }

  // ---- Handshakes -------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "OFF      | permessage-deflate | ''",
        "ON       | ''                 | ''",
        "ON       | x-other            | ''",
        "ON       | permessage-deflate; unknown | ''",
        "ON       | permessage-deflate; client_max_window_bits | permessage-deflate;"
            + " server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12;"
            + " client_max_window_bits=12",
        "TAKEOVER | permessage-deflate; client_max_window_bits | permessage-deflate;"
            + " server_max_window_bits=12; client_max_window_bits=12",
        "TAKEOVER | permessage-deflate; server_max_window_bits=8, permessage-deflate;"
            + " server_max_window_bits=\"10\" | permessage-deflate; server_max_window_bits=10",
      })
  void agreesOrNot(Compression.Mode mode, String offer, String answer) throws Exception {
    try (Rig rig = rig(Compression.of(mode));
        Member member = Member.open(rig.port(), Rig.PATH, offer)) {
      assertEquals(answer, member.answer);
      assertEquals(answer, rig.endpoint.awaitOpened().extensions());
      for (int n = 1; n < 4; n++) {
        member.send(Peer.TEXT, TEXT.getBytes(StandardCharsets.UTF_8), n);
        Peer.Frame frame = member.peer.read();
        assertEquals(!answer.isEmpty(), (frame.opcode() & 0x40) != 0);
        assertEquals(TEXT, new String(member.inflated(frame), StandardCharsets.UTF_8));
      }
      if (answer.isEmpty()) {
        member.peer.send(Peer.frame(true, 0x40 | Peer.TEXT, new byte[1]));
        assertEquals(1002, member.peer.readClose().code());
      }
    }
  }

  @Test
  void freesWhatAFailedHandshakeHad() throws Exception {
    var endpoint =
        new Rig.Watched() {
          @Override
          public Handshake opening(Request request) {
            return Handshake.accept().header("Upgrade", "not to be said twice");
          }
        };
    try (Logged log = new Logged();
        Rig rig = Rig.of(endpoint, server -> server.compression(Compression.takeover()))) {
      long before = CodecMemory.PROCESS.bytes();
      for (int n = 0; n < 20; n++) {
        try (Peer peer = Peer.tcp(rig.port())) {
          peer.send(Peer.handshake(Rig.PATH, "Sec-WebSocket-Extensions: permessage-deflate"));
          assertTrue(peer.readHead().startsWith("HTTP/1.1 500 "));
        }
      }
      long one = Zlib.system().decompressorBytes(15);
      assertTrue(CodecMemory.PROCESS.bytes() <= before + one, "one that is free at most");
      assertEquals(20, log.count("the handshake is refused with 500"), log.all());
    }
  }

  /// A server that answers a client what it likes.
  private static String outcome(Compression offering, String answer) throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> answerOnce(listening, answer));
      Client client = Client.to("ws://127.0.0.1:" + listening.getLocalPort() + "/");
      try (Conversation ws = client.compression(offering).connect()) {
        return ws.extensions();
      } catch (HandshakeException failure) {
        return "fails";
      }
    }
  }

  private static void answerOnce(ServerSocket listening, String answer) {
    try (Socket socket = listening.accept()) {
      var head = new ByteArrayOutputStream();
      while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
        head.write(socket.getInputStream().read());
      }
      String text = head.toString(StandardCharsets.ISO_8859_1);
      String key = text.replaceFirst("(?s).*Sec-WebSocket-Key: (\\S+).*", "$1");
      byte[] digest =
          java.security.MessageDigest.getInstance("SHA-1")
              .digest(
                  (key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.UTF_8));
      String response =
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              + "Sec-WebSocket-Accept: "
              + Base64.getEncoder().encodeToString(digest)
              + "\r\n"
              + (answer.isEmpty() ? "" : "Sec-WebSocket-Extensions: " + answer + "\r\n")
              + "\r\n";
      socket.getOutputStream().write(response.getBytes(StandardCharsets.ISO_8859_1));
      socket.getInputStream().readNBytes(8); // a masked Close, and that is all
      socket.getOutputStream().write(new byte[] {(byte) 0x88, 2, 3, (byte) 0xE8});
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "TAKEOVER | ''                                              | same",
        "TAKEOVER | permessage-deflate; server_max_window_bits=12   | same",
        "TAKEOVER | permessage-deflate; server_no_context_takeover  | same",
        "TAKEOVER | permessage-deflate; server_no_context_takeover; client_max_window_bits=8 | same",
        "TAKEOVER | permessage-deflate                              | same",
        "TAKEOVER | permessage-deflate; server_max_window_bits=13   | same",
        "TAKEOVER | permessage-deflate; client_max_window_bits=13   | fails",
        "TAKEOVER | permessage-deflate; server_max_window_bits=12; server_max_window_bits=12 | fails",
        "TAKEOVER | permessage-deflate; server_max_window_bits=12; x | fails",
        "TAKEOVER | permessage-deflate; server_max_window_bits=12, permessage-deflate; server_max_window_bits=12 | fails",
        "TAKEOVER | x-other                                         | fails",
        "ON       | permessage-deflate; server_no_context_takeover  | same",
        "ON       | permessage-deflate                              | fails",
        "OFF      | ''                                              | same",
        "OFF      | permessage-deflate                              | fails",
      })
  void aClientTakesOnlyAnAnswerToItsOffer(Compression.Mode mode, String answer, String outcome)
      throws Exception {
    String expected = outcome.equals("same") ? answer : outcome;
    assertEquals(expected, outcome(Compression.of(mode), answer));
  }

  // ---- Both ends are ours -----------------------------------------------------------------------

  @Test
  void clientsAndServersUnderstandEachOther() throws Exception {
    var random = new SplittableRandom(3);
    for (int n = 0; n < 12; n++) {
      Compression server = options(random);
      Compression client = options(random);
      try (Rig rig =
              Rig.of(
                  new Rig.Watched(),
                  with -> with.compression(server).limits(l -> l.inflateRatio(5_000)));
          Conversation ws =
              Client.to("ws://127.0.0.1:" + rig.port() + Rig.PATH)
                  .compression(client)
                  .limits(l -> l.inflateRatio(5_000).compressorIdle(Duration.ofMillis(200)))
                  .connect()) {
        for (int m = 0; m < 10; m++) {
          byte[] message = Corpus.message(random, random.nextInt(1, 100_000));
          ws.send(ByteBuffer.wrap(message), compress(random));
          Message back = ws.receive(Duration.ofSeconds(20));
          ByteBuffer data = assertInstanceOf(Message.Binary.class, back).data();
          assertEquals(ByteBuffer.wrap(message), data, server + " " + client);
          ws.send(TEXT);
          assertEquals(new Message.Text(TEXT), ws.receive(Duration.ofSeconds(20)));
        }
      }
    }
    ClientRig.awaitNothing();
  }

  private static Compression options(SplittableRandom random) {
    return (random.nextBoolean() ? Compression.on() : Compression.takeover())
        .windowBits(random.nextInt(9, 16))
        .level(random.nextInt(1, 10))
        .memoryLevel(random.nextInt(1, 10))
        .thresholdBytes(random.nextInt(200));
  }

  private static Compress compress(SplittableRandom random) {
    return switch (random.nextInt(3)) {
      case 0 -> Compress.AUTO;
      case 1 -> Compress.YES;
      default -> Compress.NO;
    };
  }

  @Test
  void compressesAsEachMessageIsTo() throws Exception {
    try (Rig rig = rig(Compression.takeover());
        Member member = Member.open(rig.port(), Rig.PATH, "permessage-deflate")) {
      WebSocket ws = rig.endpoint.awaitOpened();
      ws.send(TEXT, Compress.NO);
      assertEquals(TEXT, member.peer.read().text());
      ws.send("short", Compress.YES);
      Peer.Frame frame = member.peer.read();
      assertEquals(0x41, frame.opcode());
      assertArrayEquals("short".getBytes(StandardCharsets.UTF_8), member.inflated(frame));
      ws.send("short");
      assertEquals("short", member.peer.read().text());
      byte[] noise = new byte[5_000];
      new SplittableRandom(1).nextBytes(noise);
      ws.send(noise);
      assertArrayEquals(noise, member.peer.read().payload());
      rig.onLoop(
          () -> ws.send(ByteBuffer.wrap(TEXT.getBytes(StandardCharsets.UTF_8)), Compress.AUTO));
      assertEquals(TEXT, member.readText());
      rig.onLoop(() -> ws.send(TEXT, Compress.YES));
      assertEquals(TEXT, member.readText());
    }
  }

  @Test
  void refusesOptionsThatAreNone() {
    Compression on = Compression.on();
    for (Runnable wrong :
        List.<Runnable>of(
            () -> on.windowBits(8),
            () -> on.windowBits(16),
            () -> on.level(0),
            () -> on.level(10),
            () -> on.memoryLevel(0),
            () -> on.memoryLevel(10),
            () -> on.thresholdBytes(-1))) {
      assertThrows(IllegalArgumentException.class, wrong::run);
    }
    assertEquals(Compression.Mode.OFF, Compression.off().mode());
    assertEquals(15, Compression.takeover().terms(Zlib.jdk()).windowBits());
    assertEquals(12, Compression.takeover().terms(Zlib.system()).windowBits());
  }

  // ---- Groups -----------------------------------------------------------------------------------

  private static final List<String> OFFERS =
      List.of(
          "",
          "permessage-deflate",
          "permessage-deflate; client_max_window_bits",
          "permessage-deflate; server_no_context_takeover",
          "permessage-deflate; server_max_window_bits=9",
          "permessage-deflate; server_max_window_bits=9; server_no_context_takeover",
          "permessage-deflate; server_max_window_bits=10; client_no_context_takeover",
          "permessage-deflate; server_max_window_bits=11; client_max_window_bits=10",
          "permessage-deflate; server_max_window_bits=15");

  /// Members of every form side by side, on two loops; publications among messages to one of them
  /// and from each.
  @Test
  void publishesToMembersOfEveryForm() throws Exception {
    for (long seed = 0; seed < 6; seed++) {
      var random = new SplittableRandom(seed);
      Compression options = Compression.takeover().windowBits(random.nextInt(9, 16));
      Probe probe = new Probe();
      List<Member> members = new ArrayList<>();
      List<WebSocket> sockets = new ArrayList<>();
      try (Server server =
          Server.at("127.0.0.1", 0).loops(2).compression(options).route("/g", probe).start()) {
        for (int n = 0; n < 2 * OFFERS.size(); n++) {
          members.add(Member.open(server.port(), "/g", OFFERS.get(n % OFFERS.size())));
          sockets.add(probe.awaitOpened());
          assertTrue(server.group("r").join(sockets.getLast()));
        }
        for (int n = 0; n < 25; n++) {
          int one = random.nextInt(members.size());
          byte[] own = Corpus.message(random, random.nextInt(1, 20_000));
          sockets.get(one).send(ByteBuffer.wrap(own), compress(random));
          assertArrayEquals(own, members.get(one).read());
          byte[] message = Corpus.message(random, random.nextInt(1, 50_000));
          server.group("r").publish(ByteBuffer.wrap(message), compress(random));
          for (Member member : members) {
            assertArrayEquals(message, member.read(), "seed " + seed + " " + member.answer);
          }
          int other = random.nextInt(members.size());
          members.get(other).send(Peer.BINARY, own, 1 + random.nextInt(3));
          assertArrayEquals(own, members.get(other).read());
        }
        for (Member member : members) {
          member.close();
        }
      }
    }
  }

  /// Each form is made once, whatever the number of loops and members; a form that would not be
  /// shorter is the plain one.
  @Test
  void compressesOnceForEachForm() throws Exception {
    var zlib = new Counting(Zlib.system());
    var memory = new CodecMemory();
    Limits limits = Limits.defaults();
    Compression options = Compression.takeover();
    Map<Loop, Codecs> codecs = new HashMap<>();
    for (int n = 0; n < 2; n++) {
      Loop loop = Loops.open(limits, 1 << 24, Transport.NIO);
      codecs.put(loop, new Codecs(zlib, memory, Compressing.settings(options, limits)));
    }
    var compressing = new Compressing(options, limits, codecs::get);
    byte[] text = TEXT.getBytes(StandardCharsets.UTF_8);
    var published = new Published(Opcode.TEXT, text, Compress.AUTO);
    var noise =
        new Published(
            Opcode.TEXT, "0123456789".repeat(2).getBytes(StandardCharsets.UTF_8), Compress.AUTO);
    for (Loop loop : codecs.keySet()) {
      Published.Frames frames = published.new Frames(loop, compressing);
      for (int members = 0; members < 100; members++) {
        for (int bits : new int[] {Published.PLAIN, 9, 12, 15}) {
          Published.Frame frame = frames.of(bits);
          assertSame(frame, frames.of(bits));
          assertEquals(bits != Published.PLAIN, frame.compressed());
          byte[] wire = new byte[frame.frameBytes()];
          frame.frame().buffer.duplicate().get(wire);
          byte[] payload = java.util.Arrays.copyOfRange(wire, bits == 0 ? 4 : 2, wire.length);
          byte[] seen = bits == 0 ? payload : new StrictInflater(bits, false).message(payload);
          assertArrayEquals(text, seen);
        }
      }
      Published.Frames plain = noise.new Frames(loop, compressing);
      assertSame(plain.of(Published.PLAIN), plain.of(12), "too short");
      frames.done();
      plain.done();
      assertEquals(0, loop.pool().lentChunks());
    }
    assertEquals(3, zlib.compressions);
    codecs.values().forEach(Codecs::close);
    codecs.keySet().forEach(Loop::close);
    assertEquals(0, memory.bytes());
    assertTrue(Pool.CHUNK_BYTES > 0);
  }

  // ---- Memory and bombs -------------------------------------------------------------------------

  /// Connections that have echoed compressed messages and rest: without context takeover they hold
  /// nothing; with it, what was counted is back when they are gone.
  @ParameterizedTest
  @CsvSource({"ON", "TAKEOVER"})
  void holdsWhatWasAgreed(Compression.Mode mode) throws Exception {
    int count = 500;
    ClientLoopTest.awaitNoThread(); // it has codecs of the tests before this
    long before = CodecMemory.PROCESS.bytes();
    Compression options = Compression.of(mode);
    try (Rig rig = rig(options)) {
      List<Member> members = new ArrayList<>();
      for (int n = 0; n < count; n++) {
        members.add(
            Member.open(rig.port(), Rig.PATH, "permessage-deflate; client_max_window_bits"));
        members.getLast().send(Peer.TEXT, TEXT.getBytes(StandardCharsets.UTF_8), 1);
        assertEquals(TEXT, members.getLast().readText());
      }
      Zlib zlib = Zlib.system();
      long one = zlib.compressorBytes(12, options.memoryLevel()) + zlib.decompressorBytes(12);
      long held = rig.onLoop(CodecMemory.PROCESS::bytes) - before;
      if (mode == Compression.Mode.ON) {
        assertTrue(held <= one, held + " bytes: the loop's own pair");
      } else {
        assertEquals(count * one, held);
        assertTrue(one < 40 << 10, one + " bytes for an active connection");
      }
      for (Member member : members) {
        member.close();
      }
      rig.awaitNobody();
      assertTrue(rig.onLoop(CodecMemory.PROCESS::bytes) - before <= 4 * one);
    }
    assertTrue(CodecMemory.PROCESS.bytes() <= before);
  }

  /// 200 bombs of 16 MiB at once, with the ratio let pass: each ends at one byte over the limit,
  /// and the loop has allocated for each what a message may hold and as much while it grew.
  @Test
  void endsManyBombsAtOnce() throws Exception {
    byte[] zeros = new byte[16 << 20];
    Deflater deflater = new Deflater(9, true);
    deflater.setInput(zeros);
    byte[] bomb = new byte[100_000];
    int bytes = deflater.deflate(bomb, 0, bomb.length, Deflater.SYNC_FLUSH) - 4;
    deflater.end();
    try (Rig rig =
        Rig.of(
            new Rig.Watched(),
            server -> server.compression(Compression.on()).limits(l -> l.inflateRatio(5_000)))) {
      List<Member> members = new ArrayList<>();
      for (int n = 0; n < 200; n++) {
        members.add(Member.open(rig.port(), Rig.PATH, "permessage-deflate"));
      }
      long before = rig.allocatedBytes();
      byte[] frame = Peer.frame(true, 0x40 | Peer.BINARY, java.util.Arrays.copyOf(bomb, bytes));
      for (Member member : members) {
        member.peer.send(frame);
      }
      for (Member member : members) {
        assertEquals(1009, member.peer.readClose().code());
        member.close();
      }
      long each = (rig.allocatedBytes() - before) / 200;
      assertTrue(each < 3 << 20, each + " bytes for a bomb");
      rig.assertHealthy();
    }
  }

  @Test
  void losesNothingToResets() throws Exception {
    try (Rig rig = rig(Compression.takeover())) {
      for (int n = 0; n < 100; n++) {
        Member member = Member.open(rig.port(), Rig.PATH, "permessage-deflate");
        byte[] payload = member.deflated(TEXT.getBytes(StandardCharsets.UTF_8));
        member.peer.send(Peer.frame(false, 0x40 | Peer.TEXT, payload)); // unfinished
        member.peer.reset();
        member.close();
      }
      rig.awaitNobody();
      assertFalse(CodecMemory.PROCESS.bytes() < 0);
    }
    assertNull(Zlib.refusal());
  }

  /// A page of zeros is honest; many in one read let the loop's other work in between.
  @Test
  void takesMessagesThatShrinkAsFarAsTheyCanAndOneATurn() throws Exception {
    int zeros = 1 << 20;
    AtomicInteger seen = new AtomicInteger();
    AtomicInteger mostATurn = new AtomicInteger();
    var endpoint =
        new Rig.Watched() {
          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            assertEquals(zeros, data.remaining());
            int before = seen.getAndIncrement();
            ws.stage()
                .loop()
                .post(() -> mostATurn.accumulateAndGet(seen.get() - before, Math::max));
          }
        };
    try (Rig rig = Rig.of(endpoint, server -> server.compression(Compression.on()));
        Member member = Member.open(rig.port(), Rig.PATH, "permessage-deflate")) {
      for (int n = 0; n < 20; n++) {
        member.send(Peer.BINARY, new byte[zeros], 1);
      }
      Probe.until("all are seen", () -> seen.get() == 20);
      rig.onLoop(() -> 0); // behind the mail of the last message
      assertTrue(mostATurn.get() <= 2, mostATurn + " messages of 1 MiB in one turn");
    }
  }
}
