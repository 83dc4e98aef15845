package io.weft.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/// The processor time of a process, all its threads, dead ones too, user and system, as Linux
/// accounts it: `clock_gettime` on the process's own clock, exact to the nanosecond where
/// `/proc/PID/stat` counts in steps of 10 ms.
final class CpuClock {

  /// What the kernel's MAKE_PROCESS_CPUCLOCK adds: CPUCLOCK_SCHED.
  private static final int SCHEDULED = 2;

  private static final int PID_SHIFT = 3;
  private static final MethodHandle CLOCK_GETTIME = clockGetTime();
  private static final MemorySegment TIME = Arena.global().allocate(JAVA_LONG, 2);

  private CpuClock() {}

  @SuppressWarnings("restricted") // the jar's manifest enables native access
  private static MethodHandle clockGetTime() {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow("clock_gettime"),
        FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
  }

  /// User and system time of a process so far, in nanoseconds.
  ///
  /// @throws IOException if there is no such process
  static synchronized long ns(long pid) throws IOException {
    int failed;
    try {
      failed = (int) CLOCK_GETTIME.invokeExact((int) (~pid << PID_SHIFT | SCHEDULED), TIME);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
    if (failed != 0) {
      throw new IOException("the clock of process " + pid + " cannot be read: has it ended?");
    }
    return TIME.getAtIndex(JAVA_LONG, 0) * 1_000_000_000 + TIME.getAtIndex(JAVA_LONG, 1);
  }

  /// User time so far, and user and system time, in clock ticks.
  record Ticks(long user, long both) {

    static Ticks of(long pid) throws IOException {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      // The name, in brackets, may hold anything; what follows begins with field 3.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      long user = Long.parseLong(fields[14 - 3]);
      return new Ticks(user, user + Long.parseLong(fields[15 - 3]));
    }
  }

  /// A line of /proc/PID/status in bytes: `VmRSS` for resident memory, `VmHWM` for the most of it.
  static long statusBytes(long pid, String name) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
      if (line.startsWith(name + ":")) {
        return Long.parseLong(line.replaceAll("\\D+", "")) << 10;
      }
    }
    throw new IOException("process " + pid + " says nothing of " + name);
  }
}
