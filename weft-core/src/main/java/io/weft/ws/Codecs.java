package io.weft.ws;

import io.weft.bytes.Chunk;
import io.weft.zlib.CodecMemory;
import io.weft.zlib.Compressor;
import io.weft.zlib.Decompressor;
import io.weft.zlib.Zlib;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What the compressing connections of one loop share: codecs, the memory they inflate and deflate
/// into, and the bound on all of it. For the loop's thread.
///
/// A codec is lent for a message, or for as long as its window matters:
///
/// | | without context takeover | with it |
/// |---|---|---|
/// | compressor | for one call | until it has been idle, or others need the memory |
/// | decompressor | from a message's first byte to its last | as long as the peer may send |
///
/// A compressor that is lent for a call has more memory to work with, since few are needed. A
/// message much larger than the window is compressed by such a one even with context takeover: what
/// it could refer to before itself is little beside what it can in itself.
///
/// A compressor can be taken from its connection between any two messages, since a sender may begin
/// anew at each (RFC 7692 §7.1.1); the next message then only shrinks less. So when memory is short
/// the compressor that has rested longest goes first.
public final class Codecs {

  /// What is inflated or deflated in one step, in bytes.
  static final int STEP_BYTES = 16 << 10;

  /// Free codecs of a kind that are kept.
  private static final int KEPT = 4;

  /// A message of so many windows, and bytes, is compressed by itself.
  private static final int LARGE_WINDOWS = 4;

  private static final int LARGE_BYTES = 16 << 10;

  /// What every flush ends with, and no message carries (RFC 7692 §7.2.1).
  private static final byte[] TAIL = {0, 0, (byte) 0xFF, (byte) 0xFF};

  /// An empty message, compressed (RFC 7692 §7.2.3.6).
  private static final byte[] EMPTY = {0};

  private final Zlib zlib;
  private final CodecMemory memory;
  private final Settings settings;
  private final Chunk scratch = Chunk.ofSize(STEP_BYTES);
  private final ByteBuffer tail = Chunk.copyOf(TAIL).buffer;

  /// Free ones, by window bits: compressors for a call, and those for a window.
  private final List<ArrayDeque<Compressor>> lent = lists();

  private final List<ArrayDeque<Compressor>> own = lists();
  private final List<ArrayDeque<Decompressor>> decompressors = lists();

  /// The windows that hold a compressor, the one that has rested longest first: a ring through
  /// this.
  private final Window windows = new Window(0);

  /// What the codecs are like.
  ///
  /// @param level 1 (fast) to 9 (small)
  /// @param memoryLevel 1 to 9: of compressors that connections have
  /// @param lentMemoryLevel 1 to 9: of compressors that are lent for a call
  /// @param thresholdBytes a message below this is too short to pay; 0 or more
  /// @param inflateRatio a message may inflate to this many times its size, once it is over 64 KiB
  /// @param mostBytes native memory that all codecs of the process may have
  public record Settings(
      int level,
      int memoryLevel,
      int lentMemoryLevel,
      int thresholdBytes,
      int inflateRatio,
      long mostBytes) {}

  /// A window kept from message to message, while it holds a compressor.
  static final class Window {
    private final int bits;
    private @Nullable Compressor compressor;

    /// Whether it was used since the last sweep.
    private boolean used;

    private Window previous = this;
    private Window next = this;

    Window(int bits) {
      this.bits = bits;
    }
  }

  /// Makes it, with nothing lent.
  ///
  /// @param memory what counts the codecs' bytes
  public Codecs(Zlib zlib, CodecMemory memory, Settings settings) {
    this.zlib = zlib;
    this.memory = memory;
    this.settings = settings;
  }

  private static <T> List<ArrayDeque<T>> lists() {
    IntFunction<ArrayDeque<T>> list = bits -> new ArrayDeque<>(0);
    return java.util.stream.IntStream.rangeClosed(0, Zlib.MOST_BITS).mapToObj(list).toList();
  }

  Settings settings() {
    return settings;
  }

  /// Of the smallest window that it compresses with, in bits.
  int leastBits() {
    return zlib.leastBits();
  }

  /// What is inflated goes here, a step at a time.
  Chunk scratch() {
    return scratch;
  }

  /// What a message lacks at its end.
  ByteBuffer tail() {
    return tail.position(0);
  }

