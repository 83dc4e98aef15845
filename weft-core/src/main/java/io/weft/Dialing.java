package io.weft;

import io.weft.HandshakeException.Step;
import io.weft.http.Head;
import io.weft.http.Percent;
import io.weft.http.Url;
import io.weft.net.Loop;
import io.weft.ws.DeflateOffer;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A client's attempt at one open connection: it finds the way, has a [Connecting] go it, and
/// decides what follows from a failure.
///
/// ```text
///  routes ──> look-up ──> connecting ──> ended, with the connection
///    ^           ^ next route ┤
///    │              ^ credentials for the proxy
///    └─────────── a redirect ─┴────────> ended, with the failure
/// ```
///
/// It belongs to the loop's thread; what may block (selectors, look-ups, authenticators) runs on
/// virtual threads. All of it together lasts no longer than `connectTimeout` and
/// `handshakeTimeout`.
final class Dialing {

  private static final int NONCE_BYTES = 16;

  private final ClientLoop shared;
  private final Loop loop;
  private final Core core;
  private final Endpoint endpoint;
  private final CompletableFuture<WebSocket> result = new CompletableFuture<>();
  private final long endNs;
  private final Url first;

  /// Where it goes at present.
  private Plan plan;

  /// Where it has been, and is.
  private final Set<Url> visited = new HashSet<>();

  /// Ways there that have not been tried.
  private final Queue<Route> routes = new ArrayDeque<>();

  /// When the present look-up and TCP have to be done.
  private long connectByNs;

  /// What is under way; null while something else is waited for.
  private @Nullable Connecting connecting;

  private boolean ended;

  Dialing(ClientLoop shared, Plan plan, Endpoint endpoint) {
    this.shared = shared;
    this.loop = shared.loop;
    this.core =
        Core.ofClient(
            plan.limits,
            shared.tasks,
            shared.compressing(plan.compression, plan.limits),
            shared.maskingKeys);
    this.endpoint = endpoint;
    this.endNs = System.nanoTime() + plan.connectTimeout.toNanos() + core.handshakeNs;
    this.first = plan.url;
    this.plan = plan;
  }

  /// Completed on the loop's thread: with the open connection, or a [HandshakeException].
  CompletableFuture<WebSocket> result() {
    return result;
  }

  /// Begins; from any thread.
  void begin() {
    loop.execute(this::findRoutes);
  }

  /// Nobody waits for it any more.
  void abandon() {
    end(new HandshakeException(Step.CONNECTING, name(null) + ": the attempt was cancelled"));
  }

  private void findRoutes() {
    visited.add(plan.url);
    routes.clear();
    connectByNs = Math.min(endNs, System.nanoTime() + plan.connectTimeout.toNanos());
    Plan now = plan;
    block(
        () -> {
          now.tls(); // ready before the loop needs it
          return now.routes.apply(now.url);
        },
        found -> {
          routes.addAll(found);
          lookUp(routes.remove());
        },
        cause -> end(resolvingFailed(null, "no way to it was found", cause)));
  }

  private void lookUp(Route route) {
    Plan now = plan;
    block(
        () -> now.resolver.lookUp(route.host()),
        addresses -> connect(route, addresses),
        cause -> {
          String what =
              cause instanceof UnknownHostException
                  ? "the host " + route.host() + " is not known"
                  : "the host could not be looked up";
          failed(route, resolvingFailed(route, what, cause));
        });
  }

