package io.weft.cli;

import io.weft.Close;
import io.weft.Conversation;
import io.weft.Limits;
import io.weft.Message;
import io.weft.Server;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `weft listen`: a server between standard input and output, for one client or many.
@Command(
    name = "listen",
    description = {
      "Listens for WebSocket clients: every line of standard input is sent to all who are connected,"
          + " and every message of theirs is printed as a line.",
      "",
      "Any path of up to eight segments will do. Lines begin with the number of the connection. While"
          + " nobody is connected the input waits, and a client that takes nothing holds it up until"
          + " it is given up. At the end of the input it goes on listening.",
      "",
      "With --once it serves one client, as weft connect a server: without numbers, and at the end of"
          + " the input it closes when nothing has come for --wait."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    abbreviateSynopsis = true,
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:--count messages have come; with --once, all was sent and the connection was closed by us,"
          + " or by the client with 1000 or no code",
      "1:with --once: the connection ended otherwise",
      "2:the command line is wrong",
      "65:the input is no message: not UTF-8, hex or base64 where it should be, or too long",
      "66:a file or the input cannot be read",
      "69:cannot listen: the port is taken, or not allowed, or the host is not known",
      "70:weft itself failed",
      "74:a file or the output cannot be written",
      "130, 143:ended by Ctrl-C, by SIGTERM, after closing every connection"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  weft listen                                    what clients say, and say something back",
      "  weft listen --once 9000 > received.txt         one client, and what it said",
      "  tail -f app.log | weft listen --origin '*'     a log, to every page that asks",
      "  weft listen -o json 0                          all that happens, on any free port"
    })
final class Listen implements Callable<Integer> {

  /// Paths of up to so many segments are served.
  private static final int SEGMENTS = 8;

  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @Spec
  private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @ParentCommand
  private Main main;

  @Parameters(
      arity = "0..1",
      paramLabel = "PORT",
      converter = Serve.Port.class,
      description = "The port, 0 for any that is free. Default: ${DEFAULT-VALUE}")
  private int port = 8080;

  @Option(
      names = "--host",
      paramLabel = "HOST",
      description = "The interface to listen on, 0.0.0.0 for all. Default: ${DEFAULT-VALUE}")
  private String host = "127.0.0.1";

  @Option(names = "--once", description = "Serve one client, and end when it is gone")
  private boolean once;

  @Option(
      names = "--origin",
      paramLabel = "ORIGIN",
      description = "Allow pages of this origin to connect, * for all. Repeatable")
  private List<String> origins = new ArrayList<>();

  @Option(
      names = "--allow-host",
      paramLabel = "NAME",
      description =
          "Answer requests for this host name, * for all. Repeatable. Default: on loopback"
              + " localhost and its addresses; elsewhere all")
  private List<String> hosts = new ArrayList<>();

  @Option(
      names = "--subprotocol",
      paramLabel = "NAME",
      converter = Serve.Subprotocol.class,
      description = "Agree on this subprotocol if it is offered. Repeatable")
  private List<String> subprotocols = new ArrayList<>();

  @Option(
      names = "--max-message",
      paramLabel = "SIZE",
      converter = ClientOptions.MessageBytes.class,
      description = "The longest message, sent or received. Default: 16MiB")
  private int messageBytes = 16 << 20;

  @Option(names = "--quiet", description = "Do not say who comes and goes")
  private boolean quiet;

  @Mixin private PipeOptions pipe = new PipeOptions();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Guarded by the lock:
  private final Map<Integer, Session> sessions = new LinkedHashMap<>();
  private int connections;
  private long received;
  private @Nullable Integer code;
  private @Nullable Failure failure;

  @Override
  public Integer call() throws InterruptedException {
    Streams streams = main.streams();
    Outgoing.Source source = pipe.source(streams, messageBytes);
    try (Show show = pipe.show(streams);
        Server server = start(show, source)) {
      String at = Serve.authority(server.address());
      say("weft: listening at ws://" + at + "/", true);
      Thread hook =
          Thread.ofPlatform()
              .name("weft-stop")
              .unstarted(() -> server.close(Duration.ofSeconds(5)));
      Runtime.getRuntime().addShutdownHook(hook);
      try {
        if (!once) {
          // Reading standard input cannot be interrupted: this thread may outlive the server.
          Thread.ofPlatform().daemon().name("weft-send").start(() -> send(source));
        }
        int verdict = await();
        server.close(Duration.ofSeconds(5));
        return verdict;
      } finally {
        Pipe.forget(hook);
      }
    }
  }

