package io.weft.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.weft.bytes.Outbox;
import java.nio.ByteBuffer;

/// Looks at what waits to be sent.
public final class Outboxes {

  private Outboxes() {}

  /// Takes all of it, as Latin-1.
  public static String text(Outbox out) {
    ByteBuffer[] pieces = new ByteBuffer[1 + out.bytes()];
    int count = out.gather(pieces);
    StringBuilder text = new StringBuilder();
    for (int index = 0; index < count; index++) {
      text.append(ISO_8859_1.decode(pieces[index]));
    }
    out.clear();
    return text.toString();
  }
}
