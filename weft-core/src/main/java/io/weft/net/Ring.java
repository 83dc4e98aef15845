package io.weft.net;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// An io_uring: the two queues that are shared with the kernel, and the one system call.
///
/// ```text
///  request() ──> submission queue ── enter() ──> kernel ──> completion queue ──> next(), take()
///                 tail is ours, head is its                  tail is its, head is ours
/// ```
///
/// It is made on any thread and stands still until [#enable()]; the thread that calls this is from
/// then on the only one to use it. Completions come about in [#enter] alone (`DEFER_TASKRUN`), so
/// between two calls the completion queue only shrinks.
///
/// The kernel may take all that stands in the submission queue, some of it or nothing. What it did
/// not take stands there still, and what finds no room waits in line behind it. So a request may
/// begin any number of calls after it was made, and what it points to must stay until its last
/// completion.
final class Ring {

  static final int OP_NOP = 0;
  static final int OP_SENDMSG = 9;
  static final int OP_ACCEPT = 13;
  static final int OP_ASYNC_CANCEL = 14;
  static final int OP_CONNECT = 16;
  static final int OP_CLOSE = 19;
  static final int OP_READ = 22;
  static final int OP_SEND = 26;
  static final int OP_RECV = 27;

  /// A completion that is not the last of its request.
  static final int MORE = 1 << 1;

  /// A completion that brings a provided buffer, whose number stands in the upper 16 bits.
  static final int BUFFER = 1;

  /// There is more to be received already.
  static final int NOT_EMPTY = 1 << 2;

  static final int BUFFER_SHIFT = 16;

  private static final int SETUP_CQSIZE = 1 << 3;
  private static final int SETUP_CLAMP = 1 << 4;
  private static final int SETUP_R_DISABLED = 1 << 6;
  private static final int SETUP_SUBMIT_ALL = 1 << 7;
  private static final int SETUP_TASKRUN_FLAG = 1 << 9;
  private static final int SETUP_SINGLE_ISSUER = 1 << 12;
  private static final int SETUP_DEFER_TASKRUN = 1 << 13;
  private static final int SETUP =
      SETUP_CQSIZE
          | SETUP_CLAMP
          | SETUP_R_DISABLED
          | SETUP_SUBMIT_ALL
          | SETUP_TASKRUN_FLAG
          | SETUP_SINGLE_ISSUER
          | SETUP_DEFER_TASKRUN;

  /// One mapping for both queues; nothing is dropped; what requests point to may go once they are
  /// submitted; a wait may have a limit.
  private static final int FEATURES = 1 | 1 << 1 | 1 << 2 | 1 << 8;

  private static final int ENTER_GETEVENTS = 1;
  private static final int ENTER_EXT_ARG = 1 << 3;
  private static final int ENTER_REGISTERED_RING = 1 << 4;
  private static final int REGISTER_ENABLE_RINGS = 12;
  private static final int REGISTER_RING_FDS = 20;
  private static final int UNREGISTER_RING_FDS = 21;

  /// In the flags that the kernel sets: completions that did not fit wait, or work does.
  private static final int SQ_CQ_OVERFLOW = 1 << 1;

  private static final int SQ_TASKRUN = 1 << 2;

  private static final long OFFSET_SQES = 0x1000_0000L;
  private static final int PARAMS_BYTES = 120;
  private static final int SQE_BYTES = 64;
  private static final int USER_DATA_AT = 32;
  private static final int CQE_BYTES = 16;
  private static final int GETEVENTS_ARG_BYTES = 24;
  private static final int TIMESPEC_BYTES = 16;

  /// `struct io_uring_rsrc_update`: a number at 0, and a file at 8.
  private static final int UPDATE_BYTES = 16;

  /// Room for requests in line, at first.
  private static final int FIRST_IN_LINE = 64;

  /// How long the kernel is left alone, and how long it may take no request.
  static final long RETRY_NS = 1_000_000;

