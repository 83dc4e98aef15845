package io.weft.bench.peer;

/// A server that can be measured. On 127.0.0.1 it answers
///
/// - `/echo`: each text and each binary message comes back to its sender;
/// - `/broadcast`: each binary message goes to all who are connected there, the sender too.
@FunctionalInterface
interface Peer {

  /// Starts it.
  ///
  /// @param maxMessageBytes the largest message that will be sent to it
  /// @return what it is and where
  Started start(int maxMessageBytes) throws Exception;

  /// A server that listens.
  ///
  /// @param port where
  /// @param library a class of the library, by whose jar its version is told
  record Started(int port, Class<?> library) {}
}
