package io.weft.net;

import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/// One TCP connection as its [Poller] sees it: the poller's own handle on it, and whose it is.
public abstract class Socket {

  /// The connection it belongs to; null until a loop has adopted it.
  @Nullable Conn conn;

  /// The address at the other end, as it was when the connection was made.
  public abstract SocketAddress remote();

  /// Closes it although no poller watches it.
  public abstract void discard();
}
