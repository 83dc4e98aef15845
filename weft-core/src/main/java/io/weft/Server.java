package io.weft;

import io.weft.bytes.Ascii;
import io.weft.net.Conn;
import io.weft.net.Listener;
import io.weft.net.Loop;
import io.weft.net.Watchdog;
import io.weft.tls.TlsEngine;
import io.weft.ws.Codecs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A WebSocket server (RFC 6455), which also answers plain HTTP requests.
///
/// ```java
/// try (Server server = Server.at(8080).route("/echo", endpoint).start()) { ... }
/// ```
///
/// It runs until it is closed; its loops' threads keep the process alive. When the process is asked
/// to end (SIGTERM, Ctrl-C), it drains and closes by itself.
public final class Server implements AutoCloseable {

  /// The most loops that a server may be told to have: each has a thread.
  private static final int MOST_LOOPS = 1_024;

  private final Transport transport;
  private final List<Loop> loops;
  private final List<Thread> threads;
  private final ExecutorService tasks;
  private final Core core;

  /// The codecs of each loop; empty without compression.
  private final Map<Loop, Codecs> codecs;

  private final Groups groups;
  private final Listener listener;
  private final Watchdog watchdog;
  private final InetSocketAddress address;
  private final Thread atShutdown;
  private final Drain drain;
  private final CompletableFuture<Throwable> failed = new CompletableFuture<>();

  /// How new connections speak TLS; null if they speak plain TCP.
  private volatile @Nullable Tls tls;

  /// Answers plain requests, GET and HEAD.
  @FunctionalInterface
  public interface Handler {
    /// Answers one, on a loop's thread: it must not block. If it throws, the answer is 500.
    Response answer(Request request) throws Exception;
  }

  /// How closing a server went.
  ///
  /// @param connections open when it began
  /// @param forced of them, how many had not closed in time
  /// @param unsentBytes of these, what waited to be sent and is lost
  public record Drained(int connections, int forced, long unsentBytes) {}

  /// Begins a server on every interface.
  ///
  /// @param port 0 for one that is free: see [#port()]
  public static Builder at(int port) {
    return new Builder(new InetSocketAddress(port));
  }

  /// Begins a server on the interface of a host name or address.
  public static Builder at(String host, int port) {
    Objects.requireNonNull(host, "host");
    return new Builder(new InetSocketAddress(host, port));
  }

  private Server(Builder builder) throws IOException {
    Limits limits = builder.limits;
    this.loops = new ArrayList<>();
    this.threads = new ArrayList<>();
    Transport asked = builder.transport;
    this.transport = Loops.choose(asked == null ? Transport.ofProperty() : asked);
    Loops.warnIfTooNarrow(limits, builder.loops);
    Loops.warnIfTooLittle(limits);
    try {
      for (int at = 0; at < builder.loops; at++) {
        loops.add(Loops.open(limits, builder.loops, transport));
      }
    } catch (IOException e) {
      loops.forEach(Loop::close);
      throw e;
    }
    this.codecs = codecs(builder);
    Compressing compressing =
        codecs.isEmpty()
            ? null
            : new Compressing(
                builder.compression, limits, loop -> Objects.requireNonNull(codecs.get(loop)));
    this.groups = new Groups(loops, limits, compressing);
    this.tasks = Loops.tasks("weft-tls", limits);
    this.core = Core.ofServer(limits, tasks, groups, compressing);
    this.tls = builder.tls;
    Site site =
        new Site(
            core,
            builder.routes.build(),
            List.copyOf(builder.subprotocols),
            new Hosts(builder.hosts, builder.address.getAddress()),
            new Origins(builder.origins));
    this.listener =
        new Listener(
            loops,
            new Listener.House(
                limits.connections(),
                limits.connectionsPerAddress(),
                builder.exempt(),
                tls == null ? HttpStage.TO_FULL : null,
                tls == null ? HttpStage.TO_CROWDED : null),
            core.terms(() -> drain().connectionGone()),
            conn -> begin(conn, new HttpStage(site, conn)));
    this.drain = new Drain(loops, threads, listener, limits);
    for (int at = 0; at < loops.size(); at++) {
      loops.get(at).whenFailed(this::loopFailed);
      threads.add(
          Thread.ofPlatform()
              .name("weft-loop-" + at)
              .inheritInheritableThreadLocals(false)
              .start(loops.get(at)));
    }
    this.watchdog = Loops.watch("weft-watchdog", loops, limits);
    this.atShutdown = Loops.thread("weft-shutdown", this::close);
    try {
      this.address = listener.open(builder.address).join();
    } catch (CompletionException e) {
      drain.stop(this::end);
      throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
    }
    if (builder.closeAtShutdown) {
      Runtime.getRuntime().addShutdownHook(atShutdown);
    }
  }

