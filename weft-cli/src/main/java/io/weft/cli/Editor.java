package io.weft.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import org.jline.keymap.KeyMap;
import org.jline.reader.Binding;
import org.jline.reader.Reference;
import org.jline.reader.impl.LineReaderImpl;
import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.jline.utils.WCWidth;

/// JLine's editor of lines, with three things put right: what is pasted is drawn once and not anew
/// for each character, a line with wide characters is drawn whole where it wraps, and Ctrl-Z
/// suspends the program as in a shell.
final class Editor extends LineReaderImpl {

  private static final String SUSPEND = "weft-suspend";
  private static final String CONTROL_Z = KeyMap.ctrl('Z');

  /// For a next key that may be there already, in ms; JLine takes 0 for ever.
  private static final long LOOK_MS = 1;

  private static final String PASTES_AS_KEYS = "\u001b[?2004l";
  private static final String PASTES_IN_BRACKETS = "\u001b[?2004h";

  /// Makes an editor.
  ///
  /// @throws UncheckedIOException if the terminal is of no use
  static Editor of(Terminal terminal) {
    try {
      return new Editor(terminal);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Editor(Terminal terminal) throws IOException {
    super(terminal, "weft", new HashMap<>());
    getWidgets().put(SUSPEND, this::suspend);
    Binding suspend = new Reference(SUSPEND);
    for (String name : new String[] {EMACS, VIINS, VICMD}) {
      KeyMap<Binding> keys = getKeyMaps().get(name);
      if (keys != null) {
        keys.bind(suspend, CONTROL_Z);
      }
    }
  }

  @Override
  protected void redisplay(boolean flush) {
    if (state == State.NORMAL && isInputWaiting()) {
      return; // it will be drawn with what comes
    }
    if (display != null && isWide()) {
      // JLine repairs what has changed of a row, and is a column off behind a wide character that
      // did not fit into the row before.
      display.reset();
    }
    super.redisplay(flush);
  }

  private boolean isInputWaiting() {
    return peekCharacter(LOOK_MS) >= 0;
  }

  /// Whether the line wraps and holds wide characters.
  private boolean isWide() {
    int columns = 0;
    boolean wide = false;
    String line = getBuffer().toString();
    for (int at = 0; at < line.length(); at = line.offsetByCodePoints(at, 1)) {
      int width = WCWidth.wcwidth(line.codePointAt(at));
      columns += Math.max(0, width);
      wide |= width > 1;
    }
    return wide && columns >= terminal.getSize().getColumns() - 4;
  }

  /// Stops the process until the shell has it go on (`fg`); the terminal is the shell's meanwhile.
  private boolean suspend() {
    Attributes raw = terminal.getAttributes();
    Attributes cooked = new Attributes(raw);
    cooked.setLocalFlag(Attributes.LocalFlag.ICANON, true);
    cooked.setLocalFlag(Attributes.LocalFlag.ECHO, true);
    cooked.setLocalFlag(Attributes.LocalFlag.ISIG, true);
    cooked.setLocalFlag(Attributes.LocalFlag.IEXTEN, true);
    cooked.setInputFlag(Attributes.InputFlag.ICRNL, true);
    cooked.setOutputFlag(Attributes.OutputFlag.OPOST, true);
    terminal.writer().print(PASTES_AS_KEYS + "\r\n");
    terminal.flush();
    terminal.setAttributes(cooked);
    Terminals.stopProcess();
    terminal.setAttributes(raw);
    terminal.writer().print(PASTES_IN_BRACKETS);
    terminal.flush();
    return redrawLine();
  }
}
