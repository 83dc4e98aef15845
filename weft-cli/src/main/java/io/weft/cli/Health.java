package io.weft.cli;

import io.weft.Request;
import io.weft.Response;
import io.weft.Server;
import org.jspecify.annotations.Nullable;

/// `/health`: `{"status":"ok","connections":12}`, for probes.
final class Health implements Server.Handler {

  private volatile @Nullable Server server;

  /// Names the server whose health is asked for; until then it is starting.
  void of(Server started) {
    server = started;
  }

  @Override
  public Response answer(Request request) {
    Server started = server;
    return started == null
        ? Response.json(503, "{\"status\":\"starting\",\"connections\":0}")
        : Response.json(200, "{\"status\":\"ok\",\"connections\":" + started.connections() + "}");
  }
}
