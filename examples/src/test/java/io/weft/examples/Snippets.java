package io.weft.examples;

import io.weft.Client;
import io.weft.Compress;
import io.weft.Compression;
import io.weft.Conversation;
import io.weft.Delivery;
import io.weft.Endpoint;
import io.weft.Handshake;
import io.weft.Live;
import io.weft.Message;
import io.weft.Reconnect;
import io.weft.Request;
import io.weft.Response;
import io.weft.Server;
import io.weft.Tls;
import io.weft.Transport;
import io.weft.WebSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/// The code of docs/guide.md, where the compiler sees it; [DocumentsTest] holds the guide to it.
final class Snippets {

  private final Endpoint endpoint = new Endpoint() {};
  private String kept = "";

  Server server() {
    Server server =
        Server.at(8080) // every interface; at("127.0.0.1", 0) for one, any free port
            .route("/ws/{username}", endpoint)
            .converse("/quiz", ws -> quiz(ws))
            .http("/health", request -> Response.json(200, "{\"status\":\"ok\"}"))
            .start();
    return server;
  }

  Server secureServer() {
    Tls tls = Tls.ofPem(Path.of("fullchain.pem"), Path.of("privkey.pem"));
    Server server = Server.at(8443).tls(tls).route("/echo", endpoint).start();
    return server;
  }

  Server compressingServer() {
    Server server =
        Server.at(8080)
            .compression(Compression.takeover().windowBits(11))
            .route("/feed", endpoint)
            .start();
    return server;
  }

  static void choose(WebSocket ws, byte[] image, String token) {
    ws.send(ByteBuffer.wrap(image), Compress.NO); // compressed already
    ws.send(token, Compress.NO); // a secret
  }

  static void renew(Server server, Tls tls) {
    server.reload(tls.reread());
  }

  static Tls mutual(Tls tls) {
    Tls mutual = tls.trust(Path.of("clients-ca.pem")).clientAuth(Tls.ClientAuth.NEED);
    return mutual;
  }

  Endpoint echo() {
    Endpoint echo =
        new Endpoint() {
          @Override
          public void text(WebSocket ws, String text) {
            ws.send(text);
          }
        };
    return echo;
  }

  Server transport() {
    Endpoint echo = endpoint;
    Server server =
        Server.at(8080)
            .transport(Transport.IO_URING) // NIO, or AUTO: the fastest that works here
            .route("/echo", echo)
            .start();
    return server;
  }

  static void quiz(Conversation ws) throws Exception {
    ws.send("What is your name?");
    if (ws.receive(Duration.ofMinutes(1)) instanceof Message.Text(String name)) {
      ws.send("Hello " + name);
    }
  } // returning closes with 1000

  static Message feed() throws Exception {
    try (Conversation ws = Client.connect("ws://example.com/feed")) { // waits until it is open
      ws.send("hi");
      return ws.receive(Duration.ofSeconds(5));
    } // closes with 1000, and waits for the end
  }

  static Client client(String token, String session) {
    Client client =
        Client.to("ws://host:9001/path?x=1")
            .header("Authorization", "Bearer " + token)
            .cookie("session", session)
            .subprotocols("v2.chat", "v1.chat") // the favourite first
            .origin("https://app.example") // none unless told
            .connectTimeout(Duration.ofSeconds(3)) // look-up and TCP
            .limits(l -> l.messageBytes(16 << 20));
    return client;
  }

  static Client inside(Path certificate, Path key) {
    Client inside =
        Client.to("wss://feed.internal/updates")
            .tls(Tls.ofPem(certificate, key).trust(Path.of("our-ca.pem")));
    return inside;
  }

  static List<Client> proxies(Client client) {
    Client throughHttp = client.proxy("http://ann:pass%40word@proxy.example:3128"); // CONNECT
    Client throughSocks = client.proxy("socks5://127.0.0.1:1080");
    Client straight = client.noProxy();
    return List.of(throughHttp, throughSocks, straight);
  }

  static Client redirects(Client client, String key) {
    Client following =
        client
            .followRedirects(5) // 301, 302, 303, 307, 308; at most so many in a row
            .header("X-Api-Key", key)
            .sensitive("X-Api-Key"); // goes to no other origin, nor do Authorization and Cookie
    return following;
  }

  static List<?> ways(Client client, Endpoint endpoint) throws Exception {
    Conversation ws = client.connect(); // straight-line
    CompletableFuture<Conversation> later = client.connectAsync();
    CompletableFuture<WebSocket> callbacks = client.connect(endpoint);
    return List.of(ws, later, callbacks);
  }

  static Live live(Client client, Endpoint endpoint) {
    Live live = client.stayConnected(endpoint);
    live.send("hi"); // at once, or as soon as there is a connection
    return live;
  }

  static Live patient(Client client, Endpoint endpoint, Consumer<Live.State> log) {
    Reconnect how =
        Reconnect.defaults()
            .delays(
                Duration.ofMillis(500), Duration.ofMinutes(2)) // below 0.5 s, 1 s, 2 s, ... 2 min
            .giveUpWhen(end -> Reconnect.isFinal(end) && end.closeCode() != 4100)
            .atLeastOnce()
            .onState(log);
    return client.stayConnected(endpoint, how);
  }

  static void module(Server.Builder server) throws IOException {
    byte[] module = Server.class.getResourceAsStream("/META-INF/resources/weft.js").readAllBytes();
    server.http("/weft.js", request -> Response.of(200, "text/javascript", module));
  }

  static CompletableFuture<Void> told(Live live, Consumer<String> lost) {
    Delivery delivery = live.send(new Message.Text("the price now"), Duration.ofSeconds(2));
    CompletableFuture<Void> told =
        delivery
            .settled()
            .thenAccept(outcome -> {
              if (outcome != Delivery.Outcome.SENT) {
                lost.accept("not sent: " + outcome); // EXPIRED, OVERFLOW or CLOSED
              }
            });
    return told;
  }

  static final class Deciding implements Endpoint {
    @Override
    public Handshake opening(Request request) {
      if (!isValid(request.cookie("session"))) {
        return Handshake.refuse(401, "log in first");
      }
      return Handshake.accept().subprotocol("v2.chat").header("Set-Cookie", "seen=1");
    }

    private static boolean isValid(String session) {
      return Objects.nonNull(session);
    }
  }

  void send(WebSocket ws, String update) {
    switch (ws.send(update)) {
      case SENT -> {}
      case QUEUED -> pause(ws); // taken; wait for writable(ws)
      case REFUSED -> keep(update); // not taken; wait for writable(ws), or drop it knowingly
    }
  }

  private void pause(WebSocket ws) {
    ws.attributes().put("paused", true);
  }

  private void keep(String update) {
    kept = kept.concat(update);
  }

  static final class Room implements Endpoint {
    @Override
    public void opened(WebSocket ws) {
      ws.group("room:" + ws.param("room")).join(ws);
    }

    @Override
    public void text(WebSocket ws, String text) {
      ws.group("room:" + ws.param("room")).publish(text);
    }
  }

  Server.Builder limits(Server.Builder server) {
    return server.limits(l -> l.messageBytes(16 << 20).idlePing(Duration.ofSeconds(10)));
  }
}
