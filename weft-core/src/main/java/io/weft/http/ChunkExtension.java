package io.weft.http;

import io.weft.bytes.Ascii;
import org.jspecify.annotations.Nullable;

/// How far a reader has come in the extensions that stand behind a chunk's size (RFC 9112 §7.1.1).
/// They are judged, so that no two readers take one line for two, and dropped.
///
/// ```text
///         ,──────────────── ; ──────────────────┬─────────────────────.
///         v                                     │                     │
///  BLANKS ─;─> NAMELESS ──> NAME ─blank─> NAME_END ─=─> VALUELESS ──> VALUE ──blank──> BLANKS
///                             │ └────────── = ─────────────^ └─"─> QUOTED ─"─> QUOTED_END ──^
///                             └─CR─> END                              ^└─\─> ESCAPED       └─CR─> END
///                                                                     └───────────┘
/// ```
///
/// Blanks may stand around a semicolon and around `=`, and nowhere else: not in front of the CR.
enum ChunkExtension {
  /// Behind a blank that a semicolon has to follow.
  BLANKS,
  /// Behind a semicolon: a name is to come.
  NAMELESS,
  NAME,
  /// Behind a blank that `=` or a semicolon has to follow.
  NAME_END,
  /// Behind `=`: a value is to come.
  VALUELESS,
  VALUE,
  QUOTED,
  ESCAPED,
  QUOTED_END,
  /// The CR has come.
  END;

  /// Where the next character leads.
  ///
  /// @throws HttpException with status 400, if it may not stand there
  ChunkExtension next(int character) throws HttpException {
    ChunkExtension next =
        this == QUOTED || this == ESCAPED ? inQuotes(character) : outside(character);
    if (next == null) {
      throw new HttpException(400, "RFC 9112 §7.1.1", "a chunk's extension is malformed");
    }
    return next;
  }

  private @Nullable ChunkExtension inQuotes(int character) {
    if (!Grammar.isFieldValue(character)) {
      return null;
    }
    if (this == ESCAPED) {
      return QUOTED;
    }
    return switch (character) {
      case '"' -> QUOTED_END;
      case '\\' -> ESCAPED;
      default -> QUOTED;
    };
  }

  private @Nullable ChunkExtension outside(int character) {
    if (Ascii.isTokenMark(character)) {
      return switch (this) {
        case NAMELESS, NAME -> NAME;
        case VALUELESS, VALUE -> VALUE;
        default -> null;
      };
    }
    return switch (character) {
      case ' ', '\t' ->
          switch (this) {
            case NAME, NAME_END -> NAME_END;
            case VALUE, QUOTED_END -> BLANKS;
            default -> this;
          };
      case ';' -> this == NAMELESS || this == VALUELESS ? null : NAMELESS;
      case '=' -> this == NAME || this == NAME_END ? VALUELESS : null;
      case '"' -> this == VALUELESS ? QUOTED : null;
      case '\r' -> this == NAME || this == VALUE || this == QUOTED_END ? END : null;
      default -> null;
    };
  }
}