  private static final long REFUSED_NS = 10_000_000_000L;

  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle().withInvokeExactBehavior();

  private final Linux linux;
  private final int fd;

  /// What stands for it in [#enter]: its file, or its number among those registered.
  private int enterFd;

  private int enterFlags;

  /// The thread that has the ring among its registered ones; null if none has.
  private @Nullable Thread registeredBy;

  /// Has the mappings, which would keep the ring alive, and so its requests, after it is closed.
  private final Arena arena = Arena.ofShared();

  private final MemorySegment rings;
  private final MemorySegment sqes;

  /// `struct io_uring_getevents_arg`, and behind it the `struct __kernel_timespec` it points to.
  private final MemorySegment waiting =
      arena.allocate(GETEVENTS_ARG_BYTES + TIMESPEC_BYTES, Long.BYTES);

  private final long sqHeadAt;
  private final long sqTailAt;
  private final long sqFlagsAt;
  private final long cqHeadAt;
  private final long cqTailAt;
  private final long cqesAt;
  private final int sqEntries;
  private final int cqEntries;

  private int sqTail;

  /// The request made last: where it stands, in [#sqes] or in [#line].
  private MemorySegment sqe;

  private long sqeAt;

  /// Requests that found no room in the queue, oldest first: `lineCount` of them from `lineHead`
  /// on. No more than there are requests at all, a few for each socket.
  private MemorySegment line = MemorySegment.NULL;

  private int lineHead;
  private int lineCount;

  /// Why the kernel took nothing of what it was offered the last time, as an error number; 0 if it
  /// took something, or -1 if it did not say why.
  private int refusal;

  /// Since when it took nothing, by [System#nanoTime]; 0 if it took something the last time.
  private long refusedSinceNs;

  private int cqHead;
  private int cqTail;

  /// Where the completion taken last stands in [#rings].
  private long cqeAt;

  /// @param entries requests that are submitted at once, a power of two
  /// @param completions completions that the kernel has room for, a power of two
  /// @throws IOException if the system refuses; the message says how
  Ring(Linux linux, int entries, int completions) throws IOException {
    this.linux = linux;
    MemorySegment params = arena.allocate(PARAMS_BYTES, Long.BYTES);
    params.set(JAVA_INT, 4, completions);
    params.set(JAVA_INT, 8, SETUP);
    fd = (int) linux.call(Linux.IO_URING_SETUP, entries, params.address(), 0, 0, 0, 0);
    if (fd < 0) {
      arena.close();
      throw new Refused(-fd);
    }
    try {
      int features = params.get(JAVA_INT, 20);
      if ((features & FEATURES) != FEATURES) {
        throw new Refused(Linux.EINVAL);
      }
      sqEntries = params.get(JAVA_INT, 0);
      cqEntries = params.get(JAVA_INT, 4);
      sqHeadAt = params.get(JAVA_INT, 40);
      sqTailAt = params.get(JAVA_INT, 44);
      sqFlagsAt = params.get(JAVA_INT, 56);
      long sqArrayAt = params.get(JAVA_INT, 64);
      cqHeadAt = params.get(JAVA_INT, 80);
      cqTailAt = params.get(JAVA_INT, 84);
      cqesAt = params.get(JAVA_INT, 100);
      long ringBytes =
          Math.max(
              sqArrayAt + (long) sqEntries * Integer.BYTES, cqesAt + (long) cqEntries * CQE_BYTES);
      rings = linux.map(ringBytes, fd, 0, arena);
      sqes = linux.map((long) sqEntries * SQE_BYTES, fd, OFFSET_SQES, arena);
      for (int at = 0; at < sqEntries; at++) {
        rings.set(JAVA_INT, sqArrayAt + (long) at * Integer.BYTES, at);
      }
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      linux.close(fd);
      throw e;
    }
    sqe = sqes;
    enterFd = fd;
    waiting.set(JAVA_LONG, 16, waiting.address() + GETEVENTS_ARG_BYTES);
  }

