package io.weft.net;

import java.io.IOException;

/// Makes loops fail.
public final class Fault {

  private Fault() {}

  /// Has a loop fail, soon.
  public static void failPoller(Loop loop) {
    loop.post(() -> loop.giveUp(new IOException("on purpose")));
  }
}
