package io.weft.bench;

import io.weft.bench.load.JsonMessages;
import io.weft.zlib.Compressor;
import io.weft.zlib.Decompressor;
import io.weft.zlib.Zlib;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.zip.DataFormatException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// What windows and memory levels cost and save.
@Command(
    name = "windows",
    mixinStandardHelpOptions = true,
    description =
        "Compresses JSON with each size of window and memory level, and prints what a pair of codecs"
            + " holds, what the messages come to, and how long each takes.")
final class Windows implements Callable<Integer> {

  /// What no message carries of a flush (RFC 7692 §7.2.1).
  private static final int TAIL_BYTES = 4;

  private static final int[] SIZES = {300, 2 << 10, 64 << 10};

  /// Window bits and memory level; the last is what the others are held against.
  private static final int[][] SETTINGS = {
    {9, 1}, {9, 3}, {10, 3}, {10, 4}, {11, 2}, {11, 3}, {11, 4}, {11, 5}, {11, 6}, {12, 2}, {12, 3},
    {12, 4}, {12, 5}, {12, 6}, {13, 3}, {13, 4}, {13, 5}, {14, 4}, {14, 6}, {15, 8},
  };

  @Option(
      names = "--level",
      paramLabel = "N",
      defaultValue = "6",
      description = "Of zlib: ${DEFAULT-VALUE}.")
  private int level;

  @Option(
      names = "--bytes",
      paramLabel = "N",
      defaultValue = "2000000",
      description = "Of JSON, for each size of message: ${DEFAULT-VALUE}.")
  private int bytes;

  @Option(names = "--anew", description = "Each message by itself, without context takeover.")
  private boolean anew;

  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();

  /// @param share of the text that is left
  /// @param deflateNs of processor time for a message
  private record Figure(double share, double deflateNs) {}

  @Override
  public Integer call() throws DataFormatException, IOException {
    Zlib zlib = Zlib.system();
    System.out.printf(Locale.ROOT, "%s, level %d; %s%n%n", zlib.name(), level, Machine.describe());
    System.out.println(
        "| bits / memory level | compressor, KiB | decompressor | both | 300 B, percent of text | to 15/8 |"
            + " 2 KiB | to 15/8 | 64 KiB | to 15/8 | deflating 300 B, µs | 2 KiB | 64 KiB |");
    System.out.println("|---|" + "---:|".repeat(12));
    List<List<byte[]>> texts = Arrays.stream(SIZES).mapToObj(this::texts).toList();
    List<Figure> wide = figures(zlib, texts, SETTINGS[SETTINGS.length - 1]);
    for (int[] setting : SETTINGS) {
      List<Figure> figures = figures(zlib, texts, setting);
      double compressor = zlib.compressorBytes(setting[0], setting[1]) / 1024.0;
      double decompressor = zlib.decompressorBytes(setting[0]) / 1024.0;
      StringBuilder line = new StringBuilder();
      line.append(
          String.format(
              Locale.ROOT,
              "| %d/%d | %.1f | %.1f | %.1f |",
              setting[0],
              setting[1],
              compressor,
              decompressor,
              compressor + decompressor));
      for (int n = 0; n < SIZES.length; n++) {
        double share = figures.get(n).share;
        line.append(
            String.format(
                Locale.ROOT,
                " %.2f | %+.1f %% |",
                share * 100,
                (share / wide.get(n).share - 1) * 100));
      }
      figures.forEach(f -> line.append(String.format(Locale.ROOT, " %.1f |", f.deflateNs / 1e3)));
      System.out.println(line);
    }
    return 0;
  }

  private List<byte[]> texts(int size) {
    JsonMessages feed = new JsonMessages(size);
    List<byte[]> texts = new ArrayList<>();
    for (int made = 0; made < bytes; made += size) {
      texts.add(feed.next(size));
    }
    return texts;
  }

  private List<Figure> figures(Zlib zlib, List<List<byte[]>> texts, int[] setting)
      throws DataFormatException {
    List<Figure> figures = new ArrayList<>();
    for (List<byte[]> each : texts) {
      figure(zlib, each.subList(0, each.size() / 4), setting); // warms up
      figures.add(figure(zlib, each, setting));
    }
    return figures;
  }

  private Figure figure(Zlib zlib, List<byte[]> texts, int[] setting) throws DataFormatException {
    Compressor compressor = zlib.compressor(setting[0], level, setting[1]);
    Decompressor decompressor = zlib.decompressor(setting[0]);
    ByteBuffer text = ByteBuffer.allocateDirect(1 << 17);
    ByteBuffer small = ByteBuffer.allocateDirect(1 << 17);
    ByteBuffer again = ByteBuffer.allocateDirect(1 << 17);
    long before = 0;
    long after = 0;
    long deflateNs = 0;
    for (byte[] each : texts) {
      text.clear().put(each).flip();
      long sinceNs = threads.getCurrentThreadCpuTime();
      if (anew) {
        compressor.reset();
        decompressor.reset();
      }
      compressor.deflate(text, small.clear());
      deflateNs += threads.getCurrentThreadCpuTime() - sinceNs;
      decompressor.inflate(small.flip(), again.clear());
      if (again.flip().mismatch(ByteBuffer.wrap(each)) >= 0) {
        throw new IllegalStateException("what was inflated is not what was deflated");
      }
      before += each.length;
      after += small.limit() - TAIL_BYTES;
    }
    compressor.close();
    decompressor.close();
    return new Figure(after / (double) before, deflateNs / (double) texts.size());
  }
}
