package io.weft;

import io.weft.bytes.Chunk;
import io.weft.bytes.Pool;
import io.weft.net.Loop;
import io.weft.ws.Codecs;
import io.weft.ws.Encoding;
import io.weft.ws.Engine;
import io.weft.ws.Opcode;
import io.weft.ws.Role;
import io.weft.zlib.Zlib;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// A message to a group: its payload, and a compressed form for each size of window that a member
/// agreed on. Each form is made once, by the first loop that needs it; the others wait for it,
/// which is no longer than making it takes.
///
/// A form refers to nothing outside of the message, so that every member can read it that has a
/// window of at least that size, with context takeover or without.
final class Published {

  /// The form that is not compressed.
  static final int PLAIN = 0;

  private final Opcode opcode;
  private final byte[] payload;
  private final Encoding how;

  /// By window bits; null where it was not made. Where compressing does not pay, it is the payload
  /// itself. Guarded by this object's monitor.
  private final byte[] @Nullable [] forms = new byte[Zlib.MOST_BITS + 1][];

  Published(Opcode opcode, byte[] payload, Compress compress) {
    this.opcode = opcode;
    this.payload = payload;
    this.how = compress.encoding;
  }

  int bytes() {
    return payload.length;
  }

  private synchronized byte[] form(int bits, Codecs codecs) {
    byte[] form = forms[bits];
    if (form == null) {
      ByteBuffer encoded = codecs.encode(ByteBuffer.wrap(payload), how, bits);
      if (encoded == null) {
        form = payload;
      } else {
        form = new byte[encoded.remaining()];
        encoded.get(form);
      }
      forms[bits] = form;
    }
    return form;
  }

  /// A form in the memory of one loop.
  ///
  /// @param frame the whole frame
  /// @param frameBytes its length
  /// @param compressed whether it is
  /// @param hasMemory whether the loop had memory for it; if not, members that hold much are slow
  record Frame(Chunk frame, int frameBytes, boolean compressed, boolean hasMemory) {}

  /// The forms on one loop, made as members ask for them; for its thread.
  final class Frames {
    private final Loop loop;
    private final @Nullable Compressing compressing;
    private final @Nullable Frame[] frames = new @Nullable Frame[Zlib.MOST_BITS + 1];

    Frames(Loop loop, @Nullable Compressing compressing) {
      this.loop = loop;
      this.compressing = compressing;
    }

    /// The form for a member.
    ///
    /// @param bits of the window to compress with, or [#PLAIN]
    Frame of(int bits) {
      Frame frame = frames[bits];
      if (frame == null) {
        frame = make(bits);
        frames[bits] = frame;
      }
      return frame;
    }

    @SuppressWarnings("ReferenceEquality") // the payload itself says that it is not compressed
    private Frame make(int bits) {
      byte[] form =
          bits == PLAIN || compressing == null ? payload : form(bits, compressing.codecs(loop));
      boolean compressed = form != payload;
      if (bits != PLAIN && !compressed) {
        return of(PLAIN);
      }
      int frameBytes = Engine.frameBytes(Role.SERVER, form.length);
      boolean hasMemory = loop.hasRoomFor(frameBytes, frameBytes <= Pool.CHUNK_BYTES);
      Chunk chunk = loop.pool().take(frameBytes);
      Engine.frame(opcode, compressed, ByteBuffer.wrap(form), chunk);
      return new Frame(chunk, frameBytes, compressed, hasMemory);
    }

    /// Gives back what no outbox holds.
    void done() {
      for (int bits = 0; bits < frames.length; bits++) {
        Frame frame = frames[bits];
        if (frame != null && (bits == PLAIN || frame.compressed)) {
          loop.pool().giveUnlessHeld(frame.frame);
        }
      }
    }
  }
}
