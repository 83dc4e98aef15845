package io.weft.zlib;

import java.util.concurrent.atomic.AtomicLong;

/// Counts the native memory of codecs. From any thread.
public final class CodecMemory {

  /// That of the whole process.
  public static final CodecMemory PROCESS = new CodecMemory();

  private final AtomicLong bytes = new AtomicLong();

  /// Makes a count of its own, which begins at 0.
  public CodecMemory() {}

  /// Counts `more` bytes, unless that makes it more than `most`.
  ///
  /// @return whether they are counted; then [#give] follows
  public boolean take(long more, long most) {
    long after = bytes.addAndGet(more);
    if (after > most) {
      bytes.addAndGet(-more);
      return false;
    }
    return true;
  }

  /// Whether [#take] would count `more` bytes now.
  public boolean hasRoom(long more, long most) {
    return bytes.get() + more <= most;
  }

  /// Counts `less` bytes as given back.
  public void give(long less) {
    long after = bytes.addAndGet(-less);
    assert after >= 0;
  }

  /// How many are counted, in bytes.
  public long bytes() {
    return bytes.get();
  }
}
