package io.weft;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Pool;
import io.weft.zlib.CodecMemory;
import io.weft.zlib.Zlib;
import java.io.EOFException;
import java.io.IOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.RecordComponent;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every limit: kept to, nothing happens; crossed by one, what the documentation says. A healthy
/// client beside notices nothing of it; see [Rig].
@Timeout(60)
final class LimitsTest {

  private static final Duration SHORT = Duration.ofMillis(300);

  private static final long HEAP_BYTES = Runtime.getRuntime().maxMemory();

  /// Which limits a test crosses.
  @Target(ElementType.METHOD)
  @Retention(RetentionPolicy.RUNTIME)
  private @interface Crosses {
    String[] value();
  }

  /// Keeps the loop busy in the handler of a text until it is released.
  private static class Blocking extends Rig.Watched {
    final CountDownLatch release = new CountDownLatch(1);
    private final CountDownLatch busy = new CountDownLatch(1);

    @Override
    public void text(WebSocket ws, String text) throws Exception {
      busy.countDown();
      assertTrue(release.await(20, TimeUnit.SECONDS));
    }

    /// Has `peer` block the loop.
    void by(Peer peer) throws Exception {
      peer.sendText("block");
      assertTrue(busy.await(20, TimeUnit.SECONDS));
    }
  }

  // ---- The limits as values -------------------------------------------------------------------

  static Stream<RecordComponent> components() {
    return Arrays.stream(Limits.class.getRecordComponents());
  }

  @Test
  void forgetsNoLimit() {
    Set<String> crossed =
        Arrays.stream(LimitsTest.class.getDeclaredMethods())
            .filter(method -> method.isAnnotationPresent(Crosses.class))
            .flatMap(method -> Arrays.stream(method.getAnnotation(Crosses.class).value()))
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> all =
        components().map(RecordComponent::getName).collect(Collectors.toCollection(TreeSet::new));
    assertEquals(all, crossed);
  }

  @Test
  void hasTheDefaultsOfItsDocumentation() {
    Limits limits = Limits.defaults();
    assertAll(
        () -> assertEquals(Duration.ofSeconds(10), limits.handshakeTimeout()),
        () -> assertEquals(8 << 10, limits.requestLineBytes()),
        () -> assertEquals(16 << 10, limits.headBytes()),
        () -> assertEquals(100, limits.headers()),
        () -> assertEquals(1 << 20, limits.bodyBytes()),
        () -> assertEquals(1 << 20, limits.messageBytes()),
        () -> assertEquals(1024, limits.fragments()),
        () -> assertEquals(64, limits.emptyFragments()),
        () -> assertEquals(1_100, limits.inflateRatio()),
        () -> assertEquals(Duration.ofSeconds(30), limits.messageTimeout()),
        () -> assertEquals(2 << 10, limits.leastBytesPerSecond()),
        () -> assertEquals(4 << 20, limits.lingerBytes()),
        () -> assertEquals(Duration.ofMinutes(5), limits.inboxTimeout()),
        () -> assertEquals(100, limits.controlFramesPerSecond()),
        () -> assertEquals(200, limits.controlFrameBurst()),
        () -> assertEquals(Duration.ofSeconds(25), limits.idlePing()),
        () -> assertEquals(Duration.ofSeconds(20), limits.pongTimeout()),
        () -> assertEquals(Duration.ofSeconds(5), limits.closeTimeout()),
        () -> assertEquals(256 << 10, limits.outboxSoftBytes()),
        () -> assertEquals(1 << 20, limits.outboxHardBytes()),
        () -> assertEquals(Duration.ofSeconds(10), limits.progressTimeout()),
        () -> assertEquals(64 << 10, limits.inboxBytes()),
        () -> assertEquals(64, limits.inboxMessages()),
        () -> assertEquals(64 << 10, limits.turnBytes()),
        () -> assertEquals(64, limits.turnFrames()),
        () -> assertTrue(limits.connections() >= 64, "connections " + limits.connections()),
        () -> assertEquals(limits.connections() / 2, limits.connectionsPerAddress()),
        () -> assertEquals(256, limits.groupsPerConnection()),
        () -> assertEquals(255, limits.groupNameBytes()),
        () -> assertEquals(1 << 16, limits.mailboxMails()),
        () -> assertEquals(4096, limits.tlsTasks()),
        () -> assertEquals(HEAP_BYTES / 8, limits.receivedBytes()),
        () -> assertEquals(HEAP_BYTES / 4, limits.poolBytes()),
        () -> assertEquals(1024, limits.keptMessages()),
        () -> assertEquals(1 << 20, limits.keptBytes()),
        () -> assertEquals(Duration.ofMinutes(1), limits.keptTimeout()),
        () -> assertEquals(HEAP_BYTES / 8, limits.codecBytes()),
        () -> assertEquals(Duration.ofSeconds(30), limits.compressorIdle()),
        () -> assertEquals(Duration.ofSeconds(15), limits.drainTimeout()),
        () -> assertEquals(Duration.ofSeconds(10), limits.drainSpread()),
        () -> assertEquals(Duration.ofMillis(100), limits.blockedLoopWarning()));
  }

  @Test
  void keepsBothMarksOfAnOutboxWithinAnInt() {
    Limits.Builder builder = Limits.defaults().toBuilder();
    builder.outboxSoftBytes(1 << 29).outboxHardBytes(1 << 30).build();
    builder.outboxSoftBytes((1 << 29) + 1);
    String message = assertThrows(IllegalArgumentException.class, builder::build).getMessage();
    assertTrue(message.contains("outboxSoftBytes is 536870913"), message);
  }

  @ParameterizedTest
  @MethodSource("components")
  void refusesALimitThatIsNone(RecordComponent component) throws Exception {
    Object least = component.getType() == Duration.class ? Duration.ZERO : Integer.valueOf(-1);
    Limits.Builder builder = Limits.builder();
    Limits.Builder.class.getMethod(component.getName(), component.getType()).invoke(builder, least);
    var refusal = assertThrows(IllegalArgumentException.class, builder::build);
    assertTrue(refusal.getMessage().startsWith(component.getName() + " "), refusal.getMessage());
  }

  @ParameterizedTest
  @MethodSource("components")
  void copiesAndChangesEachByItself(RecordComponent component) throws Exception {
    Object value =
        component.getType() == Duration.class
            ? Duration.ofMillis(1234)
            : Integer.valueOf(component.getName().equals("turnBytes") ? 1234 : 123);
    Limits.Builder builder = Limits.builder();
    if (component.getName().equals("headBytes")) {
      builder.requestLineBytes(1);
    } else if (component.getName().equals("outboxHardBytes")) {
      builder.outboxSoftBytes(1);
    } else if (component.getName().equals("connections")) {
      builder.connectionsPerAddress(1); // which follows them else
    }
    Limits before = builder.build();
    assertSame(
        builder,
        Limits.Builder.class
            .getMethod(component.getName(), component.getType())
            .invoke(builder, value));
    Limits after = builder.build().toBuilder().build();
    for (RecordComponent other : Limits.class.getRecordComponents()) {
      Object expected =
          other.getName().equals(component.getName()) ? value : other.getAccessor().invoke(before);
      assertEquals(
          expected.toString(), other.getAccessor().invoke(after).toString(), other.getName());
    }
  }

  // ---- HTTP -----------------------------------------------------------------------------------

