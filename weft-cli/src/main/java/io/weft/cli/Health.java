package io.weft.cli;

import io.weft.Request;
import io.weft.Response;
import io.weft.Server;
import org.jspecify.annotations.Nullable;

/// `/health`: `{"status":"ok","connections":12}`, for probes. It is 200 as long as connections are
/// served, also if a part of the loops has failed (`degraded`), and else 503.
final class Health implements Server.Handler {

  private volatile @Nullable Server server;

  /// Names the server whose health is asked for; until then it is starting.
  void of(Server started) {
    server = started;
  }

  @Override
  public Response answer(Request request) {
    Server started = server;
    if (started == null) {
      return answer(503, "starting", 0);
    }
    int connections = started.connections();
    return switch (started.health()) {
      case SERVING -> answer(200, "ok", connections);
      case DEGRADED -> answer(200, "degraded", connections);
      case CLOSING -> answer(503, "closing", connections);
      case FAILED -> answer(503, "failed", connections);
    };
  }

  private static Response answer(int status, String word, int connections) {
    return Response.json(
        status, "{\"status\":\"" + word + "\",\"connections\":" + connections + "}");
  }
}
