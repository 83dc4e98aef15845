package io.weft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/// The straight-line style: code that waits, on a virtual thread for each connection.
@ParameterizedClass(name = "TLS: {0}")
@ValueSource(booleans = {false, true})
final class ConversationTest {

  @Parameter boolean tls;

  @BeforeEach
  void speakTls() throws GeneralSecurityException {
    Peer.speakTls(tls);
  }

  @AfterEach
  void speakTlsNoMore() throws GeneralSecurityException {
    Peer.speakTls(false);
  }

  private static Server talk(Conversation.Talk talk) {
    return Peer.speakingTls(Server.at("127.0.0.1", 0).converse("/talk", talk)).start();
  }

  @Test
  void echoesUntilThePeerCloses() throws Exception {
    CompletableFuture<Boolean> over = new CompletableFuture<>();
    try (Server server =
            talk(ws -> {
              for (Message message : ws) {
                ws.send(message);
              }
              over.complete(Thread.currentThread().isVirtual());
            });
        Peer peer = Peer.open(server.port(), "/talk")) {
      peer.sendText("你好啊");
      peer.sendBinary(new byte[] {1, 2, 3});
      assertEquals("你好啊", peer.read().text());
      assertArrayEquals(new byte[] {1, 2, 3}, peer.read().payload());
      peer.sendClose(1000, "");
      assertEquals(1000, peer.read().code());
      peer.awaitEnd();
      peer.hangUp();
      assertTrue(over.get(20, TimeUnit.SECONDS));
    }
  }

  /// The loop over the messages ends in all cases alike; how, says the conversation.
  @Test
  void tellsHowItEnded() throws Exception {
    BlockingQueue<Close> ends = new LinkedBlockingQueue<>();
    BlockingQueue<Boolean> openAtFirst = new LinkedBlockingQueue<>();
    try (Server server =
        talk(ws -> {
          openAtFirst.add(ws.closed() == null);
          for (Message message : ws) {
            ws.send(message);
          }
          ends.add(ws.closed());
        })) {
      try (Peer peer = Peer.open(server.port(), "/talk")) {
        peer.sendText("hi");
        assertEquals("hi", peer.read().text());
        peer.sendClose(1000, "done");
        peer.awaitEnd();
      }
      assertEquals(new Close(1000, "done", Close.By.PEER), ends.poll(20, TimeUnit.SECONDS));
      try (Peer peer = Peer.open(server.port(), "/talk")) {
        peer.sendText("hi");
        assertEquals("hi", peer.read().text());
      }
      Close cut = ends.poll(20, TimeUnit.SECONDS);
      assertEquals(1006, cut.code());
      assertEquals(Close.By.NETWORK, cut.by());
      assertEquals(List.of(true, true), List.of(openAtFirst.take(), openAtFirst.take()));
      String url = (tls ? "wss" : "ws") + "://localhost:" + server.port() + "/talk";
      try (Conversation client =
          Client.to(url).tls(Tls.system().insecurelyTrustingAnybody()).connect()) {
        assertNull(client.closed());
        client.close(4000, "enough\nof\nit");
        for (Message message : client) {
          fail("a message: " + message);
        }
        assertEquals(new Close(4000, "enough\nof\nit", Close.By.SELF), client.closed());
        String message =
            assertThrows(ConnectionClosedException.class, client::receive).getMessage();
        assertEquals("the connection has ended: 4000 enough\\u{a}of\\u{a}it, by SELF", message);
      }
    }
  }

  @Test
  void closesWith1000WhenTheCodeReturnsAndWith1011WhenItThrows() throws Exception {
    try (Server server =
        talk(ws -> {
          if (ws.receive() instanceof Message.Text(String text) && text.equals("throw")) {
            throw new IllegalStateException("on purpose");
          }
        })) {
      try (Peer peer = Peer.open(server.port(), "/talk")) {
        peer.sendText("return");
        assertEquals(1000, peer.read().code());
      }
      try (Peer peer = Peer.open(server.port(), "/talk")) {
        peer.sendText("throw");
        assertEquals(1011, peer.read().code());
      }
    }
  }