  /// Compresses a message as if it were the first.
  ///
  /// @param message from position to limit, which stay
  /// @param bits of the window; one that is too small for the library compresses nothing
  /// @return the compressed message without its tail, good until the next call; null to send it as
  ///   it is
  public @Nullable ByteBuffer encode(ByteBuffer message, Encoding how, int bits) {
    if (!isWanted(message, how, bits)) {
      return null;
    }
    if (!message.hasRemaining()) {
      return ByteBuffer.wrap(EMPTY);
    }
    Compressor compressor = borrowCompressor(lent, bits);
    if (compressor == null) {
      return null;
    }
    ByteBuffer encoded = compress(compressor, message, how);
    giveBack(lent, compressor, bits);
    return encoded;
  }

  /// Compresses a message with what is known from those before it.
  ///
  /// @return as the other does. If null, what is known may be forgotten
  @Nullable ByteBuffer encode(ByteBuffer message, Encoding how, Window window) {
    if (!isWanted(message, how, window.bits)) {
      return null;
    }
    if (!message.hasRemaining()) {
      return ByteBuffer.wrap(EMPTY);
    }
    if (isLarge(message, window.bits)) {
      Compressor large = spareCompressor(lent, window.bits);
      if (large != null) {
        return encodeLarge(large, message, how, window);
      }
    }
    Compressor compressor = compressorOf(window);
    if (compressor == null) {
      return null;
    }
    ByteBuffer encoded = compress(compressor, message, how);
    if (encoded == null) {
      forget(window); // it holds what the peer will not see
    }
    return encoded;
  }

  /// Compresses a message by itself; those after it may refer to it, if there is a compressor that
  /// has a window already.
  private @Nullable ByteBuffer encodeLarge(
      Compressor large, ByteBuffer message, Encoding how, Window window) {
    ByteBuffer encoded = compress(large, message, how);
    giveBack(lent, large, window.bits);
    if (encoded != null && window.compressor != null) {
      Objects.requireNonNull(compressorOf(window)).reset(message);
    }
    return encoded;
  }

  /// Whether a message is better compressed by itself, by a compressor that has more memory.
  private boolean isLarge(ByteBuffer message, int bits) {
    return message.remaining() >= Math.max(LARGE_BYTES, LARGE_WINDOWS << bits)
        && compressorBytes(lent, bits) > compressorBytes(own, bits);
  }

  private boolean isWanted(ByteBuffer message, Encoding how, int bits) {
    return bits >= zlib.leastBits()
        && switch (how) {
          case NEVER -> false;
          case IF_SMALLER -> message.remaining() >= Math.max(1, settings.thresholdBytes);
          case ALWAYS -> true;
        };
  }

  private @Nullable ByteBuffer compress(Compressor compressor, ByteBuffer message, Encoding how) {
    ByteBuffer text = message.duplicate(); // the caller's may be under way on other threads too
    int most = how == Encoding.ALWAYS ? Integer.MAX_VALUE : text.remaining() - 1;
    ByteBuffer step = scratch.buffer.clear();
    compressor.deflate(text, step);
    byte[] before = EMPTY;
    int size = 0;
    while (!step.hasRemaining()) {
      before = size == 0 ? new byte[4 * STEP_BYTES] : before;
      before = before.length - size < STEP_BYTES ? Arrays.copyOf(before, 2 * size) : before;
      step.flip().get(before, size, STEP_BYTES);
      size += STEP_BYTES;
      compressor.deflate(text, step.clear());
    }
    int last = step.flip().remaining();
    if (size + last - TAIL.length > most) {
      return null;
    }
    if (size == 0) {
      return step.limit(last - TAIL.length);
    }
    byte[] all = Arrays.copyOf(before, size + last);
    step.get(all, size, last);
    return ByteBuffer.wrap(all, 0, all.length - TAIL.length);
  }

  // ---- Lending ----------------------------------------------------------------------------------

  /// The compressor of a window, which it keeps.
  ///
  /// @return null if there is no memory for one
  private @Nullable Compressor compressorOf(Window window) {
    Compressor held = window.compressor;
    if (held != null) {
      unlink(window);
    } else {
      held = borrowCompressor(own, window.bits);
      if (held == null) {
        return null;
      }
      window.compressor = held;
    }
    window.used = true;
    window.previous = windows.previous;
    window.next = windows;
    window.previous.next = window;
    windows.previous = window;
    return held;
  }

  /// Takes a window's compressor, so that the next message begins anew.
  void forget(Window window) {
    Compressor held = window.compressor;
    if (held != null) {
      window.compressor = null;
      unlink(window);
      giveBack(own, held, window.bits);
    }
  }

