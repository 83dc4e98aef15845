package io.weft;

import io.weft.net.Loop;
import io.weft.ws.Codecs;
import io.weft.ws.Deflate;
import io.weft.ws.DeflateOffer;
import io.weft.ws.ExtensionOffer;
import io.weft.ws.Role;
import io.weft.zlib.CodecMemory;
import io.weft.zlib.Zlib;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The compression of a server, or of one kind of a client: its options, and the codecs of each
/// loop.
final class Compressing {

  private static final Logger LOG = System.getLogger("io.weft");

  /// Whether it was said that the system's zlib is not to be had.
  private static final AtomicBoolean TOLD = new AtomicBoolean();

  private final DeflateOffer.Terms terms;
  private final long mostBytes;
  private final Function<Loop, Codecs> codecs;

  /// @param codecs those of a loop, made by [#open]
  Compressing(Compression options, Limits limits, Function<Loop, Codecs> codecs) {
    this.terms = options.terms(Zlib.system());
    this.mostBytes = limits.codecBytes();
    this.codecs = codecs;
  }

  /// What codecs are to be like.
  static Codecs.Settings settings(Compression options, Limits limits) {
    int memoryLevel = options.memoryLevel();
    boolean takesOver = options.mode() == Compression.Mode.TAKEOVER;
    return new Codecs.Settings(
        options.level(),
        memoryLevel,
        takesOver ? Math.max(memoryLevel, Compression.SHARED_MEMORY_LEVEL) : memoryLevel,
        options.thresholdBytes(),
        limits.inflateRatio(),
        limits.codecBytes());
  }

  /// Makes the codecs of a loop, and has it take back those that rest.
  ///
  /// @param restNs how long they may
  static Codecs open(Loop loop, Codecs.Settings settings, long restNs) {
    Zlib zlib = Zlib.system();
    if (Zlib.refusal() != null && TOLD.compareAndSet(false, true)) {
      LOG.log(
          Level.INFO,
          zlib.name()
              + " compresses, with windows of 15 bits only: the system's zlib cannot be used: "
              + Zlib.refusal());
    }
    Codecs codecs = new Codecs(zlib, CodecMemory.PROCESS, settings);
    loop.execute(() -> sweepLater(loop, codecs, restNs));
    return codecs;
  }

  private static void sweepLater(Loop loop, Codecs codecs, long restNs) {
    loop.after(
        restNs,
        () -> {
          codecs.sweep();
          sweepLater(loop, codecs, restNs);
        });
  }

  /// The codecs of a loop.
  Codecs codecs(Loop loop) {
    return codecs.apply(loop);
  }

  /// Answers a client's offers; on the loop's thread. Where the memory for good is not there that
  /// context takeover takes, it is not agreed on.
  ///
  /// @return null for no compression
  @Nullable Deflate accept(Loop loop, List<ExtensionOffer> offers) {
    DeflateOffer agreed = DeflateOffer.accept(offers, terms);
    if (agreed == null) {
      return null;
    }
    Deflate deflate = new Deflate(codecs(loop), Role.SERVER, agreed, terms.windowBits());
    if (deflate.isReady()) {
      return deflate;
    }
    DeflateOffer without = DeflateOffer.accept(offers, terms.withoutTakeover());
    return without == null
        ? null
        : new Deflate(codecs(loop), Role.SERVER, without, terms.windowBits());
  }

  /// What a client offers; on any thread. Context takeover only while there is the memory that it
  /// takes for good, with a server that does not keep to a small window.
  List<DeflateOffer> offers() {
    long bytes = Zlib.system().decompressorBytes(DeflateOffer.MOST_BITS);
    boolean room = CodecMemory.PROCESS.hasRoom(bytes, mostBytes);
    return DeflateOffer.offers(room ? terms : terms.withoutTakeover());
  }

  /// What a client makes of a server's answer; on the loop's thread.
  Deflate agreed(Loop loop, DeflateOffer agreed) {
    return new Deflate(codecs(loop), Role.CLIENT, agreed, terms.windowBits());
  }
}
