package io.weft;

import io.weft.net.Fault;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A process with a server, in one of the states in which it may be asked to end, or in which a
/// handler ends it; see [EndingTest].
final class EndingChild {

  private EndingChild() {}

  public static void main(String[] args) throws Exception {
    String state = args[0];
    CountDownLatch never = new CountDownLatch(1);
    Server server =
        Server.at("127.0.0.1", 0)
            .loops(2)
            .route("/exit", ending())
            .route("/quiet", new Endpoint() {})
            .http(
                "/exit",
                request -> {
                  System.exit(0);
                  return Response.text(200, "");
                })
            .http(
                "/stuck",
                request -> {
                  say("READY");
                  awaitForEver(never);
                  return Response.text(200, "");
                })
            .converse(
                "/talk",
                ws -> {
                  ws.receive();
                  System.exit(0);
                })
            .start();
    say("PORT " + server.port());
    switch (state) {
      case "dead" -> {
        server.loops().forEach(Fault::failPoller);
        server.failed().get(30, TimeUnit.SECONDS);
        say("READY");
      }
      case "closing" -> {
        Thread.ofPlatform()
            .start(() -> {
              while (server.connections() == 0) {
                Thread.onSpinWait();
              }
              say("READY");
              server.close(Duration.ofDays(1));
            });
      }
      case "client" -> {
        Client.to("ws://127.0.0.1:" + server.port() + "/quiet")
            .connect(
                new Endpoint() {
                  @Override
                  public void opened(WebSocket ws) {
                    System.exit(0);
                  }
                })
            .get();
      }
      default -> say("READY");
    }
    awaitForEver(never);
  }

  private static Endpoint ending() {
    return new Endpoint() {
      @Override
      public void text(WebSocket ws, String text) {
        System.exit(0);
      }
    };
  }

  private static void say(String what) {
    System.out.println(what);
    System.out.flush();
  }

  private static void awaitForEver(CountDownLatch never) {
    while (true) {
      try {
        never.await();
      } catch (InterruptedException e) {
        // It is stuck, whatever is done to it.
      }
    }
  }
}
