package io.weft;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// A live WebSocket connection.
///
/// Every method may be called from any thread. What is asked of it is done in the order asked,
/// whichever threads ask; sends from the connection's own loop (in a callback) cost no hand-over
/// unless what others asked before still waits. Nothing here blocks; but in a [Conversation] `send`
/// waits for room, whoever calls it.
public sealed class WebSocket permits Conversation {

  private final WsStage stage;
  private final long id;
  private final Request request;
  private final @Nullable String subprotocol;

  /// Made when first asked for.
  private volatile @Nullable Map<String, Object> attributes;

  /// Made when it first joins a group, or is gone; guarded by the stage's monitor.
  private @Nullable Memberships memberships;

  WebSocket(WsStage stage, long id, Request request, @Nullable String subprotocol) {
    this.stage = stage;
    this.id = id;
    this.request = request;
    this.subprotocol = subprotocol;
  }

  /// Sends a text message.
  ///
  /// @return whether it was taken, and whether to go on
  /// @throws IllegalArgumentException if half a surrogate pair stands alone in it, or if it is
  ///   longer than [Limits#outboxHardBytes()] and so could never be sent
  public Send send(String text) {
    Objects.requireNonNull(text, "text");
    return send(text, Compress.AUTO);
  }

  /// Sends a text message; as the other, with a choice whether to compress it.
  public Send send(String text, Compress compress) {
    Objects.requireNonNull(text, "text");
    Objects.requireNonNull(compress, "compress");
    return stage.text(text, compress);
  }

  /// Sends a binary message.
  ///
  /// @param data its payload, from position to limit, which stay where they are: it is copied
  ///   before this returns, and may be sent again, to others too
  /// @return whether it was taken, and whether to go on
  /// @throws IllegalArgumentException if it is longer than [Limits#outboxHardBytes()]
  public Send send(ByteBuffer data) {
    Objects.requireNonNull(data, "data");
    return send(data, Compress.AUTO);
  }

  /// Sends a binary message; as the other, with a choice whether to compress it.
  public Send send(ByteBuffer data, Compress compress) {
    Objects.requireNonNull(data, "data");
    Objects.requireNonNull(compress, "compress");
    return stage.binary(data, compress);
  }

  /// Sends a binary message; as [#send(ByteBuffer)].
  public Send send(byte[] data) {
    Objects.requireNonNull(data, "data");
    return send(ByteBuffer.wrap(data));
  }

  /// Sends a message as it came.
  public Send send(Message message) {
    Objects.requireNonNull(message, "message");
    return switch (message) {
      case Message.Text(String text) -> send(text);
      case Message.Binary(ByteBuffer data) -> send(data);
    };
  }

  /// Closes with code 1000, behind everything sent so far.
  public void close() {
    close(Close.NORMAL, "");
  }

  /// Closes, behind everything sent so far. The peer has [Limits#closeTimeout()] to answer;
  /// messages of it that still come are not delivered. Does nothing if a close is under way.
  ///
  /// @param code 1000 to 1003, 1007 to 1014, or 3000 to 4999 (RFC 6455 §7.4)
  /// @param reason at most 123 bytes in UTF-8
  /// @throws IllegalArgumentException if it may not stand in a Close frame
  public void close(int code, String reason) {
    Objects.requireNonNull(reason, "reason");
    stage.close(code, reason);
  }

  /// Pings the peer.
  ///
  /// @return the round-trip time, when the pong is here; fails with [IllegalStateException] if the
  ///   connection ends before, if 16 pings are under way, or if too much waits for the loop
  ///   ([Limits#mailboxMails()]). Completed on the loop's thread: what hangs on it must not block
  public CompletableFuture<Duration> ping() {
    return stage.ping();
  }

  /// The round-trip time of the last ping, Weft's own keepalive included.
  ///
  /// @return null if none was answered yet
  public @Nullable Duration roundTrip() {
    return stage.roundTrip();
  }

  /// A number that no other connection of this process has had.
  public long id() {
    return id;
  }

  /// Whether messages can be sent: nobody has closed yet, as far as is known.
  public boolean isOpen() {
    return stage.isOpen();
  }

  /// The request that opened it: on a client, the one it sent.
  public Request request() {
    return request;
  }

  /// A path parameter of its route, percent-decoded: `username` in `/ws/{username}`.
  ///
  /// @throws IllegalArgumentException if the route has no such parameter
  public String param(String name) {
    Objects.requireNonNull(name, "name");
    return request.param(name);
  }

  /// The subprotocol agreed on; null for none.
  public @Nullable String subprotocol() {
    return subprotocol;
  }

  /// The extensions agreed on, with their parameters, as the handshake has them: such as
  /// `permessage-deflate; server_no_context_takeover; client_no_context_takeover`.
  ///
  /// @return "" if there are none: messages are not compressed
  public String extensions() {
    return stage.extensions();
  }

  /// The address at the other end of TCP.
  public InetSocketAddress remoteAddress() {
    return request.remoteAddress();
  }

  /// What the application keeps with the connection; empty at first. Safe for any thread.
  public Map<String, Object> attributes() {
    Map<String, Object> made = attributes;
    if (made == null) {
      synchronized (this) {
        made = attributes;
        if (made == null) {
          made = new ConcurrentHashMap<>(4);
          attributes = made;
        }
      }
    }
    return made;
  }

  /// A group of the server that this connection came to.
  ///
  /// @throws IllegalStateException if it is a client's connection: groups are of servers
  /// @throws IllegalArgumentException if the name is longer than [Limits#groupNameBytes()]
  public Group group(String name) {
    Objects.requireNonNull(name, "name");
    Groups groups = stage.core().groups;
    if (groups == null) {
      throw new IllegalStateException(
          "a client's connection has no groups: they are kept by the server it is connected to");
    }
    return groups.group(name);
  }

  /// Bytes taken and not yet handed to the operating system, as far as this thread sees.
  public long bufferedBytes() {
    return stage.bufferedBytes();
  }

  WsStage stage() {
    return stage;
  }

  /// Its groups; under the stage's monitor.
  Memberships memberships() {
    if (memberships == null) {
      memberships = new Memberships();
    }
    return memberships;
  }

  @Override
  public String toString() {
    return "WebSocket " + id() + (stage.core().isClient() ? " to " : " from ") + remoteAddress();
  }
}
