package io.weft.ws;

/// The status codes of a Close frame (§7.4.1 and the IANA registry that it opened).
public final class CloseCode {

  /// The purpose of the connection is fulfilled.
  public static final int NORMAL = 1000;

  /// An endpoint goes away: a server stops, a browser leaves the page.
  public static final int GOING_AWAY = 1001;

  /// The peer broke the protocol.
  public static final int PROTOCOL_ERROR = 1002;

  /// The peer sent a kind of data that is not accepted here.
  public static final int UNSUPPORTED_DATA = 1003;

  /// The Close frame held no code. Never on the wire.
  public static final int NO_STATUS = 1005;

  /// The connection ended without a Close frame. Never on the wire.
  public static final int ABNORMAL = 1006;

  /// A text or a close reason was not UTF-8.
  public static final int INVALID_DATA = 1007;

  /// The peer broke a rule of this endpoint, such as a limit that has no code of its own.
  public static final int POLICY_VIOLATION = 1008;

  /// A message is larger than this endpoint takes.
  public static final int TOO_BIG = 1009;

  /// The server did not grant an extension that the client cannot do without.
  public static final int EXTENSION_NEEDED = 1010;

  /// The endpoint met a fault of its own.
  public static final int INTERNAL_ERROR = 1011;

  /// The service restarts; come back after a while.
  public static final int SERVICE_RESTART = 1012;

  /// The service has too much to do for this client; come back later.
  public static final int TRY_AGAIN_LATER = 1013;

  /// A gateway was given a bad answer.
  public static final int BAD_GATEWAY = 1014;

  /// The TLS handshake failed. Never on the wire.
  public static final int TLS_FAILED = 1015;

  private CloseCode() {}

  /// Whether a Close frame may carry `code`: 1000 to 1003, 1007 to 1014, 3000 to 4999 (§7.4.2).
  public static boolean isLegalOnWire(int code) {
    return (code >= NORMAL && code <= UNSUPPORTED_DATA)
        || (code >= INVALID_DATA && code <= BAD_GATEWAY)
        || (code >= 3000 && code <= 4999);
  }

  /// A few words for people: what `code` stands for.
  public static String name(int code) {
    return switch (code) {
      case NORMAL -> "normal closure";
      case GOING_AWAY -> "going away";
      case PROTOCOL_ERROR -> "protocol error";
      case UNSUPPORTED_DATA -> "unsupported data";
      case NO_STATUS -> "no status";
      case ABNORMAL -> "abnormal closure";
      case INVALID_DATA -> "invalid data";
      case POLICY_VIOLATION -> "policy violation";
      case TOO_BIG -> "message too big";
      case EXTENSION_NEEDED -> "extension needed";
      case INTERNAL_ERROR -> "internal error";
      case SERVICE_RESTART -> "service restart";
      case TRY_AGAIN_LATER -> "try again later";
      case BAD_GATEWAY -> "bad gateway";
      case TLS_FAILED -> "TLS handshake failed";
      default -> code >= 4000 && code <= 4999 ? "private use" : "unassigned";
    };
  }
}
