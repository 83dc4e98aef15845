package io.weft;

import io.weft.bytes.Ascii;
import io.weft.ws.CloseCode;
import java.util.Objects;

/// How a connection ended (RFC 6455 §7.1.5, §7.1.6).
///
/// @param code the close code: what the peer's Close frame said, or ours where the peer sent none;
///   1005 if the peer's held no code, 1006 if the connection ended without one
/// @param reason the reason that came with the code; for 1006, and where a rule or a handler of
///   ours failed, what happened, in our own words
/// @param by who ended it
public record Close(int code, String reason, By by) {

  private static final int SHOWN_CHARACTERS = 500;

  /// Makes one.
  public Close {
    Objects.requireNonNull(reason, "reason");
    Objects.requireNonNull(by, "by");
  }

  /// Done, all is well.
  public static final int NORMAL = CloseCode.NORMAL;

  /// The server stops, or the page is left.
  public static final int GOING_AWAY = CloseCode.GOING_AWAY;

  /// The peer broke the protocol.
  public static final int PROTOCOL_ERROR = CloseCode.PROTOCOL_ERROR;

  /// Messages of this kind (text, or binary) are not handled.
  public static final int UNSUPPORTED_DATA = CloseCode.UNSUPPORTED_DATA;

  /// The peer sent no code; never on the wire.
  public static final int NO_STATUS = CloseCode.NO_STATUS;

  /// The connection ended without a Close frame; never on the wire.
  public static final int ABNORMAL = CloseCode.ABNORMAL;

  /// What a message holds does not fit its kind, as text that is not UTF-8.
  public static final int INVALID_PAYLOAD = CloseCode.INVALID_DATA;

  /// Not allowed; for want of a better code.
  public static final int POLICY_VIOLATION = CloseCode.POLICY_VIOLATION;

  /// A message is too big.
  public static final int MESSAGE_TOO_BIG = CloseCode.TOO_BIG;

  /// The server failed.
  public static final int INTERNAL_ERROR = CloseCode.INTERNAL_ERROR;

  /// Come back later: the server, or this connection's queue, is full.
  public static final int TRY_AGAIN_LATER = CloseCode.TRY_AGAIN_LATER;

  /// Who ended a connection.
  public enum By {
    /// The peer sent the first Close frame.
    PEER,
    /// We did: the application, or Weft because a rule or a limit was broken.
    SELF,
    /// Nobody: the connection broke, or fell silent.
    NETWORK
  }

  /// The code and the reason as a line shows them: what a peer wrote may hold anything.
  String what() {
    return reason.isEmpty() ? "" + code : code + " " + Ascii.printable(reason, SHOWN_CHARACTERS);
  }

  /// Whether both sides said Close.
  public boolean isClean() {
    return code != ABNORMAL;
  }
}