  private Server start(Show show, Outgoing.Source source) {
    try {
      Limits limits =
          Limits.builder()
              .messageBytes(messageBytes)
              .outboxHardBytes(Math.max(Limits.defaults().outboxHardBytes(), messageBytes))
              .build();
      Server.Builder builder =
          Server.at(host, port)
              .loops(1)
              .origins(origins.toArray(String[]::new))
              .hosts(hosts.toArray(String[]::new))
              .subprotocols(subprotocols.toArray(String[]::new))
              .limits(limits)
              .closeAtShutdown(false);
      StringBuilder path = new StringBuilder("/");
      for (int segment = 0; segment <= SEGMENTS; segment++) {
        builder.converse(path.toString(), ws -> talk(ws, show, source));
        path.append(segment == 0 ? "" : "/").append("{s").append(segment).append('}');
      }
      return builder.start();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    } catch (UncheckedIOException e) {
      throw Serve.cannotListen(host, port, "weft listen ", e);
    }
  }

  // ---- Each connection ------------------------------------------------------------------------

  private void talk(Conversation ws, Show show, Outgoing.Source source)
      throws InterruptedException {
    int number = enter();
    if (once && number > 1) {
      ws.close(Close.TRY_AGAIN_LATER, "one client at a time");
      return;
    }
    String path = ws.request().path();
    say(number + " connected from " + ws.remoteAddress() + " to " + Escape.value(path), !quiet);
    try {
      Session session = new Session(ws, once ? 0 : number, path, show);
      if (once) {
        Pipe.Plan plan =
            new Pipe.Plan(
                pipe.count(), pipe.patience(), pipe.patience(), Close.NORMAL, "", "the client");
        int verdict = new Pipe(session, plan, main.streams().err()).run(source);
        locked(() -> code = verdict);
        return;
      }
      locked(() -> sessions.put(number, session));
      Close close = session.receive(message -> came(session, message));
      say(number + " gone: " + Session.sentence(close, "the client"), !quiet);
    } catch (Failure e) {
      locked(() -> failure = e);
    } finally {
      locked(() -> sessions.remove(number));
    }
  }

  private int enter() {
    lock.lock();
    try {
      return ++connections;
    } finally {
      lock.unlock();
    }
  }

  private void came(Session session, Message message) {
    session.show(message);
    locked(() -> {
      received++;
      if (pipe.count() > 0 && received >= pipe.count()) {
        code = 0;
      }
    });
  }

  // ---- To all ---------------------------------------------------------------------------------

  private void send(Outgoing.Source source) {
    try {
      source.feed(this::sendToAll);
    } catch (Failure e) {
      locked(() -> failure = e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean sendToAll(Outgoing message, String where) throws InterruptedException {
    boolean taken = false;
    while (!taken) {
      for (Session session : someSessions()) {
        taken |= give(session, message, where);
      }
    }
    return true;
  }

  private boolean give(Session session, Outgoing message, String where)
      throws InterruptedException {
    try {
      return session.take(message, where) || message instanceof Outgoing.Close;
    } catch (Failure e) {
      if (e.exitCode() != Main.ENDED_BADLY) {
        throw e;
      }
      session.ws().close(Close.TRY_AGAIN_LATER, "you do not read");
      return false;
    }
  }

  /// Who is connected; waits while nobody is.
  private List<Session> someSessions() throws InterruptedException {
    lock.lock();
    try {
      List<Session> open = open();
      while (open.isEmpty()) {
        changed.await();
        open = open();
      }
      return open;
    } finally {
      lock.unlock();
    }
  }

  private List<Session> open() {
    return sessions.values().stream().filter(session -> session.ws().isOpen()).toList();
  }

  private int await() throws InterruptedException {
    lock.lock();
    try {
      while (code == null && failure == null) {
        changed.await();
      }
      if (failure != null) {
        throw failure;
      }
      return code == null ? 0 : code;
    } finally {
      lock.unlock();
    }
  }

  private void locked(Runnable change) {
    lock.lock();
    try {
      change.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void say(String sentence, boolean wanted) {
    PrintWriter err = main.streams().err();
    if (wanted) {
      err.println(sentence);
      err.flush();
    }
  }
}
