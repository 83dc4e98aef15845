package io.weft.ws;

/// Which end of the connection one is.
public enum Role {
  /// Opened the connection. Masks each of its frames (§5.3).
  CLIENT,
  /// Was connected to. Masks none (§5.1).
  SERVER;

  /// The other end.
  Role peer() {
    return this == CLIENT ? SERVER : CLIENT;
  }
}
