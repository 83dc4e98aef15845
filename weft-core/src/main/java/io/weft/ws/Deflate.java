package io.weft.ws;

import io.weft.bytes.Chunk;
import io.weft.zlib.Decompressor;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import org.jspecify.annotations.Nullable;

/// permessage-deflate of one connection (RFC 7692): its messages are compressed, each as a whole.
/// Between messages it holds a codec only where context takeover was agreed on; see [Codecs].
public final class Deflate implements Extension {

  /// Up to this many bytes a message may inflate as much as it likes.
  private static final int FREE_BYTES = 64 << 10;

  private final Codecs codecs;
  private final DeflateOffer agreed;

  /// Of the window that is sent with, in bits.
  private final int sendBits;

  /// Of the peer's window, in bits.
  private final int receiveBits;

  private final boolean receivesTakeover;

  /// What was sent, as far as later messages may refer to it; null without context takeover.
  private final Codecs.@Nullable Window window;

  /// What was received, as far as it matters yet.
  private @Nullable Decompressor decompressor;

  /// Whether bytes came since the last place where a stream may end.
  private boolean begun;

  /// Of the message that is being inflated: what it took, and what it came to.
  private long wireBytes;

  private long inflatedBytes;

  /// Makes what was agreed on. With context takeover of the peer it holds a decompressor from now
  /// on, if there is memory: see [#isReady()].
  ///
  /// @param role which end this is
  /// @param windowBits the most that this end compresses with, whatever the peer would take
  public Deflate(Codecs codecs, Role role, DeflateOffer agreed, int windowBits) {
    boolean server = role == Role.SERVER;
    this.codecs = codecs;
    this.agreed = agreed;
    this.sendBits = Math.min(windowBits, server ? agreed.serverBits() : agreed.clientBits());
    this.receiveBits = server ? agreed.clientBits() : agreed.serverBits();
    boolean serverTakeover = !agreed.serverNoContextTakeover();
    boolean clientTakeover = !agreed.clientNoContextTakeover();
    this.receivesTakeover = server ? clientTakeover : serverTakeover;
    this.window = (server ? serverTakeover : clientTakeover) ? new Codecs.Window(sendBits) : null;
    this.decompressor = receivesTakeover ? codecs.borrowDecompressor(receiveBits) : null;
  }

  /// Whether it has all that it must hold for good. If not, and there is still no memory when the
  /// first compressed message comes, that is a breach with 1013.
  public boolean isReady() {
    return decompressor != null || !receivesTakeover;
  }

  /// What was agreed on.
  public DeflateOffer agreed() {
    return agreed;
  }

  /// Window bits that a message must be compressed with, and without reference to others, to be
  /// sent here after [#restart()]; 0 if it cannot be.
  public int sharedBits() {
    return sendBits >= codecs.leastBits() ? sendBits : 0;
  }

  /// A compressed message was sent that did not come from [#encode]: the peer's window holds it,
  /// and ours does not. The next message refers to nothing before.
  public void restart() {
    if (window != null) {
      codecs.forget(window);
    }
  }

  @Override
  public @Nullable ByteBuffer encode(ByteBuffer message, Encoding how) {
    return window == null
        ? codecs.encode(message, how, sendBits)
        : codecs.encode(message, how, window);
  }

  @Override
  public void decode(Chunk in, int from, int to, boolean last, Assembly into)
      throws ProtocolException {
    Decompressor inflater = decompressor();
    wireBytes += to - from;
    inflate(inflater, in.view(from, to), into);
    if (last) {
      if (begun) {
        inflate(inflater, codecs.tail(), into);
      }
      begun = false;
      wireBytes = 0;
      inflatedBytes = 0;
      if (!receivesTakeover) {
        release();
      }
    }
  }

  private Decompressor decompressor() throws ProtocolException {
    if (decompressor == null) {
      decompressor = codecs.borrowDecompressor(receiveBits);
    }
    if (decompressor == null) {
      throw new ProtocolException(
          CloseCode.TRY_AGAIN_LATER,
          "RFC 7692 §7.2.2",
          "no memory for another decompressor: over " + codecs.settings().mostBytes() + " bytes");
    }
    return decompressor;
  }

  /// Inflates `piece`, as far as the message may become one byte too large.
  private void inflate(Decompressor inflater, ByteBuffer piece, Assembly into)
      throws ProtocolException {
    Chunk scratch = codecs.scratch();
    ByteBuffer out = scratch.buffer;
    do {
      int toStep = Codecs.STEP_BYTES - (int) (inflatedBytes % Codecs.STEP_BYTES);
      out.clear().limit(Math.min(toStep, into.room() + 1));
      begun |= piece.hasRemaining();
      begun &= !step(inflater, piece, out);
      inflatedBytes += out.position();
      if (inflatedBytes % Codecs.STEP_BYTES == 0) {
        judgeRatio(piece.remaining());
      }
      into.append(scratch, 0, out.position());
    } while (piece.hasRemaining() || !out.hasRemaining());
  }

  private static boolean step(Decompressor inflater, ByteBuffer piece, ByteBuffer out)
      throws ProtocolException {
    try {
      return inflater.inflate(piece, out);
    } catch (DataFormatException malformed) {
      throw new ProtocolException(
          CloseCode.INVALID_DATA, "RFC 7692 §7.2.2", "a compressed message is not DEFLATE");
    }
  }

  /// Judges how much came of how little, at places that do not depend on how the message is cut.
  private void judgeRatio(int unreadBytes) throws ProtocolException {
    int ratio = codecs.settings().inflateRatio();
    if (inflatedBytes > FREE_BYTES && inflatedBytes > ratio * (wireBytes - unreadBytes)) {
      throw new ProtocolException(
          CloseCode.TOO_BIG, "§10.4", "a message inflates to over " + ratio + " times its size");
    }
  }

  @Override
  public void release(boolean reads) {
    restart();
    if (!reads) {
      release();
    }
  }

  private void release() {
    if (decompressor != null) {
      codecs.giveBack(decompressor, receiveBits);
      decompressor = null;
    }
  }
}
