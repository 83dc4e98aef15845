package io.weft;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// How a [Live] connection comes back: how long it waits, and when it gives up. A value: each
/// method returns a changed copy.
///
/// After `n` connections or attempts in a row that came to nothing it waits a random time below
/// `min(longest, first · 2^n)`, so that the clients of a server that went down do not come back all
/// at once ("full jitter"). A connection that was open for [#provenAfter] ends the row.
public final class Reconnect {

  private static final Duration MOST = Duration.ofDays(1);

  private static final Reconnect DEFAULTS =
      new Reconnect(
          Duration.ofSeconds(1),
          Duration.ofSeconds(30),
          Duration.ofSeconds(10),
          Duration.ofMinutes(5),
          Reconnect::isFinal,
          false,
          state -> {});

  private final Duration first;
  private final Duration longest;
  private final Duration proven;
  private final Duration retryAfter;
  private final Predicate<Ending> giveUp;
  private final boolean confirms;
  private final Consumer<Live.State> listener;

  private Reconnect(
      Duration first,
      Duration longest,
      Duration proven,
      Duration retryAfter,
      Predicate<Ending> giveUp,
      boolean confirms,
      Consumer<Live.State> listener) {
    this.first = first;
    this.longest = longest;
    this.proven = proven;
    this.retryAfter = retryAfter;
    this.giveUp = giveUp;
    this.confirms = confirms;
    this.listener = listener;
  }

  /// Below 1 s at first and 30 s at most; proven after 10 s; a `Retry-After` of up to 5 minutes;
  /// gives up when [#isFinal] says so; each message at most once.
  public static Reconnect defaults() {
    return DEFAULTS;
  }

  /// Sets the bound of the first wait, which doubles from one to the next, and where that ends.
  ///
  /// @throws IllegalArgumentException unless `1 ms <= first <= longest <= 1 day`
  public Reconnect delays(Duration first, Duration longest) {
    check("first", first);
    check("longest", longest);
    if (first.compareTo(longest) > 0) {
      throw new IllegalArgumentException(
          "the first delay (" + first + ") is above the longest (" + longest + ")");
    }
    return new Reconnect(first, longest, proven, retryAfter, giveUp, confirms, listener);
  }

  /// How long a connection must have been open for the waits to begin anew behind it.
  ///
  /// @throws IllegalArgumentException unless it is a millisecond to a day
  public Reconnect provenAfter(Duration open) {
    check("provenAfter", open);
    return new Reconnect(first, longest, open, retryAfter, giveUp, confirms, listener);
  }

  /// How much of a server's `Retry-After` (RFC 9110 §10.2.3) is respected. What it asks for, up to
  /// this, is waited before the random time begins.
  ///
  /// @throws IllegalArgumentException unless it is a millisecond to a day
  public Reconnect retryAfterAtMost(Duration most) {
    check("retryAfterAtMost", most);
    return new Reconnect(first, longest, proven, most, giveUp, confirms, listener);
  }

  /// Sets which endings are for good, instead of [#isFinal]. Asked on the loop's thread; must not
  /// block. If it throws, the ending is for good. So it is, whatever stands here, when we closed
  /// with 1011: the handler that threw would do so again on the next connection.
  public Reconnect giveUpWhen(Predicate<Ending> isFinal) {
    Objects.requireNonNull(isFinal, "isFinal");
    return new Reconnect(first, longest, proven, retryAfter, isFinal, confirms, listener);
  }

  /// Has every message kept until the peer has confirmed it, instead of until it has left: a ping
  /// goes out behind it (at most 20 a second), and a pong that answers it says that the peer's
  /// WebSocket has read all before (RFC 6455 §5.5.3). What a connection broke over is then sent
  /// again, so that nothing is lost, and some messages may arrive twice: let them carry a number.
  public Reconnect atLeastOnce() {
    return new Reconnect(first, longest, proven, retryAfter, giveUp, true, listener);
  }

  /// Sets who hears of each [Live.State] from the first [Live.State.Connecting] on, in order.
  /// Called on the loop's thread; must not block.
  public Reconnect onState(Consumer<Live.State> hears) {
    Objects.requireNonNull(hears, "hears");
    return new Reconnect(first, longest, proven, retryAfter, giveUp, confirms, hears);
  }

  /// Whether to give up, unless told otherwise: if the connection ended with 1002 (protocol error),
  /// 1008 (policy violation) or a code of the application (4000 to 4999), if we closed it with 1011
  /// (a handler of ours threw), or the handshake was answered with 4xx. 408, 425 and 429 only ask
  /// to come later.
  public static boolean isFinal(Ending ending) {
    Objects.requireNonNull(ending, "ending");
    return switch (ending) {
      case Ending.Failed(HandshakeException failure) ->
          switch (failure.status()) {
            case 408, 425, 429 -> false;
            default -> failure.status() / 100 == 4;
          };
      case Ending.Ended(Close close) ->
          close.code() == Close.PROTOCOL_ERROR
              || close.code() == Close.POLICY_VIOLATION
              || close.code() / 1000 == 4
              || failedHere(ending);
    };
  }

  /// Whether a handler of our own threw.
  private static boolean failedHere(Ending ending) {
    return ending instanceof Ending.Ended(Close close)
        && close.code() == Close.INTERNAL_ERROR
        && close.by() == Close.By.SELF;
  }

  /// How long to wait before the next attempt, in nanoseconds.
  ///
  /// @param failures connections and attempts in a row, before this one, that came to nothing
  /// @param why how this one ended
  /// @param now for a `Retry-After` that is a date
  long delayNs(int failures, Ending why, RandomGenerator chance, Instant now) {
    long below = longest.toNanos();
    if (failures < Long.SIZE && first.toNanos() <= below >> failures) {
      below = first.toNanos() << failures;
    }
    return asked(why, now).toNanos() + chance.nextLong(below);
  }

  private Duration asked(Ending why, Instant now) {
    String header =
        why instanceof Ending.Failed(HandshakeException failure)
            ? failure.header("Retry-After")
            : null;
    @Nullable Duration asked = header == null ? null : RetryAfter.parse(header, now);
    if (asked == null) {
      return Duration.ZERO;
    }
    return asked.compareTo(retryAfter) > 0 ? retryAfter : asked;
  }

  boolean givesUp(Ending ending) {
    return failedHere(ending) || giveUp.test(ending);
  }

  boolean confirms() {
    return confirms;
  }

  long provenNs() {
    return proven.toNanos();
  }

  void tell(Live.State state) {
    listener.accept(state);
  }

  private static void check(String name, Duration value) {
    Objects.requireNonNull(value, name);
    if (value.compareTo(Duration.ofMillis(1)) < 0 || value.compareTo(MOST) > 0) {
      throw new IllegalArgumentException(name + " is a millisecond to a day, not " + value);
    }
  }
}
