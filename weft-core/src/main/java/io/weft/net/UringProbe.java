package io.weft.net;

import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Whether this process may use an io_uring with all that [Uring] asks of one; tried once, when the
/// first one asks.
final class UringProbe {

  /// How often a completion is waited for, and how long each time.
  private static final int TRIES = 100;

  private static final long TRY_NS = 10_000_000;

  private static final Path SYSCTL = Path.of("/proc/sys/kernel/io_uring_disabled");

  /// What was found.
  ///
  /// @param refusal why not; null if it may
  /// @param counts whether the kernel ends a request to receive after some bytes
  record Found(@Nullable String refusal, boolean counts) {}

  private UringProbe() {}

  /// Tried when the first one asks.
  private static final class Once {
    static final Found FOUND = find();
  }

  static Found found() {
    return Once.FOUND;
  }

  private static Found find() {
    if (!isLinux()) {
      return refused(
          "it needs Linux on x86-64 or aarch64, and this is "
              + System.getProperty("os.name")
              + " on "
              + System.getProperty("os.arch"));
    }
    Module module = UringProbe.class.getModule();
    if (!module.isNativeAccessEnabled()) {
      return refused(
          "native access is not enabled: start the JVM with --enable-native-access="
              + (module.isNamed() ? module.getName() : "ALL-UNNAMED"));
    }
    try {
      return new Found(null, attempt());
    } catch (Ring.Refused e) {
      return refused(explain(e.number, sysctl()));
    } catch (IOException | RuntimeException | LinkageError e) {
      return refused(e.toString());
    }
  }

  /// Whether this is a machine whose numbers and layouts are those of [Linux]; without that class,
  /// which may not even be loaded where native access is not enabled.
  static boolean isLinux() {
    String arch = System.getProperty("os.arch", "");
    return System.getProperty("os.name", "").equals("Linux")
        && (arch.equals("amd64") || arch.equals("aarch64"))
        && ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
  }

  private static Found refused(String why) {
    return new Found(why, false);
  }

  /// Makes a ring, and a request that only newer kernels know.
  ///
  /// @return whether the kernel counts
  private static boolean attempt() throws IOException {
    Linux linux = new Linux();
    Ring ring = new Ring(linux, 4, 4);
    Provided provided = null;
    try {
      provided = new Provided(linux, ring, 1, 1);
      ring.enable();
      int socket = linux.socket(false);
      try {
        // Nobody is connected to it; an older kernel does not even look.
        Uring.receiveShare(ring.request(Ring.OP_RECV, socket, 1), 1);
        for (int left = TRIES; !ring.next(); left--) {
          if (left == 0) {
            throw new IOException("a request did not complete");
          }
          ring.enter(1, TRY_NS);
        }
        return ring.result() == -Linux.ENOTCONN;
      } finally {
        linux.close(socket);
      }
    } finally {
      ring.close();
      Reference.reachabilityFence(provided); // the ring has its address
    }
  }

  private static int sysctl() {
    try {
      return Integer.parseInt(Files.readString(SYSCTL).strip());
    } catch (IOException | NumberFormatException e) {
      return 0; // older than the setting, or hidden
    }
  }

  /// Why `io_uring_setup` fails so.
  ///
  /// @param number the error
  /// @param sysctl `kernel.io_uring_disabled`: 0 allowed, 1 for a group, 2 forbidden
  static String explain(int number, int sysctl) {
    return switch (number) {
      case Linux.ENOSYS -> "the kernel has no io_uring, or a seccomp filter hides it";
      case Linux.EPERM, Linux.EACCES ->
          sysctl > 0
              ? "the system forbids it (sysctl kernel.io_uring_disabled=" + sysctl + ")"
              : "the system forbids it (a seccomp filter, as containers have?)";
      case Linux.EINVAL -> "the kernel is older than 6.1";
      case Linux.ENOMEM -> "there is no memory for it (ulimit -l?)";
      default -> Linux.text(number);
    };
  }
}
