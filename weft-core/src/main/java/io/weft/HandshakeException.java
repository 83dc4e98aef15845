package io.weft;

import io.weft.bytes.Ascii;
import io.weft.http.Head;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A client could not open a connection. The message says what was being attempted and what came of
/// it, with the status and the first line of the body if the server refused: at most 200 characters
/// of it, with what is not printable escaped. The whole answer, if there was one, stands here too.
public final class HandshakeException extends RuntimeException {

  private static final long serialVersionUID = 1;

  private static final byte[] NO_BODY = {};

  /// The most that is kept of a refusal's body.
  static final int BODY_BYTES = 4 << 10;

  /// The most that a message shows of what a server said in its own words.
  static final int SHOWN_CHARACTERS = 200;

  /// How far a client came.
  public enum Step {
    /// Looking up the addresses of the host.
    RESOLVING,
    /// Making the TCP connection.
    CONNECTING,
    /// Asking a proxy for a way to the server (CONNECT, RFC 9110 §9.3.6; SOCKS5, RFC 1928).
    TUNNELLING,
    /// Agreeing on TLS with the server, and verifying its certificate.
    SECURING,
    /// Asking the server to switch to WebSocket (RFC 6455 §4.1).
    UPGRADING
  }

  private final Step step;
  final transient @Nullable Head response;
  private final byte[] body;

  HandshakeException(Step step, String message) {
    this(step, message, null, NO_BODY);
  }

  HandshakeException(Step step, String message, @Nullable Head response, byte[] body) {
    super(message);
    this.step = step;
    this.response = response;
    this.body = body;
  }

  /// The status of an answer and the words that came with it, as a message shows them.
  static String status(Head answer) {
    String words = Ascii.printable(answer.reason(), SHOWN_CHARACTERS);
    return words.isEmpty() ? "" + answer.status() : answer.status() + " " + words;
  }

  /// At which step it failed.
  public Step step() {
    return step;
  }

  /// The status that the server answered with, or an HTTP proxy if the step is [Step#TUNNELLING]; 0
  /// if no whole answer came. 101 if it agreed, but not as it should have.
  public int status() {
    return response == null ? 0 : response.status();
  }

  /// The first header of that name in the answer; null if there is none.
  public @Nullable String header(String name) {
    Objects.requireNonNull(name, "name");
    return response == null ? null : response.header(name);
  }

  /// All headers of that name in the answer, in order.
  public List<String> headers(String name) {
    Objects.requireNonNull(name, "name");
    return response == null ? List.of() : response.headers(name);
  }

  /// The body of the server's answer: its first 4 KiB, or what came of it in time. None of a
  /// proxy's answer is kept, nor of a redirect that was to be followed.
  public byte[] body() {
    return body.clone();
  }

  /// The body as text, read as UTF-8.
  public String bodyText() {
    return new String(body, StandardCharsets.UTF_8);
  }
}
