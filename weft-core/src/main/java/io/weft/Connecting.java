package io.weft;

import io.weft.HandshakeException.Step;
import io.weft.http.Head;
import io.weft.net.Conn;
import io.weft.net.Loop;
import io.weft.tls.TlsEngine;
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
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;

/// A client's way to one connection: the addresses of the host race (RFC 8305), the first that
/// connects shakes hands, and the others are closed.
///
/// ```text
///             an address connected            101, verified
///  RACING ──────────────────────> UPGRADING ────────────────> ENDED
///     └── none did, or not in time ───┴── anything else ────────^
/// ```
///
/// The next address is tried when the one before has failed, or has had 250 ms. It belongs to the
/// loop's thread.
final class Connecting {

  /// How long an address has before the next is tried beside it (RFC 8305 §5).
  static final long STAGGER_NS = Duration.ofMillis(250).toNanos();

  private enum State {
    RACING,
    UPGRADING,
    ENDED
  }

  private final Loop loop;
  private final Core core;
  private final Conn.Terms terms;
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

  /// What is attempted.
  ///
  /// @param name the URL as messages name it, without its query, which may hold secrets
  /// @param request what asks for the upgrade
  /// @param connectTimeout how long resolving and connecting may last together
  /// @param deadlineNs when that is over, by the loop's clock
  /// @param tls makes the client's end of TLS; null for plain TCP
  record Attempt(
      String name,
      Head request,
      Duration connectTimeout,
      long deadlineNs,
      @Nullable Supplier<SSLEngine> tls) {}

  Connecting(Loop loop, Core core, Attempt attempt, Endpoint endpoint) {
    this.loop = loop;
    this.core = core;
    this.terms = core.terms(() -> {});
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

  /// A fresh end of TLS; null if the connection is to be plain.
  @Nullable TlsEngine tls() {
    return attempt.tls == null ? null : new TlsEngine(attempt.tls.get(), new byte[0]);
  }

  /// Begins the race.
  void race(InetAddress[] addresses, int port) {
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
          fail(Step.CONNECTING, "cannot connect: " + String.join("; ", failures));
        }
        return;
      }
      try {
        Conn conn = loop.connect(address, terms, made -> new UpgradeStage(this, made));
        racing.add(conn);
        conn.wakeAt(wakeNs(loop.nowNs()));
        return;
      } catch (IOException e) {
        failures.add(name(address) + ": " + e.getMessage());
      }
    }
  }

  private long wakeNs(long nowNs) {
    return untried.isEmpty()
        ? attempt.deadlineNs
        : Math.min(attempt.deadlineNs, nowNs + STAGGER_NS);
  }

  /// A connection is not there yet at its deadline, or at the turn of the next address.
  ///
  /// @return its next deadline
  long late(long nowNs) {
    if (nowNs >= attempt.deadlineNs) {
      List<String> waiting =
          racing.stream().map(conn -> name(conn.remote()) + ": no answer").toList();
      failures.addAll(waiting);
      timedOut(Step.CONNECTING, "cannot connect: " + String.join("; ", failures));
      return Conn.NEVER;
    }
    tryNext();
    return attempt.deadlineNs;
  }

  /// A connection that had won has ended, or says its last words.
  void left(Conn conn) {
    racing.remove(conn);
  }

  /// A connection could not be made.
  void lost(Conn conn, String reason) {
    if (state == State.RACING) {
      racing.remove(conn);
      failures.add(name(conn.remote()) + ": " + reason);
      tryNext();
    }
  }

  /// A connection is there: the race is over, and the others are closed.
  void won(Conn conn) {
    assert state == State.RACING;
    state = State.UPGRADING;
    racing.remove(conn);
    closeAll("another address was faster");
    racing.add(conn);
  }

  /// The server has agreed.
  void agreed(Conn conn, @Nullable String subprotocol) {
    assert state == State.UPGRADING;
    state = State.ENDED;
    racing.clear();
    InetSocketAddress remote = (InetSocketAddress) conn.remote();
    Request request = new Request(attempt.request, remote, conn.session(), null, new byte[0]);
    WsStage stage = new WsStage(core, conn, endpoint, request, subprotocol);
    conn.become(stage);
    result.complete(stage.webSocket());
  }

  /// The time of `connectTimeout` is over.
  void timedOut(Step step, String what) {
    fail(
        step,
        what + " (within the connectTimeout of " + attempt.connectTimeout.toMillis() + " ms)");
  }

  void fail(Step step, String why) {
    fail(new HandshakeException(step, attempt.name + ": " + why));
  }

  /// It failed with an answer of the server at hand.
  void fail(String why, @Nullable Head response, byte[] body) {
    fail(new HandshakeException(Step.UPGRADING, attempt.name + ": " + why, response, body));
  }

  private void fail(HandshakeException failure) {
    if (state != State.ENDED) {
      state = State.ENDED;
      untried.clear();
      closeAll("the attempt has failed");
      result.completeExceptionally(failure);
    }
  }

  /// Nobody waits for it any more.
  void abandon() {
    fail(Step.CONNECTING, "the attempt was cancelled");
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
