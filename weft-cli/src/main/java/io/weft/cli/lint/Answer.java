package io.weft.cli.lint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What came back for a request: a head, or something less.
///
/// @param end how the stream was left: [Wire.End#NONE] if a whole head came
/// @param startLine the status line, or whatever stands in its place; empty if nothing came
/// @param status 100 to 599, or 0 if the start line is none of HTTP/1.1
/// @param headers each as it came, `Name: value`
record Answer(Wire.End end, String startLine, int status, List<String> headers) {

  private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.1 ([1-5]\\d\\d)(?: .*)?");
  private static final int SWITCHING_PROTOCOLS = 101;
  private static final int MAX_BYTES = 1 << 20;
  private static final int MAX_INTERIM = 8;

  /// Reads the answer, past interim ones (RFC 9110 §15.2); what follows it stays in the wire.
  static Answer read(Wire wire) {
    Answer answer = readOne(wire);
    for (int interim = 0; answer.isInterim() && interim < MAX_INTERIM; interim++) {
      answer = readOne(wire);
    }
    return answer;
  }

  private static Answer readOne(Wire wire) {
    StringBuilder head = new StringBuilder();
    boolean whole = false;
    while (!whole && head.length() < MAX_BYTES) {
      int next = wire.read();
      if (next < 0) {
        break;
      }
      head.append((char) next);
      whole = next == '\n' && head.indexOf("\r\n\r\n", Math.max(0, head.length() - 4)) >= 0;
    }
    List<String> lines = new ArrayList<>(Arrays.asList(head.toString().split("\r\n")));
    String start = lines.removeFirst();
    Matcher matcher = STATUS_LINE.matcher(start);
    int status = whole && matcher.matches() ? Integer.parseInt(matcher.group(1)) : 0;
    return new Answer(whole ? Wire.End.NONE : wire.end(), start, status, List.copyOf(lines));
  }

  private boolean isInterim() {
    return status >= 100 && status < 200 && status != SWITCHING_PROTOCOLS;
  }

  boolean isUpgrade() {
    return status == SWITCHING_PROTOCOLS;
  }

  /// The values of all headers of that name.
  List<String> all(String name) {
    return headers.stream()
        .filter(line -> line.regionMatches(true, 0, name + ":", 0, name.length() + 1))
        .map(line -> line.substring(name.length() + 1).strip())
        .toList();
  }

  /// Whether one element of the lists under that name is this, in any case.
  boolean lists(String name, String element) {
    return all(name).stream()
        .flatMap(value -> Arrays.stream(value.split(",", -1)))
        .anyMatch(value -> value.strip().equalsIgnoreCase(element));
  }

  /// What was seen, in words.
  String seen() {
    if (status > 0) {
      return startLine.substring(startLine.indexOf(' ') + 1);
    }
    return startLine.isEmpty() ? end.words() : "no answer of HTTP/1.1: " + startLine;
  }
}
