package io.weft.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collection;
import java.util.List;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.impl.DefaultParser;
import org.jline.reader.impl.history.DefaultHistory;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;

/// The person at the terminal: a line at a time, with editing, completion of commands, and a
/// history that outlives the program.
final class Person {

  /// Lines kept for the next time.
  private static final int HISTORY_LINES = 1_000;

  private static final List<Terminal.Signal> HANDLED =
      List.of(Terminal.Signal.INT, Terminal.Signal.WINCH, Terminal.Signal.CONT);

  private Person() {}

  /// The terminal that this process runs in. Until it is closed it hands over each key as it is
  /// pressed, so that what is typed while no line is read, Ctrl-C and Ctrl-D too, waits for the
  /// next line, in its order.
  static Terminal terminal() throws IOException {
    Terminal terminal = open();
    terminal.enterRawMode();
    // Once and for all: JLine's own way leaves moments in which Ctrl-C ends the process.
    for (Terminal.Signal signal : HANDLED) {
      Signals.register(signal.name(), () -> terminal.raise(signal));
    }
    return terminal;
  }

  private static Terminal open() throws IOException {
    // Or JLine raises a signal for a Ctrl-C that it also hands over as a key, and the next line may
    // be interrupted by it too.
    System.setProperty("org.jline.terminal.softwareSignals", "false");
    return TerminalBuilder.builder()
        .name("weft")
        .system(true)
        .jni(false)
        .graphemeCluster(false) // asking the terminal for it would swallow what is typed ahead
        .nativeSignals(false)
        .dumb(true)
        .encoding(StandardCharsets.UTF_8)
        .build();
  }

  /// Reads lines of a terminal.
  ///
  /// @param history where to keep what is typed; null for nowhere. A line that begins with a space
  ///   is not kept
  /// @param commands what to complete, at the beginning of a line
  static LineReader reader(Terminal terminal, @Nullable Path history, Collection<String> commands) {
    Completer completer =
        (reader, line, candidates) -> {
          if (line.wordIndex() == 0 && line.word().startsWith("/")) {
            commands.forEach(name -> candidates.add(new Candidate(name)));
          }
        };
    Editor editor = Editor.of(terminal);
    // What is typed is sent as it is: no quotes, no escapes, no "!" of old.
    editor.setParser(new DefaultParser().quoteChars(new char[0]).escapeChars(new char[0]));
    editor.setCompleter(completer);
    editor.option(LineReader.Option.DISABLE_EVENT_EXPANSION, true);
    editor.option(LineReader.Option.HISTORY_TIMESTAMPED, false);
    editor.option(LineReader.Option.HISTORY_REDUCE_BLANKS, false);
    editor.option(LineReader.Option.HISTORY_IGNORE_SPACE, true);
    editor.option(LineReader.Option.INSERT_TAB, false);
    editor.setVariable(LineReader.BELL_STYLE, "none");
    editor.setVariable(LineReader.BLINK_MATCHING_PAREN, 0); // half a second at every bracket
    editor.setVariable(LineReader.HISTORY_SIZE, HISTORY_LINES);
    editor.setVariable(LineReader.HISTORY_FILE_SIZE, HISTORY_LINES);
    if (history != null) {
      editor.setVariable(LineReader.HISTORY_FILE, history);
    }
    editor.setHistory(new DefaultHistory()); // reads what there is
    return editor;
  }

  /// Where what is typed is kept, made for its owner alone: messages may be secrets.
  ///
  /// @return null if there can be no such file
  static @Nullable Path history() {
    String state = System.getenv("XDG_STATE_HOME");
    Path home =
        state == null || state.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".local", "state")
            : Path.of(state);
    Path file = home.resolve("weft").resolve("history");
    try {
      Files.createDirectories(file.getParent());
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    } catch (FileAlreadyExistsException e) {
      return file;
    } catch (IOException | UnsupportedOperationException e) {
      return null;
    }
    return file;
  }
}
