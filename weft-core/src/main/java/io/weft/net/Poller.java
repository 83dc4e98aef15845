package io.weft.net;

import io.weft.bytes.Outbox;
import java.io.IOException;
import java.net.InetSocketAddress;

/// The operating system as a loop uses it: requests go in, completions come out.
///
/// ```text
///  listen ──> ACCEPTED*  (ACCEPT_FAILED)
///  adopt ──> READ*  ENDED | FAILED
///  connect ──> CONNECTED  READ*  ENDED | FAILED
///  write ──> WROTE | FAILED          one at a time for a socket
///  close ──> WROTE?  CLOSED          CLOSED always, once, last
/// ```
///
/// Only the loop's thread calls it, but for [#wake()]. After [#close(Socket)] nothing comes for
/// that socket but `CLOSED`, and ahead of it a `WROTE` if the kernel had taken bytes of the write
/// that was under way: what no `WROTE` has told by then has not left, and never will. Memory handed
/// to [#write] is the poller's until `WROTE`, `FAILED` or `CLOSED`.
public interface Poller extends AutoCloseable {

  /// Starts to listen, and to accept.
  ///
  /// @param backlog connections the kernel may keep waiting
  /// @return the address bound, with the port that was found if 0 was asked for
  /// @throws IOException if the address cannot be had
  InetSocketAddress listen(InetSocketAddress address, int backlog) throws IOException;

  /// Accepts, or lets the kernel's queue of connections wait.
  void accepting(boolean on);

  /// Stops to listen.
  void unlisten();

  /// Begins to watch, and to read, a socket that some poller accepted.
  ///
  /// @throws IOException if it broke in the meantime; it is closed then
  void adopt(Socket socket) throws IOException;

  /// Begins to connect, and to read once that is done.
  ///
  /// @param to an address that is resolved
  /// @return what `CONNECTED`, or `FAILED`, will be about; until then it may only be closed
  /// @throws IOException if the system has no more sockets (file descriptors) to give
  Socket connect(InetSocketAddress to) throws IOException;

  /// Reads, or lets the kernel keep what arrives. A `READ` may still come after it was switched
  /// off.
  void reading(Socket socket, boolean on);

  /// Writes what it can of `outbox`, which is not empty and of which the caller forgets what a
  /// `WROTE` reports.
  void write(Socket socket, Outbox outbox);

  /// Tells the peer that nothing more will come, behind all that was written (a FIN).
  void finish(Socket socket);

  /// Closes both ways.
  void close(Socket socket);

  /// Tells what TCP knows of a connection that is there; it costs a system call. A write that waits
  /// may be tried again, so that what the peer has made room for leaves.
  void look(Socket socket, Tcp into);

  /// Ends a [#poll] that waits, or the next one; from any thread.
  void wake();

  /// Waits for completions.
  ///
  /// @param waitNs nanoseconds to wait at most; 0 to look only
  void poll(long waitNs) throws IOException;

  /// Takes the next completion there is, without waiting.
  ///
  /// @return whether there was one and `into` was filled
  boolean next(Completion into);

  /// Closes the listener and every socket, without completions, and frees what the poller holds.
  @Override
  void close();
}