  private void begin(Conn conn, HttpStage http) {
    Tls now = tls;
    if (now == null) {
      conn.become(http);
    } else {
      conn.secure(new TlsEngine(now.serverEngine(), HttpStage.TO_PLAIN), http);
      conn.wakeAt(http.deadlineNs());
    }
  }

  /// Speaks TLS with other certificates from the next connection on, as after a renewal; those that
  /// are open stay as they are. From any thread.
  ///
  /// ```java
  /// server.reload(tls.reread());
  /// ```
  ///
  /// @throws IllegalArgumentException if a server cannot be one with it
  /// @throws IllegalStateException if this server does not speak TLS
  public void reload(Tls renewed) {
    Objects.requireNonNull(renewed, "renewed");
    if (tls == null) {
      throw new IllegalStateException("this server speaks plain TCP: see Server.Builder.tls");
    }
    tls = renewed.forServer();
  }

  /// For tests: its loops.
  List<Loop> loops() {
    return loops;
  }

  /// Whether it speaks TLS.
  public boolean isSecure() {
    return tls != null;
  }

  private Map<Loop, Codecs> codecs(Builder builder) {
    Map<Loop, Codecs> made = new HashMap<>();
    if (builder.compression.mode() != Compression.Mode.OFF) {
      Codecs.Settings settings = Compressing.settings(builder.compression, builder.limits);
      long restNs = builder.limits.compressorIdle().toNanos();
      loops.forEach(loop -> made.put(loop, Compressing.open(loop, settings, restNs)));
    }
    return Map.copyOf(made);
  }

  /// The port it listens on.
  public int port() {
    return address.getPort();
  }

  /// The address it listens on.
  public InetSocketAddress address() {
    return address;
  }

  /// The transport that was chosen: NIO or IO_URING.
  public Transport transport() {
    return transport;
  }

  /// How many connections are open, WebSocket or not.
  public int connections() {
    return listener.connections();
  }

  /// How many connections were turned away so far, because the server or their address had as many
  /// as [Limits#connections()] and [Limits#connectionsPerAddress()] allow.
  public long turnedAway() {
    return listener.turnedAway();
  }

  /// A group of its connections.
  ///
  /// @throws IllegalArgumentException if the name is longer than [Limits#groupNameBytes()]
  public Group group(String name) {
    Objects.requireNonNull(name, "name");
    return groups.group(name);
  }

  /// The limits it keeps.
  public Limits limits() {
    return core.limits;
  }

  /// Closes it as [#close(Duration)] does, in the time of [Limits#drainTimeout()].
  @Override
  public void close() {
    close(core.limits.drainTimeout());
  }

  /// Drains and closes: accepts no more, closes every WebSocket with 1001 behind what was sent on
  /// it, waits until all have closed or `wait` is over, and closes the rest by force. The closes
  /// are spread over [Limits#drainSpread()] at most, a millisecond a connection, so that the
  /// clients do not all come back at once. A loop whose handler does not return is left behind, 5
  /// seconds after `wait`. Blocks; not for a loop's thread.
  ///
  /// @param wait zero to close by force at once; longer than [Limits#LONGEST] is that long
  /// @return how it went; the same again if it was closed before
  /// @throws IllegalArgumentException if `wait` is negative
  public Drained close(Duration wait) {
    Objects.requireNonNull(wait, "wait");
    if (Loop.isOnAny()) {
      throw new IllegalStateException(
          "closing a server waits, and a callback must not: close it from another thread");
    }
    if (wait.isNegative()) {
      throw new IllegalArgumentException(
          "wait is " + wait + "; it must be zero, to close by force at once, or above");
    }
    Drained how =
        drain.close(wait.compareTo(Limits.LONGEST) > 0 ? Limits.LONGEST : wait, this::end);
    removeHook();
    return how;
  }

  private Drain drain() {
    return drain;
  }

  /// Ends what there is beside the loops, whose threads have ended, if they ever do.
  private void end() {
    tasks.shutdownNow();
    for (int at = 0; at < threads.size(); at++) {
      Codecs own = codecs.get(loops.get(at));
      if (own != null && !threads.get(at).isAlive()) {
        own.close();
      }
    }
    watchdog.close();
  }

  private void loopFailed(Throwable why) {
    if (loops.stream().allMatch(Loop::hasFailed)) {
      try {
        Client.VIRTUAL.execute(() -> failed.complete(why));
      } catch (OutOfMemoryError noMemory) {
        failed.complete(why);
      }
    }
  }

