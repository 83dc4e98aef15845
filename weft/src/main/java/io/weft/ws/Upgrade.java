package io.weft.ws;

import io.weft.bytes.Outbox;
import io.weft.http.Head;
import io.weft.http.Url;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The opening handshake of both sides (RFC 6455 §4): a head in, a head or a refusal out. A server's
/// judgement of a request is one of the two records here.
public sealed interface Upgrade {

  /// Whether a request asks to leave HTTP for WebSocket; one that does not is plain HTTP.
  static boolean isAsked(Head request) {
    throw new UnsupportedOperationException();
  }

  /// Judges a client's request (§4.2.1).
  static Upgrade judge(Head request) {
    throw new UnsupportedOperationException();
  }

  /// The handshake is not one: answer so and close the connection.
  ///
  /// @param status to answer with
  /// @param headers that go with the status, `Connection: close` among them
  /// @param why a plain sentence for the body
  record Refused(int status, List<Head.Field> headers, String why) implements Upgrade {

    /// Appends the whole answer: head and, for its body, the sentence.
    public void appendTo(Outbox out) {
      throw new UnsupportedOperationException();
    }
  }

  /// The handshake is sound: the application may still refuse it, or answer with [#response].
  ///
  /// @param accept the value of Sec-WebSocket-Accept
  /// @param subprotocols what the client offers, in its order of preference
  /// @param extensions what the client offers, in its order of preference
  record Accepted(String accept, List<String> subprotocols, List<ExtensionOffer> extensions)
      implements Upgrade {

    /// Makes the 101 (§4.2.2).
    ///
    /// @param subprotocol one of those offered, or null for none
    /// @param extensions what was negotiated, each of a name that was offered
    /// @param extra headers of the application
    /// @throws IllegalArgumentException if something was not offered, or an extra header is one that
    ///     the handshake itself sets or forbids
    public Head response(
        @Nullable String subprotocol, List<ExtensionOffer> extensions, List<Head.Field> extra) {
      throw new UnsupportedOperationException();
    }
  }

  /// Makes a client's request (§4.1).
  ///
  /// @param url of scheme ws or wss
  /// @param nonce 16 bytes that nobody can foresee, fresh for each connection
  /// @param subprotocols tokens, no two the same, in order of preference
  /// @param extensions what to offer, in order of preference
  /// @param origin for a browser's page; else null
  /// @param extra headers of the application
  /// @throws IllegalArgumentException if one of them is not as said here
  static Head request(
      Url url,
      byte[] nonce,
      List<String> subprotocols,
      List<ExtensionOffer> extensions,
      @Nullable String origin,
      List<Head.Field> extra) {
    throw new UnsupportedOperationException();
  }

  /// Verifies a server's answer (§4.1).
  ///
  /// @param request what [#request] made
  /// @param response what came back
  /// @throws UpgradeException if it is not the answer to that request
  static Agreed verify(Head request, Head response) throws UpgradeException {
    throw new UnsupportedOperationException();
  }

  /// What a client and a server agreed on.
  ///
  /// @param subprotocol one of those offered, or null for none
  /// @param extensions of names that were offered, in the order they apply
  record Agreed(@Nullable String subprotocol, List<ExtensionOffer> extensions) {}
}
