package io.weft.http;

/// A message of the peer that is not answered as it wished: it breaks HTTP, crosses a bound, or asks
/// for what is not there. After it nothing more of the connection is read. It has no stack trace: it
/// tells of the peer's bytes, not of our code, and a hostile peer may cause very many.
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
    super(breach + " (" + section + ")", null, false, false);
    this.status = status;
  }
}
