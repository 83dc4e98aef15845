package io.weft.ws;

import io.weft.http.Head;

/// The server did not agree to WebSocket, or not as RFC 6455 §4.1 demands.
public final class UpgradeException extends Exception {

  private static final long serialVersionUID = 1;

  /// What the server answered: its status and headers.
  public final transient Head response;

  UpgradeException(Head response, String section, String why) {
    super(why + " (" + section + ")");
    this.response = response;
  }

  /// The status that the server answered with; 101 if it agreed, but wrongly.
  public int status() {
    return response.status();
  }
}
