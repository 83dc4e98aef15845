package io.weft.ws;

import io.weft.bytes.Chunk;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// A negotiated extension that recodes whole messages and marks them with RSV1 (§9.2), such as
/// permessage-deflate (RFC 7692). One connection has one, or none; then RSV1 is a breach.
///
/// For each message of the peer that carries the mark: `decode* decode(last)`. A message that is
/// never finished gets no last call, and no call follows it but [#release].
public interface Extension {

  /// Decodes more of a message.
  ///
  /// @param in where the payload lies, unmasked
  /// @param from index of its first byte
  /// @param to index after its last byte; the piece may be empty
  /// @param last whether the message ends here
  /// @param into where the decoded bytes go, in pieces as small as one likes: it holds the bound
  /// @throws ProtocolException if no such message can be decoded, or from `into`
  void decode(Chunk in, int from, int to, boolean last, Assembly into) throws ProtocolException;

  /// Encodes a message to be sent, or leaves it as it is.
  ///
  /// @param message its payload, from position to limit, which stay
  /// @param how whether to encode it
  /// @return the payload to send under the mark, good until the next call; or null to send
  ///   `message` unmarked
  @Nullable ByteBuffer encode(ByteBuffer message, Encoding how);

  /// Frees what it holds, for what will not happen any more. May be called again.
  ///
  /// @param reads whether messages may still come; none are sent in any case
  void release(boolean reads);
}
