package io.weft.net;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// A Linux whose calls fail, are short or are late as [Faults] say. What io_uring is asked for goes
/// wrong by a change of the request, so that the kernel itself answers: a request that is to fail
/// becomes one that does nothing and completes with that result (`IORING_NOP_INJECT_RESULT`).
@SuppressWarnings("restricted") // it looks into the queue of requests
final class FaultyLinux extends Linux {

  static final int EFAULT = 14;
  private static final int ENFILE = 23;
  private static final int EMFILE = 24;
  private static final int EALREADY = 114;
  private static final int ENOENT = 2;

  private static final int GETEVENTS = 1;
  private static final int INJECT_RESULT = 1;
  private static final int SQE_BYTES = 64;
  private static final long SQES_OFFSET = 0x1000_0000L;

  /// Whether the kernel completes a request that does nothing with a result of our choice (6.10).
  private static final boolean INJECTS = injects();

  private final Faults faults;

  /// Whether a call may fail so that the ring cannot go on.
  private final boolean fatal;

  private MemorySegment sqes = MemorySegment.NULL;
  private int sqTail;

  FaultyLinux(Faults faults, boolean fatal) {
    this.faults = faults;
    this.fatal = fatal;
  }

  private static boolean injects() {
    Linux linux = new Linux();
    try {
      Ring ring = new Ring(linux, 4, 4);
      try {
        ring.enable();
        ring.request(Ring.OP_NOP, -1, 1).memory(0, -ENOENT).opFlags(INJECT_RESULT);
        ring.enter(1, 1_000_000_000);
        return ring.next() && ring.result() == -ENOENT;
      } finally {
        ring.close();
      }
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  long call(int number, long a, long b, long c, long d, long e, long f) {
    if (number == IO_URING_ENTER) {
      return enter(a, (int) b, c, d, e, f);
    }
    if (!faults.strikes()) {
      return noted(number, f, b, super.call(number, a, b, c, d, e, f));
    }
    if (number == NR_CLOSE) {
      super.call(number, a, b, c, d, e, f);
      return -faults.of(EINTR, EIO);
    }
    return -failure(number);
  }

  /// Notes where the queue of requests is.
  private long noted(int number, long offset, long bytes, long result) {
    if (number == NR_MMAP && offset == SQES_OFFSET && result > 0) {
      sqes = MemorySegment.ofAddress(result).reinterpret(bytes);
      sqTail = 0;
    }
    return result;
  }

  private int failure(int number) {
    if (number == NR_WRITE) {
      return faults.of(EINTR, ENOMEM);
    }
    if (number == NR_SOCKET || number == NR_EVENTFD2) {
      return faults.of(EMFILE, ENFILE, ENOBUFS, ENOMEM);
    }
    if (number == NR_BIND) {
      return faults.of(EADDRINUSE, EADDRNOTAVAIL, EACCES);
    }
    if (number == NR_SHUTDOWN || number == NR_GETPEERNAME) {
      return ENOTCONN;
    }
    return faults.of(ENOMEM, ENOBUFS, EINVAL, EPERM);
  }

  private long enter(long fd, int requests, long completions, long flags, long e, long f) {
    int first = sqTail;
    boolean strikes = faults.strikes();
    if (strikes) {
      switch (faults.below(fatal ? 6 : 5)) {
        case 0 -> {
          return -faults.of(EAGAIN, EBUSY, EINTR, ENOMEM, ENOBUFS);
        }
        case 1 -> {
          if (requests > 1) {
            return took(super.call(IO_URING_ENTER, fd, 1 + faults.below(requests - 1), 0, 0, 0, 0));
          }
        }
        case 2 -> { // late: nothing completes yet
          return took(super.call(IO_URING_ENTER, fd, requests, 0, flags & ~GETEVENTS & ~8, 0, 0));
        }
        case 5 -> {
          return -faults.of(EFAULT, EBADR);
        }
        default -> {}
      }
    }
    for (int at = first; at < first + requests; at++) {
      if (faults.strikes()) {
        spoil((long) (at & (int) (sqes.byteSize() / SQE_BYTES - 1)) * SQE_BYTES);
      }
    }
    return took(super.call(IO_URING_ENTER, fd, requests, completions, flags, e, f));
  }

  private long took(long result) {
    sqTail += (int) Math.max(0, result);
    return result;
  }

  /// Changes a request so that it does less, or fails.
  private void spoil(long at) {
    int op = sqes.get(JAVA_BYTE, at);
    if (op == Ring.OP_SEND && faults.below(2) == 0) {
      int bytes = sqes.get(JAVA_INT, at + 24);
      sqes.set(JAVA_INT, at + 24, 1 + faults.below(bytes));
    } else if (op == Ring.OP_SENDMSG && faults.below(2) == 0) {
      MemorySegment message = MemorySegment.ofAddress(sqes.get(JAVA_LONG, at + 16)).reinterpret(56);
      message.set(JAVA_LONG, 24, 1 + faults.below((int) message.get(JAVA_LONG, 24)));
    } else if (INJECTS && op != Ring.OP_NOP) {
      long userData = sqes.get(JAVA_LONG, at + 32);
      sqes.asSlice(at, SQE_BYTES).fill((byte) 0);
      sqes.set(JAVA_INT, at + 4, -1);
      sqes.set(JAVA_INT, at + 24, -resultOf(op));
      sqes.set(JAVA_INT, at + 28, INJECT_RESULT);
      sqes.set(JAVA_LONG, at + 32, userData);
    }
  }

  /// How a request may fail without having done anything.
  private int resultOf(int op) {
    return switch (op) {
      case Ring.OP_ACCEPT ->
          faults.of(EMFILE, ENFILE, ECONNABORTED, EPROTO, EINTR, EAGAIN, ENOMEM, ECANCELED);
      case Ring.OP_CONNECT -> faults.of(ECONNREFUSED, ETIMEDOUT, EINTR, ENOMEM, EHOSTUNREACH);
      case Ring.OP_ASYNC_CANCEL -> faults.of(ENOENT, EALREADY, ENOMEM, EINTR, 0);
      case Ring.OP_CLOSE -> faults.of(ECANCELED, ENOMEM, EAGAIN, EINVAL);
      case Ring.OP_READ -> faults.of(EINTR, EAGAIN, ENOMEM, ECANCELED, ENOBUFS);
      case Ring.OP_SEND, Ring.OP_SENDMSG ->
          faults.of(EAGAIN, EINTR, ENOBUFS, ENOMEM, ECANCELED, 104, 32, 0);
      default -> faults.of(EAGAIN, EINTR, ENOBUFS, ENOMEM, ECANCELED, 104);
    };
  }
}