  /// The system's refusal to make a ring, by its error number.
  static final class Refused extends IOException {
    private static final long serialVersionUID = 1;

    final int number;

    Refused(int number) {
      super("io_uring_setup: " + Linux.text(number));
      this.number = number;
    }
  }

  /// Starts it, for this thread.
  void enable() throws IOException {
    long enabled = register(REGISTER_ENABLE_RINGS, MemorySegment.NULL, 0);
    if (enabled < 0) {
      throw Linux.error((int) -enabled);
    }
    // A registered ring saves the look for its file at each call; where that fails, it is the same.
    try (Arena call = Arena.ofConfined()) {
      MemorySegment update = call.allocate(UPDATE_BYTES, Long.BYTES);
      update.set(JAVA_INT, 0, -1);
      update.set(JAVA_LONG, 8, fd);
      if (register(REGISTER_RING_FDS, update, 1) == 1) {
        enterFd = update.get(JAVA_INT, 0);
        enterFlags = ENTER_REGISTERED_RING;
        registeredBy = Thread.currentThread();
      }
    }
  }

  /// Takes the ring from those that this thread has registered: it would live as long as the
  /// thread. Another thread cannot, and the system does when that one ends.
  @SuppressWarnings("ReferenceEquality") // this very thread
  private void unregister() {
    if (registeredBy != Thread.currentThread()) {
      return;
    }
    registeredBy = null;
    try (Arena call = Arena.ofConfined()) {
      MemorySegment update = call.allocate(UPDATE_BYTES, Long.BYTES);
      update.set(JAVA_INT, 0, enterFd);
      register(UNREGISTER_RING_FDS, update, 1);
    }
  }

  /// `io_uring_register(2)`.
  long register(int what, MemorySegment operands, int count) {
    try {
      return linux.call(Linux.IO_URING_REGISTER, fd, what, operands.address(), count, 0, 0);
    } finally {
      Reference.reachabilityFence(operands);
    }
  }

  // ---- Requests ----

  /// Whether the next request stands in line.
  boolean isFull() {
    return lineCount > 0 || pending() == sqEntries;
  }

  /// Whether requests stand in line.
  boolean hasLine() {
    return lineCount > 0;
  }

  /// How many requests stand in the queue.
  private int pending() {
    return sqTail - (int) INT.getAcquire(rings, sqHeadAt);
  }

  /// Puts a request into the queue, or in line for it; what follows sets its fields.
  ///
  /// @param userData what its completions carry
  Ring request(int op, int file, long userData) {
    if (isFull()) {
      sqeAt = placeInLine();
      sqe = line;
    } else {
      sqeAt = (long) (sqTail & (sqEntries - 1)) * SQE_BYTES;
      sqe = sqes;
      sqTail++;
    }
    sqe.set(JAVA_LONG, sqeAt, (long) file << 32 | op);
    sqe.set(JAVA_LONG, sqeAt + 8, 0);
    sqe.set(JAVA_LONG, sqeAt + 16, 0);
    sqe.set(JAVA_LONG, sqeAt + 24, 0);
    sqe.set(JAVA_LONG, sqeAt + USER_DATA_AT, userData);
    sqe.set(JAVA_LONG, sqeAt + 40, 0);
    sqe.set(JAVA_LONG, sqeAt + 48, 0);
    sqe.set(JAVA_LONG, sqeAt + 56, 0);
    return this;
  }

  /// Makes a place at the end of the line.
  private long placeInLine() {
    long end = (long) (lineHead + lineCount) * SQE_BYTES;
    if (end == line.byteSize()) {
      long bytes = (long) lineCount * SQE_BYTES;
      MemorySegment larger =
          Arena.ofAuto().allocate(Math.max(FIRST_IN_LINE * SQE_BYTES, 2 * bytes), Long.BYTES);
      MemorySegment.copy(line, (long) lineHead * SQE_BYTES, larger, 0, bytes);
      line = larger;
      lineHead = 0;
      end = bytes;
    }
    lineCount++;
    return end;
  }

