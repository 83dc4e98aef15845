package io.weft;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// How bytes come from the operating system and go to it. Nothing else depends on it.
public enum Transport {
  /// The fastest that works here.
  AUTO,

  /// The selectors of the JDK, on every system.
  NIO,

  /// The io_uring of Linux 6.1 and later, on x86-64 and aarch64. The JVM has to allow native access
  /// (`--enable-native-access=io.weft`, or `ALL-UNNAMED` on a class path), and the system io_uring,
  /// which containers often forbid.
  IO_URING;

  /// The system property that chooses for the clients of the process, and for every server that
  /// does not choose itself: `auto`, `nio` or `io_uring`.
  public static final String PROPERTY = "weft.transport";

  /// Why this process cannot have this transport; empty if it can, as it always can NIO. Io_uring
  /// is tried out by the first call, which takes some hundredths of a second; what starts soon
  /// after is the faster for it. From any thread.
  public Optional<String> refusal() {
    return this == IO_URING ? Optional.ofNullable(Loops.refusal()) : Optional.empty();
  }

  /// What the system property says; AUTO if it is not set.
  ///
  /// @throws IllegalArgumentException if it says something else
  static Transport ofProperty() {
    String name = System.getProperty(PROPERTY, "auto");
    return Arrays.stream(values())
        .filter(value -> value.name().equals(name.toUpperCase(Locale.ROOT)))
        .findAny()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "the system property "
                    + PROPERTY
                    + " is '"
                    + name
                    + "'; it can be auto, nio or io_uring"));
  }
}
