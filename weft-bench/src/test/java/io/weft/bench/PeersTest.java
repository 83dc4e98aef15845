package io.weft.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Compress;
import io.weft.Compression;
import io.weft.Endpoint;
import io.weft.Server;
import io.weft.WebSocket;
import io.weft.bench.Results.Cell;
import io.weft.bench.load.DeflateLoad;
import io.weft.bench.load.EchoLoad;
import io.weft.bench.load.JsonMessages;
import io.weft.bench.load.Target;
import io.weft.zlib.Zlib;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.json.JsonMapper;

/// A run as short as can be, so that the measurements stay alive; its figures mean nothing.
@Timeout(180)
final class PeersTest {

  @TempDir private Path folder;

  @Test
  void measuresWeftBesideAnotherServer() throws Exception {
    Results results = run("--only", "echo-20/weft-nio,netty-nio", "--minutes", "0.01");
    assertEquals(List.of("weft-nio", "netty-nio"), peers(results));
    for (Cell cell : results.cells()) {
      assertNull(cell.failure(), cell.toString());
      assertTrue(cell.cpuNs() > 100 && cell.perSecond() > 10, cell.toString());
      assertNotNull(cell.latency());
      assertTrue(cell.latency().p50() > 1, cell.toString());
      assertTrue(cell.latency().p50() <= cell.latency().p999(), cell.toString());
      assertNotNull(cell.half());
      assertTrue(cell.rssBytes() > 1 << 20, cell.toString());
      assertNotNull(results.versions().get(cell.peer()));
    }
    rendersAsAPage("netty-nio");
  }

  @Test
  void measuresTheFloor() throws Exception {
    assumeFloor();
    Results results = run("--only", "echo-20/floor-*", "--minutes", "0.01");
    assertEquals(Floor.SERVERS, peers(results));
    for (Cell cell : results.cells()) {
      assertNull(cell.failure(), cell.toString());
      assertTrue(cell.cpuNs() > 100, cell.toString());
    }
    String table = Tables.scenario(Scenario.all(0).getFirst(), results.cells());
    assertTrue(table.contains(" of the floor |") && table.contains(" | 1.00 | "), table);
  }

  /// Each byte that comes back is held against what was sent, whatever the size of a message is to
  /// the floor's buffers.
  @Test
  void echoesOnTheFloor() throws Exception {
    assumeFloor();
    for (String server : Floor.SERVERS) {
      for (Scenario scenario : Scenario.all(0)) {
        if (scenario.kind() == Scenario.Kind.ECHO && !scenario.isTls()) {
          Process process = Subject.launch(server, scenario, null, Cores.ANY);
          try (Subject floor = Subject.ready(server, process);
              EchoLoad load =
                  new EchoLoad(
                      floor.target(scenario), 20, scenario.messageBytes(), scenario.inFlight())) {
            for (int n = 0; n < 8; n++) {
              load.once();
            }
          }
        }
      }
    }
  }

  private static void assumeFloor() {
    Assumptions.assumeTrue(Floor.refusal() == null, Floor.refusal());
  }

  /// What the command report makes of it.
  private void rendersAsAPage(String peer) throws Exception {
    Path page = folder.resolve("performance.md");
    Files.writeString(page, "before\n<!-- measured: peers -->\nold\n<!-- end: peers -->\nafter\n");
    assertEquals(
        0,
        new CommandLine(new Main())
            .execute(
                "report",
                "--peers=" + folder.resolve("peers.json"),
                "--micro=" + folder.resolve("none"),
                "--docs=" + folder));
    String text = Files.readString(page);
    assertTrue(text.startsWith("before\n") && text.endsWith("\nafter\n"), text);
    assertTrue(text.contains("| " + peer + " |") && !text.contains("\nold\n"), text);
    for (String plot : List.of("cpu.svg", "latency.svg")) {
      DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(folder.resolve("performance").resolve(plot).toFile());
    }
  }

  @Test
  void measuresEveryKindOfLoad() throws Exception {
    Results results =
        run(
            "--only",
            "broadcast/weft-nio,crowd/weft-nio,connect/weft-nio,idle/weft-nio",
            "--minutes",
            "0.01");
    assertEquals(Collections.nCopies(4, "weft-nio"), peers(results));
    for (Cell cell : results.cells()) {
      assertNull(cell.failure(), cell.toString());
      assertTrue(cell.cpuNs() > 100 || cell.idle() != null, cell.toString());
    }
  }

