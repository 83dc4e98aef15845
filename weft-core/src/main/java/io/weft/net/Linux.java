package io.weft.net;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/// System calls of Linux, each through `syscall(2)`, and the structures that they take.
///
/// A call gives what the kernel gives: a result, or the error number below zero. An instance
/// belongs to one thread at a time, since it holds the place where the error number is caught.
/// Numbers are those of x86-64 and aarch64; both lay out structures alike and are little-endian.
///
/// Everything goes through [#call]: tests override it to have any call fail, be short or be late.
class Linux {

  static final int EPERM = 1;
  static final int ENOENT = 2;
  static final int EINTR = 4;
  static final int EIO = 5;
  static final int EBADF = 9;
  static final int EAGAIN = 11;
  static final int ENOMEM = 12;
  static final int EACCES = 13;
  static final int EBUSY = 16;
  static final int EINVAL = 22;
  static final int ENOSYS = 38;
  static final int EBADR = 53;
  static final int ETIME = 62;
  static final int EPROTO = 71;
  static final int EADDRINUSE = 98;
  static final int EADDRNOTAVAIL = 99;
  static final int ECONNABORTED = 103;
  static final int ENOBUFS = 105;
  static final int ENOTCONN = 107;
  static final int ETIMEDOUT = 110;
  static final int ECONNREFUSED = 111;
  static final int EHOSTUNREACH = 113;
  static final int ECANCELED = 125;

  static final int IO_URING_SETUP = 425;
  static final int IO_URING_ENTER = 426;
  static final int IO_URING_REGISTER = 427;

  static final int SHUT_WR = 1;
  static final int SHUT_RDWR = 2;
  static final int SOCK_CLOEXEC = 0x80000;
  static final int MSG_NOSIGNAL = 0x4000;

  static final int AF_INET = 2;
  static final int AF_INET6 = 10;
  private static final int AF_NETLINK = 16;
  private static final int NETLINK_SOCK_DIAG = 4;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_RAW = 3;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int SOL_SOCKET = 1;
  private static final int SO_REUSEADDR = 2;
  private static final int IPPROTO_TCP = 6;
  private static final int TCP_NODELAY = 1;
  private static final int TCP_INFO = 11;

  /// What is asked for of a `struct tcp_info`, and where in it `tcpi_bytes_acked` stands, 64 bits.
  private static final int TCP_INFO_BYTES = 128;

  static final int ACKNOWLEDGED_AT = 120;
  private static final int IPPROTO_IPV6 = 41;
  private static final int IPV6_V6ONLY = 26;
  private static final int EFD_CLOEXEC = 0x80000;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_SHARED = 1;
  private static final int MAP_PRIVATE = 2;
  private static final int MAP_ANONYMOUS = 0x20;
  private static final int MAP_POPULATE = 0x8000;

  /// A `struct sockaddr_in6`, the larger of the two.
  static final int SOCKADDR_BYTES = 28;

  private static final boolean ARM = System.getProperty("os.arch", "").equals("aarch64");
  static final int NR_WRITE = ARM ? 64 : 1;
  static final int NR_CLOSE = ARM ? 57 : 3;
  static final int NR_MMAP = ARM ? 222 : 9;
  private static final int NR_MUNMAP = ARM ? 215 : 11;
  static final int NR_SOCKET = ARM ? 198 : 41;
  static final int NR_SHUTDOWN = ARM ? 210 : 48;
  static final int NR_BIND = ARM ? 200 : 49;
  static final int NR_LISTEN = ARM ? 201 : 50;
  static final int NR_GETSOCKNAME = ARM ? 204 : 51;
  static final int NR_GETPEERNAME = ARM ? 205 : 52;
  private static final int NR_SENDTO = ARM ? 206 : 44;
  private static final int NR_RECVFROM = ARM ? 207 : 45;
  static final int NR_SETSOCKOPT = ARM ? 208 : 54;
  private static final int NR_GETSOCKOPT = ARM ? 209 : 55;
  static final int NR_EVENTFD2 = ARM ? 19 : 290;

  private static final MethodHandle SYSCALL;
  private static final VarHandle ERRNO;

  /// Made when something fails for the first time, since it takes a good part of a start; and not
  /// in a class of its own, which could not be loaded when there are no more file descriptors.
  private static volatile @Nullable MethodHandle strerror;

  private static final long CAPTURE_BYTES;

  static {
    Linker linker = Linker.nativeLinker();
    SYSCALL =
        downcall(
            linker,
            "syscall",
            FunctionDescriptor.of(
                JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                JAVA_LONG),
            Linker.Option.firstVariadicArg(1),
            Linker.Option.captureCallState("errno"));
    CAPTURE_BYTES = Linker.Option.captureStateLayout().byteSize();
    ERRNO =
        Linker.Option.captureStateLayout()
            .varHandle(MemoryLayout.PathElement.groupElement("errno"))
            .withInvokeExactBehavior();
  }

  /// How often a counter is signalled again when the system had other things to do.
  private static final int SIGNAL_TRIES = 100;

