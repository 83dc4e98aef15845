package io.weft;

import io.weft.net.Loop;
import io.weft.net.Watchdog;
import io.weft.ws.Codecs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/// The loop that all clients of the process share, with a thread that does not keep the process
/// alive. It begins with the first connection, and ends when none has used it for [#IDLE_NS], so
/// that nothing is left of a part of a process, such as a web application, that has ended. What
/// belongs to the loop and not to a connection (its memory, its mail, how much it reads at a time)
/// has the default limits.
final class ClientLoop {

  private static final String THREAD = "weft-client";

  /// How long it stays when nobody uses it.
  static final long IDLE_NS = Duration.ofSeconds(5).toNanos();

  private static @Nullable ClientLoop shared;

  /// Attempts, connections and [Live]s that use it, and how often one has begun to; guarded by the
  /// class.
  private int uses;

  private int usedTimes;
  private boolean ended;

  private final Watchdog watchdog;

  final Loop loop;
  final MaskingKeys maskingKeys;

  /// For the long pieces of TLS handshakes.
  final ExecutorService tasks;

  /// The codecs of each kind of clients that compress.
  private final Map<Kind, Codecs> codecs = new ConcurrentHashMap<>();

  /// What makes clients share codecs.
  private record Kind(Codecs.Settings settings, Duration rest) {}

  private ClientLoop() throws IOException {
    Limits limits = Limits.defaults();
    this.loop = Loops.open(limits, 1, Loops.choose(Transport.ofProperty()));
    this.maskingKeys = new MaskingKeys(new SecureRandom());
    this.tasks = Loops.tasks(THREAD + "-tls", limits);
    Loops.thread(THREAD, loop).start();
    this.watchdog = Loops.watch(THREAD + "-watchdog", List.of(loop), limits);
  }

  /// Begins to use the loop, until [#release]; it is made when first asked for, or when it has
  /// ended, and made anew should it have failed.
  static synchronized ClientLoop use() {
    ClientLoop now = shared;
    if (now == null || now.loop.hasFailed()) {
      try {
        now = new ClientLoop();
      } catch (IOException e) {
        throw new UncheckedIOException("the clients' loop cannot start: " + e.getMessage(), e);
      }
      shared = now;
    }
    now.retain();
    return now;
  }

  /// For tests: the loop, which ends in a while if nobody uses it.
  static ClientLoop shared() {
    ClientLoop now = use();
    now.release();
    return now;
  }

  /// Uses it once more; for who uses it already.
  void retain() {
    synchronized (ClientLoop.class) {
      uses++;
      usedTimes++;
    }
  }

  /// Ends a use; from any thread.
  void release() {
    synchronized (ClientLoop.class) {
      uses--;
      if (uses == 0) {
        int last = usedTimes;
        loop.execute(() -> loop.after(IDLE_NS, () -> endIfIdle(last)));
      }
    }
  }

  /// Ends it, unless it was used meanwhile; on the loop's thread.
  private void endIfIdle(int last) {
    synchronized (ClientLoop.class) {
      if (uses > 0 || usedTimes != last || ended) {
        return;
      }
      ended = true;
      if (isShared(this)) {
        shared = null;
      }
    }
    // The class loader may be closed by now: nothing here may need a class for the first time.
    loop.stop();
    watchdog.close();
    tasks.shutdown();
    if (!codecs.isEmpty()) {
      codecs.values().forEach(Codecs::close);
    }
  }

  @SuppressWarnings("ReferenceEquality") // this very one
  private static boolean isShared(ClientLoop one) {
    return shared == one;
  }

  /// The compression of clients with these options; null for none.
  @Nullable Compressing compressing(Compression options, Limits limits) {
    if (options.mode() == Compression.Mode.OFF) {
      return null;
    }
    Kind kind = new Kind(Compressing.settings(options, limits), limits.compressorIdle());
    Codecs own =
        codecs.computeIfAbsent(
            kind, key -> Compressing.open(loop, key.settings, key.rest.toNanos()));
    return new Compressing(options, limits, any -> own);
  }

  /// Masking keys that nobody can foresee (RFC 6455 §5.3), drawn in batches; for one loop's thread.
  static final class MaskingKeys implements IntSupplier {

    private static final int BATCH_BYTES = 4 << 10;

    private final SecureRandom chance;
    private final java.nio.ByteBuffer batch = java.nio.ByteBuffer.allocate(BATCH_BYTES).flip();

    MaskingKeys(SecureRandom chance) {
      this.chance = chance;
    }

    @Override
    public int getAsInt() {
      if (!batch.hasRemaining()) {
        chance.nextBytes(batch.array());
        batch.clear();
      }
      return batch.getInt();
    }

    /// A fresh nonce for a handshake (RFC 6455 §4.1); for any thread.
    byte[] nonce(int bytes) {
      byte[] nonce = new byte[bytes];
      chance.nextBytes(nonce);
      return nonce;
    }
  }
}
