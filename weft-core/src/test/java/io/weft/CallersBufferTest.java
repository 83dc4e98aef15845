package io.weft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A buffer that is given to send is the caller's: its position, limit and order stay, so that it
/// may be sent again, and by several threads at a time.
@Timeout(60)
final class CallersBufferTest {

  private static final byte[] SENT = {2, 3, 4, 5, 6};

  /// A buffer of which the five bytes in the middle are to be sent.
  private static ByteBuffer middle(boolean direct) {
    ByteBuffer buffer = direct ? ByteBuffer.allocateDirect(9) : ByteBuffer.allocate(9);
    for (byte at = 0; at < 9; at++) {
      buffer.put(at, at);
    }
    return buffer.limit(7).position(2).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void sendTwice(String what, Function<ByteBuffer, Object> send) {
    for (boolean direct : new boolean[] {false, true}) {
      ByteBuffer buffer = middle(direct);
      for (int time = 0; time < 2; time++) {
        Object answer = send.apply(buffer);
        assertEquals(2, buffer.position(), what + ": " + answer);
        assertEquals(7, buffer.limit(), what);
        assertEquals(ByteOrder.LITTLE_ENDIAN, buffer.order(), what);
      }
    }
  }

  private static void readFour(String what, Peer peer) throws Exception {
    for (int time = 0; time < 4; time++) {
      assertArrayEquals(SENT, peer.read().payload(), what + ", message " + time);
    }
  }

  @Test
  void staysOnAServer() throws Exception {
    Probe onLoop =
        new Probe() {
          @Override
          public void text(WebSocket ws, String text) {
            for (Compress how : Compress.values()) {
              sendTwice("in a callback, " + how, data -> ws.send(data, how));
            }
          }
        };
    try (Rig rig = Rig.of(new Rig.Watched(), server -> server.route("/send", onLoop));
        Peer peer = Peer.open(rig.port(), "/send")) {
      peer.sendText("go");
      for (Compress how : Compress.values()) {
        readFour("in a callback, " + how, peer);
      }
      WebSocket ws = onLoop.awaitOpened();
      sendTwice("from outside", ws::send);
      readFour("from outside", peer);
      sendTwice("as a message", data -> ws.send(new Message.Binary(data)));
      readFour("as a message", peer);
      Group group = rig.server.group("all");
      group.join(ws);
      sendTwice("published", group::publish);
      readFour("published", peer);
      ws.close();
      peer.readClose();
      sendTwice("refused", ws::send);
    }
  }

  @Test
  void staysCompressed() throws Exception {
    for (Compression how : List.of(Compression.on(), Compression.takeover())) {
      byte[] large = new byte[100_000];
      Arrays.fill(large, (byte) 7);
      ByteBuffer buffer = ByteBuffer.wrap(large);
      Endpoint twice =
          new Endpoint() {
            @Override
            public void text(WebSocket ws, String text) {
              ws.send(buffer, Compress.YES);
              ws.send(buffer);
            }
          };
      try (Server server =
              Server.at("127.0.0.1", 0)
                  .loops(1)
                  .closeAtShutdown(false)
                  .compression(how)
                  .route("/twice", twice)
                  .start();
          Conversation client =
              Client.to("ws://127.0.0.1:" + server.port() + "/twice")
                  .compression(how)
                  .limits(limits -> limits.inflateRatio(10_000))
                  .connect()) {
        client.send("go");
        for (int time = 0; time < 2; time++) {
          var back = (Message.Binary) client.receive(Probe.WAIT);
          assertEquals(ByteBuffer.wrap(large), back.data(), how.toString());
        }
        assertEquals(large.length, buffer.remaining());
      }
    }
  }

  @Test
  void staysOnAClient() throws Exception {
    Probe echo = new Probe();
    try (Rig rig = Rig.of(new Rig.Watched(), server -> server.route("/echo", echo))) {
      String url = "ws://127.0.0.1:" + rig.port() + "/echo";
      try (Conversation client = Client.connect(url)) {
        sendTwice("a conversation", client::send);
        for (int time = 0; time < 4; time++) {
          var back = (Message.Binary) client.receive(Probe.WAIT);
          assertEquals(ByteBuffer.wrap(SENT), back.data());
        }
      }
      List<Delivery> deliveries = new ArrayList<>();
      Endpoint quiet =
          new Endpoint() {
            @Override
            public void binary(WebSocket ws, ByteBuffer data) {}
          };
      try (Live live = Client.to(url).stayConnected(quiet)) {
        sendTwice(
            "a live connection",
            data -> {
              Delivery delivery = live.send(data);
              deliveries.add(delivery);
              return delivery;
            });
        for (Delivery delivery : deliveries) {
          assertEquals(Delivery.Outcome.SENT, delivery.settled().get());
        }
        Probe.until("all came", () -> echo.messages.get() == 8);
      }
    }
  }

  /// A constant that every loop sends at the same time: nobody may see it half sent.
  @Test
  void isSentByManyLoopsAtATime() throws Exception {
    byte[] large = new byte[40_000];
    for (int at = 0; at < large.length; at++) {
      large[at] = (byte) (at * 31);
    }
    ByteBuffer constant = ByteBuffer.wrap(large).asReadOnlyBuffer();
    int rounds = 300;
    Endpoint greets =
        new Endpoint() {
          @Override
          public void text(WebSocket ws, String text) {
            ws.send(constant);
          }
        };
    try (Server server =
        Server.at("127.0.0.1", 0).loops(4).closeAtShutdown(false).route("/hi", greets).start()) {
      List<Thread> threads = new ArrayList<>();
      List<Throwable> wrong = new ArrayList<>();
      for (int at = 0; at < 4; at++) {
        threads.add(
            Thread.ofPlatform()
                .start(() -> {
                  try (Peer peer = Peer.open(server.port(), "/hi")) {
                    for (int round = 0; round < rounds; round++) {
                      peer.sendText("hi");
                      assertArrayEquals(large, peer.read().payload());
                    }
                  } catch (Throwable failure) {
                    synchronized (wrong) {
                      wrong.add(failure);
                    }
                  }
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertEquals(List.of(), wrong);
    }
  }
}
