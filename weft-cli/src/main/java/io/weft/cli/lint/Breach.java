package io.weft.cli.lint;

/// The server sent what no server may, or did not open a WebSocket when it had every reason to.
final class Breach extends Exception {

  private static final long serialVersionUID = 1;

  Breach(String section, String what) {
    super(what + " (" + section + ")");
  }
}
