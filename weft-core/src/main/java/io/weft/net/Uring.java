package io.weft.net;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.weft.bytes.Outbox;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The [Poller] of Linux: an io_uring, through the FFM API.
///
/// All that a turn asks for is one system call, which also waits for what comes next. Bytes arrive
/// in buffers that the kernel takes from a ring when there is something to put into them, so that
/// an idle connection holds none, and leave from where they lie in the outbox.
///
/// A socket receives about one share a turn: its request to receive ends with the share, and is
/// made again once that was delivered. Where the kernel can count (6.17), one request goes on until
/// it has brought a share, be it in a thousand turns; elsewhere each brings one buffer.
///
/// Every request has one last completion, and a socket is gone when it has had all of its own: only
/// then are its file, its place in the table and the memory it was given free again.
public final class Uring implements Poller {

  private static final Logger LOG = System.getLogger("io.weft.loop");

  private static final int REQUESTS = 1024;
  private static final int COMPLETIONS = 8192;

  /// Buffers to receive into: memory for that many bytes (twice that where the kernel does not
  /// count), and numbers in these bounds. The kernel goes round through all of them: more than a
  /// near cache holds make every message dearer, and fewer run out where many connections speak at
  /// once.
  private static final int BUFFERS_BYTES = 2 << 20;

  private static final int LEAST_BUFFERS = 16;
  private static final int MOST_BUFFERS = 256;

  /// Ranges in one gathered write: with the pool's chunks, 1 MiB.
  private static final int GATHERED = 64;

  private static final int IOVEC_BYTES = 16;
  private static final int MSGHDR_BYTES = 56;
  private static final int MESSAGE_BYTES = MSGHDR_BYTES + GATHERED * IOVEC_BYTES;
  private static final int SCRATCH_BYTES = 128 * MESSAGE_BYTES;

  private static final int BUFFER_SELECT = 1 << 5;
  private static final int POLL_FIRST = 1;
  private static final int RECV_MULTISHOT = 1 << 1;
  private static final int CANCEL_ALL = 1;
  private static final int CANCEL_FD = 1 << 1;
  private static final int CANCEL_ANY = 1 << 2;

  /// How often the end of what was cancelled is waited for, and how long each time.
  private static final int CLOSE_TRIES = 100;

  private static final long CLOSE_WAIT_NS = 10_000_000;
  private static final int NONE = -1;

  // Kinds of requests; see [UringSocket#id].
  private static final int RECV = 1;
  private static final int SEND = 2;
  private static final int CONNECT = 3;
  private static final int CLOSE = 4;
  private static final int CANCEL = 5;
  private static final int ACCEPT = 6;
  private static final int WAKE = 7;
  private static final int IGNORED = 8;

  static final long ACCEPT_ID = UringSocket.Table.idOf(ACCEPT);
  private static final long WAKE_ID = UringSocket.Table.idOf(WAKE);
  private static final long IGNORED_ID = UringSocket.Table.idOf(IGNORED);

  /// Memory of pollers whose requests did not end in time: never to be used for anything else.
  private static final List<Object> LOST = new ArrayList<>();

  private final Linux linux = new Linux();

  /// Signals [#eventfd]; for whoever holds its lock.
  private final Linux waker = new Linux();

  private final Ring ring;
  private final Provided provided;
  private final int eventfd;
  private final UringListener listener = new UringListener(this, linux);
  private final UringSocket.Table sockets = new UringSocket.Table();

  /// What requests point to until they are submitted: messages and addresses.
  private final MemorySegment scratch = Arena.ofAuto().allocate(SCRATCH_BYTES, Long.BYTES);

  private int scratchAt;

  /// What is read from [#eventfd].
  private final MemorySegment signals = Arena.ofAuto().allocate(Long.BYTES, Long.BYTES);

  /// Bytes after which a request to receive ends; 0 if the kernel does not count.
  private final int shareBytes;

  /// Requests whose last completion has not been taken.
  private int inFlight;

  /// Whose bytes the last completion brought, in a buffer; null if it brought none. And its flags.
  private @Nullable UringSocket lentTo;

  private int lent;

  /// Whether it has begun, on the loop's thread; whether it was closed, by [#waker].
  private boolean enabled;

  private boolean closed;

  /// Why it can go on no more.
  private @Nullable IOException failure;

