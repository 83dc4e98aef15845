package io.weft;

import io.weft.HandshakeException.Step;
import io.weft.bytes.Ascii;
import io.weft.http.Head;
import io.weft.http.Url;
import io.weft.net.Loop;
import io.weft.ws.Upgrade;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;

/// A WebSocket client (RFC 6455): how to reach a server, and [#connect()] to do so, once or often.
///
/// ```java
/// try (Conversation ws = Client.connect("ws://example.com/feed")) {
///   ws.send("hi");
///   Message answer = ws.receive(Duration.ofSeconds(5));
/// }
/// ```
///
/// A value: each method that changes something returns a changed copy, and any thread may use it.
///
/// The connections of all clients of a process live on one loop, whose thread begins with the first
/// of them and does not keep the process alive. Callbacks of an [Endpoint] run on it and must not
/// block; futures are completed on virtual threads, and whatever hangs on them may.
public final class Client {

  /// For name look-ups, which block, and for completing futures.
  static final Executor VIRTUAL = task -> Thread.ofVirtual().name("weft-client-task").start(task);

  private static final int NONCE_BYTES = 16;

  /// What may not stand in a cookie's value (RFC 6265 §4.1.1), beside what no header may hold.
  private static final String NO_COOKIE = " \t\",;\\";

  private final Url url;
  private final Limits limits;
  private final Duration connectTimeout;
  private final List<Head.Field> headers;
  private final List<String> subprotocols;
  private final @Nullable String origin;

  /// How to speak TLS; null for as the Java runtime does.
  private final @Nullable Tls tls;

  private Client(
      Url url,
      Limits limits,
      Duration connectTimeout,
      List<Head.Field> headers,
      List<String> subprotocols,
      @Nullable String origin,
      @Nullable Tls tls) {
    this.url = url;
    this.limits = limits;
    this.connectTimeout = connectTimeout;
    this.headers = List.copyOf(headers);
    this.subprotocols = List.copyOf(subprotocols);
    this.origin = origin;
    this.tls = tls;
    request(new byte[NONCE_BYTES]); // whatever is wrong, is wrong now
  }

  /// Connects with nothing but defaults; blocks, as [#connect()] does.
  public static Conversation connect(String url) throws InterruptedException {
    return to(url).connect();
  }

  /// Begins a client of a server.
  ///
  /// @param url `ws://host` or `wss://host`, and perhaps a port, a path and a query,
  ///   percent-encoded; without a port it is 80 or 443
  /// @throws IllegalArgumentException if it is no such URL, saying where
  public static Client to(String url) {
    Url parsed = Url.parse(url);
    if (!parsed.scheme().startsWith("ws")) {
      throw new IllegalArgumentException(
          "the URL of a WebSocket begins with ws:// or wss://, not " + parsed.scheme() + "://");
    }
    return new Client(
        parsed, Limits.defaults(), Duration.ofSeconds(10), List.of(), List.of(), null, null);
  }

  /// Adds a header to the request.
  ///
  /// @throws IllegalArgumentException if it is no legal header, or one that belongs to the
  ///   handshake itself (RFC 6455 §4.1)
  public Client header(String name, String value) {
    List<Head.Field> more = new ArrayList<>(headers);
    more.add(new Head.Field(name, value));
    return new Client(url, limits, connectTimeout, more, subprotocols, origin, tls);
  }

  /// Adds a cookie to the request; all of them go in one header.
  ///
  /// @throws IllegalArgumentException if name or value may not stand in one (RFC 6265 §4.1.1)
  public Client cookie(String name, String value) {
    boolean legal = value.chars().allMatch(c -> c > ' ' && c < 0x7F && NO_COOKIE.indexOf(c) < 0);
    if (!Ascii.isToken(name) || !legal) {
      throw new IllegalArgumentException("the cookie " + name + " has an illegal character");
    }
    String cookie = name + "=" + value;
    List<Head.Field> more = new ArrayList<>(headers);
    for (int at = 0; at < more.size(); at++) {
      if (more.get(at).name().equals("Cookie")) {
        more.set(at, new Head.Field("Cookie", more.get(at).value() + "; " + cookie));
        return new Client(url, limits, connectTimeout, more, subprotocols, origin, tls);
      }
    }
    return header("Cookie", cookie);
  }

