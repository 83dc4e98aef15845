package io.weft;

import io.weft.bytes.Ascii;
import io.weft.http.Head;
import io.weft.net.Conn;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// What a server logs of the requests that it refuses. A browser does not tell its page why a
/// WebSocket was refused, so whoever runs the server has to be able to see it.
///
/// A handshake that Weft refuses is a WARNING, at most one in ten seconds for origins and one for
/// the rest, since strangers may send as many as they like; each says how many went untold before
/// it. Every refusal is a DEBUG line. What a client wrote stands there short and escaped, and no
/// query, which may hold secrets.
///
/// For the threads of all loops.
final class Refusals {

  private static final Logger LOG = System.getLogger("io.weft");
  private static final long PAUSE_NS = Duration.ofSeconds(10).toNanos();
  private static final int SHOWN_CHARACTERS = 200;
  private static final int FORBIDDEN = 403;

  private final Ration origins = new Ration();
  private final Ration others = new Ration();

  /// Lets one line through in ten seconds, and counts the rest.
  private static final class Ration {
    private final AtomicInteger untold = new AtomicInteger();
    private final AtomicLong toldAtNs = new AtomicLong(Conn.NEVER);

    /// How many were not told since the last that was; -1 if this one is not to be told either.
    int tell(long nowNs) {
      long last = toldAtNs.get();
      boolean due = last == Conn.NEVER || nowNs - last >= PAUSE_NS;
      if (due && toldAtNs.compareAndSet(last, nowNs)) {
        return untold.getAndSet(0);
      }
      untold.incrementAndGet();
      return -1;
    }
  }

  /// Weft refuses a handshake; on the loop's thread.
  ///
  /// @param why a sentence of ours, without an end
  void handshake(Conn conn, Head head, int status, String why) {
    Ration ration = status == FORBIDDEN ? origins : others;
    int untold = ration.tell(conn.loop().nowNs());
    if (untold >= 0) {
      LOG.log(
          Level.WARNING,
          "A WebSocket handshake is refused with "
              + status
              + ": "
              + shown(why)
              + ". Path "
              + path(head)
              + ", Origin "
              + shown(head.header("Origin"))
              + ", Host "
              + shown(head.header("Host"))
              + ", from "
              + conn.remote()
              + (untold == 0
                  ? "."
                  : ". " + untold + " more were refused since the last such line."));
    }
  }

  /// A request was answered with a status of 400 or above; on the loop's thread.
  ///
  /// @param head null if none came
  static void answered(Conn conn, @Nullable Head head, int status) {
    if (LOG.isLoggable(Level.DEBUG)) {
      String asked = head == null ? "a request" : shown(head.method()) + " " + path(head);
      LOG.log(
          Level.DEBUG, "Answered " + asked + " from " + conn.remote() + " with " + status + ".");
    }
  }

  /// A connection has ended in another way than both ends meant it to; on the loop's thread.
  static void ended(WebSocket ws, Close how) {
    boolean asMeant =
        switch (how.code()) {
          case Close.NORMAL, Close.GOING_AWAY, Close.NO_STATUS -> true;
          default -> how.code() / 1000 >= 3; // an application's own
        };
    if (!asMeant && LOG.isLoggable(Level.DEBUG)) {
      String path = shown(ws.request().path());
      LOG.log(Level.DEBUG, ws + ", " + path + ", ended: " + how.what() + ", by " + how.by() + ".");
    }
  }

  /// The path of a request as a line shows it, without its query.
  static String path(Head head) {
    String target = head.target();
    int query = target.indexOf('?');
    return shown(query < 0 ? target : target.substring(0, query));
  }

  private static String shown(@Nullable String text) {
    return text == null ? "none" : Ascii.printable(text, SHOWN_CHARACTERS);
  }
}