  /// How a server is.
  public enum Health {
    /// It accepts connections, and every loop goes on.
    SERVING,
    /// It accepts connections, and some loops have failed: see the log.
    DEGRADED,
    /// It closes, or is closed.
    CLOSING,
    /// It accepts no connection, though nobody closed it: every loop has failed, or the port cannot
    /// be had back from one that has.
    FAILED
  }

  /// How it is, as a probe would ask; from any thread.
  public Health health() {
    if (drain.hasBegun()) {
      return Health.CLOSING;
    }
    if (!listener.isListening()) {
      return Health.FAILED;
    }
    return loops.stream().anyMatch(Loop::hasFailed) ? Health.DEGRADED : Health.SERVING;
  }

  /// Whether it serves, and nothing has failed: [Health#SERVING].
  public boolean isHealthy() {
    return health() == Health.SERVING;
  }

  /// Completed on a virtual thread when no loop can go on, with why the last could not: the server
  /// has no connections any more and will have none. Close it, and start another, or end the
  /// process. It may never come, and does not come of closing.
  public CompletableFuture<Throwable> failed() {
    return failed.copy();
  }

  private void removeHook() {
    try {
      Runtime.getRuntime().removeShutdownHook(atShutdown);
    } catch (IllegalStateException e) {
      // The process is ending, and this may be the hook itself.
    }
  }

  /// Collects what a server is to be; [#start()] starts it.
  public static final class Builder {
    private final InetSocketAddress address;
    private final Routes.Builder routes = new Routes.Builder();
    private final Set<String> hosts = new LinkedHashSet<>();
    private final Set<String> origins = new LinkedHashSet<>();
    private final List<String> subprotocols = new ArrayList<>();
    private final List<AddressRange> trusted = new ArrayList<>();
    private boolean countsLoopback;
    private Compression compression = Compression.off();
    private Limits limits = Limits.defaults();
    private int loops = Runtime.getRuntime().availableProcessors();
    private boolean closeAtShutdown = true;
    private @Nullable Tls tls;
    private @Nullable Transport transport;

    private Builder(InetSocketAddress address) {
      this.address = address;
    }

    /// Serves WebSocket connections with callbacks on the loop.
    ///
    /// @param path segments that are literal or one `{parameter}` each; a slash at its end makes no
    ///   difference
    /// @throws IllegalArgumentException if the path is no such template, or is taken
    public Builder route(String path, Endpoint endpoint) {
      Objects.requireNonNull(path, "path");
      Objects.requireNonNull(endpoint, "endpoint");
      routes.endpoint(path, endpoint);
      return this;
    }

    /// Serves WebSocket connections with straight-line code, on a virtual thread each.
    ///
    /// @param path as of [#route]
    public Builder converse(String path, Conversation.Talk talk) {
      Objects.requireNonNull(path, "path");
      Objects.requireNonNull(talk, "talk");
      return route(path, new Conversation.Adapter(talk));
    }

    /// Answers plain GET and HEAD requests.
    ///
    /// @param path as of [#route]; it may be the path of an endpoint too
    public Builder http(String path, Handler handler) {
      Objects.requireNonNull(path, "path");
      Objects.requireNonNull(handler, "handler");
      routes.handler(path, handler);
      return this;
    }

    /// Allows pages of other origins to connect, beside those of the server's own; a client that
    /// sends no Origin is no browser and may always.
    ///
    /// @param allowed each an origin as `https://app.example`, or `file://` and the like, as the
    ///   shells of mobile applications send them; a pattern, `https://*.app.example` for every name
    ///   below `app.example` (not itself), `https://app.example:*` for any port; "null" for pages
    ///   without an origin, "*" for all
    /// @throws IllegalArgumentException if one is none of these
    public Builder origins(String... allowed) {
      Objects.requireNonNull(allowed, "allowed");
      for (String origin : allowed) {
        Objects.requireNonNull(origin, "allowed");
      }
      List<String> more = List.of(allowed);
      new Origins(more); // whatever is wrong, is wrong now
      origins.addAll(more);
      return this;
    }

    /// The host names that it answers to; a request with another in its Host is answered with 421
    /// (RFC 9110 §15.5.20), upgrade or not, and the port counts for nothing. Unless told, it
    /// answers to every name, but for a server bound to a loopback address: that answers to
    /// `localhost`, `*.localhost`, 127.0.0.0/8 and `[::1]`, and always does. So no page of
    /// elsewhere whose name is made to lead to this machine (DNS rebinding) can talk to it. Behind
    /// a proxy that passes the public name on, list that.
    ///
    /// @param names each as `app.example`, an address as `192.0.2.1` or `[2001:db8::1]`,
    ///   `*.app.example` for every name below `app.example` (not itself), or `*` for all
    /// @throws IllegalArgumentException if one is none of these, or has a port
    public Builder hosts(String... names) {
      Objects.requireNonNull(names, "names");
      for (String each : names) {
        Objects.requireNonNull(each, "names");
      }
      for (String name : names) {
        hosts.add(Hosts.normal(name));
      }
      return this;
    }

