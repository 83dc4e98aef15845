package io.weft.cli;

import io.weft.Close;
import io.weft.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.jspecify.annotations.Nullable;

/// A connection and a person at a terminal: every line typed is sent as a text message, unless it
/// begins with a slash and so is a command; what comes is shown above the line being typed.
final class Prompt {

  /// Runs a command of the person's.
  private interface Action {
    void run(String words) throws InterruptedException, IOException;
  }

  /// A command.
  ///
  /// @param usage its name and what follows it
  /// @param what it does
  private record Command(String usage, String what, Action action) {}

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Session session;
  private final Show show;
  private final int messageBytes;
  private final Map<String, Command> commands = new TreeMap<>();
  private final Terminal terminal;
  private final LineReader reader;
  private final Screen screen;
  private final Thread person = Thread.currentThread();

  /// Whether the person waits for a command, or for room to send.
  private volatile boolean busy;

  private volatile @Nullable Message last;
  private volatile @Nullable Close end;

  /// Whether nothing more will come.
  private volatile boolean over;

  private volatile int closing = Close.NORMAL;

  /// Begins to listen to the person.
  ///
  /// @param history where to keep what is typed; null for nowhere
  /// @param messageBytes the longest message to send
  Prompt(Session session, Show show, Terminal terminal, @Nullable Path history, int messageBytes) {
    this.session = session;
    this.show = show;
    this.messageBytes = messageBytes;
    this.terminal = terminal;
    this.reader = Person.reader(terminal, history, commands.keySet());
    terminal.handle(Terminal.Signal.INT, signal -> interrupted());
    this.screen = new Screen(reader::printAbove, Terminals.wantColors());
    add("help", "/help", "this list", alone(this::help));
    add("text", "/text TEXT", "send a text that begins with a slash; so does //TEXT", this::text);
    add("hex", "/hex BYTES", "send bytes, as /hex 00 ff", this::hex);
    add("base64", "/base64 DATA", "send bytes, as /base64 AP8=", this::base64);
    add("file", "/file FILE", "send a file as a binary message", this::file);
    add("textfile", "/textfile FILE", "send a file as a text message", this::textFile);
    add("ping", "/ping", "ping, and show the round trip", alone(this::ping));
    add(
        "close",
        "/close [CODE [REASON]]",
        "close, and leave; so do Ctrl-D and Ctrl-C",
        this::close);
    add("pretty", "/pretty [on|off]", "indent texts that are JSON", on(screen::pretty));
    add("times", "/times [on|off]", "show when each message came", on(screen::times));
    add("binary", "/binary hex|base64", "how binary messages are shown", this::binary);
    add("save", "/save FILE", "keep the message that came last in a new file", this::save);
    add("record", "/record FILE|off", "record all that happens, for --replay", this::record);
    add("info", "/info", "what is known of the connection", alone(this::info));
  }

  private void add(String name, String usage, String what, Action action) {
    commands.put("/" + name, new Command(usage, what, action));
  }

  /// What the person sees.
  Screen screen() {
    return screen;
  }

