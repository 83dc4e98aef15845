package io.weft.net;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicInteger;

/// Logs what went wrong where logging may go wrong too: no memory can be had, or a handler of the
/// log throws. It never throws. What could not be logged is counted, and told with the next line
/// that can be.
///
/// Whoever catches a `Throwable` does first what has to be done about it, and reports it last.
public final class Report {

  private static final AtomicInteger UNTOLD = new AtomicInteger();

  private Report() {}

  /// Has the class loaded, which could fail when it is needed: there may be no memory, or no file
  /// descriptor, to load it with.
  static void prepare() {
    assert UNTOLD.get() >= 0;
  }

  /// Logs an error.
  ///
  /// @param what a whole sentence; made before, so a constant
  public static void error(Logger log, String what, Throwable why) {
    error(log, what, "", "", why);
  }

  /// Logs an error about something.
  ///
  /// @param before the sentence up to the subject
  /// @param subject what it is about; made to words here, where that may fail
  /// @param after the rest of the sentence
  public static void error(Logger log, String before, Object subject, String after, Throwable why) {
    int untold = UNTOLD.getAndSet(0);
    try {
      String more =
          untold == 0 ? "" : " (" + untold + " reports before could not be written to the log)";
      log.log(Level.ERROR, before + subject + after + more, why);
    } catch (Throwable again) {
      UNTOLD.addAndGet(untold + 1);
    }
  }
}
