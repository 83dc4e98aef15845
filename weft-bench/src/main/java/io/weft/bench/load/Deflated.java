package io.weft.bench.load;

import io.weft.zlib.Compressor;
import io.weft.zlib.Zlib;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// A row of JSON messages that a client sends again and again, as frames that were made before: so
/// a client that compresses with context costs the load nothing.
///
/// Compressed in one context, a message refers to those before it. So the first time around, the
/// frames are those of a connection that begins; from then on, those of the second time around,
/// which go on for ever, since what lies before each of them stays the same. The row is much longer
/// than the largest window, so that nobody finds a message of the last time.
final class Deflated {

  static final String OFFER = "permessage-deflate; client_max_window_bits";

  private static final int ROW_BYTES = 3 << 15;
  private static final int LEVEL = 6;
  private static final int MEMORY_LEVEL = 8;
  private static final int TAIL_BYTES = 4;
  private static final int TEXT = 0x81;
  private static final int RSV1 = 0x40;

  private static final Map<Key, Deflated> MADE = new ConcurrentHashMap<>();

  /// The messages, as UTF-8.
  final List<byte[]> texts = new ArrayList<>();

  private final List<ByteBuffer> firstFrames = new ArrayList<>();
  private final List<ByteBuffer> laterFrames = new ArrayList<>();

  private record Key(int messageBytes, int variant, Agreed agreed) {}

  /// What a server agreed to.
  ///
  /// @param compressed whether anything
  /// @param clientBits of the client's window
  /// @param clientTakeover whether a client's message may refer to those before
  /// @param serverTakeover whether a server's may
  record Agreed(
      boolean compressed, int clientBits, boolean clientTakeover, boolean serverTakeover) {

    /// Reads the head of an answer.
    static Agreed of(String head) throws IOException {
      List<String> params = List.of();
      for (String line : head.lines().toList()) {
        String lower = line.toLowerCase(Locale.ROOT);
        if (lower.startsWith("sec-websocket-extensions:")) {
          String value = lower.substring(lower.indexOf(':') + 1);
          params = Arrays.stream(value.split(";", -1)).map(String::strip).toList();
        }
      }
      if (params.isEmpty()) {
        return new Agreed(false, 15, false, false);
      }
      int bits = 15;
      for (String param : params) {
        if (param.startsWith("client_max_window_bits=")) {
          bits = Integer.parseInt(param.substring(param.indexOf('=') + 1));
        } else if (param.contains(",") || !param.matches("permessage-deflate|(server|client)_.*")) {
          throw new IOException("the server agreed to " + params);
        }
      }
      return new Agreed(
          true,
          bits,
          !params.contains("client_no_context_takeover"),
          !params.contains("server_no_context_takeover"));
    }
  }

  /// The row for what was agreed to; each variant has other messages.
  static Deflated of(int messageBytes, int variant, Agreed agreed) {
    return MADE.computeIfAbsent(new Key(messageBytes, variant, agreed), Deflated::new);
  }

  private Deflated(Key key) {
    JsonMessages feed = new JsonMessages(key.messageBytes * 31L + key.variant);
    for (int made = 0; made < ROW_BYTES; made += key.messageBytes) {
      texts.add(feed.next(key.messageBytes));
    }
    if (!key.agreed.compressed) {
      for (byte[] text : texts) {
        firstFrames.add(frame(TEXT, ByteBuffer.wrap(text)));
      }
      laterFrames.addAll(firstFrames);
      return;
    }
    Compressor compressor = Zlib.system().compressor(key.agreed.clientBits, LEVEL, MEMORY_LEVEL);
    add(compressor, key.agreed, firstFrames);
    add(compressor, key.agreed, laterFrames);
    compressor.close();
  }

  private void add(Compressor compressor, Agreed agreed, List<ByteBuffer> frames) {
    for (byte[] text : texts) {
      if (!agreed.clientTakeover) {
        compressor.reset();
      }
      ByteBuffer out = ByteBuffer.allocateDirect(text.length + 64);
      compressor.deflate(ByteBuffer.wrap(text), out);
      frames.add(frame(TEXT | RSV1, out.flip().limit(out.limit() - TAIL_BYTES)));
    }
  }

  /// A client's frame.
  private static ByteBuffer frame(int first, ByteBuffer payload) {
    ByteBuffer frame = ByteBuffer.allocateDirect(payload.remaining() + 14);
    Frames.header(frame, payload.remaining(), true);
    frame.put(0, (byte) first);
    for (int at = 0; payload.hasRemaining(); at++) {
      frame.put((byte) (payload.get() ^ Frames.MASKING_KEY >>> (24 - 8 * (at & 3))));
    }
    return frame.flip();
  }

  /// What is sent as the message of this number, which counts on for ever.
  ByteBuffer frame(int number) {
    List<ByteBuffer> frames = number < texts.size() ? firstFrames : laterFrames;
    return frames.get(number % texts.size()).duplicate();
  }

  /// What must come back for it.
  byte[] text(int number) {
    return texts.get(number % texts.size());
  }
}
