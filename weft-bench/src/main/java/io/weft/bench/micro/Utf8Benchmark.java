package io.weft.bench.micro;

import io.weft.bytes.Chunk;
import io.weft.bytes.Utf8;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/// Judging UTF-8, beside the JDK's decoder, which also makes the characters.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class Utf8Benchmark {

  /// Of the text: one below and one above what is looked at in one step, a short message, a long.
  @Param({"7", "33", "126", "1024", "16384"})
  public int bytes;

  /// What it says.
  @Param({"ascii", "chinese", "mixed"})
  public String text = "ascii";

  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT);
  private Chunk chunk = Chunk.ofSize(1);
  private ByteBuffer in = ByteBuffer.allocate(0);
  private CharBuffer out = CharBuffer.allocate(0);

  /// Writes the text, and fills what is left of its bytes with spaces.
  @Setup
  public void write() {
    String sample =
        switch (text) {
          case "ascii" -> "All human beings are born free and equal in dignity and rights. ";
          case "chinese" -> "人人生而自由在尊严和权利上一律平等他们赋有理性和良心";
          default -> "{\"name\":\"王小明\",\"text\":\"voilà — 你好啊 👋\",\"room\":42}";
        };
    byte[] letters = new byte[bytes];
    int length = 0;
    for (int at = 0; ; at = sample.offsetByCodePoints(at, 1) % sample.length()) {
      byte[] one = Character.toString(sample.codePointAt(at)).getBytes(StandardCharsets.UTF_8);
      if (length + one.length > bytes) {
        break;
      }
      System.arraycopy(one, 0, letters, length, one.length);
      length += one.length;
    }
    java.util.Arrays.fill(letters, length, bytes, (byte) ' ');
    chunk = Chunk.copyOf(letters);
    in = ByteBuffer.allocateDirect(bytes).put(letters).flip();
    out = CharBuffer.allocate(bytes);
  }

  /// Ours.
  @Benchmark
  public int weft() {
    return Utf8.judge(Utf8.BOUNDARY, chunk, 0, bytes);
  }

  /// The JDK's.
  @Benchmark
  public CoderResult charsetDecoder() {
    in.position(0);
    return decoder.reset().decode(in, out.clear(), true);
  }
}
