package io.weft.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// Whether the arguments of the process came through as they were given. The JVM decodes them by
/// the charset of the locale, and puts U+FFFD for what that cannot hold.
final class Arguments {

  /// What is said of arguments that are lost.
  static final String WHY =
      "weft: an argument holds characters that this locale's charset ("
          + System.getProperty("sun.jnu.encoding", "unknown")
          + ") cannot hold, or is not UTF-8.\nSet the locale, as LC_ALL=C.UTF-8.";

  private static final String REPLACEMENT = "\uFFFD";

  /// What the kernel passed on to this process.
  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

  private Arguments() {}

  /// Whether some of them are not what was given.
  static boolean areLost(String... args) {
    return Arrays.stream(args).anyMatch(arg -> arg.contains(REPLACEMENT)) && !wereGivenSo(args);
  }

  /// Whether the character that stands for what is lost was given as itself.
  private static boolean wereGivenSo(String... args) {
    try {
      String given =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(Files.readAllBytes(COMMAND_LINE)))
              .toString();
      return given.endsWith(String.join("\0", args) + "\0");
    } catch (CharacterCodingException e) {
      return false;
    } catch (IOException e) {
      return false; // no Linux; there the charset of the locale is UTF-8 as a rule
    }
  }
}
