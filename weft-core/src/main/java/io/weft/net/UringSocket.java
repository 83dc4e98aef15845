package io.weft.net;

import io.weft.bytes.Outbox;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A socket as [Uring] sees it: its file, and what is asked of it.
final class UringSocket extends Socket {

  final int fd;

  /// The other end; null if it is kept as two numbers, because it connected to us by IPv4: the
  /// JDK's objects for an address are as large as all that is here.
  private final @Nullable InetSocketAddress remote;

  private final int remoteHost;
  private final char remotePort;

  /// Its place in the table of its poller, and which of those that had the place it is.
  private int index;

  private int generation;

  /// Requests whose last completion has not been taken: a few at most.
  byte inFlight;

  /// Whether a request to receive is among them, and whether it is being cancelled.
  boolean receiving;

  boolean stopping;

  /// Whether reads are wanted; whether there can be no more.
  boolean reading = true;

  boolean ended;

  /// Whether the kernel may have more than it brought the last time.
  boolean more = true;

  /// Whether it is to be closed once nothing is asked of it any more, and whether that is asked.
  boolean closing;

  boolean closeAsked;

  /// What is being written, to the last completion of the request.
  @Nullable Outbox outbox;

  /// The place among the poller's [Operands] that the request points to, if any.
  int slot = Operands.NONE;

  /// @param remote where it connects to
  UringSocket(int fd, InetSocketAddress remote) {
    this(fd, remote, 0, '\0');
  }

  private UringSocket(int fd, @Nullable InetSocketAddress remote, int host, char port) {
    this.fd = fd;
    this.remote = remote;
    this.remoteHost = host;
    this.remotePort = port;
  }

  /// Makes one of a connection that was accepted.
  static UringSocket accepted(int fd, InetSocketAddress from) {
    if (from.getAddress() instanceof Inet4Address host) {
      int number = ByteBuffer.wrap(host.getAddress()).getInt();
      return new UringSocket(fd, null, number, (char) from.getPort());
    }
    return new UringSocket(fd, from);
  }

  @Override
  public SocketAddress remote() {
    if (remote != null) {
      return remote;
    }
    byte[] host = ByteBuffer.allocate(Integer.BYTES).putInt(remoteHost).array();
    try {
      return new InetSocketAddress(InetAddress.getByAddress(host), remotePort);
    } catch (UnknownHostException e) {
      throw new AssertionError("four bytes are an address", e);
    }
  }

  @Override
  public void discard() {
    new Linux().close(fd);
  }

  /// What stands in a request's user data, and finds the socket again in [Table#find]: in the upper
  /// byte the kind of the request, then 24 bits of generation, then 32 of index.
  long id(int kind) {
    return (long) kind << Table.KIND_SHIFT | (long) generation << Table.GENERATION_SHIFT | index;
  }

  /// The sockets of one poller. A place is used again; a generation, 16 million sockets later.
  static final class Table {

    private static final int KIND_SHIFT = 56;
    private static final int GENERATION_SHIFT = 32;
    private static final int GENERATIONS = 0xFF_FFFF;

    private @Nullable UringSocket[] sockets = new @Nullable UringSocket[64];
    private int count;
    private int[] free = new int[64];
    private int freeCount;
    private int generation;

    void add(UringSocket socket) {
      if (freeCount > 0) {
        socket.index = free[--freeCount];
      } else {
        if (count == sockets.length) {
          sockets = Arrays.copyOf(sockets, 2 * count);
        }
        socket.index = count++;
      }
      socket.generation = generation++ & GENERATIONS;
      sockets[socket.index] = socket;
    }

    void remove(UringSocket socket) {
      sockets[socket.index] = null;
      if (freeCount == free.length) {
        free = Arrays.copyOf(free, 2 * freeCount);
      }
      free[freeCount++] = socket.index;
    }

    /// The kind of a request, from its user data.
    static int kind(long id) {
      return (int) (id >>> KIND_SHIFT);
    }

    /// User data of a request that is about no socket.
    static long idOf(int kind) {
      return (long) kind << KIND_SHIFT;
    }

    /// The socket that a request is about; null if that one is gone.
    @Nullable UringSocket find(long id) {
      UringSocket socket = sockets[(int) id];
      return socket != null && socket.generation == ((int) (id >>> GENERATION_SHIFT) & GENERATIONS)
          ? socket
          : null;
    }

    /// Does `action` with each one.
    void forEach(Consumer<UringSocket> action) {
      for (int at = 0; at < count; at++) {
        UringSocket socket = sockets[at];
        if (socket != null) {
          action.accept(socket);
        }
      }
    }
  }
}
