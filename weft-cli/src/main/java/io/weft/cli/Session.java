package io.weft.cli;

import io.weft.Close;
import io.weft.ConnectionClosedException;
import io.weft.Conversation;
import io.weft.Message;
import io.weft.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// One connection, as the commands hold it: what is sent on it and what comes is counted, and shown
/// to a [Show]. One thread receives; any may send.
final class Session implements Outgoing.Sink {

  private static final Executor VIRTUAL = task -> Thread.ofVirtual().name("weft-pong").start(task);

  /// Pings that may be under way at once; [WebSocket#ping()] takes no more.
  private static final int PINGS = 16;

  private final Conversation ws;
  private final int number;
  private final Show show;
  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong received = new AtomicLong();
  private final Semaphore pings = new Semaphore(PINGS);

  /// Begins with a connection that is open.
  ///
  /// @param number of the connection where there may be several; 0 where not
  /// @param url of the server, for the record
  Session(Conversation ws, int number, String url, Show show) {
    this.ws = ws;
    this.number = number;
    this.show = show;
    show.event(() -> Tape.Entry.now(Tape.Direction.SENT, number, Tape.Kind.OPEN, url));
  }

  WebSocket ws() {
    return ws;
  }

  /// Messages sent so far.
  long sent() {
    return sent.get();
  }

  /// Messages received so far.
  long received() {
    return received.get();
  }

  /// Sends, and waits for room while there is none.
  ///
  /// @return false if it was not sent, for the connection has ended or closes; or was a Close
  /// @throws Failure if it may not be sent at all
  @Override
  public boolean take(Outgoing message, String where) throws InterruptedException {
    try {
      switch (message) {
        case Outgoing.Text(String text) -> send(text);
        case Outgoing.Binary(ByteBuffer data) -> send(data);
        case Outgoing.Ping() -> {
          var _ = ping(); // the record tells of its pong
        }
        case Outgoing.Close(int code, String reason) -> {
          ws.close(code, reason);
          return false;
        }
      }
      return true;
    } catch (ConnectionClosedException e) {
      return false;
    } catch (IllegalArgumentException e) {
      throw new Failure(Main.BAD_INPUT, where + " cannot be sent: " + e.getMessage());
    } catch (IllegalStateException e) {
      throw new Failure(Main.ENDED_BADLY, where + " could not be sent: " + e.getMessage());
    }
  }

  private void send(String text) {
    sends(() -> Tape.Entry.now(Tape.Direction.SENT, number, Tape.Kind.TEXT, text));
    ws.send(text);
    sent.incrementAndGet();
  }

  private void send(ByteBuffer data) {
    sends(() -> Tape.Entry.now(Tape.Direction.SENT, number, data));
    ws.send(data.duplicate());
    sent.incrementAndGet();
  }

  /// Records what is about to be sent: behind the sending, its answer might stand before it.
  private void sends(Supplier<Tape.Entry> entry) {
    if (ws.isOpen()) {
      show.event(entry);
    }
  }

  /// Pings; waits while too many pings are under way.
  ///
  /// @return the round trip, completed on a virtual thread
  CompletableFuture<Duration> ping() throws InterruptedException {
    pings.acquire();
    CompletableFuture<Duration> pong = ws.ping();
    show.event(() -> Tape.Entry.now(Tape.Direction.SENT, number, Tape.Kind.PING, ""));
    return pong.whenCompleteAsync(
        (trip, failure) -> {
          pings.release();
          if (failure == null) {
            show.event(() ->
                Tape.Entry.now(
                    Tape.Direction.RECEIVED, number, Tape.Kind.PONG, milliseconds(trip)));
          }
        },
        VIRTUAL);
  }

  /// A time in milliseconds, to the microsecond: `0.412`.
  static String milliseconds(Duration time) {
    long us = time.toNanos() / 1_000;
    return String.format(Locale.ROOT, "%d.%03d", us / 1_000, us % 1_000);
  }

  /// Receives until the connection has ended.
  ///
  /// @param each told of each message when it has come
  /// @return how it ended
  /// @throws Failure if what came cannot be shown
  Close receive(Consumer<Message> each) throws InterruptedException {
    try {
      while (true) {
        Message message = next();
        received.incrementAndGet();
        each.accept(message);
      }
    } catch (ConnectionClosedException e) {
      show.event(() -> Tape.Entry.now(number, e.close()));
      show.flush();
      return e.close();
    }
  }

  /// The next message. Before it waits for one, all that was printed goes out.
  private Message next() throws InterruptedException {
    try {
      return ws.receive(Duration.ZERO);
    } catch (TimeoutException nothingYet) {
      show.flush();
      return ws.receive();
    }
  }

  /// Prints a message that came.
  void show(Message message) {
    show.received(number, message);
  }

  /// Checks that a code and a reason may stand in a Close frame (RFC 6455 §7.4).
  ///
  /// @throws IllegalArgumentException if not, saying what may
  static void checkClose(int code, String reason) {
    boolean legal =
        (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || isFree(code);
    if (!legal) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%d is no code to close with: write 1000 to 1003, 1007 to 1014, or 3000 to 4999",
              code));
    }
    if (reason.getBytes(StandardCharsets.UTF_8).length > 123) {
      throw new IllegalArgumentException("the reason of a close is at most 123 bytes in UTF-8");
    }
  }

  /// Whether a code means what the two sides make of it.
  private static boolean isFree(int code) {
    return code >= 3000 && code <= 4999;
  }

  /// How a connection ended, in words.
  ///
  /// @param peer who is at the other end, as "the server"
  static String sentence(Close close, String peer) {
    String reason = close.reason().isEmpty() ? "" : " " + Escape.value(close.reason());
    return switch (close.by()) {
      case NETWORK -> broken(close.reason());
      case PEER -> peer + " closed with " + named(close.code()) + reason;
      case SELF -> "closed with " + named(close.code()) + reason;
    };
  }

  private static String broken(String why) {
    String broke = why.startsWith("the connection ") ? "" : "the connection broke: ";
    return broke + Escape.printable(Escape.clip(why));
  }

  private static String named(int code) {
    String name =
        switch (code) {
          case Close.NORMAL -> "normal";
          case Close.GOING_AWAY -> "going away";
          case Close.PROTOCOL_ERROR -> "protocol error";
          case Close.UNSUPPORTED_DATA -> "unsupported data";
          case Close.NO_STATUS -> "no code";
          case Close.ABNORMAL -> "no Close";
          case Close.INVALID_PAYLOAD -> "invalid payload";
          case Close.POLICY_VIOLATION -> "policy violation";
          case Close.MESSAGE_TOO_BIG -> "message too big";
          case 1010 -> "extension missing";
          case Close.INTERNAL_ERROR -> "internal error";
          case 1012 -> "service restart";
          case Close.TRY_AGAIN_LATER -> "try again later";
          case 1014 -> "bad gateway";
          default -> "";
        };
    return name.isEmpty() ? Integer.toString(code) : code + " (" + name + ")";
  }
}
