package io.weft;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.zlib.Compressor;
import io.weft.zlib.StrictInflater;
import io.weft.zlib.Zlib;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A peer that speaks permessage-deflate as it was answered: it inflates with a window of exactly
/// the size agreed on, and compresses with one.
final class Member implements AutoCloseable {

  private static final Pattern ANSWER = Pattern.compile("Sec-WebSocket-Extensions: (.*)\r\n");

  final Peer peer;

  /// What the server agreed to, "" for nothing.
  final String answer;

  private final StrictInflater inflater;
  private final @Nullable Compressor compressor;
  private final boolean takeover;

  private Member(Peer peer) {
    this.peer = peer;
    peer.compressed = true;
    Matcher found = ANSWER.matcher(peer.head);
    this.answer = found.find() ? found.group(1) : "";
    this.inflater =
        new StrictInflater(
            bits("server_max_window_bits"), !answer.contains("server_no_context_takeover"));
    this.takeover = !answer.contains("client_no_context_takeover");
    int bits = Math.max(9, bits("client_max_window_bits"));
    this.compressor = answer.isEmpty() ? null : Zlib.system().compressor(bits, 6, 8);
  }

  /// Opens a connection.
  ///
  /// @param offer the extensions it offers, "" for none
  static Member open(int port, String path, String offer) throws IOException {
    return new Member(
        offer.isEmpty()
            ? Peer.open(port, path)
            : Peer.open(port, path, "Sec-WebSocket-Extensions: " + offer));
  }

  private int bits(String parameter) {
    Matcher found = Pattern.compile(parameter + "=(\\d+)").matcher(answer);
    return found.find() ? Integer.parseInt(found.group(1)) : 15;
  }

  /// What a frame carries, inflated if it says so.
  byte[] inflated(Peer.Frame frame) {
    if ((frame.opcode() & 0x40) == 0) {
      return frame.payload();
    }
    assertTrue(compressor != null, "nothing was agreed on");
    return inflater.message(frame.payload());
  }

  /// Reads the next message.
  byte[] read() throws IOException {
    return inflated(peer.read());
  }

  String readText() throws IOException {
    return new String(read(), StandardCharsets.UTF_8);
  }

  /// A message as it may go to the server under RSV1.
  byte[] deflated(byte[] message) {
    Compressor with = java.util.Objects.requireNonNull(compressor);
    ByteBuffer out = ByteBuffer.allocateDirect(2 * message.length + 100);
    with.deflate(ByteBuffer.wrap(message), out);
    if (!takeover) {
      with.reset();
    }
    byte[] payload = new byte[out.flip().limit() - 4];
    out.get(payload);
    return payload;
  }

  /// Sends a message, compressed in so many fragments if something was agreed on.
  void send(int opcode, byte[] message, int fragments) throws IOException {
    if (compressor == null) {
      peer.send(Peer.frame(true, opcode, message));
      return;
    }
    byte[] payload = deflated(message);
    for (int n = 0; n < fragments; n++) {
      int from = payload.length * n / fragments;
      int to = payload.length * (n + 1) / fragments;
      int first = n == 0 ? 0x40 | opcode : Peer.CONTINUATION;
      peer.send(Peer.frame(n == fragments - 1, first, Arrays.copyOfRange(payload, from, to)));
    }
  }

  @Override
  public void close() throws IOException {
    if (compressor != null) {
      compressor.close();
    }
    peer.close();
  }
}
