package io.weft.cli;

import java.io.PrintWriter;
import java.text.MessageFormat;
import java.time.InstantSource;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/// Leads what Weft and the JDK log through [System.Logger] into the program's [Journal]. Not
/// java.util.logging, which takes its handlers away as soon as the process is asked to end, while
/// connections still close.
public final class LogFinder extends System.LoggerFinder {

  private static volatile Journal journal =
      new Journal(
          new PrintWriter(System.err, true, System.err.charset()),
          Journal.Format.TEXT,
          System.Logger.Level.INFO,
          InstantSource.system());

  /// For the service loader.
  public LogFinder() {}

  /// Sets where all loggers write from now on.
  static void use(Journal other) {
    journal = other;
  }

  @Override
  public System.Logger getLogger(String name, Module module) {
    return new JournalLogger(name);
  }

  private record JournalLogger(String name) implements System.Logger {

    @Override
    public String getName() {
      return name;
    }

    @Override
    public boolean isLoggable(Level level) {
      return journal.isLoggable(level);
    }

    @Override
    public void log(
        Level level, @Nullable ResourceBundle bundle, String sentence, @Nullable Throwable thrown) {
      journal.say(level, name, localized(bundle, sentence), thrown);
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        String format,
        @Nullable Object @Nullable ... values) {
      if (isLoggable(level)) {
        String sentence = localized(bundle, format);
        boolean whole = values == null || values.length == 0;
        journal.say(level, name, whole ? sentence : MessageFormat.format(sentence, values), null);
      }
    }

    private static String localized(@Nullable ResourceBundle bundle, String key) {
      return bundle != null && bundle.containsKey(key) ? bundle.getString(key) : key;
    }
  }
}
