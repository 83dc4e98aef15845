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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
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
/// then are its file, its place in the table and the memory it was given free again. What a request
/// points to is its own until then ([Operands]), so it does not matter when the kernel takes it.
///
/// The kernel may say no to anything. What it does not take is offered again ([Ring]), after a
/// moment if it has no memory at all; what fails for a passing reason is asked for again; and what
/// can go on no more ends the one connection. Only a ring that takes nothing for 10 seconds, or has
/// lost a completion, ends the poller.
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

  /// Of the first socket that listens, and from there on.
  static final long ACCEPT_ID = UringSocket.Table.idOf(ACCEPT);

  private static final long WAKE_ID = UringSocket.Table.idOf(WAKE);
  private static final long IGNORED_ID = UringSocket.Table.idOf(IGNORED);

  /// Memory of pollers whose requests did not end in time: never to be used for anything else.
  private static final List<Object> LOST = new ArrayList<>();

  private final Linux linux;

  /// Signals [#eventfd]; for whoever holds its lock.
  private final Linux waker;

  private final Ring ring;
  private final Provided provided;
  private final int eventfd;
  private final UringListener listener;
  private final UringSocket.Table sockets = new UringSocket.Table();

  /// What requests to send point to, and where the oldest bytes of an outbox lie, as an address and
  /// a length, when there is none of it to be had.
  private final Operands operands;

  private final MemorySegment oldest = Arena.ofAuto().allocate(2 * Long.BYTES, Long.BYTES);

  /// The addresses that sockets connect to, until that has ended.
  private final Map<UringSocket, MemorySegment> addresses = new HashMap<>();

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

  /// Whether the last completions have told of a want of memory.
  private boolean strained;

  /// Why it can go on no more.
  private @Nullable IOException failure;

  /// @param readBytes what one connection's reads bring at most in a turn
  /// @throws IOException if the system refuses, or has no more file descriptors to give
  public Uring(int readBytes) throws IOException {
    this(
        Linux::new,
        readBytes,
        UringProbe.found().counts(),
        REQUESTS,
        COMPLETIONS,
        Integer.highestOneBit(
            Math.clamp(2 * BUFFERS_BYTES / readBytes, LEAST_BUFFERS, MOST_BUFFERS)),
        Operands.MOST);
  }

  /// @param system makes what calls the system, for one thread each
  /// @param counts whether the kernel ends a request to receive after some bytes. The buffer that
  ///   it fills then may be nearly empty before: half a turn's bytes and one of that size are one
  ///   turn's
  /// @param requests places for requests, a power of two
  /// @param completions places for completions, a power of two
  /// @param bufferCount buffers to receive into, a power of two
  /// @param slots requests of several ranges that may be under way
  Uring(
      Supplier<Linux> system,
      int readBytes,
      boolean counts,
      int requests,
      int completions,
      int bufferCount,
      int slots)
      throws IOException {
    int bufferBytes = counts ? Math.ceilDiv(readBytes, 2) : readBytes;
    this.linux = system.get();
    this.waker = system.get();
    this.listener = new UringListener(this, linux);
    this.shareBytes = counts ? bufferBytes : 0;
    this.operands = new Operands(linux, slots);
    this.ring = new Ring(linux, requests, completions);
    try {
      this.provided = new Provided(linux, ring, bufferCount, bufferBytes);
      this.eventfd = linux.eventfd();
    } catch (IOException | RuntimeException | Error e) {
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
    MemorySegment address = Arena.ofAuto().allocate(Linux.SOCKADDR_BYTES, Long.BYTES);
    int bytes = Linux.putAddress(address, 0, to, six);
    int fd = linux.socket(six);
    try {
      linux.noDelay(fd);
    } catch (IOException e) {
      linux.close(fd);
      throw e;
    }
    UringSocket socket = new UringSocket(fd, to);
    sockets.add(socket);
    addresses.put(socket, address);
    request(socket, CONNECT, Ring.OP_CONNECT).memory(address.address(), 0).offset(bytes);
    return socket;
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
    int slot = operands.take();
    if (slot == Operands.NONE) {
      outbox.gather(oldest, 0, 1);
    } else if (operands.fill(slot, outbox, oldest) == 1) {
      operands.give(slot);
    } else {
      to.slot = slot;
      request(to, SEND, Ring.OP_SENDMSG)
          .memory(operands.address(slot), 1)
          .opFlags(Linux.MSG_NOSIGNAL);
      return;
    }
    request(to, SEND, Ring.OP_SEND)
        .memory(oldest.get(JAVA_LONG, 0), (int) oldest.get(JAVA_LONG, Long.BYTES))
        .opFlags(Linux.MSG_NOSIGNAL);
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
      of.closeAsked = true;
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
    if (ring.isFull() && !ring.hasLine()) {
      enter(0, 0);
    }
    inFlight++;
    return ring.request(op, fd, id);
  }

  // ---- Turns ----

  @Override
  public void poll(long waitNs) throws IOException {
    assert lentTo == null : "completions were left untaken";
    listener.turn();
    if (failure == null) {
      try {
        begin();
        if (strained) {
          strained = false;
          ring.leaveAlone(); // before what failed is asked for again
        }
        ring.turn(waitNs == 0 || listener.hasMore() ? 0 : 1, waitNs);
      } catch (IOException e) {
        failure = e;
      }
    }
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
        return listener.accepted(id, result, last, into);
      }
      case WAKE -> {
        woken(result);
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
    if (last) {
      of.inFlight--;
    }
    return switch (kind) {
      case RECV -> received(of, result, flags, into);
      case SEND -> sent(of, result, into);
      case CONNECT -> connected(of, result, into);
      case CANCEL -> ending(of, result <= 0);
      case CLOSE -> {
        closed(of, result);
        yield into.of(Completion.Kind.CLOSED, of);
      }
      default -> throw new AssertionError(kind);
    };
  }

  private void woken(int result) {
    if (result >= 0 || isPassing(-result)) {
      awaitWake();
    } else if (failure == null) {
      failure = new IOException("nobody can wake the loop any more: " + Linux.text(-result));
    }
  }

  /// Whether what failed so may do if it is asked for again, soon.
  private boolean isPassing(int error) {
    return switch (error) {
      case 0, Linux.EINTR, Linux.ECANCELED -> true;
      case Linux.EAGAIN, Linux.ENOMEM, Linux.ENOBUFS -> {
        strained = true;
        yield true;
      }
      default -> false;
    };
  }

  /// A socket was closed; where the kernel did not come to it, here.
  private void closed(UringSocket of, int result) {
    sockets.remove(of);
    switch (-result) {
      case Linux.EBADF, Linux.EINTR, Linux.EIO -> {} // the file is closed all the same
      default -> {
        if (result < 0) {
          linux.close(of.fd);
        }
      }
    }
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
    if (result == 0) {
      of.ended = true;
      return into.of(Completion.Kind.ENDED, of);
    }
    if (result == -Linux.ENOBUFS || isPassing(-result)) {
      of.more = true;
      receive(of); // with the next turn every buffer is back
      return false;
    }
    of.ended = true;
    return into.failed(of, Linux.error(-result));
  }

  private boolean sent(UringSocket of, int result, Completion into) {
    Outbox outbox = Objects.requireNonNull(of.outbox);
    letGo(of);
    if (of.closing) {
      ending(of, false);
      return result > 0 && into.wrote(of, result);
    }
    if (result > 0) {
      return into.wrote(of, result);
    }
    if (isPassing(-result)) {
      write(of, outbox);
      return false;
    }
    return into.failed(of, Linux.error(-result));
  }

  /// A request to send has ended: what it pointed to is free.
  private void letGo(UringSocket of) {
    of.outbox = null;
    if (of.slot != Operands.NONE) {
      operands.give(of.slot);
      of.slot = Operands.NONE;
    }
  }

  private boolean connected(UringSocket of, int result, Completion into) {
    addresses.remove(of);
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
  /// @param foundNone whether cancelling found nothing to cancel, or could not; what is still under
  ///   way then has ended, or was just going on
  private boolean ending(UringSocket of, boolean foundNone) {
    if (of.inFlight > 0 && foundNone) {
      linux.shutdown(of.fd); // so that it ends by itself
    }
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
    ring.dropUntaken(this::neverBegan);
    listener.closeEnding();
    linux.close(eventfd);
    sockets.forEach(of -> {
      if (!of.closeAsked) {
        linux.close(of.fd);
      }
    });
    ring.close();
    failure = new IOException("the poller is closed");
    if (inFlight > 0) {
      keepForGood();
    }
  }

  /// Cancels everything and takes what completes.
  private void endAll() {
    takeBack();
    if (!enabled) {
      return; // the kernel has seen nothing
    }
    for (int left = CLOSE_TRIES; inFlight > 0 && left > 0; left--) {
      int before = inFlight;
      request(Ring.OP_ASYNC_CANCEL, NONE, IGNORED_ID).opFlags(CANCEL_ANY | CANCEL_ALL);
      try {
        if (!ring.enter(2, CLOSE_WAIT_NS)) {
          LockSupport.parkNanos(this, Ring.RETRY_NS);
        }
      } catch (IOException e) {
        LOG.log(Level.WARNING, "Requests to io_uring could not be cancelled.", e);
        return;
      }
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
    }
    UringSocket of = kind < ACCEPT ? sockets.find(id) : null;
    if (of != null && kind == CLOSE) {
      closed(of, result);
    } else if (of != null && kind == SEND) {
      letGo(of);
    }
  }

  private void neverBegan(long id) {
    inFlight--;
    int kind = UringSocket.Table.kind(id);
    UringSocket of = kind < ACCEPT ? sockets.find(id) : null;
    if (of != null && kind == SEND) {
      letGo(of);
    } else if (of != null && kind == CLOSE) {
      of.closeAsked = false;
    }
  }

  /// Keeps the memory that the kernel may still write to, or send from, out of everybody's hands.
  private void keepForGood() {
    LOG.log(Level.WARNING, inFlight + " requests to io_uring did not end; their memory is kept.");
    List<Object> kept = new ArrayList<>(List.of(provided, operands, signals, addresses.values()));
    sockets.forEach(of -> {
      if (of.outbox != null) {
        kept.addAll(of.outbox.keepForGood());
      }
    });
    synchronized (LOST) {
      LOST.add(kept);
    }
  }

  /// How many requests have not had their last completion; and how many slots they have. For tests.
  int inFlight() {
    return inFlight;
  }

  int operandsTaken() {
    return operands.taken();
  }
}
