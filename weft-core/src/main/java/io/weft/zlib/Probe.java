package io.weft.zlib;

import org.jspecify.annotations.Nullable;

/// Looks once for the system's zlib.
final class Probe {

  static final Zlib FOUND;
  static final @Nullable String REFUSAL;

  static {
    Zlib found = Zlib.jdk();
    String refusal = null;
    if (!System.getProperty(Zlib.PROPERTY, "auto").equals("jdk")) {
      try {
        found = NativeZlib.load();
      } catch (RuntimeException | LinkageError e) {
        refusal = String.valueOf((e.getCause() == null ? e : e.getCause()).getMessage());
      }
    }
    FOUND = found;
    REFUSAL = refusal;
  }

  private Probe() {}
}
