package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What goes over the wire is the same in every JVM, whatever its locale, charset and time zone.
@Timeout(60)
final class LocaleTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-Duser.language=ar -Duser.country=EG -Duser.extensions=u-nu-arab",
        "-Duser.language=tr -Duser.country=TR -Duser.timezone=Asia/Kathmandu",
        "-Duser.language=th -Duser.country=TH -Duser.extensions=u-ca-buddhist-nu-thai",
        "-Dfile.encoding=ISO-8859-1 -Dsun.jnu.encoding=ISO-8859-1",
        "-Dfile.encoding=COMPAT -Dsun.jnu.encoding=ANSI_X3.4-1968",
      })
  void saysTheSameEverywhere(String options) throws Exception {
    String said = ChildJvm.run(List.of(options.split(" ")), Child.class);
    assertTrue(said.contains("all well"), said);
  }

  /// What runs there.
  static final class Child {

    private static final String TEXT = "IİıiKß 你好啊 😀 ١٢٣";

    private static final Endpoint SITE =
        new Endpoint() {
          @Override
          public Handshake opening(Request request) {
            return request.query("in") == null
                ? Handshake.accept().header("X-Title", request.path())
                : Handshake.refuse(403, "not in, " + request.query("in"));
          }

          @Override
          public void text(WebSocket ws, String text) {
            ws.send(text);
          }
        };

    public static void main(String[] args) throws Exception {
      if (Locale.getDefault().getLanguage().equals("ar")) {
        assertEquals("١٢٣", String.format("%d", 123), "there is a trap to fall into");
      }
      try (Server server =
          Server.at("127.0.0.1", 0)
              .loops(1)
              .route("/TITLE", SITE)
              .origins("https://INFO.example")
              .subprotocols("V1.INFO")
              .http("/page", request -> Response.text(200, TEXT))
              .start()) {
        answersHttp(server.port());
        talks("ws://127.0.0.1:" + server.port() + "/TITLE");
      }
      System.out.println("all well");
    }

    private static void answersHttp(int port) throws Exception {
      List<String> heads = new ArrayList<>();
      try (Peer peer = Peer.tcp(port)) {
        peer.send("GET /page HTTP/1.1\r\nHost: LOCALHOST\r\nConnection: close\r\n\r\n");
        String all = peer.readAll();
        int end = all.indexOf("\r\n\r\n");
        heads.add(all.substring(0, end));
        byte[] body = all.substring(end + 4).getBytes(StandardCharsets.ISO_8859_1);
        assertEquals(TEXT, new String(body, StandardCharsets.UTF_8));
        assertTrue(all.contains("Content-Length: " + body.length + "\r\n"), all);
        assertTrue(all.contains("200 OK\r\n"), all);
      }
      for (String request :
          List.of(
              "GET /none HTTP/1.1\r\nHost: a\r\n\r\n",
              "GET /TITLE HTTP/1.1\r\nHost: a\r\n\r\n",
              "POST /page HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nabcdefghijkl",
              "POST /page HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
              "G\u00e9T /page HTTP/1.1\r\nHost: a\r\n\r\n",
              Peer.handshake("/TITLE?in=12"),
              Peer.handshake("/TITLE", "Origin: https://evil.INFO.example:12"))) {
        try (Peer peer = Peer.tcp(port)) {
          peer.send(request);
          heads.add(peer.readHead());
        }
      }
      try (Peer peer =
          Peer.open(
              port, "/TITLE", "Origin: HTTPS://INFO.EXAMPLE", "SEC-WEBSOCKET-PROTOCOL: V1.INFO")) {
        heads.add(peer.head);
        assertTrue(peer.head.contains("V1.INFO"), peer.head);
        peer.sendText(TEXT);
        assertEquals(TEXT, peer.read().text());
      }
      for (String head : heads) {
        assertTrue(head.chars().allMatch(c -> c < 0x7F), head);
        assertTrue(head.matches("(?s)HTTP/1\\.1 [1-5][0-9][0-9] .*"), head);
        assertTrue(
            head.startsWith("HTTP/1.1 101")
                || head.matches(
                    "(?s).*\r\nDate: [A-Z][a-z][a-z], [0-3][0-9] [A-Z][a-z][a-z] 20[0-9][0-9] "
                        + "[0-9:]{8} GMT\r\n.*"),
            head);
      }
    }

    private static void talks(String url) throws Exception {
      Client client = Client.to(url).compression(Compression.on()).subprotocols("V1.INFO");
      try (Conversation ws = client.connect()) {
        assertEquals("V1.INFO", ws.subprotocol());
        for (int length : new int[] {1, 200, 70_000}) {
          String text = TEXT.repeat(length / TEXT.length() + 1);
          ws.send(text);
          assertEquals(new Message.Text(text), ws.receive(Probe.WAIT));
        }
        assertTrue(
            assertThrows(IllegalArgumentException.class, () -> ws.close(1005, ""))
                .getMessage()
                .contains("close code 1005 "));
        assertThrows(
            java.util.concurrent.TimeoutException.class, () -> ws.receive(Duration.ofMillis(1)));
      }
      HandshakeException refused =
          assertThrows(HandshakeException.class, () -> Client.connect(url + "?in=12"));
      assertTrue(refused.getMessage().endsWith("403 Forbidden instead of 101: not in, 12"));
      assertEquals(403, refused.status());
    }
  }
}
