package io.weft.net;

/// What the system's TCP says of a connection, as far as it tells. A loop has one, which each
/// [Poller#look] fills anew.
final class Tcp {

  /// Whether the system tells the two below.
  boolean known;

  /// How many bytes the peer has acknowledged so far, the lower 32 bits: good for telling whether
  /// there are more than before.
  int acknowledged;

  /// Whether the peer has ended its half or reset the connection, be there bytes before that or
  /// not.
  boolean ended;

  /// How many bytes may wait in the system's send buffer, where it is not known what was
  /// acknowledged; 0 where that is known.
  int mayHoldBytes;

  /// Whether the look itself has handed bytes to the system.
  boolean wrote;

  private static final int CLOSE_WAIT = 8;

  void unknown() {
    known = false;
    acknowledged = 0;
    ended = false;
    mayHoldBytes = 0;
    wrote = false;
  }

  /// @param state `TCP_*` of `tcp_states.h`
  void is(int state, int acknowledged) {
    this.known = true;
    this.acknowledged = acknowledged;
    this.ended = isEnd(state);
    this.mayHoldBytes = 0;
    this.wrote = false;
  }

  /// The connection is not there any more.
  void isGone() {
    is(CLOSE_WAIT, 0);
  }

  /// Looks at a connection.
  Tcp of(Poller poller, Socket socket) {
    poller.look(socket, this);
    return this;
  }

  /// `TIME_WAIT`, `CLOSE`, `CLOSE_WAIT`, `LAST_ACK` and `CLOSING`: the peer's FIN or RST has come.
  /// And `LISTEN`: who is asked by address for a connection that is gone tells of the socket that
  /// accepted it.
  private static boolean isEnd(int state) {
    return state >= 6 && state <= 11;
  }
}