  /// Puts those who stand in line into the queue, as far as there is room.
  private void takeFromLine() {
    while (lineCount > 0 && pending() < sqEntries) {
      long at = (long) (sqTail++ & (sqEntries - 1)) * SQE_BYTES;
      MemorySegment.copy(line, (long) lineHead++ * SQE_BYTES, sqes, at, SQE_BYTES);
      lineCount--;
    }
    if (lineCount == 0) {
      lineHead = 0;
      line = line.byteSize() > FIRST_IN_LINE * SQE_BYTES ? MemorySegment.NULL : line;
    }
  }

  /// Drops the requests that the kernel has not taken; nothing is submitted after this.
  ///
  /// @param dropped is given what their completions would have carried
  void dropUntaken(LongConsumer dropped) {
    for (int at = sqTail - pending(); at != sqTail; at++) {
      dropped.accept(sqes.get(JAVA_LONG, (long) (at & (sqEntries - 1)) * SQE_BYTES + USER_DATA_AT));
    }
    for (int at = lineHead; at < lineHead + lineCount; at++) {
      dropped.accept(line.get(JAVA_LONG, (long) at * SQE_BYTES + USER_DATA_AT));
    }
    lineCount = 0;
  }

  /// Sets `IOSQE_*`.
  Ring flags(int flags) {
    sqe.set(JAVA_BYTE, sqeAt + 1, (byte) flags);
    return this;
  }

  /// Sets the field `ioprio`, where some operations have flags.
  Ring mode(int mode) {
    sqe.set(JAVA_SHORT, sqeAt + 2, (short) mode);
    return this;
  }

  /// Sets the field `off`, which some operations call `addr2`.
  Ring offset(long offset) {
    sqe.set(JAVA_LONG, sqeAt + 8, offset);
    return this;
  }

  /// Sets the fields `addr` and `len`.
  Ring memory(long address, int length) {
    sqe.set(JAVA_LONG, sqeAt + 16, address);
    sqe.set(JAVA_INT, sqeAt + 24, length);
    return this;
  }

  /// Sets the operation's own flags.
  Ring opFlags(int flags) {
    sqe.set(JAVA_INT, sqeAt + 28, flags);
    return this;
  }

  /// Sets the field `optlen`.
  Ring optLength(int length) {
    sqe.set(JAVA_INT, sqeAt + 44, length);
    return this;
  }

  /// Submits what stands in the queue, has the kernel complete what it can, and waits: not if some
  /// stand in line still, and not if the kernel has not taken all.
  ///
  /// @param completions how many to wait for, those that were there before included; 0 not to wait
  /// @param waitNs how long; [Long#MAX_VALUE] for as long as it takes
  /// @return whether the kernel took what it was offered, or some of it
  /// @throws IOException if the ring can go on no more
  boolean enter(int completions, long waitNs) throws IOException {
    takeFromLine();
    int requests = pending();
    INT.setRelease(rings, sqTailAt, sqTail);
    int least = lineCount > 0 ? 0 : completions;
    if (requests == 0 && least == 0 && !hasWork()) {
      return true;
    }
    int error = enter(requests, least, waitNs);
    boolean taken = requests == 0 || pending() < requests;
    refusal = error == 0 || error == Linux.EINTR ? taken ? 0 : -1 : error;
    return refusal == 0;
  }