  /// Offers subprotocols, the favourite first, instead of those offered so far. The one agreed on
  /// is [WebSocket#subprotocol()]; a server may choose none.
  ///
  /// @throws IllegalArgumentException if one is no token, or there twice (RFC 6455 §4.1)
  public Client subprotocols(String... names) {
    return new Client(url, limits, connectTimeout, headers, List.of(names), origin, tls);
  }

  /// Sets the Origin header, as a browser would for a page; none is sent unless told.
  public Client origin(String page) {
    return new Client(url, limits, connectTimeout, headers, subprotocols, page, tls);
  }

  /// How to speak TLS to a `wss` server: whom to trust instead of the authorities of the Java
  /// runtime, a certificate of one's own, which versions. That the server's certificate is for the
  /// host of the URL is verified whatever stands here, but for [Tls#insecurelyTrustingAnybody()].
  public Client tls(Tls with) {
    return new Client(url, limits, connectTimeout, headers, subprotocols, origin, with);
  }

  /// Changes limits; the others stay as they are. Those of a server (routes, groups, draining, its
  /// loops' memory and mail) mean nothing here.
  public Client limits(Consumer<Limits.Builder> change) {
    Limits.Builder builder = limits.toBuilder();
    change.accept(builder);
    return limits(builder.build());
  }

  /// Sets all limits.
  public Client limits(Limits all) {
    return new Client(url, all, connectTimeout, headers, subprotocols, origin, tls);
  }

  /// How long looking up the host and making the TCP connection may last together; 10 s unless told
  /// otherwise. The server's answer then has [Limits#handshakeTimeout()].
  ///
  /// @throws IllegalArgumentException unless it is a millisecond to a day
  public Client connectTimeout(Duration most) {
    if (most.compareTo(Duration.ofMillis(1)) < 0 || most.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException("a connectTimeout is a millisecond to a day, not " + most);
    }
    return new Client(url, limits, most, headers, subprotocols, origin, tls);
  }

