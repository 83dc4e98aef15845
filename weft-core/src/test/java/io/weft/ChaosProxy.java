package io.weft;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/// A TCP proxy that does to connections what bad networks do: everything takes time, comes in
/// pieces, stands still, vanishes, or is reset in the middle of a byte stream. What it does to
/// which connection is a [Plan], which follows from a seed.
final class ChaosProxy implements AutoCloseable {

  /// What happens to a connection in the end.
  enum Fate {
    /// Nothing: it lives as long as the two ends want.
    NONE,
    /// Both ends see a reset.
    RESET,
    /// Both ends see the stream end.
    FIN,
    /// What either end sends is taken and thrown away, and neither hears of it.
    BLACKHOLE,
    /// Nothing is taken any more: what either end sends piles up.
    STALL
  }

  /// What happens to one connection.
  ///
  /// @param latencyMs before each piece is passed on
  /// @param pieceBytes the longest piece
  /// @param pauseMs a pause once half of `atByte` has passed
  /// @param fate how it ends
  /// @param fromClient whose bytes are counted for it
  /// @param atByte after how many bytes; 0 before the first
  record Plan(
      int latencyMs, int pieceBytes, int pauseMs, Fate fate, boolean fromClient, long atByte) {

    static final Plan CLEAN = new Plan(0, 64 << 10, 0, Fate.NONE, true, 0);

    /// Some plan with a bad end.
    static Plan of(SplittableRandom chance) {
      List<Fate> ends = List.of(Fate.RESET, Fate.RESET, Fate.FIN, Fate.BLACKHOLE, Fate.STALL);
      Fate fate = ends.get(chance.nextInt(ends.size()));
      int scale = chance.nextInt(6, 15); // from within the handshake to far behind it
      return new Plan(
          chance.nextInt(3) == 0 ? chance.nextInt(4) : 0,
          chance.nextInt(3) == 0 ? 1 + chance.nextInt(100) : 16 << 10,
          chance.nextInt(4) == 0 ? chance.nextInt(30) : 0,
          fate,
          chance.nextInt(4) != 0,
          chance.nextLong(1L << scale));
    }
  }

  private final ServerSocket listening;
  private final int serverPort;
  private final IntFunction<Plan> plans;
  private final AtomicInteger accepted = new AtomicInteger();
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

  /// Begins.
  ///
  /// @param plans what happens to the first connection (0), the second, and so on
  ChaosProxy(int serverPort, IntFunction<Plan> plans) throws IOException {
    this.serverPort = serverPort;
    this.plans = plans;
    this.listening = new ServerSocket();
    // Little room, so that what is not taken soon fills the sender's side.
    listening.setReceiveBufferSize(4 << 10);
    listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
    Thread.ofVirtual().start(this::serve);
  }

  int port() {
    return listening.getLocalPort();
  }

  private void serve() {
    while (true) {
      Socket client;
      try {
        client = listening.accept();
      } catch (IOException closed) {
        return;
      }
      Thread.ofVirtual().start(() -> join(client, plans.apply(accepted.getAndIncrement())));
    }
  }

  @SuppressWarnings("AddressSelection") // the loopback address has one
  private void join(Socket client, Plan plan) {
    sockets.add(client);
    Socket server = new Socket();
    sockets.add(server);
    try {
      server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), serverPort));
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
    } catch (IOException e) {
      end(client, server, true); // nobody listens
      return;
    }
    Link link = new Link(plan, client, server);
    Thread.ofVirtual().start(() -> link.pass(client, server, true));
    link.pass(server, client, false);
    if (listening.isClosed()) {
      end(client, server, true);
    }
  }

  /// A connection and what is done to it.
  private final class Link {
    private final Plan plan;
    private final Socket client;
    private final Socket server;
    private volatile boolean swallows;
    private volatile boolean stalls;
    private final AtomicInteger ended = new AtomicInteger();

    Link(Plan plan, Socket client, Socket server) {
      this.plan = plan;
      this.client = client;
      this.server = server;
    }

    void pass(Socket from, Socket to, boolean fromClient) {
      try {
        pass(from.getInputStream(), to.getOutputStream(), fromClient);
        to.shutdownOutput();
        if (ended.incrementAndGet() == 2) {
          end(client, server, false);
        }
      } catch (IOException | InterruptedException e) {
        end(client, server, true); // as a network would: what one end sees, the other sees
      }
    }

    private void pass(InputStream in, OutputStream out, boolean fromClient)
        throws IOException, InterruptedException {
      byte[] piece = new byte[plan.pieceBytes];
      boolean counts = plan.fate != Fate.NONE && plan.fromClient == fromClient;
      boolean pauses = counts && plan.pauseMs > 0;
      long passed = 0;
      while (true) {
        if (counts && passed == plan.atByte) {
          meet();
          counts = false;
        }
        waitWhileItStalls();
        long most = counts ? Math.min(piece.length, plan.atByte - passed) : piece.length;
        int read = in.read(piece, 0, (int) most);
        if (read < 0) {
          return;
        }
        waitWhileItStalls();
        if (pauses && passed >= plan.atByte / 2) {
          pauses = false;
          Thread.sleep(plan.pauseMs);
        }
        if (plan.latencyMs > 0) {
          Thread.sleep(plan.latencyMs);
        }
        if (!swallows) {
          out.write(piece, 0, read);
        }
        passed += read;
      }
    }

    private void waitWhileItStalls() throws IOException, InterruptedException {
      while (stalls) {
        if (client.isClosed()) {
          throw new IOException("closed meanwhile");
        }
        Thread.sleep(20);
      }
    }

    /// The end that was planned.
    private void meet() throws IOException {
      switch (plan.fate) {
        case RESET -> end(client, server, true);
        case FIN -> end(client, server, false);
        case BLACKHOLE -> swallows = true;
        case STALL -> stalls = true;
        case NONE -> throw new AssertionError();
      }
    }
  }

  private void end(Socket client, Socket server, boolean reset) {
    for (Socket socket : new Socket[] {client, server}) {
      try {
        if (reset) {
          socket.setSoLinger(true, 0);
        }
        socket.close();
      } catch (IOException e) {
        // It is closed already.
      }
      sockets.remove(socket);
    }
  }

  /// Resets every connection there is; new ones are taken.
  void cut() {
    for (Socket socket : sockets) {
      end(socket, socket, true);
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    cut();
  }
}
