package io.weft;

/// A conversation asked something of a connection that has ended.
public final class ConnectionClosedException extends RuntimeException {

  private static final long serialVersionUID = 1;

  private final transient Close close;

  ConnectionClosedException(Close close) {
    super("the connection has ended: " + close.what() + ", by " + close.by());
    this.close = close;
  }

  /// How it ended.
  public Close close() {
    return close;
  }
}
