package io.weft;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/// What Weft logs while it is open: kept, and not printed.
public final class Logged implements AutoCloseable {

  private final Logger logger = Logger.getLogger("io.weft");
  private final boolean parents = logger.getUseParentHandlers();
  private final List<LogRecord> records = new CopyOnWriteArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          records.add(line);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  /// Begins to note.
  public Logged() {
    logger.setUseParentHandlers(false);
    logger.addHandler(handler);
  }

  /// How many lines hold `text`.
  public long count(String text) {
    return records.stream().filter(line -> line.getMessage().contains(text)).count();
  }

  /// What was thrown, where a line has its stack.
  public List<Throwable> thrown() {
    return records.stream().map(LogRecord::getThrown).filter(each -> each != null).toList();
  }

  /// All lines, for the message of an assertion.
  public String all() {
    return String.join("\n", records.stream().map(LogRecord::getMessage).toList());
  }

  @Override
  public void close() {
    logger.removeHandler(handler);
    logger.setUseParentHandlers(parents);
  }
}
