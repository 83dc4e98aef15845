package io.weft;

import io.weft.bytes.Ascii;
import io.weft.http.Head;
import io.weft.http.Quote;
import io.weft.http.Url;
import io.weft.net.Loop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

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

  /// For what blocks, as name look-ups do, and for completing futures.
  static final Executor VIRTUAL =
      task ->
          Thread.ofVirtual()
              .name("weft-client-task")
              .inheritInheritableThreadLocals(false)
              .start(task);

  /// What may not stand in a cookie's value (RFC 6265 §4.1.1), beside what no header may hold.
  private static final String NO_COOKIE = " \t\",;\\";

  /// The most redirects that a client may be told to follow.
  private static final int MOST_REDIRECTS = 20;

  /// Characters of a path that messages repeat.
  private static final int NAMED = 200;

  private final Plan plan;

  private Client(Plan plan) {
    this.plan = plan;
    plan.request(new byte[16], List.of()); // whatever is wrong, is wrong now
  }

  private Client with(Consumer<Plan> change) {
    Plan copy = plan.copy();
    change.accept(copy);
    return new Client(copy);
  }

  /// Connects with nothing but defaults; blocks, as [#connect()] does.
  public static Conversation connect(String url) throws InterruptedException {
    Objects.requireNonNull(url, "url");
    return to(url).connect();
  }

  /// Begins a client of a server.
  ///
  /// The URL is read as a browser's `new WebSocket(url)` does (WHATWG URL): what is not ASCII in
  /// path and query is percent-encoded as UTF-8, and an international host name is put into ASCII
  /// by the JDK's [java.net.IDN] (IDNA 2003). A name that this would read in another way than
  /// browsers do (UTS 46), as one with `ß` or an emoji, is refused, and can be written as `xn--`. A
  /// host that ends in a number is an IPv4 address, and that is four numbers: `127.1` and `0x7f.1`
  /// are refused.
  ///
  /// @param url `ws://host` or `wss://host`, and perhaps a port, a path and a query; without a port
  ///   it is 80 or 443
  /// @throws IllegalArgumentException if it is no such URL, saying what is wrong; its query, and
  ///   what stands in front of an `@`, are not repeated
  public static Client to(String url) {
    Objects.requireNonNull(url, "url");
    Url parsed;
    try {
      parsed = Url.ofPeople(url);
    } catch (Url.Malformed malformed) {
      String hint = url.contains("://") ? "" : "; it lacks ws:// or wss:// in front";
      throw new IllegalArgumentException(
          Quote.of(withoutSecrets(url))
              + " is no URL of a WebSocket: "
              + malformed.getMessage()
              + hint,
          malformed);
    }
    if (!parsed.scheme().startsWith("ws")) {
      throw new IllegalArgumentException(
          Quote.of(withoutSecrets(url))
              + " is no URL of a WebSocket: that begins with ws:// or wss://, not "
              + parsed.scheme()
              + "://");
    }
    return new Client(new Plan(parsed));
  }

  /// What may be repeated of a text that may be a URL: neither its query nor its user.
  private static String withoutSecrets(String url) {
    int mark = url.indexOf('?');
    String open = mark < 0 ? url : url.substring(0, mark) + "?...";
    int scheme = open.indexOf("://");
    int from = scheme < 0 ? 0 : scheme + "://".length();
    int userTo = open.lastIndexOf('@');
    return userTo < from ? open : open.substring(0, from) + "..." + open.substring(userTo);
  }

  /// A URL as messages name it: without its query, which may hold secrets, and no longer than one
  /// would read, since a server may have redirected to it.
  static String name(Url url) {
    String path = url.path();
    String shown = path.length() > NAMED ? path.substring(0, NAMED) + "..." : path;
    return url.scheme() + "://" + url.authority() + shown;
  }

  /// Adds a header to the request.
  ///
  /// @throws IllegalArgumentException if it is no legal header, or one that belongs to the
  ///   handshake itself (RFC 6455 §4.1)
  public Client header(String name, String value) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(value, "value");
    List<Head.Field> more = new ArrayList<>(plan.headers);
    more.add(new Head.Field(name, value));
    return with(p -> p.headers = List.copyOf(more));
  }

  /// Adds a cookie to the request; all of them go in one header.
  ///
  /// @throws IllegalArgumentException if name or value may not stand in one (RFC 6265 §4.1.1)
  public Client cookie(String name, String value) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(value, "value");
    boolean legal = value.chars().allMatch(c -> c > ' ' && c < 0x7F && NO_COOKIE.indexOf(c) < 0);
    if (!Ascii.isToken(name) || !legal) {
      throw new IllegalArgumentException("the cookie " + name + " has an illegal character");
    }
    String cookie = name + "=" + value;
    List<Head.Field> more = new ArrayList<>(plan.headers);
    for (int at = 0; at < more.size(); at++) {
      if (more.get(at).name().equals("Cookie")) {
        more.set(at, new Head.Field("Cookie", more.get(at).value() + "; " + cookie));
        return with(p -> p.headers = List.copyOf(more));
      }
    }
    return header("Cookie", cookie);
  }

  /// Offers subprotocols, the favourite first, instead of those offered so far. The one agreed on
  /// is [WebSocket#subprotocol()]; a server may choose none.
  ///
  /// @throws IllegalArgumentException if one is no token, or there twice (RFC 6455 §4.1)
  public Client subprotocols(String... names) {
    Objects.requireNonNull(names, "names");
    for (String name : names) {
      Objects.requireNonNull(name, "names");
    }
    return with(p -> p.subprotocols = List.of(names));
  }

  /// Sets the Origin header, as a browser would for a page; none is sent unless told.
  public Client origin(String page) {
    Objects.requireNonNull(page, "page");
    return with(p -> p.origin = page);
  }

  /// How to speak TLS to a `wss` server: whom to trust instead of the authorities of the Java
  /// runtime, a certificate of one's own, which versions. That the server's certificate is for the
  /// host of the URL is verified whatever stands here, but for [Tls#insecurelyTrustingAnybody()].
  public Client tls(Tls with) {
    Objects.requireNonNull(with, "with");
    return with(p -> p.tls = with);
  }

  /// Whether and how messages are compressed (RFC 7692); not at all unless told otherwise. A server
  /// may decline; [WebSocket#extensions()] says what was agreed on.
  public Client compression(Compression how) {
    Objects.requireNonNull(how, "how");
    return with(p -> p.compression = how);
  }

  /// Changes limits; the others stay as they are. Those of a server (routes, groups, draining, its
  /// loops' memory and mail) mean nothing here.
  public Client limits(Consumer<Limits.Builder> change) {
    Objects.requireNonNull(change, "change");
    Limits.Builder builder = plan.limits.toBuilder();
    change.accept(builder);
    return limits(builder.build());
  }

  /// Sets all limits.
  public Client limits(Limits all) {
    Objects.requireNonNull(all, "all");
    return with(p -> p.limits = all);
  }

  /// How long looking up the host and making the TCP connection may last together; 10 s unless told
  /// otherwise. The server's answer then has [Limits#handshakeTimeout()].
  ///
  /// @throws IllegalArgumentException unless it is a millisecond to a day
  public Client connectTimeout(Duration most) {
    Objects.requireNonNull(most, "most");
    if (most.compareTo(Duration.ofMillis(1)) < 0 || most.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException("a connectTimeout is a millisecond to a day, not " + most);
    }
    return with(p -> p.connectTimeout = most);
  }

  /// Goes through a proxy, whatever the JVM's settings say: `http://host:3128` is asked by CONNECT
  /// (RFC 9110 §9.3.6), `socks5://host:1080` by SOCKS5 (RFC 1928). Credentials may stand in front
  /// of the host, percent-encoded, as in `http://user:pass%40word@host:3128`; they go to the proxy
  /// as they are (Basic authentication, RFC 7617; RFC 1929), and into no message of ours.
  ///
  /// The proxy looks up the name of the server, and [WebSocket#remoteAddress()] is the proxy's.
  ///
  /// Unless told, a client asks the JVM: its `ProxySelector`, and so the system properties
  /// `https.proxyHost`, `http.proxyHost`, `socksProxyHost` and `http.nonProxyHosts`; and if a proxy
  /// wants credentials that it was not shown, its `Authenticator`.
  ///
  /// @throws IllegalArgumentException if it is no such URL
  public Client proxy(String url) {
    Objects.requireNonNull(url, "url");
    List<Route> through = List.of(Route.parse(url));
    return with(p -> p.routes = to -> through);
  }

  /// Goes straight to the server, whatever the JVM's settings say of proxies.
  public Client noProxy() {
    return with(p -> p.routes = to -> List.of(Route.direct(to)));
  }

  /// Follows redirects (RFC 9110 §15.4: 301, 302, 303, 307 and 308), which a client does not unless
  /// told: an http or https URL in a Location is the ws or wss one. Never from wss to ws, and never
  /// in a circle. What goes to another origin (scheme, host, port) has none of the headers
  /// `Authorization`, `Cookie` and those named by [#sensitive]; nor has what goes on from there.
  ///
  /// @param most how many in a row, 0 to 20
  /// @throws IllegalArgumentException if it is another number
  public Client followRedirects(int most) {
    if (most < 0 || most > MOST_REDIRECTS) {
      throw new IllegalArgumentException("redirects to follow are 0 to 20, not " + most);
    }
    return with(p -> p.redirects = most);
  }

  /// Names headers that are secrets too, and go to no other origin when a redirect is followed:
  /// `X-Api-Key`, for example.
  public Client sensitive(String... headers) {
    Objects.requireNonNull(headers, "headers");
    Set<String> more = new HashSet<>(plan.sensitive);
    for (String name : headers) {
      Objects.requireNonNull(name, "headers");
      more.add(name.toLowerCase(Locale.ROOT));
    }
    return with(p -> p.sensitive = Set.copyOf(more));
  }

  /// For tests: who looks up hosts.
  Client resolver(Plan.Resolver resolver) {
    return with(p -> p.resolver = resolver);
  }

  /// Connects, and waits until the connection is open.
  ///
  /// @throws HandshakeException if it cannot be opened, saying why
  /// @throws InterruptedException if the thread was interrupted; nothing is left of the attempt
  /// @throws IllegalStateException in a callback, of a client or of a server: all connections of
  ///   its loop would wait
  public Conversation connect() throws InterruptedException {
    if (Loop.isOnAny()) {
      throw new IllegalStateException(
          "connect() waits, and a callback must not: use connectAsync(), or another thread");
    }
    if (Thread.interrupted()) {
      throw new InterruptedException("interrupted before connecting");
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
    Objects.requireNonNull(endpoint, "endpoint");
    return open(endpoint, WebSocket.class);
  }

  /// Connects, and again whenever the connection ends, as [Reconnect#defaults()] say.
  ///
  /// @param endpoint hears of each connection in turn
  /// @return at once; what is sent before there is a connection is kept for it
  public Live stayConnected(Endpoint endpoint) {
    Objects.requireNonNull(endpoint, "endpoint");
    return stayConnected(endpoint, Reconnect.defaults());
  }

  /// Connects, and again whenever the connection ends.
  ///
  /// @param endpoint hears of each connection in turn
  /// @param how how long to wait before each attempt, and when to give up
  public Live stayConnected(Endpoint endpoint, Reconnect how) {
    Objects.requireNonNull(endpoint, "endpoint");
    Objects.requireNonNull(how, "how");
    Live live = new Live(this, plan.limits, endpoint, how);
    live.begin();
    return live;
  }

  @SuppressWarnings("FutureReturnValueIgnored") // what hangs on them does not fail
  private <W extends WebSocket> CompletableFuture<W> open(Endpoint endpoint, Class<W> kind) {
    CompletableFuture<W> opened = new CompletableFuture<>();
    ClientLoop shared = ClientLoop.use();
    Dialing dialing;
    try {
      dialing = new Dialing(shared, plan, endpoint);
    } catch (Throwable thrown) {
      shared.release();
      throw thrown;
    }
    dialing.result().whenComplete((ws, failure) -> shared.release());
    dialing
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
        shared.loop.execute(dialing::abandon);
      }
    });
    dialing.begin();
    return opened;
  }
}