  @Test
  @Crosses("handshakeTimeout")
  void answersAHeadThatTakesTooLongWith408() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.handshakeTimeout(SHORT));
        Peer late = Peer.tcp(rig.port())) {
      long since = System.nanoTime();
      late.send("GET /test HTTP/1.1\r\nHost: a");
      assertStatus(408, late.readAll());
      assertElapsed(since, SHORT);
    }
  }

  @Test
  @Crosses("handshakeTimeout")
  void closesAConnectionThatSaysNothing() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.handshakeTimeout(SHORT));
        Peer mute = Peer.tcp(rig.port())) {
      long since = System.nanoTime();
      assertEquals("", mute.readAll());
      assertElapsed(since, SHORT);
    }
  }

  @Test
  @Crosses("handshakeTimeout")
  void givesEachRequestOfAConnectionItsTime() throws Exception {
    try (Rig rig =
            Rig.of(
                new Rig.Watched(),
                builder ->
                    builder
                        .limits(limits -> limits.handshakeTimeout(SHORT))
                        .http("/hi", request -> Response.text(200, "hi")));
        Peer client = Peer.tcp(rig.port())) {
      for (int request = 0; request < 4; request++) {
        Thread.sleep(SHORT.toMillis() / 3);
        client.send("GET /hi HTTP/1.1\r\nHost: a\r\n\r\n");
        assertTrue(client.readHead().startsWith("HTTP/1.1 200 "));
        assertArrayEquals(new byte[] {'h', 'i'}, client.socket.getInputStream().readNBytes(2));
      }
      assertEquals("", client.readAll(), "idle for too long");
    }
  }

  @Test
  @Crosses("handshakeTimeout")
  void leavesAWebSocketAloneThatBeganInTime() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.handshakeTimeout(SHORT));
        Peer peer = rig.open()) {
      Thread.sleep(2 * SHORT.toMillis());
      assertEchoes(peer);
    }
  }

  @Test
  @Crosses("requestLineBytes")
  void answersARequestLineOverTheLimitWith414() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.requestLineBytes(100))) {
      assertStatus(404, exchange(rig, requestLine(100) + "Host: a\r\nConnection: close\r\n\r\n"));
      assertStatus(414, exchange(rig, requestLine(101) + "Host: a\r\nConnection: close\r\n\r\n"));
      assertStatus(414, exchange(rig, requestLine(101).substring(0, 101)));
    }
  }

  private static String requestLine(int bytes) {
    String line = "GET / HTTP/1.1";
    return "GET /" + "x".repeat(bytes - line.length()) + " HTTP/1.1\r\n";
  }

  @Test
  @Crosses("headBytes")
  void answersAHeadOverTheLimitWith431() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.requestLineBytes(100).headBytes(512))) {
      assertStatus(404, exchange(rig, head(512)));
      assertStatus(431, exchange(rig, head(513)));
    }
  }

  private static String head(int bytes) {
    String head = "GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: ";
    return head + "x".repeat(bytes - head.length() - 4) + "\r\n\r\n";
  }

  @Test
  @Crosses("headers")
  void answersTooManyHeadersWith431() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.headers(10))) {
      String head = "GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
      assertStatus(404, exchange(rig, head + "X: x\r\n".repeat(8) + "\r\n"));
      assertStatus(431, exchange(rig, head + "X: x\r\n".repeat(9) + "\r\n"));
    }
  }

  @Test
  @Crosses("bodyBytes")
  void answersABodyOverTheLimitWith413() throws Exception {
    try (Rig rig =
        Rig.of(
            new Rig.Watched(),
            builder ->
                builder
                    .limits(limits -> limits.bodyBytes(100))
                    .http("/size", request -> Response.text(200, "" + request.body().length)))) {
      String head = "GET /size HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
      String whole = exchange(rig, head + "Content-Length: 100\r\n\r\n" + "x".repeat(100));
      assertTrue(whole.endsWith("\r\n\r\n100"), whole);
      assertStatus(413, exchange(rig, head + "Content-Length: 101\r\n\r\n"));
      String chunked = head + "Transfer-Encoding: chunked\r\n\r\n32\r\n" + "x".repeat(50) + "\r\n";
      whole = exchange(rig, chunked + "32\r\n" + "x".repeat(50) + "\r\n0\r\n\r\n");
      assertTrue(whole.endsWith("\r\n\r\n100"), whole);
      assertStatus(413, exchange(rig, chunked + "33\r\n"));
    }
  }

  // ---- Messages -------------------------------------------------------------------------------

  @Test
  @Crosses("messageBytes")
  void closesAMessageOverTheLimitWith1009() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.messageBytes(1000))) {
      try (Peer peer = rig.open()) {
        peer.sendBinary(new byte[1000]);
        assertEquals(1000, peer.read().payload().length);
        peer.send(Arrays.copyOf(Peer.frame(true, Peer.BINARY, new byte[1001]), 8)); // its header
        assertFailed(1009, peer, rig);
      }
      try (Peer peer = rig.open()) {
        peer.send(Peer.frame(false, Peer.BINARY, new byte[600]));
        peer.send(Peer.frame(true, Peer.CONTINUATION, new byte[400]));
        assertEquals(1000, peer.read().payload().length);
        peer.send(Peer.frame(false, Peer.BINARY, new byte[600]));
        peer.send(Arrays.copyOf(Peer.frame(true, Peer.CONTINUATION, new byte[401]), 8));
        assertFailed(1009, peer, rig);
      }
    }
  }

  /// What is judged every 16 KiB above 64 KiB: 81,920 zeros come of 93 bytes or so.
  @Test
  @Crosses("inflateRatio")
  void closesAMessageThatInflatesTooFarWith1009() throws Exception {
    byte[] zeros = new byte[81_920];
    int ratio = 81_920 / 93 + 50;
    for (int judged : new int[] {ratio, ratio / 2}) {
      try (Rig rig =
              Rig.of(
                  new Rig.Watched(),
                  server ->
                      server
                          .compression(Compression.on().windowBits(15))
                          .limits(limits -> limits.inflateRatio(judged)));
          Member member = Member.open(rig.port(), Rig.PATH, "permessage-deflate")) {
        member.send(Peer.BINARY, Arrays.copyOf(zeros, 81_919), 1);
        assertEquals(81_919, member.read().length);
        member.send(Peer.BINARY, zeros, 1);
        if (judged == ratio) {
          assertEquals(81_920, member.read().length);
        } else {
          assertFailed(1009, member.peer, rig);
        }
      }
    }
  }

  /// With memory for two decompressors, or one and a compressor: the second connection takes the
  /// first's compressor, and is sent plain messages. The third agrees on no takeover, and is closed
  /// when it compresses; until others are gone.
  @Test
  @Crosses("codecBytes")
  void keepsToTheMemoryOfCodecs() throws Exception {
    long most = CodecMemory.PROCESS.bytes() + 2 * Zlib.system().decompressorBytes(15);
    byte[] text = "text ".repeat(100).getBytes(StandardCharsets.UTF_8);
    try (Rig rig =
        Rig.of(
            new Rig.Watched(),
            server ->
                server
                    .compression(Compression.takeover())
                    .limits(limits -> limits.codecBytes(most)))) {
      Member first = Member.open(rig.port(), Rig.PATH, "permessage-deflate");
      assertEquals("permessage-deflate; server_max_window_bits=12", first.answer);
      first.send(Peer.TEXT, text, 1);
      assertEquals(0x41, first.peer.read().opcode());
      try (Member second = Member.open(rig.port(), Rig.PATH, "permessage-deflate")) {
        assertEquals("permessage-deflate; server_max_window_bits=12", second.answer);
        second.peer.sendText("text ".repeat(100));
        assertEquals(Peer.TEXT, second.peer.read().opcode(), "no memory for a compressor");
        try (Member third = Member.open(rig.port(), Rig.PATH, "permessage-deflate")) {
          assertEquals(
              "permessage-deflate; server_no_context_takeover; client_no_context_takeover;"
                  + " server_max_window_bits=12",
              third.answer);
          third.send(Peer.TEXT, text, 1);
          assertEquals(1013, third.peer.readClose().code());
        }
      }
      first.close();
      rig.awaitNobody();
      try (Member last = Member.open(rig.port(), Rig.PATH, "permessage-deflate")) {
        last.send(Peer.TEXT, text, 1);
        assertEquals(0x41, last.peer.read().opcode());
      }
    }
  }

  @Test
  @Crosses("compressorIdle")
  void takesARestingCompressorBack() throws Exception {
    long pair = Zlib.system().compressorBytes(12, 5);
    byte[] text = "text ".repeat(100).getBytes(StandardCharsets.UTF_8);
    ClientLoopTest.awaitNoThread(); // it has codecs of the tests before this
    long before = CodecMemory.PROCESS.bytes();
    try (Rig rig =
            Rig.of(
                new Rig.Watched(),
                server ->
                    server
                        .compression(Compression.takeover())
                        .limits(limits -> limits.compressorIdle(SHORT)));
        Member member =
            Member.open(rig.port(), Rig.PATH, "permessage-deflate; client_no_context_takeover")) {
      for (int n = 0; n < 3; n++) {
        member.send(Peer.TEXT, text, 1);
        assertArrayEquals(text, member.read());
        assertTrue(rig.onLoop(CodecMemory.PROCESS::bytes) >= before + pair);
        Probe.until("it is free", () -> CodecMemory.PROCESS.bytes() <= before);
      }
    }
  }

  @Test
  @Crosses("fragments")
  void closesAMessageInTooManyFragmentsWith1008() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.fragments(5));
        Peer peer = rig.open()) {
      sendFragments(peer, 4, "x");
      peer.send(Peer.frame(true, Peer.CONTINUATION, new byte[] {'x'}));
      assertEquals("xxxxx", peer.read().text());
      sendFragments(peer, 5, "x");
      peer.send(Peer.frame(false, Peer.CONTINUATION, new byte[] {'x'}));
      assertFailed(1008, peer, rig);
    }
  }

  @Test
  @Crosses("emptyFragments")
  void closesAMessageWithTooManyEmptyFragmentsWith1008() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.emptyFragments(3));
        Peer peer = rig.open()) {
      sendFragments(peer, 3, "");
      peer.send(Peer.frame(true, Peer.CONTINUATION, new byte[] {'x'}));
      assertEquals("x", peer.read().text());
      sendFragments(peer, 4, "");
      assertFailed(1008, peer, rig);
    }
  }

  private static void sendFragments(Peer peer, int count, String payload) throws IOException {
    for (int at = 0; at < count; at++) {
      int opcode = at == 0 ? Peer.TEXT : Peer.CONTINUATION;
      peer.send(Peer.frame(false, opcode, payload.getBytes(StandardCharsets.UTF_8)));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"01", "0181123456782a", "82ff00000000000f4240123456780000", "89"})
  @Crosses("messageTimeout")
  void closesAMessageThatTakesTooLongWith1008(String begun) throws Exception {
    try (Rig rig = Rig.with(limits -> limits.messageTimeout(SHORT));
        Peer peer = rig.open()) {
      long since = System.nanoTime();
      peer.sendHex(begun);
      assertFailed(1008, peer, rig);
      assertElapsed(since, SHORT);
    }
  }

  /// Two thousand bytes, so many a time and every so often, as the payload of a message or a body.
  private static void sendSteadily(Peer peer, String head, int bytes, int everyMs)
      throws Exception {
    peer.sendHex(head);
    for (int left = 2_000; left > 0; left -= bytes) {
      peer.send(new byte[Math.min(bytes, left)]);
      Thread.sleep(everyMs);
    }
  }

  /// A binary frame of 2,000 bytes that are masked with zeros.
  private static final String STEADY = "82fe07d000000000";

  @Test
  @Crosses("leastBytesPerSecond")
  void takesAMessageThatIsSlowAndSteady() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.messageTimeout(SHORT).leastBytesPerSecond(1_000));
        Peer peer = rig.open()) {
      long since = System.nanoTime();
      sendSteadily(peer, STEADY, 100, 40);
      assertElapsed(since, SHORT.multipliedBy(2));
      assertEquals(2_000, peer.read().payload().length);
    }
  }

  @Test
  @Crosses("leastBytesPerSecond")
  void closesAMessageOfWhichAByteComesNowAndThenWith1008() throws Exception {
    try (Rig rig =
            Rig.with(limits ->
                limits.messageTimeout(SHORT).leastBytesPerSecond(1_000).closeTimeout(SHORT));
        Peer peer = rig.open()) {
      assertThrows(IOException.class, () -> sendSteadily(peer, STEADY, 1, 10));
      rig.endpoint.assertClosed(1008, Close.By.SELF);
    }
  }

  @ParameterizedTest
  @CsvSource({"100, 40, 200", "1, 10, 408"})
  @Crosses("leastBytesPerSecond")
  void takesABodyThatIsSlowAndSteadyOnly(int bytes, int everyMs, int status) throws Exception {
    try (Rig rig =
            Rig.of(
                new Rig.Watched(),
                builder ->
                    builder
                        .http("/taken", request -> Response.text(200, "taken"))
                        .limits(
                            limits -> limits.handshakeTimeout(SHORT).leastBytesPerSecond(1_000)));
        Peer client = Peer.tcp(rig.port())) {
      client.send(
          "GET /taken HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2000\r\n\r\n");
      try {
        sendSteadily(client, "", bytes, everyMs);
      } catch (IOException cut) {
        assertEquals(408, status);
      }
      assertStatus(status, client.readAll());
    }
  }

  @Test
  void refusesLimitsThatImplyABandwidthNobodyHas() {
    Limits.Builder head = Limits.builder().headBytes(1 << 30);
    var tooMuch = assertThrows(IllegalArgumentException.class, head::build);
    assertTrue(tooMuch.getMessage().contains("102 MiB a second"), tooMuch.getMessage());
    assertEquals(1 << 30, head.handshakeTimeout(Duration.ofMinutes(2)).build().headBytes());
    Limits.Builder pace = Limits.builder().leastBytesPerSecond((1 << 20) + 1);
    var tooFast = assertThrows(IllegalArgumentException.class, pace::build);
    assertTrue(tooFast.getMessage().startsWith("leastBytesPerSecond "), tooFast.getMessage());
  }

  @Test
  @Crosses("messageTimeout")
  void measuresTheTimeOfAMessageFromItsOwnBeginning() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.messageTimeout(Duration.ofSeconds(1)));
        Peer peer = rig.open()) {
      long since = System.nanoTime();
      while (System.nanoTime() - since < 1_500_000_000L) {
        peer.send(Peer.frame(false, Peer.TEXT, new byte[] {'a'}));
        Thread.sleep(100);
        peer.send(Peer.frame(true, Peer.CONTINUATION, new byte[] {'b'}));
        assertEquals("ab", peer.read().text());
      }
    }
  }

  // ---- Control frames -------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(ints = {Peer.PING, Peer.PONG})
  @Crosses("controlFrameBurst")
  void closesABurstOfControlFramesWith1008(int opcode) throws Exception {
    try (Rig rig = Rig.with(limits -> limits.controlFramesPerSecond(1).controlFrameBurst(5));
        Peer peer = rig.open()) {
      for (int at = 0; at < 5; at++) {
        peer.send(Peer.frame(true, opcode, new byte[] {(byte) at}));
        if (opcode == Peer.PING) {
          assertArrayEquals(new byte[] {(byte) at}, peer.read().payload());
        }
      }
      assertEchoes(peer);
      peer.send(Peer.frame(true, opcode, new byte[] {5}));
      peer.send(Peer.frame(true, opcode, new byte[] {6})); // a second may have passed
      assertFailed(1008, peer, rig);
    }
  }

  @Test
  @Crosses("controlFramesPerSecond")
  void keepsToTheRateOfControlFrames() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.controlFramesPerSecond(20).controlFrameBurst(1));
        Peer peer = rig.open()) {
      byte[] ping = Peer.frame(true, Peer.PING, new byte[0]);
      for (int at = 0; at < 5; at++) {
        peer.send(ping);
        assertEquals(Peer.PONG, peer.read().opcode());
        Thread.sleep(120); // over twice the 50 ms that one frame stands for
      }
      peer.send(ByteBuffer.allocate(2 * ping.length).put(ping).put(ping).array());
      assertFailed(1008, peer, rig);
    }
  }

  @Test
  @Crosses({"idlePing", "pongTimeout"})
  void pingsASilentPeerAndGivesItUp() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.idlePing(SHORT).pongTimeout(SHORT));
        Peer peer = rig.open()) {
      long since = System.nanoTime();
      assertEquals(Peer.PING, peer.read().opcode());
      assertElapsed(since, SHORT.multipliedBy(9).dividedBy(10));
      assertThrows(EOFException.class, peer::read);
      assertElapsed(since, SHORT.multipliedBy(19).dividedBy(10));
      rig.endpoint.assertClosed(1006, Close.By.NETWORK);
    }
  }

  @Test
  @Crosses({"idlePing", "pongTimeout"})
  void keepsAPeerThatAnswersPings() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.idlePing(SHORT).pongTimeout(SHORT));
        Peer peer = rig.open()) {
      WebSocket ws = rig.endpoint.awaitOpened();
      assertNull(ws.roundTrip());
      for (int at = 0; at < 4; at++) {
        Peer.Frame ping = peer.read();
        assertEquals(Peer.PING, ping.opcode());
        peer.send(Peer.frame(true, Peer.PONG, ping.payload()));
      }
      assertEchoes(peer);
      Duration roundTrip = ws.roundTrip();
      assertNotNull(roundTrip);
      assertTrue(roundTrip.isPositive() && roundTrip.compareTo(SHORT) < 0, roundTrip.toString());
      assertTrue(ws.isOpen());
    }
  }

  @Test
  @Crosses("closeTimeout")
  void closesTcpIfCloseIsNotAnswered() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.closeTimeout(SHORT));
        Peer peer = rig.open()) {
      long since = System.nanoTime();
      rig.endpoint.awaitOpened().close(4000, "enough");
      assertEquals(4000, peer.readClose().code());
      peer.sendText("not an answer");
      peer.awaitEnd();
      assertElapsed(since, SHORT);
      rig.endpoint.assertClosed(1006, Close.By.SELF);
      assertEquals(0, rig.endpoint.messages.get(), "delivered behind our Close");
    }
  }

  @Test
  @Crosses("closeTimeout")
  void waitsForThePeerThatStillTakesWhatStandsBeforeClose() throws Exception {
    int bytes = 12 << 20; // more than the kernel's buffers hold
    try (Rig rig = Rig.with(limits -> limits.closeTimeout(SHORT).outboxHardBytes(2 * bytes));
        Peer peer = rig.keep(Peer.narrow(rig.port(), Rig.PATH))) {
      WebSocket ws = rig.endpoint.awaitOpened();
      assertTrue(ws.send(new byte[bytes]).isTaken());
      ws.close(4000, "behind it all");
      int chunk = bytes / 12;
      peer.socket.getInputStream().readNBytes(10); // the header
      for (int at = 0; at < bytes; at += chunk) {
        TimeUnit.MILLISECONDS.sleep(SHORT.toMillis() / 8);
        assertEquals(chunk, peer.socket.getInputStream().readNBytes(chunk).length, "at " + at);
      }
      assertEquals(4000, peer.readClose().code());
      peer.sendClose(4000, "");
      rig.endpoint.assertClosed(4000, Close.By.SELF);
    }
  }

  @Test
  @Crosses("closeTimeout")
  void closesTcpIfThePeerLeavesItOpen() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.closeTimeout(SHORT));
        Peer peer = rig.open()) {
      peer.sendClose(1000, "");
      assertEquals(1000, peer.readClose().code());
      assertThrows(EOFException.class, peer::read);
      rig.awaitNobody(); // though the peer has not closed its end
      rig.endpoint.assertClosed(1000, Close.By.PEER);
    }
  }

  /// A peer that is not done with its request or message when it is refused, and one that floods.
  @ParameterizedTest
  @ValueSource(strings = {"refused", "closed", "closing"})
  @Crosses("lingerBytes")
  void readsAndDropsSoMuchBehindTheEnd(String how) throws Exception {
    int bound = 1 << 20;
    try (Rig rig =
            Rig.with(limits -> limits.lingerBytes(bound).closeTimeout(Duration.ofSeconds(2)));
        Peer peer = how.equals("refused") ? Peer.tcp(rig.port()) : rig.open()) {
      switch (how) {
        case "refused" ->
            peer.send("GET /nothing HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n");
        case "closed" -> peer.sendClose(1000, "");
        default -> rig.endpoint.awaitOpened().close(4000, "");
      }
      long sent = 0;
      try {
        for (byte[] frame = Peer.frame(true, Peer.BINARY, new byte[64 << 10]); sent < 1 << 30; ) {
          peer.send(frame);
          sent += frame.length;
        }
      } catch (IOException cut) {
        // it ended while the kernel took no more
      }
      assertTrue(sent > bound, "dropped " + sent);
      assertTrue(sent < bound + (32 << 20), "dropped " + sent + " and what the kernel holds");
      rig.awaitNobody();
    }
  }

  // ---- Sending --------------------------------------------------------------------------------

  @Test
  @Crosses("outboxSoftBytes")
  void saysQueuedOverTheSoftLimitAndWritableLater() throws Exception {
    List<Send> answers = Collections.synchronizedList(new ArrayList<>());
    var endpoint =
        new Rig.Watched() {
          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            answers.add(ws.send(new byte[996])); // and 4 bytes of header
            answers.add(ws.send(new byte[0])); // 2
          }
        };
    try (Rig rig =
            Rig.of(endpoint, builder -> builder.limits(limits -> limits.outboxSoftBytes(1000)));
        Peer peer = rig.open()) {
      peer.sendBinary(new byte[1]);
      assertEquals(996, peer.read().payload().length);
      assertEquals(0, peer.read().payload().length);
      Probe.until("writable", () -> endpoint.writable.get() == 1);
      assertEquals(List.of(Send.SENT, Send.QUEUED), answers);
    }
  }

  @Test
  @Crosses("outboxHardBytes")
  void refusesOverTheHardLimit() throws Exception {
    List<Send> answers = Collections.synchronizedList(new ArrayList<>());
    var endpoint =
        new Rig.Watched() {
          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            answers.add(ws.send(new byte[996])); // 1000 with its header
            answers.add(ws.send(new byte[1005]));
            answers.add(ws.send(new byte[1004]));
            answers.add(ws.send(new byte[0]));
          }
        };
    try (Rig rig =
            Rig.of(
                endpoint,
                builder ->
                    builder.limits(limits -> limits.outboxSoftBytes(999).outboxHardBytes(2004)));
        Peer peer = rig.open()) {
      peer.sendBinary(new byte[1]);
      assertEquals(996, peer.read().payload().length);
      assertEquals(1004, peer.read().payload().length);
      Probe.until("writable", () -> endpoint.writable.get() == 1);
      assertEquals(List.of(Send.QUEUED, Send.REFUSED, Send.QUEUED, Send.REFUSED), answers);
      WebSocket ws = endpoint.awaitOpened();
      assertTrue(ws.send(new byte[2004]).isTaken(), "there is room again");
      assertEquals(2004, peer.read().payload().length);
      assertThrows(IllegalArgumentException.class, () -> ws.send(new byte[2005]));
    }
  }

  /// So that an echo is never refused: nothing is read while the outbox is high.
  @Test
  @Crosses("outboxHardBytes")
  void takesAMessageOfAnySizeWhileItIsNotHigh() throws Exception {
    List<Send> answers = Collections.synchronizedList(new ArrayList<>());
    var endpoint =
        new Rig.Watched() {
          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            answers.add(ws.send(new byte[996])); // 1000 with its header: at the soft limit
            answers.add(ws.send(new byte[2004]));
          }
        };
    try (Rig rig =
            Rig.of(
                endpoint,
                builder ->
                    builder.limits(limits -> limits.outboxSoftBytes(1000).outboxHardBytes(2004)));
        Peer peer = rig.open()) {
      peer.sendBinary(new byte[1]);
      assertEquals(996, peer.read().payload().length);
      assertEquals(2004, peer.read().payload().length);
      assertEquals(List.of(Send.SENT, Send.QUEUED), answers);
    }
  }

  @Test
  void makesRoomForTheLargestMessage() {
    assertEquals(1 << 20, Limits.defaults().outboxHardBytes());
    Limits large = Limits.builder().messageBytes(16 << 20).build();
    assertEquals(16 << 20, large.outboxHardBytes());
    assertEquals(32 << 20, large.toBuilder().messageBytes(32 << 20).build().outboxHardBytes());
    assertEquals(
        2 << 20,
        Limits.builder().outboxHardBytes(2 << 20).messageBytes(32 << 20).build().outboxHardBytes());
  }

  @Test
  @Crosses({"outboxSoftBytes", "outboxHardBytes"})
  void losesNothingThatItTook() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.outboxSoftBytes(64 << 10).outboxHardBytes(1 << 20));
        Peer peer = Peer.narrow(rig.port(), Rig.PATH)) {
      WebSocket ws = rig.endpoint.awaitOpened();
      int taken = 0;
      boolean queued = false;
      for (Send sent = Send.SENT; sent.isTaken(); ) {
        sent = ws.send(ByteBuffer.allocate(10_000).putInt(taken).clear());
        taken += sent.isTaken() ? 1 : 0;
        queued |= sent == Send.QUEUED;
        assertTrue(ws.bufferedBytes() <= (1 << 20) + 200 * 1024, "" + ws.bufferedBytes());
      }
      assertTrue(queued, "it said QUEUED before it said REFUSED");
      for (int at = 0; at < taken; at++) {
        assertEquals(at, ByteBuffer.wrap(peer.read().payload()).getInt());
      }
      Probe.until("writable", () -> rig.endpoint.writable.get() > 0);
      assertEquals(Send.SENT, ws.send("and on"));
      assertEquals("and on", peer.read().text());
    }
  }

  @Test
  @Crosses("progressTimeout")
  void closesAPeerThatTakesNothing() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.progressTimeout(SHORT));
        Peer peer = Peer.narrow(rig.port(), Rig.PATH)) {
      WebSocket ws = rig.endpoint.awaitOpened();
      long since = System.nanoTime();
      long left = since; // about when bytes left the last time: a few are still taken behind that
      while (rig.endpoint.closed.isEmpty()) {
        left = ws.send(new byte[50_000]).isTaken() ? System.nanoTime() : left;
        assertTrue(System.nanoTime() - since < Probe.WAIT.toNanos(), "it is not closed");
      }
      assertElapsed(left, SHORT.dividedBy(2));
      assertTrue(System.nanoTime() - left < 10 * SHORT.toNanos(), "too late");
      rig.endpoint.assertClosed(1006, Close.By.NETWORK);
      assertEquals(Send.REFUSED, ws.send("too late"));
      rig.awaitNobody(); // though the peer has not closed
      assertTrue(peer.socket.isConnected());
    }
  }

  @Test
  @Crosses("progressTimeout")
  void keepsAPeerThatIsSlowButTakesSomething() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.progressTimeout(Duration.ofSeconds(1)));
        Peer peer = Peer.narrow(rig.port(), Rig.PATH)) {
      WebSocket ws = rig.endpoint.awaitOpened();
      int taken = 0;
      long since = System.nanoTime();
      int read = 0;
      while (System.nanoTime() - since < 2_500_000_000L) {
        while (ws.send(new byte[50_000]).isTaken()) {
          taken++;
        }
        assertTrue(ws.isOpen(), "it reads");
        for (int at = 0; at < 20; at++, read++) {
          assertEquals(50_000, peer.read().payload().length);
        }
        Thread.sleep(20);
      }
      for (; read < taken; read++) {
        assertEquals(50_000, peer.read().payload().length);
      }
    }
  }

  // ---- Reading --------------------------------------------------------------------------------

  @Test
  @Crosses("inboxMessages")
  void readsNoMoreWhileAConversationOwesSoManyMessages() throws Exception {
    assertPauses(limits -> limits.inboxMessages(4), 10, 10, 10, 10);
  }

  @Test
  @Crosses("inboxBytes")
  void readsNoMoreWhileAConversationOwesSoManyBytes() throws Exception {
    assertPauses(limits -> limits.inboxBytes(1000), 500, 499, 1);
  }

  /// The last message is the one that the limit names; a ping behind it is not read until the
  /// conversation takes what it has.
  private static void assertPauses(Consumer<Limits.Builder> limits, int... messages)
      throws Exception {
    var release = new CountDownLatch(1);
    var taken = Collections.synchronizedList(new ArrayList<Integer>());
    try (Rig rig =
            Rig.of(
                new Rig.Watched(),
                builder ->
                    builder
                        .limits(limits)
                        .converse(
                            "/talk",
                            ws -> {
                              release.await();
                              ws.forEach(message -> taken.add(bytes(message)));
                            }));
        Peer peer = Peer.open(rig.port(), "/talk")) {
      byte[] ping = Peer.frame(true, Peer.PING, new byte[] {1});
      for (int at = 0; at < messages.length - 1; at++) {
        peer.sendBinary(new byte[messages[at]]);
      }
      peer.send(ping);
      assertEquals(Peer.PONG, peer.read().opcode(), "under the limit");
      peer.sendBinary(new byte[messages[messages.length - 1]]);
      peer.send(ping);
      peer.wait(SHORT);
      assertThrows(SocketTimeoutException.class, peer::read);
      rig.assertHealthy();
      release.countDown();
      peer.wait(Probe.WAIT);
      assertEquals(Peer.PONG, peer.read().opcode(), "reading goes on");
      peer.sendClose(1000, "");
      assertEquals(1000, peer.readClose().code());
      Probe.until("all messages were taken", () -> taken.size() == messages.length);
      assertEquals(IntStream.of(messages).boxed().toList(), taken);
    }
  }

  /// Taking a message while the outbox is full lets a conversation read on: it is its inbox that
  /// says when that is enough.
  @Test
  @Crosses("inboxMessages")
  void readsOnWhileTheOutboxIsHigh() throws Exception {
    var release = new CountDownLatch(1);
    var taken = new AtomicLong();
    var opened = new CompletableFuture<WebSocket>();
    try (Rig rig =
            Rig.of(
                new Rig.Watched(),
                builder ->
                    builder
                        .limits(limits ->
                            limits.inboxMessages(4).outboxSoftBytes(1000).outboxHardBytes(1 << 30))
                        .converse(
                            "/talk",
                            ws -> {
                              opened.complete(ws);
                              release.await();
                              ws.forEach(message -> taken.incrementAndGet());
                            }));
        Peer peer = Peer.narrow(rig.port(), "/talk")) {
      WebSocket ws = opened.get(20, TimeUnit.SECONDS);
      Group group = ws.group("g");
      assertTrue(group.join(ws));
      for (int at = 0; at < 5; at++) {
        peer.sendBinary(new byte[10]);
      }
      peer.send(Peer.frame(true, Peer.PING, new byte[] {1}));
      int published = 0;
      for (; rig.onLoop(ws::bufferedBytes) < 1 << 20; published++) {
        group.publish(ByteBuffer.allocate(100_000)); // until the peer's kernel takes no more
      }
      release.countDown();
      Probe.until("all is taken, that which was not read as well", () -> taken.get() == 5);
      assertTrue(rig.onLoop(ws::bufferedBytes) > 1000, "the outbox is still high");
      for (int at = 0; at < published; at++) {
        assertEquals(100_000, peer.read().payload().length);
      }
      assertEquals(Peer.PONG, peer.read().opcode());
    }
  }

  private static int bytes(Message message) {
    return switch (message) {
      case Message.Text(String text) -> text.length();
      case Message.Binary(ByteBuffer data) -> data.remaining();
    };
  }

  @Test
  @Crosses("inboxTimeout")
  void closesAConversationWithAFullInboxOfWhichNothingIsTakenWith1013() throws Exception {
    var release = new CountDownLatch(1);
    try (Rig rig =
            Rig.of(
                new Rig.Watched(),
                builder ->
                    builder
                        .limits(limits -> limits.inboxMessages(2).inboxTimeout(SHORT))
                        .converse("/talk", ws -> release.await()));
        Peer peer = rig.keep(Peer.open(rig.port(), "/talk"))) {
      long since = System.nanoTime();
      for (int at = 0; at < 10; at++) {
        peer.sendText("hi");
      }
      Peer.Frame close = peer.readClose();
      assertEquals(1013, close.code());
      assertTrue(close.reason().contains("inboxTimeout of 300 ms"), close.reason());
      assertElapsed(since, SHORT);
      peer.sendClose(1013, "");
      rig.awaitNobody();
      release.countDown();
    }
  }

  /// What the kernel's buffers hold is all that a peer can send to a conversation that does not
  /// take it.
  @Test
  @Crosses({"inboxBytes", "inboxMessages"})
  void blocksThePeerOfAConversationThatTakesNothing() throws Exception {
    var release = new CountDownLatch(1);
    var took = new AtomicLong();
    try (Rig rig =
            Rig.of(
                new Rig.Watched(),
                builder ->
                    builder.converse(
                        "/talk",
                        ws -> {
                          release.await();
                          ws.forEach(message -> took.addAndGet(bytes(message)));
                        }));
        Peer peer = Peer.open(rig.port(), "/talk")) {
      byte[] message = Peer.frame(true, Peer.BINARY, new byte[50_000]);
      var sent = new AtomicLong();
      Thread sender =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  while (sent.get() < 2000) {
                    peer.send(message);
                    sent.incrementAndGet();
                  }
                } catch (IOException e) {
                  sent.set(-1);
                }
              });
      long before = -1;
      while (sent.get() != before) {
        before = sent.get();
        Thread.sleep(SHORT.toMillis());
      }
      assertTrue(before < 2000, "the sender blocks");
      assertTrue(rig.lentChunks() <= 8, "what was read and not taken: " + rig.lentChunks());
      rig.assertHealthy();
      release.countDown();
      sender.join(Probe.WAIT);
      Probe.until("everything was taken", () -> took.get() == 2000L * 50_000);
    }
  }

  @Test
  @Crosses("turnFrames")
  void handlesSoManyFramesATurnAndThenTheOthers() throws Exception {
    assertTakesTurns(limits -> limits.turnFrames(10), 100, 1, 10);
  }

  @Test
  @Crosses("turnBytes")
  void readsSoManyBytesATurnAndThenTheOthers() throws Exception {
    assertTakesTurns(limits -> limits.turnBytes(10_000), 50, 2000, 5);
  }

  /// Two connections have sent while the loop was busy: the one that floods may be handled first,
  /// but not `most` messages before the other.
  private static void assertTakesTurns(
      Consumer<Limits.Builder> limits, int flood, int messageBytes, int most) throws Exception {
    var order = Collections.synchronizedList(new ArrayList<Integer>());
    var endpoint =
        new Blocking() {
          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            order.add(data.remaining());
          }
        };
    try (Logged logged = new Logged();
        Rig rig = Rig.alone(endpoint, builder -> builder.limits(limits));
        Peer blocker = rig.open();
        Peer flooder = rig.open();
        Peer other = rig.open()) {
      endpoint.by(blocker);
      byte[] message = Peer.frame(true, Peer.BINARY, new byte[messageBytes]);
      ByteBuffer all = ByteBuffer.allocate(flood * message.length);
      for (int at = 0; at < flood; at++) {
        all.put(message);
      }
      flooder.send(all.array());
      other.sendBinary(new byte[0]);
      endpoint.release.countDown();
      Probe.until("all were handled", () -> order.size() == flood + 1);
      assertTrue(order.indexOf(0) <= most, "behind " + order.indexOf(0) + " messages");
      assertNotNull(logged);
    }
  }

  // ---- The server -----------------------------------------------------------------------------

  @Test
  @Crosses("connections")
  void tellsThoseBeyondTheLimitThatItIsFull() throws Exception {
    try (Logged logged = new Logged();
        Rig rig = Rig.with(limits -> limits.connections(4))) {
      List<Peer> all = new ArrayList<>();
      for (int at = 0; at < 3; at++) {
        all.add(rig.keep(rig.open()));
      }
      for (int at = 0; at < 100; at++) {
        assertTurnedAway(rig, "503 Service Unavailable");
      }
      assertEquals(100, rig.server.turnedAway());
      assertEquals(3, rig.connections(), "they took nobody's place");
      for (Peer peer : all) {
        assertEchoes(peer);
        peer.close();
      }
      rig.awaitNobody();
      assertEchoes(rig.keep(rig.open()));
      assertTrue(logged.count("which is the limit connections") >= 1, logged.all());
      assertTrue(logged.count("which is the limit connections") < 50, "one line a second");
    }
  }

  /// A newcomer hears why there is no room, or at least that there is none: nobody waits in vain.
  private static void assertTurnedAway(Rig rig, String status) throws IOException {
    String head;
    try (Peer late = Peer.tcp(rig.port())) {
      late.send(Peer.handshake(Rig.PATH));
      head = late.readAll();
    } catch (SocketTimeoutException e) {
      throw new AssertionError("it waits in vain", e);
    } catch (IOException closed) {
      assertTrue(rig.server.isSecure() || rig.server.turnedAway() > 1, closed.toString());
      return;
    }
    assertFalse(rig.server.isSecure(), head);
    assertTrue(head.isEmpty() || head.startsWith("HTTP/1.1 " + status), head);
  }

  /// Those who come while the loop is busy are all there at its next turn.
  @Test
  @Crosses("connections")
  void acceptsNoMoreThanTheLimitOfThoseWhoComeAtOnce() throws Exception {
    var block = new Blocking();
    try (Logged logged = new Logged();
        Rig rig = Rig.alone(block, builder -> builder.limits(limits -> limits.connections(5)));
        Peer blocker = rig.open()) {
      block.by(blocker);
      List<Peer> all = new ArrayList<>();
      for (int at = 0; at < 30; at++) {
        all.add(rig.keep(Peer.tcp(rig.port())));
        if (!rig.server.isSecure()) {
          all.getLast().send(Peer.handshake(Rig.PATH));
        }
      }
      block.release.countDown();
      Probe.until("all were seen", () -> rig.server.turnedAway() == 26);
      assertEquals(5, rig.onLoop(rig.server::connections));
      assertEquals(1, logged.count("which is the limit"), logged.all());
      if (!rig.server.isSecure()) {
        assertTrue(all.getFirst().readHead().startsWith("HTTP/1.1 101 "));
        assertTrue(all.getLast().readHead().startsWith("HTTP/1.1 503 "));
      }
    }
  }

  @Test
  @Crosses("connectionsPerAddress")
  void tellsThoseOfOneAddressThatItHasEnough() throws Exception {
    try (Logged logged = new Logged();
        Rig rig =
            Rig.of(
                new Rig.Watched(),
                builder ->
                    builder
                        .countsLoopback()
                        .limits(limits -> limits.connections(100).connectionsPerAddress(3)))) {
      Peer first = rig.keep(rig.open());
      Peer second = rig.keep(rig.open());
      for (int at = 0; at < 10; at++) {
        assertTurnedAway(rig, "429 Too Many Requests");
      }
      assertEquals(10, rig.server.turnedAway());
      assertEchoes(first);
      second.close();
      Probe.until("one has gone", () -> rig.connections() == 1);
      assertEchoes(rig.keep(rig.open()));
      assertTrue(
          logged.count("3 from 127.0.0.1, which is the limit connectionsPerAddress") >= 1,
          logged.all());
    }
  }

  /// Nor are trusted proxies counted, and the limit follows that on all unless it is set.
  @Test
  void countsNoConnectionsOfThisMachineNorOfProxies() throws Exception {
    assertEquals(50, Limits.builder().connections(100).build().connectionsPerAddress());
    assertEquals(
        20,
        Limits.builder().connections(100).build().toBuilder()
            .connections(40)
            .build()
            .connectionsPerAddress());
    try (Rig rig = Rig.with(limits -> limits.connectionsPerAddress(1))) {
      assertEchoes(rig.keep(rig.open()));
      assertEchoes(rig.keep(rig.open()));
    }
    try (Rig rig =
        Rig.of(
            new Rig.Watched(),
            builder ->
                builder
                    .countsLoopback()
                    .trustedProxies("10.0.0.0/8", "127.0.0.0/8")
                    .limits(limits -> limits.connectionsPerAddress(1)))) {
      assertEchoes(rig.keep(rig.open()));
      assertEchoes(rig.keep(rig.open()));
      assertEquals(0, rig.server.turnedAway());
    }
  }

  @Test
  @Crosses("groupsPerConnection")
  void joinsNoMoreGroupsThanTheLimit() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.groupsPerConnection(3));
        Peer peer = rig.open()) {
      WebSocket ws = rig.endpoint.awaitOpened();
      for (String name : List.of("a", "b", "c", "a")) {
        assertTrue(ws.group(name).join(ws), name);
      }
      assertFalse(ws.group("d").join(ws));
      assertEquals(0, ws.group("d").size());
      ws.group("b").leave(ws);
      assertTrue(ws.group("d").join(ws));
      assertEchoes(peer);
    }
  }

  @Test
  @Crosses("groupNameBytes")
  void refusesANameOverTheLimit() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.groupNameBytes(10))) {
      assertEquals("ééééé", rig.server.group("ééééé").name());
      assertThrows(IllegalArgumentException.class, () -> rig.server.group("ééééé!"));
    }
  }

  @Test
  @Crosses("tlsTasks")
  void closesAConnectionWhoseHandshakeNoThreadHasTimeFor() throws Exception {
    int threads = Runtime.getRuntime().availableProcessors();
    CountDownLatch release = new CountDownLatch(1);
    AtomicInteger begun = new AtomicInteger();
    Tls slow =
        TlsServerTest.choosing(() -> {
          begun.incrementAndGet();
          assertTrue(release.await(Probe.WAIT.toSeconds(), TimeUnit.SECONDS));
        });
    byte[] hello = TlsServerTest.clientHello();
    try (Server server =
        Server.at("127.0.0.1", 0)
            .closeAtShutdown(false)
            .tls(slow)
            .limits(limits -> limits.tlsTasks(1))
            .start()) {
      List<Peer> waiting = new ArrayList<>();
      for (int at = 0; at < threads; at++) {
        waiting.add(Peer.bare(server.port()));
        waiting.getLast().send(hello);
      }
      Probe.until("every thread has a handshake", () -> begun.get() == threads);
      List<Peer> more = new ArrayList<>();
      for (int at = 0; at < 3; at++) {
        more.add(Peer.bare(server.port()));
        more.getLast().send(hello);
      }
      Probe.until("one waits, two are closed", () -> server.connections() == threads + 1);
      release.countDown();
      for (Peer each : waiting) {
        assertEquals(22, each.readByte(), "a ServerHello");
        each.close();
      }
      for (Peer each : more) {
        each.close();
      }
    }
  }

  @Test
  @Crosses("mailboxMails")
  void refusesWhatOtherThreadsSendOverTheLimit() throws Exception {
    var endpoint = new Blocking();
    try (Logged logged = new Logged();
        Rig rig = Rig.alone(endpoint, builder -> builder.limits(limits -> limits.mailboxMails(6)));
        Peer peer = rig.open()) {
      WebSocket ws = endpoint.awaitOpened();
      Group group = ws.group("g");
      assertTrue(group.join(ws));
      assertEquals(0, rig.lentChunks()); // and the loop has read its mail
      endpoint.by(peer);
      for (int at = 0; at < 4; at++) {
        assertEquals(Send.SENT, ws.send("message " + at));
      }
      assertEquals(Send.SENT, group.publish("message 4"));
      assertEquals(Send.SENT, ws.send("message 5"));
      assertEquals(Send.REFUSED, group.publish("one too many"));
      assertFalse(ws.group("other").join(ws), "a join is mail too");
      assertEquals(0, ws.group("other").size());
      assertEquals(Send.REFUSED, ws.send("one too many"));
      var ping = ws.ping();
      assertTrue(ping.isCompletedExceptionally(), "a ping is mail too");
      endpoint.release.countDown();
      for (int at = 0; at < 6; at++) {
        assertEquals("message " + at, peer.read().text());
      }
      Probe.until("writable", () -> endpoint.writable.get() == 1);
      assertEquals(Send.SENT, ws.send("room again"));
      assertEquals("room again", peer.read().text());
      assertEquals(0, logged.count("threw"), logged.all());
    }
  }

  /// A message of 1,000 bytes takes 1,024, and the bystander's request a few hundred.
  @ParameterizedTest
  @ValueSource(ints = {4_000, 1_200})
  @Crosses("receivedBytes")
  void closesAMessageForWhichThereIsNoMemory(int received) throws Exception {
    byte[] frame = Peer.frame(true, Peer.BINARY, new byte[1_000]);
    try (Rig rig = Rig.with(limits -> limits.receivedBytes(received));
        Peer peer = rig.open()) {
      peer.send(Arrays.copyOf(frame, 500));
      rig.assertHealthy();
      peer.send(Arrays.copyOfRange(frame, 500, frame.length - 1));
      if (received == 4_000) {
        peer.send(Arrays.copyOfRange(frame, frame.length - 1, frame.length));
        assertEquals(1_000, peer.read().payload().length);
      } else {
        assertEquals(1013, peer.readClose().code());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {4_000, 3_999})
  void saysAtStartIfAMessageMayFindNoMemory(long received) {
    try (Logged logged = new Logged();
        Server server =
            Server.at("127.0.0.1", 0)
                .closeAtShutdown(false)
                .limits(l -> l.messageBytes(1000).receivedBytes(received))
                .route("/", new Endpoint() {})
                .start()) {
      assertTrue(server.port() > 0);
      assertEquals(
          received == 4_000 ? 0 : 1, logged.count("Set receivedBytes to 4000"), logged.all());
    }
  }

  @ParameterizedTest
  @CsvSource({"3000, 0", "2999, 1"})
  void saysAtStartIfALoopsShareIsBelowAMessage(long poolBytes, int lines) {
    try (Logged logged = new Logged();
        Server server =
            Server.at("127.0.0.1", 0)
                .loops(3)
                .closeAtShutdown(false)
                .limits(l -> l.messageBytes(1000).poolBytes(poolBytes))
                .route("/", new Endpoint() {})
                .start()) {
      assertTrue(server.port() > 0);
      assertEquals(
          lines,
          logged.count("(2999 over 3 loops), and messageBytes allows 1000. Set poolBytes to 3000"),
          logged.all());
      assertEquals(lines, logged.count("REFUSED"), logged.all());
    }
  }

  @Test
  @Crosses("poolBytes")
  void refusesWhatTheLoopHasNoMemoryFor() throws Exception {
    List<Send> answers = Collections.synchronizedList(new ArrayList<>());
    List<WebSocket> both = Collections.synchronizedList(new ArrayList<>());
    var endpoint =
        new Rig.Watched() {
          @Override
          public void text(WebSocket ws, String text) {
            byte[] chunk = new byte[Pool.CHUNK_BYTES - 4];
            answers.add(both.getFirst().send(chunk));
            answers.add(both.getFirst().send(chunk));
            answers.add(both.getLast().send(chunk)); // the pool is lent out
            answers.add(both.getLast().send("x"));
          }
        };
    try (Rig rig =
            Rig.alone(
                endpoint,
                builder -> builder.limits(limits -> limits.poolBytes(3L * Pool.CHUNK_BYTES)));
        Peer one = rig.open()) {
      both.add(endpoint.awaitOpened());
      try (Peer other = rig.open()) {
        both.add(endpoint.awaitOpened());
        one.sendText("go");
        assertEquals(Pool.CHUNK_BYTES - 4, one.read().payload().length);
        assertEquals(Pool.CHUNK_BYTES - 4, one.read().payload().length);
        assertEquals(Pool.CHUNK_BYTES - 4, other.read().payload().length);
        Probe.until("writable", () -> endpoint.writable.get() == 1);
        assertEquals(List.of(Send.SENT, Send.SENT, Send.SENT, Send.REFUSED), answers);
        assertEquals(Send.SENT, both.getLast().send("y"));
        assertEquals("y", other.read().text());
      }
    }
  }

  /// Other threads keep to it as well, and a group's members are not to blame.
  @Test
  @Crosses("poolBytes")
  void keepsOtherThreadsToTheMemoryOfTheLoop() throws Exception {
    int chunks = 40;
    try (Rig rig =
            Rig.alone(
                new Rig.Watched(),
                builder ->
                    builder.limits(limits -> limits.poolBytes((long) chunks * Pool.CHUNK_BYTES)));
        Peer quiet = rig.open()) {
      WebSocket member = rig.endpoint.awaitOpened();
      Group group = member.group("g");
      assertTrue(group.join(member));
      List<Peer> slow = new ArrayList<>();
      for (int at = 0; at < 10; at++) {
        slow.add(rig.keep(Peer.narrow(rig.port(), Rig.PATH)));
        WebSocket ws = rig.endpoint.awaitOpened();
        for (Send sent = Send.SENT; sent.isTaken(); ) {
          sent = ws.send(new byte[50_000]);
          int lent = rig.lentChunks();
          assertTrue(lent <= chunks + slow.size(), lent + " chunks are lent");
        }
      }
      assertEquals(Send.REFUSED, member.send(new byte[50_000]), "for want of memory");
      group.publish("short");
      assertEquals("short", quiet.read().text());
      assertTrue(member.isOpen(), "a member that took everything is not slow");
      for (Peer peer : slow) {
        peer.close();
      }
      Probe.until("there is memory again", () -> member.send(new byte[50_000]).isTaken());
      assertEquals(50_000, quiet.read().payload().length);
    }
  }

  /// Publications wait in memory too.
  @Test
  @Crosses("poolBytes")
  void refusesPublicationsThatTheLoopDoesNotKeepUpWith() throws Exception {
    int bytes = 50_000;
    var endpoint = new Blocking();
    try (Rig rig =
            Rig.alone(
                endpoint,
                builder ->
                    builder.limits(
                        limits -> limits.poolBytes(4 * 5L * bytes).outboxSoftBytes(1 << 20)));
        Peer peer = rig.open()) {
      WebSocket ws = endpoint.awaitOpened();
      Group group = ws.group("g");
      assertTrue(group.join(ws));
      assertEquals(0, rig.lentChunks()); // and the loop has read its mail
      endpoint.by(peer);
      for (int at = 0; at < 5; at++) {
        assertEquals(Send.SENT, group.publish(ByteBuffer.allocate(bytes)));
      }
      assertEquals(Send.REFUSED, group.publish(ByteBuffer.allocate(bytes)));
      endpoint.release.countDown();
      for (int at = 0; at < 5; at++) {
        assertEquals(bytes, peer.read().payload().length);
      }
      assertEquals(Send.SENT, group.publish(ByteBuffer.allocate(10 * bytes)), "never none");
      assertEquals(10 * bytes, peer.read().payload().length);
    }
  }

  @Test
  @Crosses("drainTimeout")
  void closesByForceWhatDoesNotCloseInTime() throws Exception {
    var endpoint = new Rig.Watched();
    try (Server server =
            Server.at("127.0.0.1", 0)
                .loops(2)
                .route(Rig.PATH, endpoint)
                .limits(limits -> limits.drainTimeout(SHORT))
                .start();
        Peer deaf = Peer.open(server.port(), Rig.PATH);
        Peer polite = Peer.open(server.port(), Rig.PATH);
        Peer silent = Peer.tcp(server.port())) {
      Probe.until("all are there", () -> server.connections() == 3);
      Future<Server.Drained> closing;
      long since = System.nanoTime();
      try (var thread = Executors.newVirtualThreadPerTaskExecutor()) {
        closing = thread.submit(() -> server.close(server.limits().drainTimeout()));
        assertEquals(1001, polite.readClose().code());
        polite.sendClose(1001, "");
        polite.awaitEnd();
        polite.hangUp();
        assertEquals("", silent.readAll());
        silent.hangUp();
      }
      assertElapsed(since, SHORT);
      assertTrue(System.nanoTime() - since < 10 * SHORT.toNanos(), "too late");
      assertEquals(new Server.Drained(3, 1, 0), closing.get());
      deaf.awaitEnd();
      Probe.until("all are closed", () -> endpoint.closed.size() == 2 && endpoint.open() == 0);
      assertEquals(
          Set.of(1001, 1006),
          endpoint.closed.stream().map(Close::code).collect(Collectors.toSet()));
      assertSame(closing.get(), server.close(Duration.ofSeconds(1)), "once is enough");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 200})
  @Crosses("drainSpread")
  void spreadsTheClosesOfADrain(int spreadMs) throws Exception {
    int count = 200;
    var endpoint = new Rig.Watched();
    List<Long> times = Collections.synchronizedList(new ArrayList<>());
    try (Server server =
            Server.at("127.0.0.1", 0)
                .loops(2)
                .route(Rig.PATH, endpoint)
                .limits(limits -> limits.drainSpread(Duration.ofMillis(spreadMs)))
                .start();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> codes = new ArrayList<>();
      for (int at = 0; at < count; at++) {
        Peer peer = Peer.open(server.port(), Rig.PATH);
        codes.add(
            threads.submit(() -> {
              try (peer) {
                int code = peer.readClose().code();
                times.add(System.nanoTime());
                peer.sendClose(code, "");
                peer.awaitEnd();
                return code;
              }
            }));
      }
      assertEquals(new Server.Drained(count, 0, 0), server.close(Probe.WAIT));
      for (Future<Integer> code : codes) {
        assertEquals(1001, code.get());
      }
      long tookMs = (Collections.max(times) - Collections.min(times)) / 1_000_000;
      if (spreadMs > 1) {
        assertTrue(tookMs > spreadMs / 2, tookMs + " ms");
      } else {
        assertTrue(tookMs < 150, tookMs + " ms");
      }
    }
  }

  @Test
  @Crosses("blockedLoopWarning")
  void reportsAHandlerThatBlocksItsLoop() throws Exception {
    var endpoint =
        new Rig.Watched() {
          @Override
          public void text(WebSocket ws, String text) throws Exception {
            sleepInHandler(Integer.parseInt(text));
            ws.send(text);
          }
        };
    try (Logged logged = new Logged();
        Rig rig =
            Rig.alone(
                endpoint, builder -> builder.limits(limits -> limits.blockedLoopWarning(SHORT)));
        Peer peer = rig.open()) {
      peer.sendText("10");
      assertEquals("10", peer.read().text());
      assertEquals(0, logged.count("has been busy"), logged.all());
      peer.sendText("1000");
      assertEquals("1000", peer.read().text());
      assertEquals(1, logged.count("weft-loop-0 has been busy for"), logged.all());
      assertEquals(1, logged.count("LimitsTest.sleepInHandler"), logged.all());
    }
  }

  private static void sleepInHandler(int ms) throws InterruptedException {
    Thread.sleep(ms);
  }

  // ---- Helpers --------------------------------------------------------------------------------

  private static String exchange(Rig rig, String request) throws IOException {
    try (Peer peer = Peer.tcp(rig.port())) {
      peer.send(request);
      return peer.readAll();
    }
  }

  private static void assertStatus(int status, String answer) {
    assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
    assertTrue(answer.contains("\r\nConnection: close\r\n"), answer);
  }

  /// A Close with a code, the end of TCP, and the application hears the same.
  private static void assertFailed(int code, Peer peer, Rig rig)
      throws IOException, InterruptedException {
    assertEquals(code, peer.readClose().code());
    peer.awaitEnd();
    peer.hangUp();
    rig.endpoint.assertClosed(code, Close.By.SELF);
  }

  private static void assertEchoes(Peer peer) throws IOException {
    peer.sendText("still here");
    assertEquals("still here", peer.read().text());
  }

  /// Not before its time; the wheel's ticks and the loop's clock may differ by a moment.
  private static void assertElapsed(long sinceNs, Duration least) {
    long tookMs = (System.nanoTime() - sinceNs) / 1_000_000;
    assertTrue(tookMs >= least.toMillis() - 5, "after " + tookMs + " ms already");
  }

  // ---- What a live connection keeps -----------------------------------------------------------

  /// A live connection to where nobody listens.
  private static Live kept(Consumer<Limits.Builder> limits) throws IOException {
    int nobody;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = free.getLocalPort();
    }
    return Client.to("ws://127.0.0.1:" + nobody).limits(limits).stayConnected(new Endpoint() {});
  }

  @Test
  @Crosses("keptMessages")
  void keepsSoManyMessages() throws Exception {
    try (Live live = kept(limits -> limits.keptMessages(3))) {
      for (int at = 0; at < 3; at++) {
        assertEquals(Delivery.Outcome.KEPT, live.send("" + at).outcome());
      }
      assertEquals(Delivery.Outcome.OVERFLOW, live.send("3").outcome());
      assertEquals(3, live.keptMessages());
    }
  }

  @Test
  @Crosses("keptBytes")
  void keepsSoManyBytes() throws Exception {
    try (Live live = kept(limits -> limits.keptBytes(100))) {
      assertEquals(Delivery.Outcome.KEPT, live.send(new byte[40]).outcome());
      assertEquals(Delivery.Outcome.KEPT, live.send("x".repeat(60)).outcome());
      assertEquals(Delivery.Outcome.OVERFLOW, live.send("x").outcome());
      assertEquals(Delivery.Outcome.KEPT, live.send("").outcome());
      assertEquals(100, live.keptBytes());
    }
    try (Live live = kept(limits -> limits.keptBytes(100))) {
      assertEquals(Delivery.Outcome.KEPT, live.send(new byte[101]).outcome(), "alone");
      assertEquals(Delivery.Outcome.OVERFLOW, live.send("").outcome());
    }
  }

  @Test
  @Crosses("keptTimeout")
  void keepsSoLong() throws Exception {
    try (Live live = kept(limits -> limits.keptTimeout(SHORT))) {
      long since = System.nanoTime();
      Delivery usual = live.send("usual");
      Delivery patient = live.send(new Message.Text("patient"), Duration.ofDays(300));
      Delivery soon = live.send(new Message.Text("soon"), Duration.ofMillis(1));
      assertEquals(Delivery.Outcome.EXPIRED, soon.settled().get(20, TimeUnit.SECONDS));
      assertEquals(Delivery.Outcome.EXPIRED, usual.settled().get(20, TimeUnit.SECONDS));
      assertElapsed(since, SHORT);
      assertEquals(Delivery.Outcome.EXPIRED, patient.settled().get(20, TimeUnit.SECONDS));
      assertEquals(0, live.keptMessages());
      assertEquals(0, live.keptBytes());
    }
  }
}