  /// Connects, and waits until the connection is open.
  ///
  /// @throws HandshakeException if it cannot be opened, saying why
  /// @throws InterruptedException if the thread was interrupted; nothing is left of the attempt
  /// @throws IllegalStateException in a callback of a client's [Endpoint], for whose loop it would
  ///   wait
  public Conversation connect() throws InterruptedException {
    if (ClientLoop.shared().loop.isCurrent()) {
      throw new IllegalStateException(
          "connect() waits for the loop that this callback runs on: use connectAsync()");
    }
    CompletableFuture<Conversation> opening = connectAsync();
    try {
      return opening.get();
    } catch (InterruptedException e) {
      opening.cancel(false);
      throw e;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof HandshakeException failure) {
        failure.fillInStackTrace(); // of the thread that asked, which is where it means something
        throw failure;
      }
      throw new IllegalStateException("connecting failed", e.getCause());
    }
  }

  /// Connects.
  ///
  /// @return the open connection, or a [HandshakeException]; to cancel it ends the attempt
  /// @throws java.io.UncheckedIOException if the clients' loop cannot start, for want of file
  ///   descriptors
  public CompletableFuture<Conversation> connectAsync() {
    return open(new Conversation.Inbox(), Conversation.class);
  }

  /// Connects, for callbacks on the loop.
  ///
  /// @return the open connection, whose [Endpoint#opened] has run; or a [HandshakeException], and
  ///   the endpoint has heard nothing. To cancel it ends the attempt
  public CompletableFuture<WebSocket> connect(Endpoint endpoint) {
    return open(endpoint, WebSocket.class);
  }

  /// Connects, and again whenever the connection ends, as [Reconnect#defaults()] say.
  ///
  /// @param endpoint hears of each connection in turn
  /// @return at once; what is sent before there is a connection is kept for it
  public Live stayConnected(Endpoint endpoint) {
    return stayConnected(endpoint, Reconnect.defaults());
  }

  /// Connects, and again whenever the connection ends.
  ///
  /// @param endpoint hears of each connection in turn
  /// @param how how long to wait before each attempt, and when to give up
  public Live stayConnected(Endpoint endpoint, Reconnect how) {
    Live live = new Live(this, limits, endpoint, how);
    live.begin();
    return live;
  }

  @SuppressWarnings("FutureReturnValueIgnored") // what hangs on it does not fail
  private <W extends WebSocket> CompletableFuture<W> open(Endpoint endpoint, Class<W> kind) {
    CompletableFuture<W> opened = new CompletableFuture<>();
    Connecting connecting = begin(endpoint, kind, opened);
    Loop loop = ClientLoop.shared().loop;
    resolve()
        .whenComplete(
            (addresses, failure) -> loop.execute(() -> resolved(connecting, addresses, failure)));
    return opened;
  }

  /// Begins a race between these addresses of the host.
  void race(CompletableFuture<Conversation> opened, InetAddress[] addresses) {
    Connecting connecting = begin(new Conversation.Inbox(), Conversation.class, opened);
    ClientLoop.shared().loop.execute(() -> connecting.race(addresses, url.port()));
  }

  @SuppressWarnings("FutureReturnValueIgnored") // what hangs on them does not fail
  private <W extends WebSocket> Connecting begin(
      Endpoint endpoint, Class<W> kind, CompletableFuture<W> opened) {
    ClientLoop shared = ClientLoop.shared();
    Connecting.Attempt attempt =
        new Connecting.Attempt(
            url.scheme() + "://" + url.authority() + url.path(),
            request(shared.maskingKeys.nonce(NONCE_BYTES)),
            connectTimeout,
            System.nanoTime() + connectTimeout.toNanos(),
            url.isSecure() ? engines() : null);
    Core core = Core.ofClient(limits, shared.tasks, shared.maskingKeys);
    Connecting connecting = new Connecting(shared.loop, core, attempt, endpoint);
    connecting
        .result()
        .whenCompleteAsync(
            (ws, failure) -> {
              if (failure != null) {
                opened.completeExceptionally(failure);
              } else if (!opened.complete(kind.cast(ws))) {
                ws.close(Close.NORMAL, ""); // cancelled in the last moment
              }
            },
            VIRTUAL);
    opened.whenComplete((ws, failure) -> {
      if (failure != null) {
        shared.loop.execute(connecting::abandon);
      }
    });
    return connecting;
  }

  private Supplier<SSLEngine> engines() {
    Tls with = tls == null ? Tls.system() : tls;
    String host = url.host().replaceAll("^\\[|\\.?\\]?$", "");
    return () -> with.clientEngine(host, url.port());
  }

  private Head request(byte[] nonce) {
    return Upgrade.request(url, nonce, subprotocols, List.of(), origin, headers);
  }

  private CompletableFuture<InetAddress[]> resolve() {
    return CompletableFuture.supplyAsync(
            () -> {
              try {
                return InetAddress.getAllByName(url.host());
              } catch (UnknownHostException e) {
                throw new CompletionException(e);
              }
            },
            VIRTUAL)
        .orTimeout(connectTimeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void resolved(
      Connecting connecting, InetAddress @Nullable [] addresses, @Nullable Throwable failure) {
    Throwable cause = failure instanceof CompletionException wrapped ? wrapped.getCause() : failure;
    if (addresses != null) {
      connecting.race(addresses, url.port());
    } else if (cause instanceof TimeoutException) {
      connecting.timedOut(Step.RESOLVING, "no address of the host was found");
    } else if (cause instanceof UnknownHostException) {
      connecting.fail(Step.RESOLVING, "the host " + url.host() + " is not known");
    } else {
      connecting.fail(Step.RESOLVING, "the host could not be looked up: " + cause);
    }
  }
}
