package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Who is refused, or ends badly, leaves a line in the log that says why.
@Timeout(60)
final class RefusalLogTest {

  private static final Logger LOG = Logger.getLogger("io.weft");

  @BeforeEach
  void debug() {
    LOG.setLevel(Level.FINE);
  }

  @AfterEach
  void debugNoMore() {
    LOG.setLevel(null);
  }

  private static String refused(Rig rig, String request) throws Exception {
    try (Peer peer = Peer.tcp(rig.port())) {
      peer.send(request);
      return peer.readHead().substring(9, 12);
    }
  }

  @Test
  void warnsOfAForeignOriginOnceInAWhile() throws Exception {
    String evil = "Origin: https://evil.example/\u00a0\u001b[31m" + "x".repeat(1_000);
    try (Logged logged = new Logged();
        Rig rig = Rig.of(new Rig.Watched(), server -> {})) {
      for (int time = 0; time < 20; time++) {
        assertEquals(
            "403",
            refused(
                rig, Peer.handshake(Rig.PATH + "?token=s3cret", "Origin: https://evil.example")));
      }
      assertEquals(1, logged.count("refused with 403"), logged.all());
      String all = logged.all();
      assertTrue(
          all.contains("Path /test, Origin https://evil.example, Host localhost, from"), all);
      assertFalse(all.contains("s3cret"), all);
      assertEquals(20, logged.count("Answered GET /test from"), all);
      assertEquals("404", refused(rig, Peer.handshake("/nowhere")));
      assertEquals(1, logged.count("refused with 404: no WebSocket endpoint"), "another ration");
    }
    try (Logged logged = new Logged();
        Rig rig = Rig.of(new Rig.Watched(), server -> {})) {
      refused(rig, Peer.handshake(Rig.PATH, evil));
      assertTrue(
          logged.all().chars().allMatch(c -> c == '\n' || (c >= ' ' && c < 0x7F) || c == '…'));
      assertTrue(logged.all().length() < 1_500, logged.all());
    }
  }

  @Test
  void tellsEveryRefusalToThoseWhoDebug() throws Exception {
    Endpoint refuses =
        new Endpoint() {
          @Override
          public Handshake opening(Request request) {
            return Handshake.refuse(401, "log in");
          }
        };
    try (Logged logged = new Logged();
        Rig rig = Rig.of(new Rig.Watched(), server -> server.route("/in", refuses))) {
      assertEquals("401", refused(rig, Peer.handshake("/in?token=s3cret")));
      assertEquals("404", refused(rig, "GET /none?s3cret HTTP/1.1\r\nHost: a\r\n\r\n"));
      assertEquals("400", refused(rig, "nonsense\r\n\r\n"));
      assertEquals("426", refused(rig, Peer.handshake(Rig.PATH).replace(": 13", ": 12")));
      assertEquals(1, logged.count("Answered GET /in from"), logged.all());
      assertEquals(1, logged.count("Answered GET /none from"), logged.all());
      assertEquals(1, logged.count("Answered a request from"), logged.all());
      assertEquals(1, logged.count("refused with 426"), logged.all());
      assertEquals(0, logged.count("refused with 401"), "the application's own: it knows");
      assertFalse(logged.all().contains("s3cret"), logged.all());
    }
  }

  @Test
  void tellsEveryBadEndToThoseWhoDebug() throws Exception {
    try (Logged logged = new Logged();
        Rig rig = Rig.of(new Rig.Watched(), server -> {})) {
      try (Peer peer = rig.open()) {
        peer.sendClose(1000, "");
        peer.awaitEnd();
      }
      rig.endpoint.awaitClosed();
      assertEquals(0, logged.count("ended:"), logged.all());
      try (Peer peer = rig.open()) {
        peer.sendHex("ffff");
        peer.awaitEnd();
      }
      rig.endpoint.awaitClosed();
      assertEquals(1, logged.count("/test, ended: 1002 "), logged.all());
      rig.open().hangUp();
      rig.endpoint.awaitClosed();
      assertEquals(1, logged.count("/test, ended: 1006 "), logged.all());
    }
  }

  @Test
  void saysWhichPathAnsweredNothing() throws Exception {
    Endpoint undecided =
        new Endpoint() {
          @Override
          public Handshake opening(Request request) {
            return null;
          }
        };
    try (Logged logged = new Logged();
        Rig rig =
            Rig.of(
                new Rig.Watched(),
                server -> server.route("/undecided", undecided).http("/silent", request -> null))) {
      assertEquals("500", refused(rig, Peer.handshake("/undecided")));
      assertEquals("500", refused(rig, "GET /silent?s3cret HTTP/1.1\r\nHost: a\r\n\r\n"));
      assertEquals(1, logged.count("opening() of /undecided threw"), logged.all());
      assertEquals(1, logged.count("The handler of /silent threw"), logged.all());
      assertTrue(logged.thrown().stream().allMatch(NullPointerException.class::isInstance));
      assertEquals(2, logged.thrown().size(), "with their stacks");
    }
  }
}