  @Test
  void measuresCompression() throws Exception {
    Results results =
        run(
            "--only",
            "deflate-300/weft-shared,weft-takeover,netty-epoll,undertow,jetty",
            "--minutes",
            "0.01");
    assertEquals(
        List.of("weft-shared", "weft-takeover", "netty-epoll", "undertow", "jetty"),
        peers(results));
    for (Cell cell : results.cells()) {
      assertNull(cell.failure(), cell.toString());
      assertTrue(cell.cpuNs() > 100, cell.toString());
      boolean takesOver = !cell.peer().equals("weft-shared");
      assertTrue(cell.wireShare() > 0.1 && cell.wireShare() < 0.9, cell.toString());
      assertEquals(takesOver, cell.wireShare() < 0.5, cell.toString());
    }
    rendersAsAPage("netty-epoll");
  }

  @Test
  void measuresWhatCompressionHolds() throws Exception {
    Results results = run("--only", "active/weft-takeover", "--minutes", "0.01");
    Cell cell = results.cells().getFirst();
    assertNull(cell.failure(), cell.toString());
    assertNotNull(cell.active());
    double most = Zlib.system().compressorBytes(15, 8) + Zlib.system().decompressorBytes(15);
    assertTrue(cell.active().added() > 8 << 10, cell.toString());
    assertTrue(cell.active().added() < 1.2 * most, cell.toString());
  }

  @Test
  void noticesCompressionThatIsWrong() throws Exception {
    Endpoint wrong =
        new Endpoint() {
          @Override
          public void text(WebSocket ws, String text) {
            ws.send(text.replace("note", "nope"));
          }
        };
    assertNotices(wrong, Compression.takeover(), "what came back is not what was sent: message 0");
  }

  @Test
  void noticesWhatComesUncompressed() throws Exception {
    Endpoint plain =
        new Endpoint() {
          @Override
          public void text(WebSocket ws, String text) {
            ws.send(text, Compress.NO);
          }
        };
    assertNotices(plain, Compression.takeover(), "a frame began with 1, not 41");
  }

  private static void assertNotices(Endpoint endpoint, Compression compression, String what)
      throws Exception {
    try (Server server =
            Server.at("127.0.0.1", 0).compression(compression).route("/", endpoint).start();
        DeflateLoad load = new DeflateLoad(Target.local(server.port(), "/"), 2, 300, true)) {
      IOException why =
          Assertions.assertThrows(IOException.class, () -> load.run(Duration.ofSeconds(10)));
      assertTrue(why.getMessage().startsWith(what), why.getMessage());
    }
  }

  @Test
  void refusesAServerThatDoesNotCompress() throws Exception {
    try (Server server = Server.at("127.0.0.1", 0).route("/", new Endpoint() {}).start()) {
      Target target = Target.local(server.port(), "/");
      Assertions.assertThrows(IOException.class, () -> new DeflateLoad(target, 2, 300, true));
    }
  }

  @Test
  void makesJsonOfTheLengthAskedFor() {
    JsonMessages feed = new JsonMessages(1);
    Set<String> seen = new HashSet<>();
    for (int n = 0; n < 500; n++) {
      for (int bytes : List.of(250, 300, 2 << 10, 64 << 10)) {
        if (n < 20 || bytes < 64 << 10) {
          byte[] message = feed.next(bytes);
          assertTrue(message.length <= bytes && message.length >= bytes - 16, "" + message.length);
          assertTrue(JsonMapper.shared().readTree(message).path("rows").isArray());
          assertTrue(seen.add(new String(message, StandardCharsets.UTF_8)));
        }
      }
    }
    assertArrayEquals(new JsonMessages(7).next(300), new JsonMessages(7).next(300));
  }

  @Test
  void noticesAByteThatIsNotTheOneSent() throws Exception {
    Endpoint wrong =
        new Endpoint() {
          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            byte[] copy = new byte[data.remaining()];
            data.get(copy);
            copy[copy.length - 1] ^= 1;
            ws.send(ByteBuffer.wrap(copy));
          }
        };
    try (Server server = Server.at("127.0.0.1", 0).route("/", wrong).start();
        EchoLoad load = new EchoLoad(Target.local(server.port(), "/"), 2, 20, 1)) {
      IOException why =
          Assertions.assertThrows(IOException.class, () -> load.run(Duration.ofSeconds(10)));
      String message = why.getMessage();
      assertTrue(message.startsWith("what came back is not what was sent: byte 21 of 22"), message);
    }
  }

  private static List<String> peers(Results results) {
    return results.cells().stream().map(Cell::peer).toList();
  }

  private Results run(String... args) throws IOException {
    Path out = folder.resolve("peers.json");
    CommandLine command = new CommandLine(new Main());
    String[] all = new String[args.length + 4];
    System.arraycopy(args, 0, all, 4, args.length);
    all[0] = "peers";
    all[1] = "--no-pin";
    all[2] = "--out";
    all[3] = out.toString();
    assertEquals(0, command.execute(all));
    return Results.read(out);
  }
}
