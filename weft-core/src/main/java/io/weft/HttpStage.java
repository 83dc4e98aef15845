package io.weft;

import io.weft.bytes.Chunk;
import io.weft.http.Head;
import io.weft.http.Http1;
import io.weft.http.HttpException;
import io.weft.http.Quote;
import io.weft.http.Target;
import io.weft.net.Conn;
import io.weft.net.Report;
import io.weft.net.Stage;
import io.weft.ws.Deflate;
import io.weft.ws.ExtensionOffer;
import io.weft.ws.Upgrade;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A connection that speaks HTTP/1.1: every connection at first, until it is upgraded. Requests are
/// answered one at a time; what a client sends ahead waits.
final class HttpStage implements Stage {

  private static final Logger LOG = System.getLogger("io.weft");
  private static final byte[] NO_BODY = {};

  /// The target that is the server as a whole (RFC 9112 §3.2.4).
  private static final String OF_SERVER = "*";

  /// The methods that a handler's path answers.
  private static final String ANSWERED = "GET, HEAD, OPTIONS";

  /// What a client is told that speaks plain HTTP, or anything else, where TLS is spoken.
  static final byte[] TO_PLAIN = toPlain("this port speaks TLS: ask with https:// or wss://\n");

  /// IMF-fixdate (RFC 9110 §5.6.7).
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US);

  private final Site site;
  private final Core core;
  private final Conn conn;
  private final Http1 http;

  /// The body of the request that is being read; null if it has none so far.
  private @Nullable Body body;

  /// What the connection is charged for the head of the request at hand, in bytes; 0 if there is
  /// none.
  private int headBytes;

  /// Whether a request was answered.
  private boolean hasAnswered;

  /// The head of the last request; null before the first.
  private @Nullable Head asked;

  /// When the head that is awaited has to be whole; or the body, which has longer with each byte.
  private long deadlineNs;

  HttpStage(Site site, Conn conn) {
    this.site = site;
    this.core = site.core();
    this.conn = conn;
    Limits limits = core.limits;
    this.http =
        Http1.ofRequests(
                limits.requestLineBytes(), limits.headBytes(), limits.headers(), limits.bodyBytes())
            .chargedTo(conn);
    this.deadlineNs = conn.loop().nowNs() + core.handshakeNs;
  }

  /// What a client is told for whom there is no room.
  static final byte[] TO_FULL = canned("503 Service Unavailable", "the server is full\n");

  static final byte[] TO_CROWDED =
      canned("429 Too Many Requests", "too many connections from your address\n");

  private static byte[] toPlain(String why) {
    return canned("400 Bad Request", why);
  }

  private static byte[] canned(String status, String why) {
    String response =
        String.format(
            Locale.ROOT,
            """
            HTTP/1.1 %s\r
            Content-Type: text/plain; charset=utf-8\r
            Content-Length: %d\r
            Connection: close\r
            \r
            %s\
            """,
            status,
            why.length(),
            why);
    return response.getBytes(StandardCharsets.US_ASCII);
  }

  /// When the first request has to be whole, counted from when the connection was accepted.
  long deadlineNs() {
    return deadlineNs;
  }

  @Override
  public void begun() {
    conn.wakeAt(deadlineNs);
  }

  @Override
  public Next read(Chunk in) {
    try {
      return pull(in);
    } catch (HttpException breach) {
      refuse(breach.status, breach.getMessage());
    } catch (RuntimeException | Error thrown) {
      Head head = asked;
      try {
        refuse(500, "the server failed");
      } finally {
        String path = head == null ? "" : Refusals.path(head);
        Report.error(LOG, "A request for ", path, " could not be answered: 500.", thrown);
      }
    }
    return Next.MORE;
  }

  private Next pull(Chunk in) throws HttpException {
    for (int answers = 0; conn.isOpen() && conn.stage() == this; ) {
      if (answers == core.limits.turnFrames()) {
        return Next.LATER;
      }
      if (conn.outbox().isHigh()) {
        conn.tellWhenLow();
        return Next.PAUSE;
      }
      Http1.Event event = http.next(in);
      if (event == null) {
        return Next.MORE;
      }
      switch (event) {
        case HEAD -> headCame();
        case BODY -> {
          body = body == null ? new Body(conn) : body;
          body.take(http, in);
          deadlineNs += (http.bodyTo() - http.bodyFrom()) * core.byteNs;
        }
        case END -> {
          answer();
          answers++;
        }
      }
    }
    return Next.MORE;
  }

  private void headCame() throws HttpException {
    Head head = http.head();
    deadlineNs = conn.loop().nowNs() + core.handshakeNs; // of the body, which adds to it
    asked = head;
    if (!conn.hold(head.size())) {
      throw new HttpException(
          503,
          "RFC 9110 §15.6.4",
          "no memory for a request: all that was received is at its bound");
    }
    headBytes = head.size();
    String host = head.header("Host");
    if (!site.hosts().has(host)) {
      refuse(421, "this server does not answer to the host " + Quote.of(String.valueOf(host)));
      return;
    }
    if (Upgrade.isAsked(head)) {
      upgrade(head);
      return;
    }
    Response refusal = http.hasBodyToCome() ? refusal(head, match(head)) : null;
    if (refusal != null) {
      answer(refusal, head.isMethod("HEAD"), false); // its body would be kept for nobody
    } else if (http.expectsContinue()) {
      Head.response(100).build().appendTo(conn.outbox());
      conn.flush();
    }
  }

  // ---- Upgrades ---------------------------------------------------------------------------------

  private void upgrade(Head head) throws HttpException {
    switch (Upgrade.judge(head)) {
      case Upgrade.Refused refused -> refuse(refused);
      case Upgrade.Accepted accepted -> upgrade(head, accepted);
    }
  }

  private void refuse(Upgrade.Refused refused) {
    core.refusals.handshake(conn, http.head(), refused.status(), refused.why());
    List<Head.Field> headers =
        refused.headers().stream()
            .filter(field -> !field.value().equals("close")) // which answer(...) says itself
            .toList();
    answer(Response.text(refused.status(), refused.why() + "\n").with(headers), false, false);
  }

  private void upgrade(Head head, Upgrade.Accepted accepted) throws HttpException {
    Routes.Match match = site.routes().match(Target.of(head.target()).path());
    Endpoint endpoint = match == null ? null : match.route().endpoint;
    if (match == null || endpoint == null) {
      refuse(404, "no WebSocket endpoint is at this path");
      return;
    }
    List<String> origins = head.headers("Origin");
    if (!site.origins().allow(origins, head.header("Host"))) {
      refuse(403, "the origin " + Quote.of(origins.getFirst()) + " is not allowed here");
      return;
    }
    Head kept = head.without(Upgrade.ASKING);
    Request request = new Request(kept, conn, conn.session(), match, NO_BODY);
    Handshake decision = decide(endpoint, request);
    if (decision.refusal() != null) {
      answer(decision.refusal(), head.isMethod("HEAD"), false);
      return;
    }
    String subprotocol = choose(decision, accepted.subprotocols());
    Deflate deflate =
        core.compressing == null
            ? null
            : core.compressing.accept(conn.loop(), accepted.extensions());
    List<ExtensionOffer> agreed = deflate == null ? List.of() : List.of(deflate.agreed().element());
    try {
      accepted.response(subprotocol, agreed, decision.headers()).appendTo(conn.outbox());
    } catch (RuntimeException illegal) {
      if (deflate != null) {
        deflate.release(false);
      }
      throw illegal;
    }
    conn.letGo(headBytes - kept.size()); // the rest stays for life
    conn.flush();
    conn.become(new WsStage(core, conn, endpoint, request, subprotocol, deflate));
  }

  private Handshake decide(Endpoint endpoint, Request request) {
    conn.loop().handling(true);
    try {
      return Objects.requireNonNull(endpoint.opening(request), "opening() returned null");
    } catch (Throwable thrown) {
      try {
        return Handshake.refuse(500, "the server failed");
      } finally {
        Report.error(
            LOG, "opening() of ", request, " threw; the handshake is refused with 500.", thrown);
      }
    } finally {
      conn.loop().handling(false);
    }
  }

  private @Nullable String choose(Handshake decision, List<String> offered) {
    String chosen = decision.subprotocol();
    if (chosen == null) {
      return site.subprotocols().stream().filter(offered::contains).findFirst().orElse(null);
    }
    if (!chosen.isEmpty() && !offered.contains(chosen)) {
      throw new IllegalStateException(
          "opening() chose the subprotocol " + chosen + ", but the client offered " + offered);
    }
    return chosen.isEmpty() ? null : chosen;
  }

  // ---- Plain requests ---------------------------------------------------------------------------

  private void answer() throws HttpException {
    Head head = http.head();
    byte[] content = body == null ? NO_BODY : body.whole();
    // What asks for half an upgrade may have made a proxy in between expect a tunnel.
    boolean keepAlive = http.keepsAlive() && !head.lists("Upgrade", "websocket");
    answer(respond(head, content), head.isMethod("HEAD"), keepAlive);
    asked = null; // a connection that rests holds no head
    letGo();
    if (keepAlive) {
      deadlineNs = conn.loop().nowNs() + core.handshakeNs; // the next has the same time
      conn.wakeAt(deadlineNs);
    }
  }

  private void letGo() {
    if (body != null) {
      body.letGo();
      body = null;
    }
    conn.letGo(headBytes);
    headBytes = 0;
  }

  private Routes.@Nullable Match match(Head head) throws HttpException {
    boolean ofServer = head.target().equals(OF_SERVER);
    return ofServer ? null : site.routes().match(Target.of(head.target()).path());
  }

  /// What may be asked of a path, or of the server (RFC 9110 §9.3.7): `*`, and `/`, which is what a
  /// URL without a path is read as. Proxies ask so whether a server is well.
  private static Response options(String target, Routes.@Nullable Match match) {
    boolean ofServer = target.equals(OF_SERVER);
    boolean ofRoot = target.equals("/") || target.startsWith("/?");
    if (match == null && !ofServer && !ofRoot) {
      return Response.text(404, "nothing is at this path\n");
    }
    String allow = "OPTIONS";
    if (ofServer || (match != null && match.route().handler != null)) {
      allow = ANSWERED;
    } else if (match != null) {
      allow = "GET, OPTIONS";
    }
    return Response.empty(204).header("Allow", allow);
  }

  /// What a plain request is answered, if that hangs on its head alone.
  private @Nullable Response refusal(Head head, Routes.@Nullable Match match) {
    if (head.isMethod("OPTIONS")) {
      return options(head.target(), match);
    }
    if (match == null) {
      return Response.text(404, "nothing is at this path\n");
    }
    if (match.route().handler == null) {
      String scheme = conn.session() == null ? "ws" : "wss";
      String why = "a WebSocket endpoint is at this path: connect with " + scheme + "://\n";
      return Response.text(426, why).header("Upgrade", "websocket");
    }
    if (!head.isMethod("GET") && !head.isMethod("HEAD")) {
      return Response.text(405, "this path answers GET and HEAD\n").header("Allow", ANSWERED);
    }
    return null;
  }

  private Response respond(Head head, byte[] content) throws HttpException {
    Routes.Match match = match(head);
    Response refusal = refusal(head, match);
    Server.Handler handler = match == null ? null : match.route().handler;
    if (refusal != null || handler == null) {
      return Objects.requireNonNull(refusal);
    }
    Request request = new Request(head, conn, conn.session(), match, content);
    conn.loop().handling(true);
    try {
      return Objects.requireNonNull(handler.answer(request), "it returned null");
    } catch (Throwable thrown) {
      try {
        return Response.text(500, "the server failed\n");
      } finally {
        Report.error(LOG, "The handler of ", request, " threw.", thrown);
      }
    } finally {
      conn.loop().handling(false);
    }
  }

  private void answer(Response response, boolean headOnly, boolean keepAlive) {
    int bytes = headOnly ? 0 : response.body().length;
    if (bytes > core.limits.outboxHardBytes()) {
      LOG.log(
          Level.ERROR,
          "A response of "
              + bytes
              + " bytes is over the limit outboxHardBytes of "
              + core.limits.outboxHardBytes()
              + ".");
      send(Response.text(500, "the server failed\n"), false, keepAlive);
    } else if (!conn.loop().hasRoomFor(bytes, conn.outbox().isSmallWith(bytes))) {
      send(Response.text(503, "no memory for the answer now: come again\n"), false, false);
    } else {
      send(response, headOnly, keepAlive);
    }
  }

  private void send(Response response, boolean headOnly, boolean keepAlive) {
    if (response.status() >= 400) {
      Refusals.answered(conn, asked, response.status());
    }
    byte[] content = response.body();
    Head.Builder head = Head.response(response.status());
    head.header("Date", DATE.format(ZonedDateTime.now(ZoneOffset.UTC)));
    response.headers().forEach(head::header);
    boolean bodiless = response.status() == 204 || response.status() == 304;
    if (!bodiless) {
      head.header("Content-Length", Integer.toString(content.length));
    }
    if (!keepAlive) {
      head.header("Connection", "close");
    }
    head.build().appendTo(conn.outbox());
    if (!headOnly && !bodiless) {
      conn.outbox().put(content, 0, content.length, 0);
    }
    hasAnswered = true;
    if (keepAlive) {
      conn.flush();
    } else {
      finish();
    }
  }

  private void refuse(int status, @Nullable String why) {
    Head head = asked;
    if (head != null && why != null && status < 500 && Upgrade.isAsked(head)) {
      core.refusals.handshake(conn, head, status, why);
    }
    answer(Response.text(status, (why == null ? "refused" : why) + "\n"), false, false);
  }

  private void finish() {
    conn.flush();
    conn.finish();
  }

  // ---- Events of the connection -----------------------------------------------------------------

  @Override
  public void ended() {
    conn.finish(); // no whole request can come any more; what was answered may still leave
  }

  @Override
  public void writable() {
    conn.resume();
  }

  @Override
  public long expired(long nowNs) {
    if (!conn.outbox().isEmpty()) {
      deadlineNs = nowNs + core.handshakeNs; // the last answer still leaves, in a time of its own
    }
    if (nowNs < deadlineNs) {
      return deadlineNs;
    }
    if (http.isIdle()) {
      conn.finish();
    } else {
      Limits limits = core.limits;
      refuse(
          408,
          String.format(
              Locale.ROOT,
              "the request was not whole within %s, a body not at %d bytes a second",
              limits.handshakeTimeout(),
              limits.leastBytesPerSecond()));
    }
    return Conn.NEVER;
  }

  @Override
  public boolean isStranger() {
    return !hasAnswered;
  }

  @Override
  public boolean pay(String why) {
    refuse(503, why);
    letGo();
    return true;
  }

  @Override
  public void closed(String reason) {
    letGo();
  }
}
