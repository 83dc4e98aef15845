package io.weft.net;

import io.weft.bytes.Chunk;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What came of one request to a [Poller]. A loop has one and lets the poller fill it again and
/// again, so nothing is allocated a message.
public final class Completion {

  /// The kinds, with the fields each one sets.
  public enum Kind {
    /// A connection came in: [Completion#socket], which no poller watches yet.
    ACCEPTED,
    /// No connection can be accepted at present: [Completion#error]. Accepting is off now.
    ACCEPT_FAILED,
    /// A connection that was asked for is there, and is read from now on: [Completion#socket].
    CONNECTED,
    /// Bytes arrived: [Completion#socket], [Completion#chunk]; the chunk is the poller's again at
    /// the next call.
    READ,
    /// The peer will send no more: [Completion#socket].
    ENDED,
    /// A write has ended: [Completion#socket], and [Completion#bytes] have left, one or more.
    WROTE,
    /// The connection broke, or could not be made: [Completion#socket], [Completion#error].
    FAILED,
    /// The poller is done with the socket and with all memory it was given: the last to come.
    CLOSED
  }

  Kind kind = Kind.CLOSED;
  @Nullable Socket socket;
  @Nullable Chunk chunk;
  @Nullable IOException error;
  long bytes;

  /// The socket that it is about.
  Socket socket() {
    return Objects.requireNonNull(socket);
  }

  /// Fills it with a completion that concerns a socket and carries nothing else.
  ///
  /// @return true, for a poller to return in turn
  public boolean of(Kind kind, Socket socket) {
    this.kind = kind;
    this.socket = socket;
    return true;
  }

  /// Fills it with [Kind#READ].
  public boolean read(Socket socket, Chunk chunk) {
    this.chunk = chunk;
    return of(Kind.READ, socket);
  }

  /// Fills it with [Kind#WROTE].
  public boolean wrote(Socket socket, long bytes) {
    this.bytes = bytes;
    return of(Kind.WROTE, socket);
  }

  /// Fills it with [Kind#FAILED].
  public boolean failed(Socket socket, IOException error) {
    this.error = error;
    return of(Kind.FAILED, socket);
  }

  /// Fills it with [Kind#ACCEPT_FAILED].
  public boolean acceptFailed(IOException error) {
    this.kind = Kind.ACCEPT_FAILED;
    this.socket = null;
    this.error = error;
    return true;
  }

  /// Why it failed, in words.
  String why() {
    String message = error == null ? null : error.getMessage();
    return message == null ? "no reason given" : message;
  }
}