  /// Where errors are caught; then a socket address or a `struct tcp_info`, and one number.
  private final MemorySegment caught = Arena.ofAuto().allocate(CAPTURE_BYTES, 8);

  private final MemorySegment scratch = Arena.ofAuto().allocate(TCP_INFO_BYTES + 4L, 8);

  @SuppressWarnings("restricted") // whoever makes a poller of this kind has seen that it is allowed
  private static MethodHandle downcall(
      Linker linker, String name, FunctionDescriptor type, Linker.Option... options) {
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type, options);
  }

  /// One system call. What its arguments point to is the caller's to keep; what lies in this object
  /// is kept here.
  long call(int number, long a, long b, long c, long d, long e, long f) {
    try {
      long result = (long) SYSCALL.invokeExact(caught, (long) number, a, b, c, d, e, f);
      return result >= 0 ? result : -(int) ERRNO.get(caught, 0L);
    } catch (RuntimeException | Error bug) {
      throw bug;
    } catch (Throwable never) {
      throw new AssertionError(never);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  private long call(int number, long a, long b, long c) {
    return call(number, a, b, c, 0, 0, 0);
  }

  private static int orThrow(long result) throws IOException {
    if (result < 0) {
      throw error((int) -result);
    }
    return (int) result;
  }

  // ---- Files and memory ----

  /// Closes a file, which is closed whatever the system answers.
  void close(int fd) {
    long closed = call(NR_CLOSE, fd, 0, 0);
    assert closed != -EBADF : "file " + fd + " was closed before";
  }

  /// Makes a counter that can be waited for.
  int eventfd() throws IOException {
    return orThrow(call(NR_EVENTFD2, 0, EFD_CLOEXEC, 0));
  }

  /// Adds one to a counter. One that is full signals already.
  void signal(int eventfd) {
    scratch.set(JAVA_LONG, 0, 1);
    long written;
    int left = SIGNAL_TRIES;
    do {
      written = call(NR_WRITE, eventfd, scratch.address(), Long.BYTES);
    } while ((written == -EINTR || written == -ENOMEM || written == -ENOBUFS) && --left > 0);
  }

  /// Maps `bytes` of a file that the kernel fills and reads too. A mapping keeps its file open.
  ///
  /// @param until what unmaps it when it closes
  MemorySegment map(long bytes, int fd, long offset, Arena until) throws IOException {
    return map(bytes, MAP_SHARED | MAP_POPULATE, fd, offset, until);
  }

  /// Maps `bytes` of zeros, which cost memory only once they are written. The memory goes when
  /// nobody can reach the segment any more; never under a reader.
  MemorySegment map(long bytes) throws IOException {
    return map(bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, Arena.ofAuto());
  }

  @SuppressWarnings("restricted")
  private MemorySegment map(long bytes, int flags, int fd, long offset, Arena until)
      throws IOException {
    long address = call(NR_MMAP, 0, bytes, PROT_READ_WRITE, flags, fd, offset);
    if (address < 0) {
      throw error((int) -address);
    }
    return MemorySegment.ofAddress(address)
        .reinterpret(bytes, until, gone -> new Linux().unmap(gone));
  }

  private void unmap(MemorySegment memory) {
    call(NR_MUNMAP, memory.address(), memory.byteSize(), 0);
  }

  // ---- Sockets ----

  /// Makes a TCP socket; one for IPv6 takes IPv4 too.
  int socket(boolean six) throws IOException {
    int fd = orThrow(call(NR_SOCKET, six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (six) {
      try {
        set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
      } catch (IOException e) {
        close(fd);
        throw e;
      }
    }
    return fd;
  }

  /// Whether a socket for every interface should be one for IPv6, which takes IPv4 too.
  boolean hasSix() {
    if (Boolean.getBoolean("java.net.preferIPv4Stack")) {
      return false;
    }
    try {
      close(socket(true));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  void reuseAddress(int fd) throws IOException {
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  }

  /// Has small writes leave at once; an accepted socket has it of the one that listens.
  void noDelay(int fd) throws IOException {
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  }

  private void set(int fd, int level, int option, int value) throws IOException {
    scratch.set(JAVA_INT, 0, value);
    orThrow(call(NR_SETSOCKOPT, fd, level, option, scratch.address(), Integer.BYTES, 0));
  }

  /// Tells what TCP knows of a connection.
  void look(int fd, Tcp into) {
    into.unknown();
    scratch.set(JAVA_INT, TCP_INFO_BYTES, TCP_INFO_BYTES);
    long told =
        call(
            NR_GETSOCKOPT,
            fd,
            IPPROTO_TCP,
            TCP_INFO,
            scratch.address(),
            scratch.address() + TCP_INFO_BYTES,
            0);
    if (told == 0 && scratch.get(JAVA_INT, TCP_INFO_BYTES) == TCP_INFO_BYTES) {
      into.is(scratch.get(JAVA_BYTE, 0), scratch.get(JAVA_INT, ACKNOWLEDGED_AT));
    }
  }

  /// Makes a socket to ask about connections by; see `sock_diag(7)`.
  int diagSocket() throws IOException {
    return orThrow(call(NR_SOCKET, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  }

  /// Sends the first `bytes` bytes without waiting.
  long send(int fd, MemorySegment from, int bytes) {
    try {
      return call(NR_SENDTO, fd, from.address(), bytes, MSG_DONTWAIT, 0, 0);
    } finally {
      Reference.reachabilityFence(from);
    }
  }

  /// Receives one message without waiting.
  int receive(int fd, MemorySegment into) {
    try {
      return (int) call(NR_RECVFROM, fd, into.address(), into.byteSize(), MSG_DONTWAIT, 0, 0);
    } finally {
      Reference.reachabilityFence(into);
    }
  }

  void bind(int fd, InetSocketAddress address, boolean six) throws IOException {
    int bytes = putAddress(scratch, 0, address, six);
    orThrow(call(NR_BIND, fd, scratch.address(), bytes));
  }

  void listen(int fd, int backlog) throws IOException {
    orThrow(call(NR_LISTEN, fd, backlog, 0));
  }

  /// Says that nothing more will come. Where that fails the connection is broken, and a read tells.
  void finish(int fd) {
    call(NR_SHUTDOWN, fd, SHUT_WR, 0);
  }

  /// Ends what a socket has under way, or lets it listen no more, while its file stays open.
  void shutdown(int fd) {
    call(NR_SHUTDOWN, fd, SHUT_RDWR, 0);
  }

  InetSocketAddress local(int fd) throws IOException {
    return address(NR_GETSOCKNAME, fd);
  }

  InetSocketAddress remote(int fd) throws IOException {
    return address(NR_GETPEERNAME, fd);
  }

  private InetSocketAddress address(int number, int fd) throws IOException {
    scratch.set(JAVA_INT, SOCKADDR_BYTES, SOCKADDR_BYTES);
    orThrow(call(number, fd, scratch.address(), scratch.address() + SOCKADDR_BYTES));
    boolean six = scratch.get(JAVA_SHORT, 0) == AF_INET6;
    byte[] bytes = new byte[six ? 16 : 4];
    MemorySegment.copy(scratch, JAVA_BYTE, six ? 8 : 4, bytes, 0, bytes.length);
    int port = Short.toUnsignedInt(Short.reverseBytes(scratch.get(JAVA_SHORT, 2)));
    int scope = six ? scratch.get(JAVA_INT, 24) : 0;
    InetAddress host =
        scope == 0
            ? InetAddress.getByAddress(bytes) // an IPv4 address in IPv6 becomes IPv4
            : java.net.Inet6Address.getByAddress(null, bytes, scope);
    return new InetSocketAddress(host, port);
  }

  /// Writes a `struct sockaddr_in`, or a `struct sockaddr_in6`.
  ///
  /// @param six whether the socket is one for IPv6
  /// @return its length, in bytes
  static int putAddress(MemorySegment into, long at, InetSocketAddress address, boolean six)
      throws UnknownHostException {
    InetAddress host = address.getAddress();
    if (host == null) {
      throw new UnknownHostException(address.getHostString());
    }
    byte[] bytes = host.getAddress();
    into.asSlice(at, SOCKADDR_BYTES).fill((byte) 0);
    into.set(JAVA_SHORT, at, (short) (six ? AF_INET6 : AF_INET));
    into.set(JAVA_SHORT, at + 2, Short.reverseBytes((short) address.getPort()));
    if (!six) {
      MemorySegment.copy(bytes, 0, into, JAVA_BYTE, at + 4, bytes.length);
      return 16;
    }
    if (host instanceof java.net.Inet6Address of) {
      MemorySegment.copy(bytes, 0, into, JAVA_BYTE, at + 8, bytes.length);
      into.set(JAVA_INT, at + 24, of.getScopeId());
    } else if (!host.isAnyLocalAddress()) {
      into.set(JAVA_SHORT, at + 18, (short) -1);
      MemorySegment.copy(bytes, 0, into, JAVA_BYTE, at + 20, bytes.length);
    }
    return SOCKADDR_BYTES;
  }

  // ---- Errors ----

  /// What the JDK's own channels throw for this error number.
  static IOException error(int number) {
    String text = text(number);
    return switch (number) {
      case EADDRINUSE, EADDRNOTAVAIL, EACCES -> new BindException(text);
      case ECONNREFUSED, ETIMEDOUT -> new ConnectException(text);
      case EHOSTUNREACH -> new NoRouteToHostException(text);
      default -> new SocketException(text);
    };
  }

  /// An error number in words.
  @SuppressWarnings("restricted")
  static String text(int number) {
    try {
      MethodHandle strerror = Linux.strerror;
      if (strerror == null) {
        strerror =
            downcall(Linker.nativeLinker(), "strerror", FunctionDescriptor.of(ADDRESS, JAVA_INT));
        Linux.strerror = strerror;
      }
      MemorySegment text = (MemorySegment) strerror.invokeExact(number);
      return text.reinterpret(1024).getString(0);
    } catch (RuntimeException | Error bug) {
      throw bug;
    } catch (Throwable never) {
      throw new AssertionError(never);
    }
  }
}