  @Test
  void receivesInTimeOrSaysSo() throws Exception {
    CompletableFuture<Throwable> late = new CompletableFuture<>();
    CompletableFuture<Message> inTime = new CompletableFuture<>();
    try (Server server =
            talk(ws -> {
              late.complete(
                  assertThrows(TimeoutException.class, () -> ws.receive(Duration.ofMillis(30))));
              ws.send("now");
              inTime.complete(ws.receive(Duration.ofSeconds(Long.MAX_VALUE)));
            });
        Peer peer = Peer.open(server.port(), "/talk")) {
      assertEquals("now", peer.read().text());
      assertTrue(late.get(20, TimeUnit.SECONDS).getMessage().contains("30 ms"));
      peer.sendText("here");
      assertEquals(new Message.Text("here"), inTime.get(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void givesTheMessagesThatCameBeforeTheEndAndThenTheEnd() throws Exception {
    CompletableFuture<Void> mayReceive = new CompletableFuture<>();
    CompletableFuture<Close> end = new CompletableFuture<>();
    try (Server server =
            talk(ws -> {
              mayReceive.join();
              assertEquals(new Message.Text("one"), ws.receive());
              assertEquals(new Message.Binary(ByteBuffer.wrap(new byte[] {2})), ws.receive());
              end.complete(assertThrows(ConnectionClosedException.class, ws::receive).close());
              assertFalse(ws.iterator().hasNext());
              assertThrows(ConnectionClosedException.class, () -> ws.send("too late"));
            });
        Peer peer = Peer.open(server.port(), "/talk")) {
      peer.sendText("one");
      peer.sendBinary(new byte[] {2});
      peer.sendClose(4000, "done");
      assertEquals(4000, peer.read().code());
      peer.awaitEnd();
      peer.hangUp();
      mayReceive.complete(null);
      assertEquals(new Close(4000, "done", Close.By.PEER), end.get(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void waitsForRoomAndLosesNothing() throws Exception {
    int messages = 300;
    byte[] data = new byte[64 << 10]; // 19 MiB in all, far above the outbox
    CompletableFuture<Throwable> failed = new CompletableFuture<>();
    try (Server server =
            talk(ws -> {
              try {
                for (int n = 0; n < messages; n++) {
                  data[0] = (byte) n;
                  assertTrue(ws.send(data).isTaken());
                }
                failed.complete(null);
              } catch (Throwable e) {
                failed.complete(e);
              }
            });
        Peer peer = Peer.narrow(server.port(), "/talk")) {
      for (int n = 0; n < messages; n++) {
        Peer.Frame frame = peer.read();
        assertEquals((byte) n, frame.payload()[0], "message " + n);
        assertEquals(data.length, frame.payload().length);
      }
      assertEquals(null, failed.get(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void saysThatThePeerDoesNotRead() throws Exception {
    CompletableFuture<Throwable> failure = new CompletableFuture<>();
    try (Server server =
            Peer.speakingTls(
                    Server.at("127.0.0.1", 0)
                        .limits(l -> l.progressTimeout(Duration.ofMillis(300)))
                        .converse(
                            "/talk",
                            ws -> {
                              try {
                                while (true) {
                                  ws.send(new byte[64 << 10]);
                                }
                              } catch (RuntimeException e) {
                                failure.complete(e);
                              }
                            }))
                .start();
        Peer peer = Peer.narrow(server.port(), "/talk")) {
      Throwable thrown = failure.get(20, TimeUnit.SECONDS);
      assertTrue(
          thrown instanceof ConnectionClosedException || thrown instanceof IllegalStateException,
          thrown.toString());
      assertTrue(peer.socket.isConnected());
    }
  }

  @Test
  void closesWith1011WhenAnotherConnectionsEndIsThrown() throws Exception {
    CompletableFuture<Conversation> first = new CompletableFuture<>();
    try (Logged logged = new Logged();
        Server server =
            talk(ws -> {
              if (first.complete(ws)) {
                assertFalse(ws.iterator().hasNext(), "it ends");
              } else {
                ws.receive();
                first.join().send("you are gone");
              }
            });
        Peer gone = Peer.open(server.port(), "/talk")) {
      Conversation other = first.get(20, TimeUnit.SECONDS);
      gone.reset();
      Probe.until("it is gone", () -> !other.isOpen());
      try (Peer peer = Peer.open(server.port(), "/talk")) {
        peer.sendText("go");
        assertEquals(1011, peer.readClose().code());
      }
      assertEquals(1, logged.count("A conversation on /talk threw"), logged.all());
    }
  }

  @Test
  void doesNotWaitOnTheLoopThatMakesRoom() throws Exception {
    CompletableFuture<Send> refused = new CompletableFuture<>();
    CompletableFuture<Void> mayAnswer = new CompletableFuture<>();
    try (Server server =
            talk(ws -> {
              var filled =
                  ws.ping()
                      .thenAccept(roundTrip -> {
                        Send sent = Send.SENT;
                        while (sent.isTaken()) {
                          sent = ws.send(new byte[64 << 10]);
                        }
                        refused.complete(sent);
                      });
              mayAnswer.complete(null);
              filled.join();
              ws.receive();
            });
        Peer peer = Peer.narrow(server.port(), "/talk")) {
      Peer.Frame ping = peer.read();
      mayAnswer.join(); // or the caller of ping() would do what follows the pong
      peer.send(Peer.frame(true, Peer.PONG, ping.payload()));
      assertEquals(Send.REFUSED, refused.get(5, TimeUnit.SECONDS));
    }
  }

  /// A callback of one connection uses another, of another loop, whose peer does not read.
  @Test
  void doesNotWaitInACallbackOfAnotherConnection() throws Exception {
    CompletableFuture<Conversation> other = new CompletableFuture<>();
    CompletableFuture<Send> refused = new CompletableFuture<>();
    CompletableFuture<IllegalStateException> thrown = new CompletableFuture<>();
    Endpoint calling =
        new Endpoint() {
          @Override
          public void opened(WebSocket ws) {
            Conversation conversation = other.join();
            thrown.complete(assertThrows(IllegalStateException.class, conversation::receive));
            Send last = Send.SENT;
            for (int at = 0; at < 1000 && last != Send.REFUSED; at++) {
              last = conversation.send(ByteBuffer.allocate(100_000));
            }
            refused.complete(last);
          }
        };
    try (RawServer mute =
            new RawServer(
                (socket, accept) -> RawServer.say(socket, RawServer.UPGRADE + accept + "\r\n"));
        Server server =
            Peer.speakingTls(Server.at("127.0.0.1", 0).loops(1).route("/call", calling)).start();
        Conversation client =
            mute.client().limits(l -> l.closeTimeout(Duration.ofMillis(10))).connect()) {
      other.complete(client);
      Peer peer = Peer.open(server.port(), "/call");
      assertEquals(Send.REFUSED, refused.get(20, TimeUnit.SECONDS));
      assertTrue(thrown.join().getMessage().contains("callback"), thrown.join().getMessage());
      peer.close();
    }
  }

  @Test
  void isAWebSocketToo() throws Exception {
    CompletableFuture<String> name = new CompletableFuture<>();
    try (Server server =
            Peer.speakingTls(
                    Server.at("127.0.0.1", 0)
                        .converse(
                            "/talk/{name}",
                            ws -> {
                              ws.group("all").join(ws);
                              name.complete(assertInstanceOf(WebSocket.class, ws).param("name"));
                              ws.receive();
                            }))
                .start();
        Peer peer = Peer.open(server.port(), "/talk/ann")) {
      assertEquals("ann", name.get(20, TimeUnit.SECONDS));
      assertEquals(1, server.group("all").size());
      server.group("all").publish("to all");
      assertEquals("to all", peer.read().text());
    }
  }
}
