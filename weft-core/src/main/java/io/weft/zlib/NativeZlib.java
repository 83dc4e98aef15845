package io.weft.zlib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.zip.DataFormatException;

/// The system's zlib, or zlib-ng under zlib's name, through the FFM API.
///
/// Its calls are ordinary downcalls: a compression lasts microseconds, beside which the hand-over
/// of a thread is nothing, while a critical call would keep the garbage collector waiting.
@SuppressWarnings("restricted") // that is its whole point; it asks whether it may
final class NativeZlib implements Zlib {

  private static final int OK = 0;
  private static final int STREAM_END = 1;
  private static final int DATA_ERROR = -3;
  private static final int MEM_ERROR = -4;
  private static final int BUF_ERROR = -5;

  private static final int NO_FLUSH = 0;
  private static final int SYNC_FLUSH = 2;
  private static final int DEFLATED = 8;
  private static final int DEFAULT_STRATEGY = 0;

  /// zlib refuses or falsifies a smaller window where it compresses; where it inflates, a larger
  /// one is always right.
  private static final int LEAST_BITS = 9;

  // Offsets in `z_stream` (zlib.h) where `long` has 8 bytes.
  private static final long NEXT_IN = 0;
  private static final long AVAIL_IN = 8;
  private static final long NEXT_OUT = 24;
  private static final long AVAIL_OUT = 32;
  private static final long STREAM_BYTES = 112;

  /// How much of a heap buffer is copied to native memory at a time.
  private static final int STAGE_BYTES = 16 << 10;

  /// zlib and zlib-ng have not changed these in 20 years; zlib asks for the first digit.
  private static final String VERSION = "1.2.11";

