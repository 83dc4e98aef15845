package io.weft.http;

/// A message of the peer that is not answered as it wished: it breaks HTTP, crosses a bound, or
/// asks for what is not there. After it nothing more of the connection is read. It has no stack
/// trace: it tells of the peer's bytes, not of our code, and a hostile peer may cause very many.
public final class HttpException extends Exception {

  private static final long serialVersionUID = 1;

  /// The status to answer with, 400 to 599.
  public final int status;

  /// Makes a refusal.
  ///
  /// @param status to answer with
  /// @param section of the RFC that the peer did not keep, such as `RFC 9112 §5.1`
  /// @param breach what was wrong, in a few words and without the peer's own
  public HttpException(int status, String section, String breach) {
    this(status, breach + " (" + section + ")");
  }

  private HttpException(int status, String message) {
    super(message, null, false, false);
    this.status = status;
  }

  /// The same breach, by a server: there is nobody to answer, so it has the status that a proxy
  /// would pass on (RFC 9110 §15.6.3).
  HttpException ofServer() {
    return new HttpException(502, String.valueOf(getMessage()));
  }
}
