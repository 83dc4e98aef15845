package io.weft;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import io.weft.http.Head;
import org.jspecify.annotations.Nullable;

/// How a proxy is asked for a way to a server, without I/O: the proxy's bytes in, ours out. The
/// server's name goes to the proxy, which looks it up.
sealed interface Tunnel permits HttpTunnel, SocksTunnel {

  /// Appends what is said first.
  void begin(Outbox out);

  /// Reads on, and appends what is said next.
  ///
  /// @param in taken whole if the way is not there yet; else what is left of it came through it
  /// @return whether the way is there
  /// @throws Refusal if it will not be
  boolean read(Chunk in, Outbox out) throws Refusal;

  /// The proxy says no, or nothing that makes sense.
  final class Refusal extends Exception {

    private static final long serialVersionUID = 1;

    /// What it answered, if that was HTTP and whole.
    final transient @Nullable Head answer;

    /// The realm for which it wants credentials, which it was not shown; else null.
    final @Nullable String realm;

    Refusal(String why, @Nullable Head answer, @Nullable String realm) {
      super(why, null, false, false);
      this.answer = answer;
      this.realm = realm;
    }

    static Refusal of(String why) {
      return new Refusal(why, null, null);
    }
  }
}