  private static final ThreadLocal<ByteBuffer> STAGE =
      ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(STAGE_BYTES));

  private final String name;

  /// The functions: constants, so that a call of one is compiled to a call.
  private static final class Calls {

    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup LIBRARY = find();
    private static final MemorySegment VERSION_CHARS = Arena.global().allocateFrom(VERSION);
    private static final FunctionDescriptor ONE = FunctionDescriptor.of(JAVA_INT, ADDRESS);
    private static final FunctionDescriptor STEP =
        FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT);

    static final MethodHandle DEFLATE_INIT =
        handle(
            "deflateInit2_",
            FunctionDescriptor.of(
                JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS,
                JAVA_INT));
    static final MethodHandle DEFLATE = handle("deflate", STEP);
    static final MethodHandle DEFLATE_RESET = handle("deflateReset", ONE);
    static final MethodHandle DEFLATE_SET_DICTIONARY =
        handle("deflateSetDictionary", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
    static final MethodHandle DEFLATE_END = handle("deflateEnd", ONE);
    static final MethodHandle INFLATE_INIT =
        handle(
            "inflateInit2_", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT));
    static final MethodHandle INFLATE = handle("inflate", STEP);
    static final MethodHandle INFLATE_RESET = handle("inflateReset", ONE);
    static final MethodHandle INFLATE_END = handle("inflateEnd", ONE);
    static final MethodHandle ZLIB_VERSION = handle("zlibVersion", FunctionDescriptor.of(ADDRESS));

    private Calls() {}

    private static MethodHandle handle(String name, FunctionDescriptor type) {
      MemorySegment symbol =
          LIBRARY
              .find(name)
              .orElseThrow(() -> new UnsupportedOperationException("libz has no " + name));
      return LINKER.downcallHandle(symbol, type);
    }

    private static SymbolLookup find() {
      String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
      List<String> names =
          system.contains("mac")
              ? List.of("libz.1.dylib", "libz.dylib", "/usr/lib/libz.1.dylib")
              : List.of("libz.so.1", "libz.so");
      for (String each : names) {
        try {
          return SymbolLookup.libraryLookup(each, Arena.global());
        } catch (IllegalArgumentException absent) {
          // The next name may do.
        }
      }
      throw new UnsupportedOperationException("the system has no " + String.join(" or ", names));
    }
  }

  private NativeZlib(String name) {
    this.name = name;
  }

  /// Finds the library and tries it.
  ///
  /// @throws UnsupportedOperationException saying why it is not to be had
  static NativeZlib load() {
    MemoryLayout longLayout = Linker.nativeLinker().canonicalLayouts().get("long");
    if (longLayout == null || longLayout.byteSize() != Long.BYTES || ADDRESS.byteSize() != 8) {
      throw new UnsupportedOperationException("the system's C long has not 8 bytes");
    }
    if (!NativeZlib.class.getModule().isNativeAccessEnabled()) {
      throw new UnsupportedOperationException(
          "native access is not enabled (--enable-native-access)");
    }
    NativeZlib zlib = new NativeZlib("zlib " + version());
    for (int bits = LEAST_BITS; bits < MOST_BITS; bits++) {
      if (!zlib.keepsWindow(bits)) {
        throw new UnsupportedOperationException(
            zlib.name + " does not keep to a window of " + bits + " bits");
      }
    }
    return zlib;
  }

  private static String version() {
    try {
      MemorySegment chars = (MemorySegment) Calls.ZLIB_VERSION.invokeExact();
      return chars.reinterpret(64).getString(0);
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  /// What a downcall throws: a fault of ours, or of the linker's.
  private static RuntimeException failed(Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    return new IllegalStateException("zlib could not be called", thrown);
  }

  /// Whether nothing is referred to that lies further back than the window: bytes that come again
  /// beyond it must cost what they cost at first.
  private boolean keepsWindow(int bits) {
    byte[] bytes = new byte[(1 << bits) + 3 * 256];
    new SplittableRandom(bits).nextBytes(bytes);
    int once = compressed(bits, bytes);
    System.arraycopy(bytes, 0, bytes, bytes.length - 512, 512);
    return compressed(bits, bytes) > once - 128;
  }

  private int compressed(int bits, byte[] bytes) {
    ByteBuffer out = ByteBuffer.allocateDirect(2 * bytes.length);
    Compressor compressor = compressor(bits, 1, 8);
    try {
      compressor.deflate(ByteBuffer.wrap(bytes), out);
    } finally {
      compressor.close();
    }
    return out.position();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int leastBits() {
    return LEAST_BITS;
  }

  @Override
  public long compressorBytes(int windowBits, int memoryLevel) {
    return Formula.compressorBytes(windowBits, memoryLevel);
  }

  @Override
  public long decompressorBytes(int windowBits) {
    return Formula.decompressorBytes(Math.max(windowBits, LEAST_BITS));
  }

  @Override
  public Compressor compressor(int windowBits, int level, int memoryLevel) {
    return new NativeCompressor(windowBits, level, memoryLevel);
  }

  @Override
  public Decompressor decompressor(int windowBits) {
    return new NativeDecompressor(Math.max(windowBits, LEAST_BITS));
  }

  /// A `z_stream`, and the two buffers it is pointed at for a step.
  private abstract static class Stream {

    final MemorySegment stream = Arena.ofAuto().allocate(STREAM_BYTES, 8);

    /// Points at what is unread in `in` and free in `out`, both direct.
    final void point(ByteBuffer in, ByteBuffer out) {
      stream.set(JAVA_LONG, NEXT_IN, MemorySegment.ofBuffer(in).address());
      stream.set(JAVA_INT, AVAIL_IN, in.remaining());
      stream.set(JAVA_LONG, NEXT_OUT, MemorySegment.ofBuffer(out).address());
      stream.set(JAVA_INT, AVAIL_OUT, out.remaining());
    }

    /// Holds both for the call they were pointed at for: zlib knows but their addresses.
    static void hold(ByteBuffer in, ByteBuffer out) {
      try {
        assert in.isDirect() && out.isDirect();
      } finally {
        Reference.reachabilityFence(in);
        Reference.reachabilityFence(out);
      }
    }

    /// Moves `out` on by what was written.
    ///
    /// @return how much of `in` was taken
    final int moved(ByteBuffer in, ByteBuffer out) {
      out.position(out.limit() - stream.get(JAVA_INT, AVAIL_OUT));
      return in.remaining() - stream.get(JAVA_INT, AVAIL_IN);
    }

    static void require(int result, String function) {
      if (result == MEM_ERROR) {
        throw new OutOfMemoryError("zlib has no memory for " + function);
      }
      if (result != OK && result != BUF_ERROR) {
        throw new IllegalStateException("zlib's " + function + " answered " + result);
      }
    }
  }

  private static final class NativeCompressor extends Stream implements Compressor {

    NativeCompressor(int windowBits, int level, int memoryLevel) {
      if (windowBits < LEAST_BITS) {
        throw new IllegalArgumentException("zlib has no window of " + windowBits + " bits");
      }
      try {
        int result =
            (int)
                Calls.DEFLATE_INIT.invokeExact(
                    stream,
                    level,
                    DEFLATED,
                    -windowBits,
                    memoryLevel,
                    DEFAULT_STRATEGY,
                    Calls.VERSION_CHARS,
                    (int) STREAM_BYTES);
        require(result, "deflateInit2");
      } catch (Throwable e) {
        throw failed(e);
      }
    }

    @Override
    public void deflate(ByteBuffer in, ByteBuffer out) {
      do {
        ByteBuffer part = in.isDirect() ? in : staged(in);
        int flush = part.remaining() == in.remaining() ? SYNC_FLUSH : NO_FLUSH;
        point(part, out);
        try {
          require((int) Calls.DEFLATE.invokeExact(stream, flush), "deflate");
        } catch (Throwable e) {
          throw failed(e);
        } finally {
          hold(part, out);
        }
        in.position(in.position() + moved(part, out));
      } while (in.hasRemaining() && out.hasRemaining());
    }

    private static ByteBuffer staged(ByteBuffer in) {
      int bytes = Math.min(in.remaining(), STAGE_BYTES);
      return STAGE.get().clear().put(0, in, in.position(), bytes).limit(bytes);
    }

    @Override
    public void reset() {
      try {
        require((int) Calls.DEFLATE_RESET.invokeExact(stream), "deflateReset");
      } catch (Throwable e) {
        throw failed(e);
      }
    }

    @Override
    public void reset(ByteBuffer text) {
      reset();
      int bytes = Math.min(text.remaining(), STAGE_BYTES);
      ByteBuffer stage = STAGE.get().clear().put(0, text, text.limit() - bytes, bytes);
      try {
        require(
            (int)
                Calls.DEFLATE_SET_DICTIONARY.invokeExact(
                    stream, MemorySegment.ofBuffer(stage), bytes),
            "deflateSetDictionary");
      } catch (Throwable e) {
        throw failed(e);
      }
    }

    /// It may answer DATA_ERROR, if something was not flushed.
    @Override
    public void close() {
      try {
        int _ = (int) Calls.DEFLATE_END.invokeExact(stream);
      } catch (Throwable e) {
        throw failed(e);
      }
    }
  }

  private static final class NativeDecompressor extends Stream implements Decompressor {

    NativeDecompressor(int windowBits) {
      try {
        int result =
            (int)
                Calls.INFLATE_INIT.invokeExact(
                    stream, -windowBits, Calls.VERSION_CHARS, (int) STREAM_BYTES);
        require(result, "inflateInit2");
      } catch (Throwable e) {
        throw failed(e);
      }
    }

    @Override
    public boolean inflate(ByteBuffer in, ByteBuffer out) throws DataFormatException {
      point(in, out);
      int result;
      try {
        result = (int) Calls.INFLATE.invokeExact(stream, SYNC_FLUSH);
      } catch (Throwable e) {
        throw failed(e);
      } finally {
        hold(in, out);
      }
      in.position(in.position() + moved(in, out));
      if (result == STREAM_END) {
        reset();
        return true;
      }
      if (result == DATA_ERROR) {
        throw new DataFormatException("no DEFLATE stream goes on so");
      }
      require(result, "inflate");
      return false;
    }

    @Override
    public void reset() {
      try {
        require((int) Calls.INFLATE_RESET.invokeExact(stream), "inflateReset");
      } catch (Throwable e) {
        throw failed(e);
      }
    }

    @Override
    public void close() {
      try {
        require((int) Calls.INFLATE_END.invokeExact(stream), "inflateEnd");
      } catch (Throwable e) {
        throw failed(e);
      }
    }
  }
}
