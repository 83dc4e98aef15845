package io.weft.http;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a request is for, in its one normal form.
///
/// @param path decoded; begins with a slash, has no empty, `.` or `..` segment and no control
///     character, so that a slash in it always parts two segments; may end with a slash
/// @param query as it was sent, percent-encoded, or null if there is none
public record Target(String path, @Nullable String query) {

  /// Reads a request's target.
  ///
  /// @param target an absolute path and perhaps a query, percent-encoded: [Head#target()]
  /// @throws HttpException with status 400, if it has no normal form
  public static Target of(String target) throws HttpException {
    throw new UnsupportedOperationException();
  }

  /// The decoded value of the first parameter of that name in the query, or null if there is none.
  public @Nullable String query(String name) {
    throw new UnsupportedOperationException();
  }

  /// The decoded values of all parameters of that name in the query, in order.
  public List<String> queries(String name) {
    throw new UnsupportedOperationException();
  }
}