    /// The subprotocols it speaks, the favourite first; the first that a client offers is agreed
    /// on, unless [Endpoint#opening] chooses.
    ///
    /// @throws IllegalArgumentException if one is no token (RFC 6455 §4.1)
    public Builder subprotocols(String... names) {
      Objects.requireNonNull(names, "names");
      for (String name : names) {
        Objects.requireNonNull(name, "names");
        if (!Ascii.isToken(name)) {
          throw new IllegalArgumentException("'" + name + "' is no token, so no subprotocol");
        }
      }
      subprotocols.addAll(Arrays.asList(names));
      return this;
    }

    /// Names the proxies in front, whose addresses may have any number of connections, as those of
    /// this machine may: [Limits#connectionsPerAddress()] is not for them.
    ///
    /// @param ranges as `10.0.0.0/8`, `fd00::/8` or one address
    /// @throws IllegalArgumentException if one is no range of addresses
    public Builder trustedProxies(String... ranges) {
      Objects.requireNonNull(ranges, "ranges");
      for (String range : ranges) {
        Objects.requireNonNull(range, "ranges");
        trusted.add(AddressRange.parse(range));
      }
      return this;
    }

    private Predicate<InetAddress> exempt() {
      List<AddressRange> proxies = List.copyOf(trusted);
      boolean loopback = !countsLoopback;
      return address ->
          (loopback && address.isLoopbackAddress())
              || proxies.stream().anyMatch(proxy -> proxy.has(address));
    }

    /// For tests: has the addresses of this machine counted as those of others are.
    Builder countsLoopback() {
      countsLoopback = true;
      return this;
    }

    /// Whether and how messages are compressed (RFC 7692); not at all unless told otherwise. A
    /// client that does not offer it is served uncompressed.
    public Builder compression(Compression how) {
      Objects.requireNonNull(how, "how");
      compression = how;
      return this;
    }

    /// Changes limits; the others stay at their defaults.
    public Builder limits(Consumer<Limits.Builder> change) {
      Objects.requireNonNull(change, "change");
      Limits.Builder builder = limits.toBuilder();
      change.accept(builder);
      limits = builder.build();
      return this;
    }

    /// Sets all limits.
    public Builder limits(Limits all) {
      Objects.requireNonNull(all, "all");
      limits = all;
      return this;
    }

    /// How many event loops, each with a thread of its own; as many as there are processors unless
    /// told otherwise.
    public Builder loops(int count) {
      if (count < 1 || count > MOST_LOOPS) {
        throw new IllegalArgumentException(
            "a server has 1 to " + MOST_LOOPS + " loops, not " + count);
      }
      loops = count;
      return this;
    }

    /// Speaks TLS on every connection: `https` and `wss` instead of `http` and `ws`. A client that
    /// does not is answered with a 400 in the clear, and closed.
    ///
    /// @throws IllegalArgumentException if a server cannot be one with it: it has no certificate,
    ///   or asks for those of clients and does not say whom it trusts
    public Builder tls(Tls with) {
      Objects.requireNonNull(with, "with");
      tls = with.forServer();
      return this;
    }

    /// How it talks to the operating system; as the system property `weft.transport` says unless
    /// told otherwise, and if that is not set, [Transport#AUTO].
    public Builder transport(Transport how) {
      Objects.requireNonNull(how, "how");
      transport = how;
      return this;
    }

    /// Whether to close when the process is asked to end; true unless told otherwise.
    public Builder closeAtShutdown(boolean close) {
      closeAtShutdown = close;
      return this;
    }

    /// Starts it.
    ///
    /// @throws UncheckedIOException if it cannot listen, saying where and why; or if the system
    ///   refuses the [#transport] asked for
    public Server start() {
      try {
        if (address.isUnresolved()) {
          throw new IOException("the host " + address.getHostString() + " is not known");
        }
        return new Server(this);
      } catch (BindException e) {
        throw new UncheckedIOException(
            "cannot listen at "
                + address.getHostString()
                + " port "
                + address.getPort()
                + ": "
                + e.getMessage(),
            e);
      } catch (IOException e) {
        throw new UncheckedIOException("the server cannot start: " + e.getMessage(), e);
      }
    }
  }
}
