package io.weft.conformance;

import io.weft.Client;
import io.weft.Close;
import io.weft.ConnectionClosedException;
import io.weft.Conversation;
import io.weft.Endpoint;
import io.weft.Message;
import io.weft.WebSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The fuzzing server of the Autobahn testsuite against the client, without group 9: its server
/// comes to no end there.
final class AutobahnClientTest {

  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration CASE = Duration.ofMinutes(1);

  /// A client that answers a case in one of the two styles, until its end.
  private interface Style {
    void answer(Client client) throws Exception;
  }

  @Test
  void everyCaseWithoutGroup9() throws Exception {
    AutobahnReport report = run("client", AutobahnClientTest::callBack);
    Files.writeString(Tools.target().resolve("autobahn-client.md"), report.markdown());
    Autobahn.verify(report, Autobahn.CASES_WITHOUT_GROUP_9, Set.of());
  }

  @Test
  @Tag("full")
  void everyCaseWithoutGroup9InStraightLineStyle() throws Exception {
    AutobahnReport report = run("client-converse", AutobahnClientTest::converse);
    Autobahn.verify(report, Autobahn.CASES_WITHOUT_GROUP_9, Autobahn.BREACH_BEHIND_A_MESSAGE);
  }

  private static AutobahnReport run(String name, Style style) throws Exception {
    Path home = Autobahn.home(name);
    Path reports = home.resolve("reports");
    int port = Tools.freePort();
    try (Program suite =
        Autobahn.start(home, "fuzzing_server.py", "" + port, reports.toString(), "9")) {
      try {
        suite.awaitLine(Pattern.compile("^fuzzing server listens$"), START);
        String server = "ws://127.0.0.1:" + port;
        int cases;
        try (Conversation ws = to(server + "/getCaseCount").connect()) {
          cases = Integer.parseInt(((Message.Text) ws.receive(CASE)).text());
        }
        for (int number = 1; number <= cases; number++) {
          style.answer(to(server + "/runCase?case=" + number + "&agent=weft"));
        }
        awaitClose(to(server + "/updateReports?agent=weft").connect());
      } finally {
        Files.write(home.resolve("suite.log"), suite.lines());
      }
    }
    AutobahnReport report = AutobahnReport.read(reports);
    Files.writeString(home.resolve("table.md"), report.markdown());
    return report;
  }

  /// The suite's server does one thing after another, and may be long in answering a handshake.
  private static Client to(String url) {
    return Client.to(url).noProxy().limits(l -> l.handshakeTimeout(CASE));
  }

  private static void callBack(Client client) throws Exception {
    CompletableFuture<Close> closed = new CompletableFuture<>();
    Endpoint echo =
        new Endpoint() {
          @Override
          public void text(WebSocket ws, String text) {
            ws.send(text);
          }

          @Override
          public void binary(WebSocket ws, ByteBuffer data) {
            ws.send(data);
          }

          @Override
          public void closed(WebSocket ws, Close close) {
            closed.complete(close);
          }
        };
    WebSocket opened = client.connect(echo).get(CASE.toSeconds(), TimeUnit.SECONDS);
    try {
      closed.get(CASE.toSeconds(), TimeUnit.SECONDS);
    } finally {
      opened.close();
    }
  }

  private static void converse(Client client) throws Exception {
    try (Conversation ws = client.connect()) {
      for (Message message : ws) {
        ws.send(message);
      }
    } catch (ConnectionClosedException over) {
      // the case ended while the answer was on its way
    }
  }

  private static void awaitClose(Conversation ws) throws Exception {
    try (ws) {
      while (true) {
        ws.receive(CASE);
      }
    } catch (ConnectionClosedException over) {
      // as it should be
    }
  }
}