  private static void unlink(Window window) {
    window.previous.next = window.next;
    window.next.previous = window.previous;
    window.next = window;
    window.previous = window;
  }

  private @Nullable Compressor borrowCompressor(List<ArrayDeque<Compressor>> from, int bits) {
    do {
      Compressor spare = spareCompressor(from, bits);
      if (spare != null) {
        return spare;
      }
    } while (freeSomething());
    return null;
  }

  /// One that is free, or made of memory that is.
  private @Nullable Compressor spareCompressor(List<ArrayDeque<Compressor>> from, int bits) {
    Compressor free = from.get(bits).poll();
    if (free == null && memory.take(compressorBytes(from, bits), settings.mostBytes)) {
      return made(
          () -> zlib.compressor(bits, settings.level, memoryLevel(from)),
          compressorBytes(from, bits));
    }
    return free;
  }

  private void giveBack(List<ArrayDeque<Compressor>> to, Compressor compressor, int bits) {
    ArrayDeque<Compressor> free = to.get(bits);
    if (free.size() < KEPT) {
      compressor.reset();
      free.push(compressor);
    } else {
      close(to, compressor, bits);
    }
  }

  private void close(List<ArrayDeque<Compressor>> of, Compressor compressor, int bits) {
    compressor.close();
    memory.give(compressorBytes(of, bits));
  }

  private long compressorBytes(List<ArrayDeque<Compressor>> of, int bits) {
    return zlib.compressorBytes(bits, memoryLevel(of));
  }

  @SuppressWarnings("ReferenceEquality") // this very list
  private int memoryLevel(List<ArrayDeque<Compressor>> of) {
    return of == lent ? settings.lentMemoryLevel : settings.memoryLevel;
  }

  /// Lends a decompressor.
  ///
  /// @return null if there is no memory for one
  @Nullable Decompressor borrowDecompressor(int bits) {
    long bytes = zlib.decompressorBytes(bits);
    do {
      Decompressor free = decompressors.get(bits).poll();
      if (free != null) {
        return free;
      }
      if (memory.take(bytes, settings.mostBytes)) {
        return made(() -> zlib.decompressor(bits), bytes);
      }
    } while (freeSomething());
    return null;
  }

  /// Makes a codec whose memory is counted already, and counts it no more if that fails: the system
  /// may have none, or be short of heap.
  private <T> T made(Supplier<T> make, long bytes) {
    boolean made = false;
    try {
      T codec = make.get();
      made = true;
      return codec;
    } finally {
      if (!made) {
        memory.give(bytes);
      }
    }
  }

  /// Takes a decompressor back.
  void giveBack(Decompressor decompressor, int bits) {
    ArrayDeque<Decompressor> free = decompressors.get(bits);
    if (free.size() < KEPT) {
      decompressor.reset();
      free.push(decompressor);
    } else {
      close(decompressor, bits);
    }
  }

  private void close(Decompressor decompressor, int bits) {
    decompressor.close();
    memory.give(zlib.decompressorBytes(bits));
  }

  /// Frees codecs that nobody uses; if there are none, makes the compressor free that has rested
  /// longest.
  ///
  /// @return false if there was nothing to be had
  private boolean freeSomething() {
    if (closeFree()) {
      return true;
    }
    Window oldest = windows.next;
    forget(oldest);
    return oldest != windows;
  }

  /// @return whether there was any
  private boolean closeFree() {
    int closed = 0;
    for (int bits = 0; bits <= Zlib.MOST_BITS; bits++) {
      closed += closeFree(lent, bits) + closeFree(own, bits);
      for (Decompressor free : decompressors.get(bits)) {
        close(free, bits);
        closed++;
      }
      decompressors.get(bits).clear();
    }
    return closed > 0;
  }

  private int closeFree(List<ArrayDeque<Compressor>> of, int bits) {
    ArrayDeque<Compressor> free = of.get(bits);
    int count = free.size();
    free.forEach(each -> close(of, each, bits));
    free.clear();
    return count;
  }

  /// Frees what was free already, and takes the compressors of connections that have sent nothing
  /// compressed since the last sweep; to be called once in the time that they may rest.
  public void sweep() {
    closeFree();
    Window each = windows.next;
    while (each.compressor != null) {
      Window next = each.next;
      if (!each.used) {
        forget(each);
      }
      each.used = false;
      each = next;
    }
  }

  /// Frees what is not lent. The codecs that connections hold come back when these end, and are
  /// kept again: so this is for the end.
  public void close() {
    closeFree();
  }
}
