package io.weft;

import io.weft.HandshakeException.Step;
import io.weft.bytes.Chunk;
import io.weft.http.Head;
import io.weft.http.Url;
import io.weft.net.Conn;
import io.weft.net.Loop;
import io.weft.net.Stage;
import io.weft.net.Terms;
import io.weft.tls.TlsEngine;
import io.weft.ws.Deflate;
import io.weft.ws.DeflateOffer;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// A client's way to one connection: the addresses of a server or of a proxy race (RFC 8305), the
/// first that connects shakes hands, and the others are closed.
///
/// ```text
///             an address connected             101, verified
///  RACING ──────────────────────> SHAKING_HANDS ────────────> ENDED
///     └── none did, or not in time ───┴── anything else ────────^
///
///  the stages of the one that won:  [ProxyStage] -> UpgradeStage, [TLS] -> WsStage
/// ```
///
/// The next address is tried when the one before has failed, or has had 250 ms. It belongs to the
/// loop's thread.
final class Connecting {

  /// How long an address has before the next is tried beside it (RFC 8305 §5).
  static final long STAGGER_NS = Duration.ofMillis(250).toNanos();

  private static final byte[] NO_BODY = {};

  private enum State {
    RACING,
    SHAKING_HANDS,
    ENDED
  }

  private final ClientLoop shared;
  private final Loop loop;
  private final Core core;
  private final Terms terms;
  private final Attempt attempt;
  private final Endpoint endpoint;
  private final CompletableFuture<WebSocket> result = new CompletableFuture<>();

  private State state = State.RACING;

  /// Addresses not tried yet.
  private final Queue<InetSocketAddress> untried = new ArrayDeque<>();

  /// Connections that are being made, or the one that won.
  private final Set<Conn> racing = new LinkedHashSet<>();

  /// What became of the addresses that failed.
  private final List<String> failures = new ArrayList<>();

  /// When the server's answer has to be there, through whatever stands between.
  private long answerByNs;

  /// What a proxy wants credentials for, if it wants them and was shown none.
  private @Nullable String realm;

  /// What is attempted.
  ///
  /// @param name what messages call it: no secrets, as a URL's query may hold
  /// @param plan where to, and how
  /// @param route which way
  /// @param request what asks for the upgrade
  /// @param offers of permessage-deflate in it
  /// @param connectByNs when TCP has to be there, by the loop's clock
  /// @param endNs when the whole has to be over
  record Attempt(
      String name,
      Plan plan,
      Route route,
      Head request,
      List<DeflateOffer> offers,
      long connectByNs,
      long endNs) {}

  Connecting(ClientLoop shared, Core core, Attempt attempt, Endpoint endpoint) {
    this.shared = shared;
    this.loop = shared.loop;
    this.core = core;
    this.terms = core.terms(shared::release);
    this.attempt = attempt;
    this.endpoint = endpoint;
  }

  /// Completed on the loop's thread: with the open connection, or a [HandshakeException].
  CompletableFuture<WebSocket> result() {
    return result;
  }

  Core core() {
    return core;
  }

  Head request() {
    return attempt.request;
  }

  List<DeflateOffer> offers() {
    return attempt.offers;
  }

  /// A fresh end of TLS; null if the connection is to be plain.
  @Nullable TlsEngine tls() {
    Url url = attempt.plan.url;
    Tls tls = attempt.plan.tls();
    if (tls == null) {
      return null;
    }
    return new TlsEngine(tls.clientEngine(tlsHost(), url.port()), new byte[0]);
  }

  /// Why the certificate that a server has shown will not do though TLS is agreed on; null if it
  /// does, or the connection is plain.
  @Nullable String breach(@Nullable SSLSession session) {
    Tls tls = attempt.plan.tls();
    return tls == null || session == null ? null : tls.breach(tlsHost(), session);
  }

  /// The host as TLS has it: a name without its last dot, an address without brackets.
  private String tlsHost() {
    return attempt.plan.url.host().replaceAll("^\\[|\\.?\\]?$", "");
  }

  /// When the server's answer has to be there.
  long answerByNs() {
    return answerByNs;
  }

  /// When that was.
  String inTime() {
    long shakeMs = core.limits.handshakeTimeout().toMillis();
    return answerByNs < attempt.endNs
        ? "within the handshakeTimeout of " + shakeMs + " ms"
        : "within connectTimeout and handshakeTimeout, together "
            + (attempt.plan.connectTimeout.toMillis() + shakeMs)
            + " ms";
  }

  /// Whether a redirect is somebody's to follow.
  boolean followsRedirects() {
    return attempt.plan.redirects > 0;
  }

  /// What the proxy wants credentials for, if it wants them and was shown none.
  @Nullable String realm() {
    return realm;
  }

  /// Begins the race.
  void race(InetAddress[] addresses) {
    int port = attempt.route.port();
    alternating(addresses).forEach(each -> untried.add(new InetSocketAddress(each, port)));
    tryNext();
  }

  /// The addresses with both families in turn, IPv6 first (RFC 8305 §4).
  static List<InetAddress> alternating(InetAddress[] addresses) {
    Queue<InetAddress> six = new ArrayDeque<>(Arrays.asList(addresses));
    six.removeIf(address -> !(address instanceof Inet6Address));
    Queue<InetAddress> four = new ArrayDeque<>(Arrays.asList(addresses));
    four.removeIf(Inet6Address.class::isInstance);
    List<InetAddress> all = new ArrayList<>(addresses.length);
    while (!six.isEmpty() || !four.isEmpty()) {
      if (!six.isEmpty()) {
        all.add(six.remove());
      }
      if (!four.isEmpty()) {
        all.add(four.remove());
      }
    }
    return all;
  }

