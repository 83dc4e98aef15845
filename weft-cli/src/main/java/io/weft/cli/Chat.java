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

/// `/chat/{room}?name=ann`: plain text goes to everyone in the room, the sender too, as
/// `{"type":"say","name":"ann","text":"hi"}`; who comes and goes as
/// `{"type":"join","name":"ann","members":3}` and `"leave"`. Names are not identities: two may have
/// the same.
final class Chat implements Endpoint {

  /// The longest text said at once, in UTF-16 units; as JSON it is at most six times that in bytes.
  static final int MAX_TEXT_CHARS = 16 << 10;

  private static final String PREFIX = "chat:";

  private final Names names;

  Chat(Limits limits) {
    this.names = Names.fitting(PREFIX, limits.groupNameBytes());
  }

  @Override
  public Handshake opening(Request request) {
    String fault = names.fault("room", request.param("room"));
    if (fault == null) {
      fault = names.fault("name", request.query("name"));
    }
    return fault == null
        ? Handshake.accept()
        : Handshake.refuse(400, fault + ": connect to /chat/lobby?name=ann\n");
  }

  @Override
  public void opened(WebSocket ws) {
    room(ws).join(ws);
    tellOfMember("join", ws);
  }

  @Override
  public void text(WebSocket ws, String text) {
    if (text.length() > MAX_TEXT_CHARS) {
      ws.close(Close.MESSAGE_TOO_BIG, "at most " + MAX_TEXT_CHARS + " characters at once");
      return;
    }
    ObjectNode say = Json.of("say").put("name", name(ws)).put("text", text);
    if (!room(ws).publish(say.toString()).isTaken()) {
      ws.close(Close.TRY_AGAIN_LATER, "the server is busy: your text reached nobody");
    }
  }

  @Override
  public void closed(WebSocket ws, Close close) {
    tellOfMember("leave", ws);
  }

  private static void tellOfMember(String type, WebSocket ws) {
    Group room = room(ws);
    room.publish(Json.of(type).put("name", name(ws)).put("members", room.size()).toString());
  }

  private static Group room(WebSocket ws) {
    return ws.group(PREFIX + ws.param("room"));
  }

  private static @Nullable String name(WebSocket ws) {
    return ws.request().query("name");
  }
}
