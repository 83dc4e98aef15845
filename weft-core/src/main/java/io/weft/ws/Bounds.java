package io.weft.ws;

/// What a peer may make an engine hold and do for one message (§10.4). One for all connections.
///
/// @param messageBytes the largest message, over all its fragments and after decoding; 1 or more.
///   More is answered with close code 1009
/// @param fragments the most frames in a message; 1 or more. More is answered with 1008
/// @param emptyFragments the most frames without payload in a fragmented message; 0 or more. More
///   is answered with 1008
public record Bounds(int messageBytes, int fragments, int emptyFragments) {

  /// Room for what an encoding may add to a short message.
  private static final int ENCODED_SLACK_BYTES = 64;

  /// Checks the bounds, which are our user's.
  public Bounds {
    if (messageBytes < 1 || fragments < 1 || emptyFragments < 0) {
      throw new IllegalArgumentException(
          "no message fits in "
              + messageBytes
              + " bytes, "
              + fragments
              + " fragments, of which "
              + emptyFragments
              + " empty");
    }
  }

  /// Judges how large a message is, or is declared to become.
  ///
  /// @throws ProtocolException with close code 1009, if it is too large
  void checkMessage(long bytes) throws ProtocolException {
    if (bytes > messageBytes) {
      throw new ProtocolException(
          CloseCode.TOO_BIG, "§10.4", "a message is over " + messageBytes + " bytes");
    }
  }

  /// Judges how large an encoded message is on the wire. An honest encoder adds little to what it
  /// cannot shrink; one that sends twice the bound and has not ended is only keeping us busy.
  ///
  /// @throws ProtocolException with close code 1009, if it is too large
  void checkEncoded(long bytes) throws ProtocolException {
    checkMessage((bytes - ENCODED_SLACK_BYTES) / 2);
  }

  /// Judges the number of frames in a message.
  ///
  /// @throws ProtocolException with close code 1008, if there are too many
  void checkFragments(int all, int empty) throws ProtocolException {
    if (all > fragments) {
      throw new ProtocolException(
          CloseCode.POLICY_VIOLATION, "§10.4", "a message is in over " + fragments + " fragments");
    }
    if (empty > emptyFragments) {
      throw new ProtocolException(
          CloseCode.POLICY_VIOLATION,
          "§10.4",
          "a message has over " + emptyFragments + " empty fragments");
    }
  }
}