  /// @param readBytes what one connection's reads bring at most in a turn
  /// @throws IOException if the system refuses, or has no more file descriptors to give
  public Uring(int readBytes) throws IOException {
    this(
        readBytes,
        UringProbe.found().counts(),
        REQUESTS,
        COMPLETIONS,
        Integer.highestOneBit(
            Math.clamp(2 * BUFFERS_BYTES / readBytes, LEAST_BUFFERS, MOST_BUFFERS)));
  }

  /// @param counts whether the kernel ends a request to receive after some bytes. The buffer that
  ///   it fills then may be nearly empty before: half a turn's bytes and one of that size are one
  ///   turn's
  /// @param requests places for requests, a power of two
  /// @param completions places for completions, a power of two
  /// @param bufferCount buffers to receive into, a power of two
  Uring(int readBytes, boolean counts, int requests, int completions, int bufferCount)
      throws IOException {
    int bufferBytes = counts ? Math.ceilDiv(readBytes, 2) : readBytes;
    this.shareBytes = counts ? bufferBytes : 0;
    this.ring = new Ring(linux, requests, completions);
    try {
      this.provided = new Provided(linux, ring, bufferCount, bufferBytes);
      this.eventfd = linux.eventfd();
    } catch (IOException | RuntimeException e) {
      ring.close();
      throw e;
    }
  }

  /// Why this process cannot have one.
  ///
  /// @return null if it can
  public static @Nullable String refusal() {
    return UringProbe.found().refusal();
  }

  // ---- What a loop asks for ----

  @Override
  public InetSocketAddress listen(InetSocketAddress address, int backlog) throws IOException {
    return listener.listen(address, backlog);
  }

  @Override
  public void accepting(boolean on) {
    listener.accepting(on);
  }

  @Override
  public void unlisten() {
    listener.close();
  }

  @Override
  public void adopt(Socket socket) {
    UringSocket adopted = (UringSocket) socket;
    sockets.add(adopted);
    receive(adopted);
  }

  @Override
  public Socket connect(InetSocketAddress to) throws IOException {
    boolean six = to.getAddress() instanceof Inet6Address;
    int fd = linux.socket(six);
    try {
      linux.noDelay(fd);
      makeRoom(Linux.SOCKADDR_BYTES);
      int bytes = Linux.putAddress(scratch, scratchAt, to, six);
      UringSocket socket = new UringSocket(fd, to);
      sockets.add(socket);
      request(socket, CONNECT, Ring.OP_CONNECT)
          .memory(scratch.address() + scratchAt, 0)
          .offset(bytes);
      scratchAt += Linux.SOCKADDR_BYTES;
      return socket;
    } catch (IOException e) {
      linux.close(fd);
      throw e;
    }
  }

  @Override
  public void reading(Socket socket, boolean on) {
    UringSocket of = (UringSocket) socket;
    of.reading = on;
    receive(of);
  }

  @Override
  public void write(Socket socket, Outbox outbox) {
    UringSocket to = (UringSocket) socket;
    assert to.outbox == null && !to.closing;
    to.outbox = outbox;
    makeRoom(MESSAGE_BYTES);
    long iovecsAt = (long) scratchAt + MSGHDR_BYTES;
    int count = outbox.gather(scratch, iovecsAt, GATHERED);
    if (count == 1) {
      long address = scratch.get(JAVA_LONG, iovecsAt);
      int bytes = (int) scratch.get(JAVA_LONG, iovecsAt + Long.BYTES);
      request(to, SEND, Ring.OP_SEND).memory(address, bytes).opFlags(Linux.MSG_NOSIGNAL);
    } else {
      MemorySegment message = scratch.asSlice(scratchAt, MSGHDR_BYTES).fill((byte) 0);
      message.set(JAVA_LONG, 16, scratch.address() + iovecsAt);
      message.set(JAVA_LONG, 24, count);
      request(to, SEND, Ring.OP_SENDMSG).memory(message.address(), 1).opFlags(Linux.MSG_NOSIGNAL);
      scratchAt += MSGHDR_BYTES + count * IOVEC_BYTES;
    }
  }

  /// A system call of its own: io_uring would have a thread do it.
  @Override
  public void finish(Socket socket) {
    linux.finish(((UringSocket) socket).fd);
  }

  @Override
  public void look(Socket socket, Tcp into) {
    linux.look(((UringSocket) socket).fd, into);
  }

