package io.weft;

import java.nio.ByteBuffer;

/// What happens on the connections of a server's route, or of a client, as callbacks. One endpoint
/// may serve many connections; what belongs to one connection is kept in [WebSocket#attributes()].
///
/// The callbacks of a connection come one after the other, on its loop's thread, in this order:
///
/// ```text
///  opening  ( opened  ( text | binary | writable )*  closed )?
/// ```
///
/// They must not block: thousands of connections wait for the same thread. For code that waits
/// there is [Server.Builder#converse]. One that throws ends its own connection with close code 1011
/// and nothing else. All methods have a default; implement those you need.
public interface Endpoint {

  /// Decides on a handshake, before the connection is a WebSocket. Not on a client, which made the
  /// request itself.
  ///
  /// @param request the request of the client: path parameters, query, headers, cookies
  /// @return [Handshake#accept()] or [Handshake#refuse]
  default Handshake opening(Request request) throws Exception {
    return Handshake.accept();
  }

  /// The connection is open; what is sent here arrives first.
  default void opened(WebSocket ws) throws Exception {}

  /// A text message came. By default the connection is closed with 1003.
  default void text(WebSocket ws, String text) throws Exception {
    ws.close(Close.UNSUPPORTED_DATA, "text messages are not handled here");
  }

  /// A binary message came. By default the connection is closed with 1003.
  ///
  /// @param data its bytes and no others: position 0, limit and capacity its length; read-only,
  ///   big-endian, and good only until this method returns, on this thread: copy what is to be
  ///   kept. Afterwards its memory is another message's, perhaps another client's. Where assertions
  ///   are on (`-ea`) it is a copy that is gone then, so that to look at it throws
  ///   `IllegalStateException`, and on another thread `WrongThreadException`
  default void binary(WebSocket ws, ByteBuffer data) throws Exception {
    ws.close(Close.UNSUPPORTED_DATA, "binary messages are not handled here");
  }

  /// After a send that was [Send#QUEUED] or [Send#REFUSED]: there is room again.
  default void writable(WebSocket ws) throws Exception {}

  /// The connection is gone. Comes once for every `opened`, and last.
  default void closed(WebSocket ws, Close close) throws Exception {}
}
