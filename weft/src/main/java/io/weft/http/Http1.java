package io.weft.http;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Reads HTTP/1.1 as it arrives and writes what is not a head (RFC 9112).
public final class Http1 {

  /// What was read.
  public enum Event {
    /// A head is whole: [#head()].
    HEAD,
    /// A piece of the body is there: from [#bodyFrom()] to [#bodyTo()].
    BODY,
    /// The message is whole. The next one may begin.
    END
  }

  private Http1() {}

  /// Makes a reader of requests, for a server.
  ///
  /// @param requestLineBytes what a request line may have, its CRLF left out; more is 414
  /// @param headBytes what a head may have in all; more is 431. Trailers, and what chunks carry beside
  ///     their data, have as much again
  /// @param headers how many header lines a head may have; more are 431
  /// @param bodyBytes what a body may have; more is 413
  public static Http1 ofRequests(
      int requestLineBytes, int headBytes, int headers, long bodyBytes) {
    throw new UnsupportedOperationException();
  }

  /// Makes a reader of responses, for a client. Every breach is status 502.
  public static Http1 ofResponses(int statusLineBytes, int headBytes, int headers, long bodyBytes) {
    throw new UnsupportedOperationException();
  }

  /// Reads on to the next event.
  ///
  /// @param in bytes of the peer; its position moves past what was taken
  /// @return the event, or null if `in` was taken whole and more is needed, or if nothing more is read
  ///     on this connection ([#isOver()]) and `in` was left as it is
  /// @throws HttpException if the peer broke HTTP or crossed a bound; nothing more is read then
  public @Nullable Event next(Chunk in) throws HttpException {
    throw new UnsupportedOperationException();
  }

  /// Takes the end of the stream.
  ///
  /// @return [Event#END] if that ends a response's body, null if nothing was begun
  /// @throws HttpException if a message was cut
  public @Nullable Event endOfStream() throws HttpException {
    throw new UnsupportedOperationException();
  }

  /// The head of the message being read, from [Event#HEAD] to [Event#END], which both count.
  ///
  /// @throws IllegalStateException if there is none
  public Head head() {
    throw new UnsupportedOperationException();
  }

  /// Where in the chunk the piece of the last [Event#BODY] begins: see [Chunk#view].
  public int bodyFrom() {
    throw new UnsupportedOperationException();
  }

  /// Where in the chunk the piece of the last [Event#BODY] ends.
  public int bodyTo() {
    throw new UnsupportedOperationException();
  }

  /// Whether the request at hand has a body and its sender waits for `100 Continue` before sending it
  /// (RFC 9110 §10.1.1).
  public boolean expectsContinue() {
    throw new UnsupportedOperationException();
  }

  /// Whether the connection may carry another message after the one at hand (RFC 9112 §9.3).
  public boolean keepsAlive() {
    throw new UnsupportedOperationException();
  }

  /// Whether nothing has been read of a message that is not yet whole; no memory is held then.
  public boolean isIdle() {
    throw new UnsupportedOperationException();
  }

  /// Whether nothing more is read: after a refusal, after a message that does not keep the connection
  /// alive, or after a 101.
  public boolean isOver() {
    throw new UnsupportedOperationException();
  }

  /// Says that the next final response answers a HEAD request and so has no body (RFC 9112 §6.3).
  public void answersHead() {
    throw new UnsupportedOperationException();
  }

  /// Appends what is unread in `data` as one chunk of a chunked body; nothing if that is nothing.
  public static void putChunk(Outbox out, ByteBuffer data) {
    throw new UnsupportedOperationException();
  }

  /// Appends the end of a chunked body, without trailers.
  public static void putLastChunk(Outbox out) {
    throw new UnsupportedOperationException();
  }
}
