package io.weft.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Endpoint;
import io.weft.Server;
import io.weft.WebSocket;
import io.weft.bench.Results.Cell;
import io.weft.bench.load.EchoLoad;
import io.weft.bench.load.Target;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

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
    rendersAsAPage();
  }

  /// What the command report makes of it.
  private void rendersAsAPage() throws Exception {
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
    assertTrue(text.contains("| netty-nio |") && !text.contains("\nold\n"), text);
    for (String plot : List.of("cpu.svg", "latency.svg")) {
      DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(folder.resolve("performance").resolve(plot).toFile());
    }
  }

  @Test
  void measuresEveryKindOfLoad() throws Exception {
    Results results =
        run("--only", "broadcast/weft-nio,connect/weft-nio,idle/weft-nio", "--minutes", "0.01");
    assertEquals(List.of("weft-nio", "weft-nio", "weft-nio"), peers(results));
    for (Cell cell : results.cells()) {
      assertNull(cell.failure(), cell.toString());
      assertTrue(cell.cpuNs() > 100 || cell.idle() != null, cell.toString());
    }
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
