package io.weft;

import io.weft.net.Loop;
import io.weft.ws.Codecs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/// The loop that all clients of the process share, with a thread that does not keep the process
/// alive. It begins with the first connection, and then stays. What belongs to the loop and not to
/// a connection (its memory, its mail, how much it reads at a time) has the default limits.
final class ClientLoop {

  private static final String THREAD = "weft-client";

  private static @Nullable ClientLoop shared;

  final Loop loop;
  final MaskingKeys maskingKeys;

  /// For the long pieces of TLS handshakes.
  final Executor tasks;

  /// The codecs of each kind of clients that compress.
  private final Map<Kind, Codecs> codecs = new ConcurrentHashMap<>();

  /// What makes clients share codecs.
  private record Kind(Codecs.Settings settings, Duration rest) {}

  private ClientLoop() throws IOException {
    Limits limits = Limits.defaults();
    this.loop = Loops.open(limits, 1, Loops.choose(Transport.ofProperty()));
    this.maskingKeys = new MaskingKeys(new SecureRandom());
    this.tasks = Loops.tasks(THREAD + "-tls", limits);
    Thread.ofPlatform().name(THREAD).daemon().start(loop);
    Loops.watch(THREAD + "-watchdog", List.of(loop), limits);
  }

  /// The loop; made when first asked for, and made anew should its poller have failed.
  static synchronized ClientLoop shared() {
    ClientLoop now = shared;
    if (now == null || now.loop.hasFailed()) {
      try {
        now = new ClientLoop();
      } catch (IOException e) {
        throw new UncheckedIOException("the clients' loop cannot start: " + e.getMessage(), e);
      }
      shared = now;
    }
    return now;
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