  @Override
  public void close(Socket socket) {
    UringSocket of = (UringSocket) socket;
    if (!of.closing) {
      of.closing = true;
      of.outbox = null;
      closeOnce(of);
    }
  }

  @Override
  public void wake() {
    synchronized (waker) {
      if (!closed) {
        waker.signal(eventfd);
      }
    }
  }

  // ---- Requests ----

  /// Asks for bytes, if they are wanted, and neither asked for nor being delivered.
  private void receive(UringSocket of) {
    if (of.reading && !of.receiving && !of.ended && !of.closing && of != lentTo) {
      of.receiving = true;
      Ring request = request(of, RECV, Ring.OP_RECV).flags(BUFFER_SELECT);
      if (shareBytes > 0) {
        receiveShare(request, shareBytes);
      } else {
        request.mode(of.more ? 0 : POLL_FIRST);
      }
    }
  }

  /// Has a request receive until it has brought `shareBytes` bytes.
  static void receiveShare(Ring request, int shareBytes) {
    request.flags(BUFFER_SELECT).mode(RECV_MULTISHOT).optLength(shareBytes);
  }

  /// Closes the file of a socket that closes, or first ends what is under way.
  private void closeOnce(UringSocket of) {
    if (of.inFlight > 0) {
      request(of, CANCEL, Ring.OP_ASYNC_CANCEL).opFlags(CANCEL_FD | CANCEL_ALL);
    } else {
      request(of, CLOSE, Ring.OP_CLOSE);
    }
  }

  void cancel(long id) {
    request(Ring.OP_ASYNC_CANCEL, NONE, IGNORED_ID).memory(id, 0);
  }

  private Ring request(UringSocket of, int kind, int op) {
    of.inFlight++;
    return request(op, of.fd, of.id(kind));
  }

  Ring request(int op, int fd, long id) {
    makeRoom(0);
    inFlight++;
    return ring.request(op, fd, id);
  }

  /// Makes room for one request that points to `bytes` bytes of scratch.
  private void makeRoom(int bytes) {
    scratchAt = (scratchAt + Long.BYTES - 1) & -Long.BYTES;
    if (!ring.hasRoom(1) || scratchAt + bytes > SCRATCH_BYTES) {
      enter(0, 0);
    }
  }

  // ---- Turns ----

  @Override
  public void poll(long waitNs) throws IOException {
    assert lentTo == null : "completions were left untaken";
    listener.turn();
    enter(waitNs == 0 || listener.hasMore() ? 0 : 1, waitNs);
    if (failure != null) {
      throw failure;
    }
  }

  /// Submits what was requested, and waits for some completions.
  void enter(int completions, long waitNs) {
    if (failure == null) {
      try {
        begin();
        ring.enter(completions, waitNs);
      } catch (IOException e) {
        failure = e;
      }
    }
    scratchAt = 0;
  }

  /// Begins, with the first thread that submits anything: the loop's.
  private void begin() throws IOException {
    if (!enabled) {
      ring.enable();
      enabled = true;
      awaitWake();
    }
  }

  private void awaitWake() {
    request(Ring.OP_READ, eventfd, WAKE_ID).memory(signals.address(), Long.BYTES);
  }

  boolean hasLast(long id) {
    return ring.hasLast(id);
  }

  @Override
  public boolean next(Completion into) {
    takeBack();
    if (listener.tell(into)) {
      return true;
    }
    while (ring.next()) {
      long id = ring.userData();
      int result = ring.result();
      int flags = ring.completionFlags();
      ring.take();
      if ((flags & Ring.MORE) == 0) {
        inFlight--;
      }
      if (complete(id, result, flags, into)) {
        return true;
      }
    }
    return false;
  }

  /// Takes back the buffer that the last completion lent, and asks for the next.
  private void takeBack() {
    UringSocket of = lentTo;
    if (of != null) {
      lentTo = null;
      provided.giveBack(lent);
      receive(of);
    }
  }

  private boolean complete(long id, int result, int flags, Completion into) {
    boolean last = (flags & Ring.MORE) == 0;
    int kind = UringSocket.Table.kind(id);
    switch (kind) {
      case ACCEPT -> {
        return listener.accepted(result, last, into);
      }
      case WAKE -> {
        awaitWake();
        return false;
      }
      case IGNORED -> {
        return false;
      }
      default -> {}
    }
    UringSocket of = sockets.find(id);
    if (of == null) {
      assert false : "a completion of a socket that is gone";
      provided.giveBack(flags);
      return false;
    }
    of.inFlight -= last ? 1 : 0;
    return switch (kind) {
      case RECV -> received(of, result, flags, into);
      case SEND -> sent(of, result, into);
      case CONNECT -> connected(of, result, into);
      case CANCEL -> ending(of, result < 0);
      case CLOSE -> {
        sockets.remove(of);
        yield into.of(Completion.Kind.CLOSED, of);
      }
      default -> throw new AssertionError(kind);
    };
  }

