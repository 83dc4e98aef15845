package io.weft.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Client;
import io.weft.Endpoint;
import io.weft.Server;
import io.weft.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Runs against good servers and bad ones.
@Timeout(120)
final class RunTest {

  private static final Duration SHORT = Duration.ofMillis(300);
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final AtomicInteger most = new AtomicInteger();
  private final AtomicInteger under = new AtomicInteger();
  private Server server;

  private void serve(Endpoint endpoint) {
    server = Server.at("127.0.0.1", 0).loops(1).route("/", endpoint).start();
  }

  @AfterEach
  void stop() {
    server.close(Duration.ofSeconds(5));
  }

  private Result run(Plan plan) throws InterruptedException {
    Client client = Client.to("ws://127.0.0.1:" + server.port() + "/");
    return new Run(client, plan, new Silent()).run();
  }

  @ParameterizedTest
  @CsvSource({
    "1, 20, false, 1, 0",
    "5, 1, false, 16, 0",
    "3, 20, true, 1, 0",
    "3, 1, true, 7, 0",
    "2, 70000, false, 4, 0",
    "2, 70000, true, 2, 0",
    "2, 2000000, false, 1, 0",
    "4, 20, false, 100, 2000",
    "4, 300, true, 10, 500",
  })
  void everyMessageComesBack(int connections, int bytes, boolean text, int inFlight, double rate)
      throws Exception {
    server =
        Server.at("127.0.0.1", 0)
            .limits(limits -> limits.messageBytes(4 << 20))
            .route("/", new Echo())
            .start();
    Result result = run(new Plan(connections, bytes, text, inFlight, rate, SHORT, SHORT, TIMEOUT));
    assertEquals(Map.of(), result.failures());
    assertEquals(connections, result.opened());
    assertTrue(result.messages() > 0);
    assertTrue(result.seconds() >= 0.3, "" + result.seconds());
    if (rate == 0) {
      assertTrue(result.latencies().getMaxValue() <= result.seconds() * 3e9);
    }
  }

  @Test
  void aServerThatStallsIsChargedWithAllThatWaits() throws Exception {
    serve(
        new Endpoint() {
          private int messages;

          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            if (++messages == 100) {
              stall();
            }
            ws.send(data);
          }

          private void stall() {
            try {
              Thread.sleep(1000);
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          }
        });
    Duration three = Duration.ofSeconds(3);
    Result result = run(new Plan(1, 20, false, 10, 200, Duration.ofMillis(1), three, TIMEOUT));
    assertEquals(Map.of(), result.failures());
    // 200 were due in the second, although only 10 could be on their way.
    long late = result.latencies().getCountBetweenValues(400_000_000, 60_000_000_000L);
    assertTrue(late >= 100, late + " of " + result.messages() + " were late");
  }

  @Test
  void wrongEchoesAreSeen() throws Exception {
    serve(
        new Endpoint() {
          private int messages;

          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            byte[] copy = new byte[data.remaining()];
            data.get(copy);
            if (++messages == 50) {
              copy[19] ^= 1;
            }
            ws.send(copy);
          }
        });
    Result result = run(new Plan(2, 20, false, 1, 0, SHORT, SHORT, TIMEOUT));
    assertEquals(Map.of("an echo was not what was sent", 1L), result.failures());
  }

  @Test
  void moreThanWasSentIsWrongToo() throws Exception {
    serve(
        new Endpoint() {
          @Override
          public void opened(WebSocket ws) {
            ws.send("hello");
          }

          @Override
          public void text(WebSocket ws, String text) {
            ws.send(text);
          }
        });
    Result result = run(new Plan(1, 20, true, 1, 0, SHORT, SHORT, TIMEOUT));
    assertEquals(Map.of("an echo was not what was sent", 1L), result.failures());
    assertEquals(0, result.messages());
  }

  @Test
  void closesAreFailuresThatSayWhy() throws Exception {
    serve(
        new Endpoint() {
          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            ws.close(4000, "enough");
          }
        });
    Duration hour = Duration.ofHours(1); // over long before, when nobody is left
    Result result = run(new Plan(3, 20, false, 1, 0, hour, hour, TIMEOUT));
    assertEquals(Map.of("closed with 4000 enough", 3L), result.failures());
  }

  @Test
  void echoesThatNeverComeAreCounted() throws Exception {
    serve(
        new Endpoint() {
          @Override
          public void binary(WebSocket ws, ByteBuffer data) {}
        });
    Result result = run(new Plan(2, 20, false, 3, 0, SHORT, SHORT, Duration.ofSeconds(1)));
    assertEquals(Map.of("no echo within 1000 ms of the end", 2L), result.failures());
  }

  @Test
  void theWindowIsKept() throws Exception {
    serve(
        new Endpoint() {
          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            most.accumulateAndGet(under.incrementAndGet(), Math::max);
            byte[] copy = new byte[data.remaining()];
            data.get(copy);
            Thread.startVirtualThread(() -> {
              under.decrementAndGet();
              ws.send(copy);
            });
          }
        });
    run(new Plan(1, 1000, false, 1, 0, SHORT, SHORT, TIMEOUT));
    assertEquals(1, most.get());
  }

  @Test
  void refusedHandshakesAreFailures() throws Exception {
    serve(new Echo());
    Client nowhere = Client.to("ws://127.0.0.1:" + server.port() + "/nothing");
    Plan plan = new Plan(3, 20, false, 1, 0, SHORT, SHORT, TIMEOUT);
    Result result = new Run(nowhere, plan, new Silent()).run();
    assertEquals(0, result.opened());
    assertEquals(Map.of("the handshake was answered with 404", 3L), result.failures());
  }

  private static final class Echo implements Endpoint {
    @Override
    public void text(WebSocket ws, String text) {
      ws.send(text);
    }

    @Override
    public void binary(WebSocket ws, ByteBuffer data) {
      ws.send(data);
    }
  }

  private static final class Silent implements Run.Listener {
    @Override
    public void opened(int connections) {}

    @Override
    public void second(boolean measured, double seconds, Histogram last, long failures) {}
  }
}
