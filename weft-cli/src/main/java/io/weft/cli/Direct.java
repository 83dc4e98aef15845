package io.weft.cli;

import io.weft.Close;
import io.weft.Endpoint;
import io.weft.Group;
import io.weft.Handshake;
import io.weft.Limits;
import io.weft.Request;
import io.weft.WebSocket;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// `/ws/{username}/`, one to one: of `{"to":"bob","text":"hi"}` every connection of bob gets
/// `{"type":"message","from":"ann","text":"hi"}`. Who is not there is answered with
/// `{"type":"offline","to":"bob"}`, what is not understood with `{"type":"error","reason":"..."}`.
final class Direct implements Endpoint {

  private static final String PREFIX = "user:";

  private final Names names;

  Direct(Limits limits) {
    this.names = Names.fitting(PREFIX, limits.groupNameBytes());
  }

  @Override
  public Handshake opening(Request request) {
    String fault = names.fault("username", request.param("username"));
    return fault == null
        ? Handshake.accept()
        : Handshake.refuse(400, fault + ": connect to /ws/ann/\n");
  }

  @Override
  public void opened(WebSocket ws) {
    user(ws, ws.param("username")).join(ws);
  }

  @Override
  public void text(WebSocket ws, String text) {
    ObjectNode message = Json.object(text);
    String to = message == null ? null : Json.string(message, "to");
    String said = message == null ? null : Json.string(message, "text");
    if (to == null || said == null) {
      error(ws, "send one JSON object, as {\"to\":\"bob\",\"text\":\"hi\"}");
      return;
    }
    String fault = names.fault("receiver", to);
    if (fault == null) {
      fault = fault(said);
    }
    if (fault == null) {
      deliver(ws, to, said);
    } else {
      error(ws, fault);
    }
  }

  /// Says what is wrong with a text; null if nothing is.
  private static @Nullable String fault(String text) {
    if (text.length() > Chat.MAX_TEXT_CHARS) {
      return "the text is longer than " + Chat.MAX_TEXT_CHARS + " characters";
    } else if (text.codePoints().anyMatch(c -> Character.getType(c) == Character.SURROGATE)) {
      return "the text holds half of a character: \\ud800 to \\udfff come in pairs";
    }
    return null;
  }

  private static void deliver(WebSocket ws, String to, String text) {
    Group receiver = user(ws, to);
    if (receiver.size() == 0) {
      answer(ws, Json.of("offline").put("to", to));
      return;
    }
    ObjectNode message = Json.of("message").put("from", ws.param("username")).put("text", text);
    if (!receiver.publish(message.toString()).isTaken()) {
      error(ws, "the server is busy: your text was not delivered");
    }
  }

  private static void error(WebSocket ws, String reason) {
    answer(ws, Json.of("error").put("reason", reason));
  }

  /// Answers the sender. One that is refused, for the outbox is full, is the sender's own doing: it
  /// sends and does not read.
  private static void answer(WebSocket ws, ObjectNode answer) {
    if (!ws.send(answer.toString()).isTaken()) {
      ws.close(Close.TRY_AGAIN_LATER, "you send faster than you read");
    }
  }

  private static Group user(WebSocket ws, String name) {
    return ws.group(PREFIX + name);
  }
}
