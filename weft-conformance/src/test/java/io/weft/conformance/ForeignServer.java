package io.weft.conformance;

import java.util.Map;

/// A server of another maker that listens three times on 127.0.0.1, and speaks permessage-deflate
/// with who asks. What it does with a message depends on the path:
///
/// | | |
/// |---|---|
/// | `/echo` | sends it back |
/// | `/fragments` | sends it back in fragments, with a ping between two of them |
/// | `/ping` | sends a ping, and when that is answered "answered are you there" |
/// | `/close` | closes with 4001 and a reason |
/// | `/gone` | drops the connection |
/// | `/refused` | none comes: the handshake is refused with 403, a header X-Why and perhaps a body |
///
/// Any other path is refused with 404. It knows the subprotocol `v2.chat`.
interface ForeignServer extends AutoCloseable {

  /// The ports, by what is spoken there: `ws`; `wss`, with a certificate for localhost; `other`,
  /// which is wss with a certificate for elsewhere.test.
  Map<String, Integer> ports();

  /// Waits until it has seen a client close in this way.
  void awaitClose(int code, String reason) throws InterruptedException;

  /// Ends it at once, as a crash would.
  @Override
  void close();
}
