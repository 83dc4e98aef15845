package io.weft.ws;

import java.io.Serial;

/// The peer broke the protocol or a bound, or asks for memory that there is not; the connection has
/// to be failed (§7.1.7). It names the section and the breach, and carries no stack trace: it says
/// something about the bytes, not about the code that read them, and a peer can cause as many as it
/// likes.
public final class ProtocolException extends Exception {

  @Serial private static final long serialVersionUID = 1;

  /// What to close with: 1002, 1007, 1008, 1009 or 1013.
  public final int closeCode;

  /// Makes one.
  ///
  /// @param closeCode legal on the wire
  /// @param section what says so, such as `§5.2`
  /// @param breach what the peer did
  public ProtocolException(int closeCode, String section, String breach) {
    super(section + ": " + breach, null, false, false);
    assert CloseCode.isLegalOnWire(closeCode);
    this.closeCode = closeCode;
  }
}
