package io.weft.bench.load;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/// Updates as a market feed or a dashboard sends them: an envelope and rows, in JSON, each with
/// numbers and words of its own. The same seed gives the same messages.
public final class JsonMessages {

  private static final String[] WORDS = {
    "open",
    "closed",
    "filled",
    "partial",
    "order",
    "limit",
    "market",
    "waiting",
    "review",
    "volume",
    "above",
    "average",
    "confirmed",
    "by",
    "the",
    "desk",
    "in",
    "Taipei",
    "Zürich",
    "上海",
    "东京",
    "deep",
    "thin",
    "book",
    "moved",
    "since",
    "yesterday",
    "no",
    "change",
    "please",
    "call",
    "back",
    "before",
    "noon",
    "risk",
    "accepted",
    "delayed",
    "报价",
    "成交",
    "manual",
  };

  private final SplittableRandom random;
  private final String[] symbols = new String[300];
  private long sequence;
  private long timeMs = 1_795_000_000_000L;

  /// Begins a feed.
  public JsonMessages(long seed) {
    this.random = new SplittableRandom(seed);
    this.sequence = random.nextLong(1 << 30);
    for (int n = 0; n < symbols.length; n++) {
      StringBuilder symbol = new StringBuilder();
      for (int length = random.nextInt(3, 6); length > 0; length--) {
        symbol.append((char) ('A' + random.nextInt(26)));
      }
      symbols[n] = symbol.toString();
    }
  }

  /// The next message, as UTF-8.
  ///
  /// @param bytes how long it is at most: 250 or more; it is at most 16 bytes shorter
  public byte[] next(int bytes) {
    timeMs += random.nextInt(1, 900);
    StringBuilder text = new StringBuilder(bytes + 300);
    text.append("{\"type\":\"update\",\"channel\":\"feed/")
        .append(random.nextInt(20))
        .append("\",\"seq\":")
        .append(++sequence)
        .append(",\"time\":")
        .append(timeMs)
        .append(",\"rows\":[");
    String end = "],\"note\":\"\"}";
    int length = length(text) + end.length();
    for (String row = row(); length + length(row) < bytes; row = row()) {
      text.append(row).append(',');
      length += length(row) + 1;
    }
    text.setLength(text.charAt(text.length() - 1) == ',' ? text.length() - 1 : text.length());
    text.append("],\"note\":\"");
    length = length(text) + 2;
    for (String word = word(); length + length(word) < bytes; word = word()) {
      text.append(word).append(' ');
      length += length(word) + 1;
    }
    return text.append("\"}").toString().getBytes(StandardCharsets.UTF_8);
  }

  private String row() {
    int cents = random.nextInt(500, 90_000);
    int spread = random.nextInt(1, 30);
    StringBuilder row = new StringBuilder(180);
    row.append("{\"symbol\":\"").append(symbols[random.nextInt(symbols.length)]);
    price(row.append("\",\"bid\":"), cents);
    price(row.append(",\"ask\":"), cents + spread);
    row.append(",\"size\":").append(random.nextInt(1, 80) * 100);
    row.append(",\"volume\":").append(random.nextInt(1_000_000));
    row.append(",\"live\":").append(random.nextInt(8) > 0);
    row.append(",\"at\":").append(timeMs - random.nextInt(5_000));
    row.append(",\"text\":\"").append(word()).append(' ').append(word());
    return row.append("\"}").toString();
  }

  private static void price(StringBuilder to, int cents) {
    to.append(cents / 100).append('.').append(cents / 10 % 10).append(cents % 10);
  }

  private String word() {
    return WORDS[random.nextInt(WORDS.length)];
  }

  private static int length(CharSequence text) {
    return text.toString().getBytes(StandardCharsets.UTF_8).length;
  }
}
