package io.weft.ws;

import io.weft.http.HttpException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One element of a Sec-WebSocket-Extensions header: an extension offered or agreed to (RFC 6455
/// §9.1).
///
/// @param name a registered name, `permessage-deflate` for example; in its own case
/// @param params in order, duplicates and all
public record ExtensionOffer(String name, List<Param> params) {

  /// A parameter of an extension.
  ///
  /// @param name in its own case
  /// @param value a token, unquoted; null if there is none
  public record Param(String name, @Nullable String value) {}

  /// Reads the value of one header line.
  ///
  /// @throws HttpException with status 400, if it is not of the form that §9.1 gives
  public static List<ExtensionOffer> parse(String value) throws HttpException {
    throw new UnsupportedOperationException();
  }

  /// The element as a header has it.
  @Override
  public String toString() {
    throw new UnsupportedOperationException();
  }
}