  private boolean received(UringSocket of, int result, int flags, Completion into) {
    boolean last = (flags & Ring.MORE) == 0;
    of.receiving = !last;
    of.stopping &= !last;
    if (of.closing || result <= 0) {
      provided.giveBack(flags);
      return of.closing ? ending(of, false) : receivedNone(of, result, into);
    }
    of.more = (flags & Ring.NOT_EMPTY) != 0;
    if (!last && !of.reading && !of.stopping) {
      of.stopping = true;
      cancel(of.id(RECV));
    }
    lentTo = of;
    lent = flags;
    return into.read(of, provided.chunk(flags, result));
  }

  private boolean receivedNone(UringSocket of, int result, Completion into) {
    return switch (-result) {
      case Linux.ENOBUFS, Linux.ECANCELED, Linux.EAGAIN, Linux.EINTR -> {
        of.more = true;
        receive(of); // with the next turn every buffer is back
        yield false;
      }
      case 0 -> {
        of.ended = true;
        yield into.of(Completion.Kind.ENDED, of);
      }
      default -> {
        of.ended = true;
        yield into.failed(of, Linux.error(-result));
      }
    };
  }

  private boolean sent(UringSocket of, int result, Completion into) {
    Outbox outbox = of.outbox;
    of.outbox = null;
    if (of.closing || outbox == null) {
      ending(of, false);
      return result > 0 && into.wrote(of, result);
    }
    if (result > 0) {
      return into.wrote(of, result);
    }
    if (result == -Linux.EAGAIN || result == -Linux.EINTR) {
      write(of, outbox);
      return false;
    }
    return into.failed(of, Linux.error(-result));
  }

  private boolean connected(UringSocket of, int result, Completion into) {
    if (of.closing) {
      return ending(of, false);
    }
    if (result < 0) {
      of.ended = true;
      return into.failed(of, Linux.error(-result));
    }
    receive(of);
    return into.of(Completion.Kind.CONNECTED, of);
  }

  /// A socket that closes has one request less.
  ///
  /// @param foundNone whether cancelling found nothing to cancel; what is still under way then has
  ///   ended, or was just going on
  private boolean ending(UringSocket of, boolean foundNone) {
    if (of.inFlight == 0 || foundNone) {
      closeOnce(of);
    }
    return false;
  }

  // ---- The end ----

  @Override
  public void close() {
    synchronized (waker) {
      if (closed) {
        return;
      }
      closed = true;
    }
    listener.close();
    endAll();
    linux.close(eventfd);
    sockets.closeAll(linux);
    ring.close();
    if (inFlight > 0) {
      LOG.log(Level.WARNING, inFlight + " requests to io_uring did not end; their memory is kept.");
      synchronized (LOST) {
        LOST.add(List.of(provided, sockets, signals));
      }
    }
  }

  /// Cancels everything and takes what completes.
  private void endAll() {
    takeBack();
    if (!enabled) {
      inFlight = 0; // the kernel has seen nothing
    }
    for (int left = CLOSE_TRIES; inFlight > 0 && left > 0 && failure == null; left--) {
      int before = inFlight;
      request(Ring.OP_ASYNC_CANCEL, NONE, IGNORED_ID).opFlags(CANCEL_ANY | CANCEL_ALL);
      enter(2, CLOSE_WAIT_NS);
      for (; ring.next(); ring.take()) {
        inFlight -= (ring.completionFlags() & Ring.MORE) == 0 ? 1 : 0;
        drop(ring.userData(), ring.result());
      }
      left += inFlight < before ? 1 : 0;
    }
  }

  private void drop(long id, int result) {
    int kind = UringSocket.Table.kind(id);
    if (kind == ACCEPT && result >= 0) {
      linux.close(result);
    } else if (kind == CLOSE) {
      UringSocket of = sockets.find(id);
      if (of != null) {
        sockets.remove(of);
      }
    }
  }
}
