package io.weft.ws;

import io.weft.http.Head;

/// The server did not agree to WebSocket, or not as §4.1 demands: the connection is to be closed.
public final class UpgradeException extends Exception {

  private static final long serialVersionUID = 1;

  /// What the server answered: status and headers.
  public final transient Head response;

  UpgradeException(Head response, String why) {
    super(why);
    this.response = response;
  }

  /// The status that the server answered with; 101 if it agreed, but wrongly.
  public int status() {
    return response.status();
  }
}