  private HandshakeException resolvingFailed(@Nullable Route route, String what, Throwable cause) {
    String how = ": " + cause;
    if (cause instanceof TimeoutException) {
      how = " (within the connectTimeout of " + plan.connectTimeout.toMillis() + " ms)";
    } else if (cause instanceof UnknownHostException) {
      how = "";
    }
    return new HandshakeException(Step.RESOLVING, name(route) + ": " + what + how);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // what hangs on it does not fail
  private void connect(Route route, InetAddress[] addresses) {
    Compressing compressing = core.compressing;
    List<DeflateOffer> offers = compressing == null ? List.of() : compressing.offers();
    Connecting.Attempt attempt =
        new Connecting.Attempt(
            name(route),
            plan,
            route,
            plan.request(shared.maskingKeys.nonce(NONCE_BYTES), offers),
            offers,
            connectByNs,
            endNs);
    Connecting now = new Connecting(shared, core, attempt, endpoint);
    connecting = now;
    now.result()
        .whenComplete((ws, failure) -> {
          connecting = null;
          if (ended) {
            return;
          }
          if (!(failure instanceof HandshakeException why)) {
            ended = true;
            result.complete(ws);
          } else if (now.realm() != null) {
            authenticate(route, addresses, now.realm(), why);
          } else {
            failed(route, why);
          }
        });
    now.race(addresses);
  }

  /// The proxy wants credentials that it was not shown: perhaps the JVM has some.
  private void authenticate(
      Route route, InetAddress[] addresses, String realm, HandshakeException refusal) {
    Url url = plan.url;
    block(
        () -> JvmProxies.credentials(route, realm, url),
        known -> {
          if (known.isEmpty()) {
            end(refusal);
          } else {
            connect(known.get(), addresses);
          }
        },
        cause -> {
          refusal.addSuppressed(cause);
          end(refusal);
        });
  }

  private void failed(Route route, HandshakeException failure) {
    boolean unreached = failure.step().compareTo(Step.CONNECTING) <= 0;
    if (unreached && !routes.isEmpty() && System.nanoTime() < connectByNs) {
      lookUp(routes.remove());
    } else if (plan.redirects > 0 && failure.step() == Step.UPGRADING) {
      redirect(route, failure);
    } else {
      end(failure);
    }
  }

  /// Whether an answer sends us elsewhere (RFC 9110 §15.4); 300, 304 and 305 name no one place.
  static boolean isRedirect(Head answer) {
    return switch (answer.status()) {
      case 301, 302, 303, 307, 308 -> answer.count("Location") == 1;
      default -> false;
    };
  }

  private void redirect(Route route, HandshakeException refusal) {
    Head answer = refusal.response;
    if (answer == null || !isRedirect(answer)) {
      end(refusal);
      return;
    }
    try {
      plan = plan.redirectedTo(target(answer));
    } catch (IllegalArgumentException notFollowed) {
      String why = ": the server redirects (" + answer.status() + "), and ";
      String message = name(route) + why + notFollowed.getMessage();
      end(new HandshakeException(Step.UPGRADING, message, answer, refusal.body()));
      return;
    }
    findRoutes();
  }

  /// Where an answer sends us.
  ///
  /// @throws IllegalArgumentException if we do not go there; the message says why
  private Url target(Head answer) {
    Url found;
    try {
      String location = Percent.ofHeader(String.valueOf(answer.header("Location")));
      found = plan.url.resolve(location).ofWebSocket();
    } catch (Url.Malformed malformed) {
      throw new IllegalArgumentException(
          "its Location is no URL of a WebSocket: " + malformed.getMessage(), malformed);
    }
    String name = Client.name(found);
    if (plan.url.isSecure() && !found.isSecure()) {
      throw new IllegalArgumentException("a redirect from wss to " + name + " is not followed");
    }
    if (visited.contains(found)) {
      throw new IllegalArgumentException("has come back in a circle to " + name);
    }
    if (visited.size() > plan.redirects) {
      throw new IllegalArgumentException(
          "over " + plan.redirects + " redirects are not followed, here to " + name);
    }
    return found;
  }

  private void end(HandshakeException failure) {
    if (!ended) {
      ended = true;
      if (connecting != null) {
        connecting.abandon();
      }
      result.completeExceptionally(failure);
    }
  }

  /// What is attempted, as messages name it.
  private String name(@Nullable Route route) {
    String name = Client.name(plan.url);
    String from = visited.size() > 1 ? " (redirected from " + Client.name(first) + ")" : "";
    String through = route != null && route.isProxy() ? " through the proxy " + route : "";
    return name + from + through;
  }

  /// Asks a question that may block, on a virtual thread, until [#connectByNs] at most.
  @SuppressWarnings("FutureReturnValueIgnored") // what hangs on it does not fail
  private <T> void block(Callable<T> question, Consumer<T> then, Consumer<Throwable> otherwise) {
    CompletableFuture.supplyAsync(
            () -> {
              try {
                return question.call();
              } catch (Exception e) {
                throw new CompletionException(e);
              }
            },
            Client.VIRTUAL)
        .orTimeout(Math.max(1, connectByNs - System.nanoTime()), TimeUnit.NANOSECONDS)
        .whenComplete((answer, failure) ->
            loop.execute(() -> {
              if (ended) {
                return;
              }
              if (failure == null) {
                then.accept(answer);
              } else {
                boolean wrapped = failure instanceof CompletionException;
                Throwable cause = wrapped ? failure.getCause() : failure;
                otherwise.accept(cause == null ? failure : cause);
              }
            }));
  }
}
