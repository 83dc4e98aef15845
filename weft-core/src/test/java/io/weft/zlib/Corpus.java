package io.weft.zlib;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.zip.Deflater;

/// Messages of every kind that matters to a compressor, from a seed.
public final class Corpus {

  private static final String[] WORDS = {
    "price", "symbol", "你好", "side", "filled", "partial", "{\"id\":", ",\"qty\":", "é", "\n"
  };

  private Corpus() {}

  /// A message of about `bytes` bytes: JSON-like text, noise, one byte again and again, noise that
  /// comes again far behind, or a mixture.
  public static byte[] message(SplittableRandom random, int bytes) {
    return switch (random.nextInt(5)) {
      case 0 -> text(random, bytes);
      case 1 -> noise(random, bytes);
      case 2 -> new byte[bytes];
      case 3 -> repeated(random, bytes);
      default -> {
        byte[] mixed = text(random, bytes);
        byte[] noise = noise(random, mixed.length / 2);
        System.arraycopy(noise, 0, mixed, random.nextInt(mixed.length / 2 + 1), noise.length);
        yield mixed;
      }
    };
  }

  /// Text of `bytes` bytes or a few more.
  public static byte[] text(SplittableRandom random, int bytes) {
    var text = new StringBuilder();
    while (text.length() < bytes) {
      text.append(WORDS[random.nextInt(WORDS.length)]).append(random.nextInt(1000));
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] noise(SplittableRandom random, int bytes) {
    byte[] noise = new byte[bytes];
    random.nextBytes(noise);
    return noise;
  }

  private static byte[] repeated(SplittableRandom random, int bytes) {
    byte[] noise = noise(random, bytes);
    for (int n = 0; n < 20 && bytes > 600; n++) {
      int length = random.nextInt(3, 300);
      int from = random.nextInt(bytes - 300);
      System.arraycopy(noise, from, noise, random.nextInt(from, bytes - 299), length);
    }
    return noise;
  }

  /// Several DEFLATE streams in a row: flushed, finished, empty or stored ones.
  public static byte[] stream(SplittableRandom random) {
    var wire = new ByteArrayOutputStream();
    for (int count = random.nextInt(1, 5); count > 0; count--) {
      Deflater deflater = new Deflater(random.nextInt(10), true);
      byte[] message = message(random, random.nextInt(20_000));
      deflater.setInput(message);
      boolean last = random.nextInt(3) == 0;
      if (last) {
        deflater.finish();
      }
      byte[] out = new byte[message.length * 2 + 100];
      int step =
          deflater.deflate(out, 0, out.length, last ? Deflater.NO_FLUSH : Deflater.SYNC_FLUSH);
      wire.writeBytes(Arrays.copyOf(out, step));
      deflater.end();
    }
    return wire.toByteArray();
  }
}