  private void tryNext() {
    while (state == State.RACING) {
      InetSocketAddress address = untried.poll();
      if (address == null) {
        if (racing.isEmpty()) {
          cannotConnect("");
        }
        return;
      }
      try {
        Conn conn = connect(address);
        racing.add(conn);
        conn.wakeAt(wakeNs(loop.nowNs()));
        return;
      } catch (IOException e) {
        failures.add(name(address) + ": " + e.getMessage());
      }
    }
  }

  private Conn connect(InetSocketAddress address) throws IOException {
    shared.retain(); // until the connection is gone
    try {
      return loop.connect(address, terms, Racer::new);
    } catch (Throwable thrown) {
      shared.release();
      throw thrown;
    }
  }

  private void cannotConnect(String within) {
    String why = "cannot connect: " + String.join("; ", failures) + within;
    fail(Step.CONNECTING, why, null, NO_BODY);
  }

  private long wakeNs(long nowNs) {
    return untried.isEmpty()
        ? attempt.connectByNs
        : Math.min(attempt.connectByNs, nowNs + STAGGER_NS);
  }

  /// A connection that is being made.
  private final class Racer implements Stage {

    private final Conn conn;

    Racer(Conn conn) {
      this.conn = conn;
    }

    @Override
    public void begun() {
      won(conn);
    }

    @Override
    public Next read(Chunk in) {
      throw new AssertionError("it won, and has become another");
    }

    @Override
    public void ended() {}

    @Override
    public void writable() {}

    @Override
    public long expired(long nowNs) {
      return late(nowNs);
    }

    @Override
    public void closed(String reason) {
      lost(conn, reason);
    }
  }

  /// A connection is not there yet at its deadline, or at the turn of the next address.
  ///
  /// @return its next deadline
  private long late(long nowNs) {
    if (nowNs >= attempt.connectByNs) {
      List<String> waiting =
          racing.stream().map(conn -> name(conn.remote()) + ": no answer").toList();
      failures.addAll(waiting);
      long ms = attempt.plan.connectTimeout.toMillis();
      cannotConnect(" (within the connectTimeout of " + ms + " ms)");
      return Conn.NEVER;
    }
    tryNext();
    return attempt.connectByNs;
  }

  /// A connection that had won has ended, or says its last words.
  void left(Conn conn) {
    racing.remove(conn);
  }

  /// A connection could not be made.
  private void lost(Conn conn, String reason) {
    if (state == State.RACING) {
      racing.remove(conn);
      failures.add(name(conn.remote()) + ": " + reason);
      tryNext();
    }
  }

  /// A connection is there: the race is over, and the others are closed.
  private void won(Conn conn) {
    assert state == State.RACING;
    state = State.SHAKING_HANDS;
    racing.remove(conn);
    closeAll("another address was faster");
    racing.add(conn);
    answerByNs = Math.min(attempt.endNs, loop.nowNs() + core.handshakeNs);
    Route route = attempt.route;
    Url url = attempt.plan.url;
    switch (route.kind()) {
      case DIRECT -> reached(conn);
      case HTTP ->
          throughProxy(
              conn, new HttpTunnel(url.host(), url.port(), route.credentials(), core.limits));
      case SOCKS5 ->
          throughProxy(conn, new SocksTunnel(url.host(), url.port(), route.credentials()));
    }
  }

  private void throughProxy(Conn conn, Tunnel tunnel) {
    conn.become(new ProxyStage(this, conn, tunnel));
  }

  /// The way to the server is there, whether straight or through a proxy.
  void reached(Conn conn) {
    conn.become(new UpgradeStage(this, conn));
  }

  /// The proxy lets nobody through.
  void refused(Tunnel.Refusal refusal) {
    realm = refusal.realm;
    fail(Step.TUNNELLING, String.valueOf(refusal.getMessage()), refusal.answer, NO_BODY);
  }

  /// The server has agreed.
  ///
  /// @param deflate to one of the [#offers()]; null for no compression
  void agreed(Conn conn, @Nullable String subprotocol, @Nullable DeflateOffer deflate) {
    assert state == State.SHAKING_HANDS;
    state = State.ENDED;
    racing.clear();
    Request request = new Request(attempt.request, conn, conn.session(), null, new byte[0]);
    Compressing compressing = core.compressing;
    Deflate extension =
        deflate == null || compressing == null ? null : compressing.agreed(loop, deflate);
    WsStage stage = new WsStage(core, conn, endpoint, request, subprotocol, extension);
    conn.become(stage);
    result.complete(stage.webSocket());
  }

  /// It fails.
  ///
  /// @param answer what the server or the proxy answered, or null
  /// @param body of that answer, as far as it is kept
  void fail(Step step, String why, @Nullable Head answer, byte[] body) {
    if (state != State.ENDED) {
      state = State.ENDED;
      untried.clear();
      closeAll("the attempt has failed");
      String message = attempt.name + ": " + why;
      result.completeExceptionally(new HandshakeException(step, message, answer, body));
    }
  }

  /// Nobody waits for it any more.
  void abandon() {
    fail(Step.CONNECTING, "the attempt was cancelled", null, NO_BODY);
  }

  private void closeAll(String why) {
    List<Conn> all = List.copyOf(racing);
    racing.clear();
    all.forEach(conn -> conn.abort(why));
  }

  private static String name(SocketAddress address) {
    InetSocketAddress inet = (InetSocketAddress) address;
    String host = inet.getAddress().getHostAddress();
    boolean six = inet.getAddress() instanceof Inet6Address;
    return (six ? "[" + host + "]" : host) + ":" + inet.getPort();
  }
}
