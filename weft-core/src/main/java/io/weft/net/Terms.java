package io.weft.net;

import java.util.concurrent.Executor;
import java.util.function.Consumer;

/// What holds for all connections of a server or a client.
///
/// @param softBytes soft mark of the outbox
/// @param hardBytes hard mark of the outbox
/// @param progressNs how long bytes may wait without any leaving, as the peer acknowledges them
/// @param closeNs how long finishing and lingering may last, counted from the last bytes that left
/// @param lingerBytes how much of the peer is read and dropped meanwhile
/// @param tasks runs the long pieces of TLS handshakes, or refuses to when too many wait
/// @param gone run when a connection's socket is closed, for whoever counts them
public record Terms(
    int softBytes,
    int hardBytes,
    long progressNs,
    long closeNs,
    int lingerBytes,
    Executor tasks,
    Consumer<Socket> gone) {

  /// The same for whoever only counts.
  public Terms(
      int softBytes,
      int hardBytes,
      long progressNs,
      long closeNs,
      int lingerBytes,
      Executor tasks,
      Runnable gone) {
    this(softBytes, hardBytes, progressNs, closeNs, lingerBytes, tasks, socket -> gone.run());
  }
}
