package io.weft.examples;

import io.weft.Endpoint;
import io.weft.Handshake;
import io.weft.Request;
import io.weft.Server;
import io.weft.WebSocket;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Who may come in is decided in `opening`, before there is a WebSocket: a stranger gets a plain
/// 401. Browsers send a cookie, since they can set no header; programs send a token.
public final class AuthServer {

  /// Sessions by secret; a real server asks its database beforehand, for a callback must not block.
  private static final Map<String, String> USERS = Map.of("s3cret", "ann", "pa55", "bob");

  private AuthServer() {}

  /// Starts it.
  public static Server start(int port) {
    return Server.at(port)
        .subprotocols("v2.notes", "v1.notes") // the favourite first
        .route("/notes/{username}", new Notes())
        .start();
  }

  static final class Notes implements Endpoint {
    @Override
    public Handshake opening(Request request) {
      String user = user(request);
      if (user == null) {
        return Handshake.refuse(401, "Log in first.");
      } else if (!user.equals(request.param("username"))) {
        return Handshake.refuse(403, "These are not your notes.");
      }
      return Handshake.accept();
    }

    @Override
    public void opened(WebSocket ws) {
      ws.send("Welcome, " + ws.param("username") + "; we speak " + ws.subprotocol() + ".");
    }

    private static @Nullable String user(Request request) {
      String header = request.header("Authorization");
      String secret =
          header != null && header.startsWith("Bearer ")
              ? header.substring("Bearer ".length())
              : request.cookie("session");
      return secret == null ? null : USERS.get(secret);
    }
  }

  /// Listens on port 8080 until the process is asked to end.
  public static void main(String[] args) {
    start(8080);
  }
}
