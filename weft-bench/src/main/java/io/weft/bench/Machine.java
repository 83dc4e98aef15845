package io.weft.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What this runs on.
final class Machine {

  private Machine() {}

  /// Processors, memory, kernel and JDK, in one line.
  static String describe() throws IOException {
    return String.format(
        Locale.ROOT,
        "%d cores (%s), %d GiB, %s %s, JDK %s",
        cores(),
        first("/proc/cpuinfo", "model name\\s*:\\s*(.*)"),
        Math.round(Long.parseLong(first("/proc/meminfo", "MemTotal:\\s*(\\d+).*")) / 1048576.0),
        System.getProperty("os.name"),
        System.getProperty("os.version").replaceAll("^(\\d+\\.\\d+).*", "$1"),
        Runtime.version());
  }

  /// How many processes wanted a core in the last minute.
  static double load() throws IOException {
    return Double.parseDouble(Files.readString(Path.of("/proc/loadavg")).split(" ", -1)[0]);
  }

  /// All of them; the JVM counts those that this process is held to.
  private static long cores() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines.filter(line -> line.startsWith("processor")).count();
    }
  }

  private static String first(String file, String pattern) throws IOException {
    for (String line : Files.readAllLines(Path.of(file))) {
      Matcher matcher = Pattern.compile(pattern).matcher(line);
      if (matcher.matches()) {
        return matcher.group(1).strip();
      }
    }
    return "0";
  }
}
