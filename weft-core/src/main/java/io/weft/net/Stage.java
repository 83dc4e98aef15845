package io.weft.net;

import io.weft.bytes.Chunk;

/// The protocol that a connection speaks at present: bytes in, by argument; bytes out, by the
/// connection's outbox. All calls come on the loop's thread, one after the other:
///
/// ```text
///  begun  (read | wrote | writable | expired)*  ended?  (wrote | writable | expired)*
///      closed  wrote*  gone
/// ```
///
/// The first stage of a connection that is still being made may hear `expired` before `begun`, and
/// hears no `begun` if it cannot be made.
public interface Stage {

  /// What a connection is to do after [#read].
  enum Next {
    /// Bring whatever arrives.
    MORE,
    /// This turn's share of work is done; bring the rest next turn.
    LATER,
    /// Bring nothing until [Conn#resume()].
    PAUSE
  }

  /// The connection is there and speaks this protocol from now on: the first call. Deadlines start
  /// here.
  default void begun() {}

  /// Takes bytes that arrived.
  ///
  /// @param in taken from its position on; what is left is kept and brought again
  Next read(Chunk in);

  /// The peer will send no more.
  void ended();

  /// The outbox is low, as asked for by [Conn#tellWhenLow()].
  void writable();

  /// Bytes of the outbox have left: the operating system has taken them.
  default void wrote(long bytes) {}

  /// A deadline given to [Conn#wakeAt] has come.
  ///
  /// @param nowNs the loop's clock
  /// @return the next deadline by the loop's clock, or [Conn#NEVER]
  long expired(long nowNs);

  /// Whether the peer has not had an answer yet that says who it is talking to: it is a newcomer.
  default boolean isStranger() {
    return false;
  }

  /// Lets go of what is held no longer, as far as that is not known to the connection yet.
  default void settle() {}

  /// Memory for what was received is short, or for what waits to be sent, and this connection is
  /// the one to pay: it ends, and says so.
  ///
  /// @return whether it does; if not, it is closed without a word
  default boolean pay(String why) {
    return false;
  }

  /// The connection has ended; always called, once. Nothing is sent or read any more, but of a
  /// write that was under way it is not known yet how much has left.
  ///
  /// @param reason what happened, for a log line
  /// @throws OutOfMemoryError if there was no memory to be told; it is told again then
  void closed(String reason);

  /// The operating system has let go of the socket: what has not been told by [#wrote] has not
  /// left. The last call, and always made, once.
  default void gone() {}
}