  /// Talks until the connection has ended.
  ///
  /// @param url of the server
  /// @return the exit code
  int run(String url) {
    String subprotocol = session.ws().subprotocol();
    String agreed = subprotocol == null ? "" : " (" + Escape.value(subprotocol) + ")";
    screen.tell(
        "Connected to "
            + Escape.printable(url)
            + agreed
            + ". /help lists commands, Ctrl-D closes.");
    Thread receiver = Thread.ofVirtual().name("weft-receive").start(this::receive);
    Thread hook = Thread.ofPlatform().name("weft-stop").unstarted(() -> leave(receiver));
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      listen();
    } finally {
      leave(receiver);
      Pipe.forget(hook);
    }
    Close close = end;
    if (close == null) {
      return Main.ENDED_BADLY;
    }
    screen.tell("Closed: " + Session.sentence(close, "the server") + "; " + counts() + ".");
    return Pipe.isWell(close, closing) ? 0 : Main.ENDED_BADLY;
  }

  /// Closes, if nobody has, and waits until the connection has ended.
  private void leave(Thread receiver) {
    session.ws().close(Close.NORMAL, "");
    boolean interrupted = Thread.interrupted(); // by the receiver, which has said why
    try {
      receiver.join(PATIENCE);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted && end == null) {
      Thread.currentThread().interrupt();
    }
  }

  private void listen() {
    while (!over && session.ws().isOpen()) {
      try {
        String line = reader.readLine("> ");
        busy(true);
        take(line);
        busy(false);
      } catch (UserInterruptException e) {
        if (e.getPartialLine() == null || e.getPartialLine().isEmpty()) {
          return;
        } // else Ctrl-C has cleared the line
      } catch (EndOfFileException | InterruptedException e) {
        return;
      }
    }
  }

  /// While the person waits for something, Ctrl-C is a signal; else it is a key like any other,
  /// which the reader of lines finds behind what was typed before.
  private void busy(boolean on) {
    busy = on;
    Attributes attributes = terminal.getAttributes();
    attributes.setLocalFlag(Attributes.LocalFlag.ISIG, on);
    terminal.setAttributes(attributes);
  }

  /// Ctrl-C while no line is read: who waits for something leaves.
  private void interrupted() {
    if (busy) {
      session.ws().close(Close.NORMAL, "");
      person.interrupt();
    }
  }

  private void receive() {
    try {
      Close close = session.receive(this::came);
      end = close;
    } catch (Failure e) {
      screen.complain(e.sentence());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    over = true;
    person.interrupt(); // who waits for a line
  }

  private void came(Message message) {
    last = message;
    show.record(0, message);
    screen.came(message);
  }

  // ---- What is typed --------------------------------------------------------------------------

  private void take(String line) throws InterruptedException {
    try {
      if (line.startsWith("//")) {
        text(line.substring(1));
      } else if (line.startsWith("/")) {
        command(line);
      } else if (!line.isEmpty()) {
        text(line);
      }
    } catch (Failure e) {
      screen.complain(Escape.printable(e.what()) + ".");
    } catch (NoSuchFileException e) {
      screen.complain("there is no file " + Escape.value(e.getFile()) + ".");
    } catch (FileAlreadyExistsException e) {
      screen.complain("there is a file " + Escape.value(e.getFile()) + " already.");
    } catch (IOException e) {
      screen.complain("that went wrong: " + Escape.printable(String.valueOf(e.getMessage())));
    }
  }

  private void command(String line) throws InterruptedException, IOException {
    String[] words = line.strip().split("\\s+", 2);
    Command command = commands.get(words[0].toLowerCase(Locale.ROOT));
    if (command == null) {
      screen.complain(
          "there is no command "
              + Escape.value(words[0])
              + ": /help lists them; to send a text that begins with a slash, write two.");
      return;
    }
    command.action.run(words.length < 2 ? "" : words[1]);
  }

  private void help() {
    StringBuilder help = new StringBuilder("Every line is sent as a text message. The others:");
    for (Command command : commands.values()) {
      help.append(String.format(Locale.ROOT, "\n  %-24s%s", command.usage, command.what));
    }
    help.append("\nTab completes commands, the arrows bring back what was typed.");
    screen.tell(help.toString());
  }

  private void text(String text) throws InterruptedException {
    if (text.getBytes(StandardCharsets.UTF_8).length > messageBytes) {
      throw Input.tooLong("the message", messageBytes);
    }
    session.take(new Outgoing.Text(text), "the message");
  }

  private void send(byte[] bytes) throws InterruptedException {
    if (bytes.length > messageBytes) {
      throw Input.tooLong("the message", messageBytes);
    }
    if (session.take(new Outgoing.Binary(ByteBuffer.wrap(bytes)), "the message")) {
      screen.tell("sent " + bytes.length + (bytes.length == 1 ? " byte." : " bytes."));
    }
  }

  private void hex(String digits) throws InterruptedException {
    send(Input.hex(digits, "that"));
  }

  private void base64(String data) throws InterruptedException {
    send(Input.base64(data, "that"));
  }

  private void file(String name) throws InterruptedException, IOException {
    send(contents(name));
  }

  private void textFile(String name) throws InterruptedException, IOException {
    text(Input.utf8(contents(name), name));
  }

  private byte[] contents(String name) throws IOException {
    Path file = path(name);
    if (Files.size(file) > messageBytes) {
      throw Input.tooLong(name, messageBytes);
    }
    return Files.readAllBytes(file);
  }

  private static Path path(String name) throws IOException {
    if (name.isBlank()) {
      throw new IOException("the name of a file is missing");
    }
    String home = System.getProperty("user.home");
    return name.startsWith("~/") ? Path.of(home, name.substring(2)) : Path.of(name.strip());
  }

  @SuppressWarnings("FutureReturnValueIgnored") // it says what came of it
  private void ping() throws InterruptedException {
    session
        .ping()
        .whenComplete((trip, failure) -> {
          if (failure == null) {
            screen.tell("pong after " + Session.milliseconds(trip) + " ms.");
          } else {
            screen.complain("no pong: the connection has ended.");
          }
        });
  }

  private void close(String words) throws InterruptedException, IOException {
    String[] parts = words.split("\\s+", 2);
    try {
      if (!words.isEmpty() && !parts[0].matches("\\d{1,5}")) {
        throw new NumberFormatException(); // as letters, or digits that are not of ASCII
      }
      int code = words.isEmpty() ? Close.NORMAL : Integer.parseInt(parts[0]);
      String reason = parts.length < 2 ? "" : parts[1];
      Session.checkClose(code, reason);
      closing = code;
      session.ws().close(code, reason);
    } catch (NumberFormatException e) {
      screen.complain(Escape.value(parts[0]) + " is no code: write it as /close 4001 bye.");
    } catch (IllegalArgumentException e) {
      screen.complain(e.getMessage() + ".");
    }
  }

  /// What a command does that takes no words.
  private interface Plain {
    void run() throws InterruptedException;
  }

  /// Refuses words that would be dropped.
  private Action alone(Plain action) {
    return words -> {
      if (words.isEmpty()) {
        action.run();
      } else {
        screen.complain(
            "this command takes nothing behind it, and was given " + Escape.value(words) + ".");
      }
    };
  }

  private Action on(Consumer<Boolean> setting) {
    return words -> {
      switch (words) {
        case "", "on" -> setting.accept(true);
        case "off" -> setting.accept(false);
        default -> screen.complain("write on or off.");
      }
    };
  }

  private void binary(String form) {
    switch (form) {
      case "hex" -> screen.base64(false);
      case "base64" -> screen.base64(true);
      default -> screen.complain("write /binary hex or /binary base64.");
    }
  }

  private void save(String name) throws IOException {
    Path file = path(name);
    byte[] bytes =
        switch (last) {
          case null -> throw new IOException("no message has come yet");
          case Message.Text(String text) -> text.getBytes(StandardCharsets.UTF_8);
          case Message.Binary(ByteBuffer data) -> Show.bytes(data);
        };
    Files.write(file, bytes, StandardOpenOption.CREATE_NEW);
    screen.tell("kept " + bytes.length + " bytes in " + Escape.value(name) + ".");
  }

  private void record(String name) throws IOException {
    if (name.equals("off")) {
      show.stopRecording();
      screen.tell("recording no more.");
      return;
    }
    show.startRecording(Tape.Writer.to(path(name)));
    screen.tell("recording in " + Escape.value(name) + ", until /record off.");
  }

  private void info() {
    String subprotocol = session.ws().subprotocol();
    String extensions = session.ws().extensions();
    Duration trip = session.ws().roundTrip();
    screen.tell(
        String.join(
            "\n",
            List.of(
                "address        " + session.ws().remoteAddress(),
                "subprotocol    " + (subprotocol == null ? "none" : Escape.value(subprotocol)),
                "extensions     " + (extensions.isEmpty() ? "none" : Escape.value(extensions)),
                "round trip     "
                    + (trip == null ? "not known: /ping" : Session.milliseconds(trip) + " ms"),
                "messages       " + counts(),
                "to be sent     " + session.ws().bufferedBytes() + " bytes")));
  }

  private String counts() {
    return "sent " + session.sent() + ", received " + session.received();
  }
}
