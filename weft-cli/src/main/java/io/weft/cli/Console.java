package io.weft.cli;

import io.weft.Request;
import io.weft.Response;
import io.weft.Server;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `/`: the browser console, a few files from the jar, and the library's module for browsers beside
/// them. Nothing else can be asked for.
final class Console {

  /// The files; one that is not named here is not served.
  static final List<String> FILES =
      List.of(
          "index.html",
          "console.css",
          "console.js",
          "chat.js",
          "composer.js",
          "payload.js",
          "target.js",
          "timeline.js",
          "favicon.svg");

  /// What the library has for browsers.
  private static final List<String> MODULE = List.of("weft.js", "weft.d.ts");

  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "ts", "text/plain; charset=utf-8",
          "svg", "image/svg+xml");

  /// The page needs its own files and WebSockets to anywhere, and may do nothing else.
  static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
          + "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; "
          + "frame-ancestors 'none'";

  private Console() {}

  /// Adds every file to a server, each under its name; `index.html` is also at `/`.
  static void on(Server.Builder server) {
    for (String file : FILES) {
      add(server, file, Console.class.getResource("console/" + file));
    }
    for (String file : MODULE) {
      add(server, file, Server.class.getResource("/META-INF/resources/" + file));
    }
    Response index = response("index.html", Console.class.getResource("console/index.html"));
    server.http("/", request -> index);
    server.http("/host", Console::host);
  }

  /// What this server is asked for, as it sees it: a page that was asked for by another name knows
  /// then that a proxy in front passes its own.
  private static Response host(Request request) {
    String host = request.header("Host");
    return Response.text(200, host == null ? "" : host).header("Cache-Control", "no-store");
  }

  private static void add(Server.Builder server, String file, @Nullable URL source) {
    Response response = response(file, source);
    server.http("/" + file, request -> response);
  }

  private static Response response(String file, @Nullable URL source) {
    String type = TYPES.get(file.substring(file.lastIndexOf('.') + 1));
    if (type == null) {
      throw new IllegalStateException("no content type for " + file);
    }
    return Response.of(200, type, read(file, source))
        .header("Content-Security-Policy", POLICY)
        .header("X-Content-Type-Options", "nosniff")
        .header("Referrer-Policy", "no-referrer")
        .header("Cache-Control", "no-cache");
  }

  private static byte[] read(String file, @Nullable URL source) {
    if (source == null) {
      throw new IllegalStateException(file + " is not in the jar");
    }
    try (InputStream in = source.openStream()) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
