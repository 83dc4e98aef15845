package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weft.net.Uring;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Which transport a server runs on, and what it says where io_uring is refused; each refusal in a
/// process of its own, in which it is real.
@Timeout(120)
final class TransportTest {

  private static final String NATIVE = "--enable-native-access=ALL-UNNAMED";
  private static final int EPERM = 1;
  private static final int ENOSYS = 38;

  /// Starts a server and says which transport it has, or why it did not start.
  static final class Child {
    public static void main(String[] args) throws IOException, InterruptedException {
      int forbiddenWith = args.length == 0 ? 0 : Integer.parseInt(args[0]);
      if (forbiddenWith > 0) {
        forbid(forbiddenWith);
      }
      try (Server server =
          Server.at("127.0.0.1", 0)
              .limits(limits -> limits.blockedLoopWarning(Duration.ofMinutes(10)))
              .route("/echo", new Probe())
              .start()) {
        try (Peer peer = Peer.open(server.port(), "/echo")) {
          peer.sendText("hi");
          System.out.println(server.transport() + " " + peer.read().text());
          System.out.println(Transport.IO_URING.refusal().orElse("not refused"));
        }
      } catch (UncheckedIOException e) {
        System.out.println(e.getMessage());
      }
    }

    /// Has this thread, and those it starts, get an error for `io_uring_setup`: a seccomp filter as
    /// containers have one.
    private static void forbid(int error) {
      Linker linker = Linker.nativeLinker();
      var prctl =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("prctl"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG),
              Linker.Option.firstVariadicArg(1));
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment filter = arena.allocate(4 * 8, 8);
        instruct(filter, 0, 0x20, 0, 0, 0); // load the number of the system call
        instruct(filter, 1, 0x15, 0, 1, 425); // io_uring_setup?
        instruct(filter, 2, 0x06, 0, 0, 0x0005_0000 | error); // fails
        instruct(filter, 3, 0x06, 0, 0, 0x7FFF_0000); // is allowed
        MemorySegment program = arena.allocate(16, 8);
        program.set(ValueLayout.JAVA_SHORT, 0, (short) 4);
        program.set(ValueLayout.ADDRESS, 8, filter);
        int noNewPrivileges = (int) prctl.invokeExact(38, 1L, 0L, 0L, 0L);
        int filtered = (int) prctl.invokeExact(22, 2L, program.address(), 0L, 0L);
        if (noNewPrivileges != 0 || filtered != 0) {
          throw new IllegalStateException("the filter cannot be set");
        }
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable never) {
        throw new AssertionError(never);
      }
    }

    private static void instruct(MemorySegment into, int at, int code, int yes, int no, int value) {
      into.set(ValueLayout.JAVA_SHORT, at * 8L, (short) code);
      into.set(ValueLayout.JAVA_BYTE, at * 8L + 2, (byte) yes);
      into.set(ValueLayout.JAVA_BYTE, at * 8L + 3, (byte) no);
      into.set(ValueLayout.JAVA_INT, at * 8L + 4, value);
    }
  }

  /// What a process said.
  private record Said(String out, String log) {}

  private static Said run(List<String> options, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Child.class.getName()));
    command.addAll(List.of(arguments));
    Path log = java.nio.file.Files.createTempFile("weft", ".log");
    try {
      Process child = new ProcessBuilder(command).redirectError(log.toFile()).start();
      String out = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, child.waitFor(), () -> out);
      return new Said(out.strip(), java.nio.file.Files.readString(log));
    } finally {
      java.nio.file.Files.delete(log);
    }
  }

  private static void assumeUring() {
    String refusal = Uring.refusal();
    assumeTrue(refusal == null, () -> "io_uring is refused: " + refusal);
  }

  @ParameterizedTest
  @ValueSource(strings = {"nio", "io_uring", "NIO", "IO_URING"})
  void takesTheTransportThatTheSystemPropertyNames(String name) throws Exception {
    if (name.equalsIgnoreCase("io_uring")) {
      assumeUring();
    }
    Said said = run(List.of(NATIVE, "-Dweft.transport=" + name));
    assertEquals(
        name.toUpperCase(java.util.Locale.ROOT) + " hi", said.out.lines().findFirst().get());
    assertEquals("", said.log);
  }

  @Test
  void saysNothingWhereNothingIsRefused() throws Exception {
    assumeUring();
    Said said = run(List.of(NATIVE));
    assertEquals("", said.log);
    assertEquals("IO_URING hi\nnot refused", said.out);
  }

  @Test
  void prefersWhatTheBuilderSaysToTheProperty() {
    for (Transport transport : List.of(Transport.NIO, Transport.IO_URING)) {
      if (transport == Transport.IO_URING) {
        assumeUring();
      }
      try (Server server = Server.at("127.0.0.1", 0).transport(transport).start()) {
        assertEquals(transport, server.transport());
      }
    }
  }

  @Test
  void refusesAPropertyThatNamesNoTransport() {
    String before = System.getProperty(Transport.PROPERTY);
    System.setProperty(Transport.PROPERTY, "epoll");
    try {
      var thrown = assertThrows(IllegalArgumentException.class, Server.at(0)::start);
      assertTrue(thrown.getMessage().contains("'epoll'; it can be auto, nio or io_uring"));
    } finally {
      if (before == null) {
        System.clearProperty(Transport.PROPERTY);
      } else {
        System.setProperty(Transport.PROPERTY, before);
      }
    }
  }

  /// A JVM that would warn of native access, and one that would forbid it, are not even asked.
  @ParameterizedTest
  @ValueSource(strings = {"warn", "deny"})
  @EnabledOnOs(OS.LINUX)
  void takesNioWithoutNativeAccess(String otherwise) throws Exception {
    Said said = run(List.of("--illegal-native-access=" + otherwise));
    assertTrue(said.out.startsWith("NIO hi\n"), said.out);
    assertFallsBack(said, "start the JVM with --enable-native-access=ALL-UNNAMED");
  }

  @ParameterizedTest
  @ValueSource(strings = {"warn", "deny"})
  @EnabledOnOs(OS.LINUX)
  void doesNotStartWithoutNativeAccessIfItIsToTakeIoUring(String otherwise) throws Exception {
    Said said = run(List.of("--illegal-native-access=" + otherwise, "-Dweft.transport=io_uring"));
    assertTrue(said.out.startsWith("the server cannot start: the transport io_uring"), said.out);
    assertTrue(said.out.contains("--enable-native-access=ALL-UNNAMED"), said.out);
    assertEquals("", said.log);
  }

  @ParameterizedTest
  @CsvSource({EPERM + ", the system forbids it", ENOSYS + ", the kernel has no io_uring"})
  @EnabledOnOs(OS.LINUX)
  void takesNioWhereAFilterForbidsIoUring(int error, String reason) throws Exception {
    Said said = run(List.of(NATIVE), String.valueOf(error));
    assertTrue(said.out.startsWith("NIO hi\n"), said.out);
    assertFallsBack(said, reason);
    Said forced = run(List.of(NATIVE, "-Dweft.transport=io_uring"), String.valueOf(error));
    assertTrue(forced.out.contains("io_uring cannot be had: " + reason), forced.out);
    assertEquals("", forced.log);
  }

  /// One line of the log, with its heading above it, and no warning of the JVM.
  private static void assertFallsBack(Said said, String reason) {
    assertTrue(said.log.contains("INFO: No io_uring, the transport is NIO: "), said.log);
    assertTrue(said.log.contains(reason), said.log);
    assertTrue(said.out.lines().skip(1).findFirst().orElse("").contains(reason), said.out);
    assertEquals(2, said.log.lines().count(), said.log);
    assertFalse(said.log.contains("WARNING"), said.log);
  }
}
