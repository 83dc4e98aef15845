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

/// An io_uring: the two queues that are shared with the kernel, and the one system call.
///
/// ```text
///  request() ──> submission queue ── enter() ──> kernel ──> completion queue ──> next(), take()
///                 tail is ours, head is its                  tail is its, head is ours
/// ```
///
/// It is made on any thread and stands still until [#enable()]; the thread that calls this is from
/// then on the only one to use it. Completions come about in [#enter] alone (`DEFER_TASKRUN`), so
/// between two calls the completion queue only shrinks. What a request points to must stay until
/// the call that submits it; a buffer to be read or sent, until its completion.
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

  /// In the flags that the kernel sets: completions that did not fit wait, or work does.
  private static final int SQ_CQ_OVERFLOW = 1 << 1;

  private static final int SQ_TASKRUN = 1 << 2;

  private static final long OFFSET_SQES = 0x1000_0000L;
  private static final int PARAMS_BYTES = 120;
  private static final int SQE_BYTES = 64;
  private static final int CQE_BYTES = 16;
  private static final int GETEVENTS_ARG_BYTES = 24;

  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle().withInvokeExactBehavior();

  private final Linux linux;
  private final int fd;

  /// What stands for it in [#enter]: its file, or its number among those registered.
  private int enterFd;

  private int enterFlags;
  private final MemorySegment rings;
  private final MemorySegment sqes;

  /// `struct io_uring_getevents_arg`, and behind it the `struct __kernel_timespec` it points to.
  private final MemorySegment waiting =
      Arena.ofAuto().allocate(GETEVENTS_ARG_BYTES + 16L, Long.BYTES);

  private final long sqHeadAt;
  private final long sqTailAt;
  private final long sqFlagsAt;
  private final long cqHeadAt;
  private final long cqTailAt;
  private final long cqesAt;
  private final int sqEntries;
  private final int cqEntries;

  private int sqTail;

  /// Where the request made last stands in [#sqes].
  private long sqeAt;

  private int cqHead;
  private int cqTail;

  /// Where the completion taken last stands in [#rings].
  private long cqeAt;

  /// @param entries requests that are submitted at once, a power of two
  /// @param completions completions that the kernel has room for, a power of two
  /// @throws IOException if the system refuses; the message says how
  Ring(Linux linux, int entries, int completions) throws IOException {
    this.linux = linux;
    MemorySegment params = Arena.ofAuto().allocate(PARAMS_BYTES, Long.BYTES);
    params.set(JAVA_INT, 4, completions);
    params.set(JAVA_INT, 8, SETUP);
    fd = (int) linux.call(Linux.IO_URING_SETUP, entries, params.address(), 0, 0, 0, 0);
    if (fd < 0) {
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
      rings = linux.map(ringBytes, fd, 0);
      sqes = linux.map((long) sqEntries * SQE_BYTES, fd, OFFSET_SQES);
      for (int at = 0; at < sqEntries; at++) {
        rings.set(JAVA_INT, sqArrayAt + (long) at * Integer.BYTES, at);
      }
    } catch (IOException | RuntimeException e) {
      linux.close(fd);
      throw e;
    }
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
    long enabled = register(REGISTER_ENABLE_RINGS, 0, 0);
    if (enabled < 0) {
      throw Linux.error((int) -enabled);
    }
    // A registered ring saves the look for its file at each call; where that fails, it is the same.
    MemorySegment update = Arena.ofAuto().allocate(16, Long.BYTES);
    update.set(JAVA_INT, 0, -1);
    update.set(JAVA_LONG, 8, fd);
    if (register(REGISTER_RING_FDS, update.address(), 1) == 1) {
      enterFd = update.get(JAVA_INT, 0);
      enterFlags = ENTER_REGISTERED_RING;
    }
  }

  /// `io_uring_register(2)`.
  long register(int what, long address, int count) {
    return linux.call(Linux.IO_URING_REGISTER, fd, what, address, count, 0, 0);
  }

  // ---- Requests ----

  /// Whether `count` more requests can stand in the queue.
  boolean hasRoom(int count) {
    return sqEntries - pending() >= count;
  }

  /// How many requests stand in the queue.
  int pending() {
    return sqTail - (int) INT.getAcquire(rings, sqHeadAt);
  }

  /// Puts a request into the queue, in which there is room; what follows sets its fields.
  ///
  /// @param userData what its completions carry
  Ring request(int op, int file, long userData) {
    sqeAt = (long) (sqTail & (sqEntries - 1)) * SQE_BYTES;
    sqes.set(JAVA_LONG, sqeAt, (long) file << 32 | op);
    sqes.set(JAVA_LONG, sqeAt + 8, 0);
    sqes.set(JAVA_LONG, sqeAt + 16, 0);
    sqes.set(JAVA_LONG, sqeAt + 24, 0);
    sqes.set(JAVA_LONG, sqeAt + 32, userData);
    sqes.set(JAVA_LONG, sqeAt + 40, 0);
    sqes.set(JAVA_LONG, sqeAt + 48, 0);
    sqes.set(JAVA_LONG, sqeAt + 56, 0);
    sqTail++;
    return this;
  }

  /// Sets `IOSQE_*`.
  Ring flags(int flags) {
    sqes.set(JAVA_BYTE, sqeAt + 1, (byte) flags);
    return this;
  }

  /// Sets the field `ioprio`, where some operations have flags.
  Ring mode(int mode) {
    sqes.set(JAVA_SHORT, sqeAt + 2, (short) mode);
    return this;
  }

  /// Sets the field `off`, which some operations call `addr2`.
  Ring offset(long offset) {
    sqes.set(JAVA_LONG, sqeAt + 8, offset);
    return this;
  }

  /// Sets the fields `addr` and `len`.
  Ring memory(long address, int length) {
    sqes.set(JAVA_LONG, sqeAt + 16, address);
    sqes.set(JAVA_INT, sqeAt + 24, length);
    return this;
  }

  /// Sets the operation's own flags.
  Ring opFlags(int flags) {
    sqes.set(JAVA_INT, sqeAt + 28, flags);
    return this;
  }

  /// Sets the field `optlen`.
  Ring optLength(int length) {
    sqes.set(JAVA_INT, sqeAt + 44, length);
    return this;
  }

  /// Submits what stands in the queue, has the kernel complete what it can, and waits.
  ///
  /// @param completions how many to wait for, those that were there before included; 0 not to wait
  /// @param waitNs how long; [Long#MAX_VALUE] for as long as it takes
  /// @throws IOException if the kernel refuses; that the wait has ended is none of it
  void enter(int completions, long waitNs) throws IOException {
    int requests = pending();
    INT.setRelease(rings, sqTailAt, sqTail);
    if (requests == 0 && completions == 0 && !hasWork()) {
      return;
    }
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
    switch ((int) -result) {
      case Linux.ETIME, Linux.EINTR, Linux.EAGAIN, Linux.EBUSY -> {}
      default -> {
        if (result < 0) {
          throw new IOException("io_uring_enter: " + Linux.text((int) -result));
        }
      }
    }
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

  /// Closes it; requests that are under way come to an end some time later.
  void close() {
    linux.close(fd);
  }
}
