/// A WebSocket library from the socket up: RFC 6455 on an event loop of its own.
///
/// Everything a user sees is in `io.weft`; the other packages are its inside.
///
/// `org.jspecify`, whose annotations say what may be null, is needed to compile Weft alone: neither
/// transitive, or a module that requires this one would not compile without it, nor at run time.
module io.weft {
  requires static org.jspecify;

  exports io.weft;
}