  /// The same, once a turn. A kernel that takes nothing is asked again at once, and then left alone
  /// for a moment each time.
  ///
  /// @throws IOException also if it has taken nothing for [#REFUSED_NS]
  void turn(int completions, long waitNs) throws IOException {
    if (enter(completions, waitNs)) {
      refusedSinceNs = 0;
      return;
    }
    long nowNs = System.nanoTime();
    if (refusedSinceNs == 0) {
      refusedSinceNs = nowNs == 0 ? 1 : nowNs;
    } else if (nowNs - refusedSinceNs < REFUSED_NS) {
      leaveAlone();
    } else {
      throw new IOException(
          "io_uring_enter has taken no request for "
              + REFUSED_NS / 1_000_000_000
              + " s: "
              + (refusal > 0 ? Linux.text(refusal) : "no reason given"));
    }
  }

  /// Waits a moment for a completion, and asks for nothing.
  void leaveAlone() throws IOException {
    if (enter(0, 1, RETRY_NS) != 0) {
      LockSupport.parkNanos(this, RETRY_NS);
    }
  }

  /// @return 0, or why the kernel would not, for the moment, as an error number
  private int enter(int requests, int completions, long waitNs) throws IOException {
    int flags = enterFlags | ENTER_GETEVENTS;
    long argument = 0;
    int argumentBytes = 0;
    if (completions > 0 && waitNs != Long.MAX_VALUE) {
      waiting.set(JAVA_LONG, GETEVENTS_ARG_BYTES, waitNs / 1_000_000_000);
      waiting.set(JAVA_LONG, GETEVENTS_ARG_BYTES + 8, waitNs % 1_000_000_000);
      flags |= ENTER_EXT_ARG;
      argument = waiting.address();
      argumentBytes = GETEVENTS_ARG_BYTES;
    }
    long result =
        linux.call(
            Linux.IO_URING_ENTER, enterFd, requests, completions, flags, argument, argumentBytes);
    if (result >= 0) {
      return 0;
    }
    int error = (int) -result;
    return switch (error) {
      case Linux.ETIME -> 0;
      case Linux.EINTR, Linux.EAGAIN, Linux.EBUSY, Linux.ENOMEM, Linux.ENOBUFS -> error;
      case Linux.EBADR ->
          throw new IOException("io_uring_enter: the kernel had no memory, and lost a completion");
      default -> throw new IOException("io_uring_enter: " + Linux.text(error));
    };
  }

  /// Whether the kernel has work to be done in [#enter], or completions that did not fit.
  private boolean hasWork() {
    return ((int) INT.getAcquire(rings, sqFlagsAt) & (SQ_TASKRUN | SQ_CQ_OVERFLOW)) != 0;
  }

  // ---- Completions ----

  /// Whether there is a completion; if so, [#userData], [#result] and [#completionFlags] are its.
  boolean next() {
    if (cqHead == cqTail) {
      cqTail = (int) INT.getAcquire(rings, cqTailAt);
      if (cqHead == cqTail) {
        return false;
      }
    }
    cqeAt = cqesAt + (long) (cqHead & (cqEntries - 1)) * CQE_BYTES;
    return true;
  }

  /// Gives the place of the completion back to the kernel.
  void take() {
    cqHead++;
    INT.setRelease(rings, cqHeadAt, cqHead);
  }

  long userData() {
    return rings.get(JAVA_LONG, cqeAt);
  }

  int result() {
    return rings.get(JAVA_INT, cqeAt + 8);
  }

  int completionFlags() {
    return rings.get(JAVA_INT, cqeAt + 12);
  }

  /// Whether the last completion of some request is in the queue, without taking any.
  boolean hasLast(long userData) {
    int tail = (int) INT.getAcquire(rings, cqTailAt);
    for (int at = cqHead; at != tail; at++) {
      long cqe = cqesAt + (long) (at & (cqEntries - 1)) * CQE_BYTES;
      if (rings.get(JAVA_LONG, cqe) == userData && (rings.get(JAVA_INT, cqe + 12) & MORE) == 0) {
        return true;
      }
    }
    return false;
  }

  /// Closes it; requests that are under way come to an end some time later. It is not to be used
  /// again.
  void close() {
    unregister();
    arena.close();
    linux.close(fd);
  }
}
