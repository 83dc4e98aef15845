/// A WebSocket library from the socket up: RFC 6455 on an event loop of its own.
///
/// Everything a user sees is in `io.weft`; the other packages are its inside.
module io.weft {
  requires static transitive org.jspecify;

  exports io.weft;
}
