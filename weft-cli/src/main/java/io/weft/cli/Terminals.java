package io.weft.cli;

import java.io.Console;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Whether a person looks on.
final class Terminals {

  private static final int STANDARD_OUTPUT = 1;

  private Terminals() {}

  /// Whether both standard input and standard output are a terminal.
  @SuppressWarnings("SystemConsoleNull") // it is null again since JDK 25
  static boolean isInteractive() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  /// Whether standard output is one, wherever input comes from. Asked of the C library; false where
  /// it cannot be asked.
  @SuppressWarnings("restricted") // the launcher and the jar's manifest allow it
  static boolean isOutput() {
    if (!Terminals.class.getModule().isNativeAccessEnabled()) {
      return false;
    }
    Linker linker = Linker.nativeLinker();
    try {
      MethodHandle isatty =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("isatty"),
              FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
      return (int) isatty.invokeExact(STANDARD_OUTPUT) != 0;
    } catch (Throwable unknown) {
      return false;
    }
  }

  /// Stops this process, and those it is in a pipe with, until something has it go on (SIGTSTP).
  /// Nothing happens where nobody would, as in a session without job control.
  @SuppressWarnings("restricted") // the launcher and the jar's manifest allow it
  static void stopProcess() {
    if (!Terminals.class.getModule().isNativeAccessEnabled()) {
      return;
    }
    int number = System.getProperty("os.name", "").equals("Linux") ? 20 : 18;
    Linker linker = Linker.nativeLinker();
    try {
      MethodHandle kill =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("kill"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
      int _ = (int) kill.invokeExact(0, number);
    } catch (Throwable unknown) {
      return; // then it goes on
    }
  }

  /// Whether colours are welcome on a terminal (no-color.org).
  static boolean wantColors() {
    String no = System.getenv("NO_COLOR");
    return (no == null || no.isEmpty()) && !"dumb".equals(System.getenv("TERM"));
  }
}
