package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What the log of a server says of its connections.
final class LoggedTest {

  private static final String HOSTILE_REASON = "bye\n{\"event\":\"forged\"}";

  @Test
  void aConnectionIsALineWhenItOpensAndALineWhenItIsGone() throws Exception {
    try (Serving serving = new Serving("--log-format", "json", "--subprotocol", "v1")) {
      Talker talker = serving.connect("/chat/a%20b?name=ann", b -> b.subprotocols("v1"));
      talker.socket.sendClose(4001, HOSTILE_REASON).join();
      talker.closed.get(10, TimeUnit.SECONDS);
      serving.stop();

      List<JsonNode> entries =
          serving.log.toString().lines().map(JsonMapper.shared()::readTree).toList();
      assertEquals(2, entries.size(), serving.log.toString());
      JsonNode opened = entries.getFirst();
      assertEquals(
          List.of("time", "level", "event", "id", "path", "remote", "origin", "subprotocol"),
          List.copyOf(opened.propertyNames()));
      assertEquals("opened", opened.get("event").stringValue());
      assertEquals("/chat/a b", opened.get("path").stringValue());
      assertEquals("v1", opened.get("subprotocol").stringValue());
      JsonNode closed = entries.getLast();
      assertEquals(
          List.of(
              "time", "level", "event", "id", "path", "remote", "seconds", "code", "reason", "by"),
          List.copyOf(closed.propertyNames()));
      assertEquals(opened.get("id"), closed.get("id"));
      assertEquals(4001, closed.get("code").intValue());
      assertEquals(HOSTILE_REASON, closed.get("reason").stringValue());
      assertEquals("PEER", closed.get("by").stringValue());
    }
  }

  @Test
  void quietMeansNoLineAConnection() throws Exception {
    try (Serving serving = new Serving("--quiet")) {
      serving.connect("/echo").leave();
      serving.stop();
      assertEquals("", serving.log.toString());
    }
  }
}
