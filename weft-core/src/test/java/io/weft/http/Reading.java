package io.weft.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Chunk;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/// What a reader makes of bytes, a text for each event: a head's lines with `|` for CRLF, `BODY`
/// and its bytes, `END`, a refusal's status and message, and what was left unread when it was over.
final class Reading {

  private final Http1 reader;
  private final List<String> events = new ArrayList<>();
  private final StringBuilder rest = new StringBuilder();

  /// Whether it was refused: what stands behind is dropped with the connection.
  private boolean broken;

  private Reading(Http1 reader) {
    this.reader = reader;
  }

  /// Makes bytes of a text: `|` is CRLF, and Java's escapes are what they are in Java.
  static byte[] bytes(String wire) {
    return wire.replace("|", "\r\n").translateEscapes().getBytes(ISO_8859_1);
  }

  /// Reads `wire` whole, cut in two at every byte, and byte by byte.
  ///
  /// @return the events, which are the same each time
  static List<String> of(Supplier<Http1> reader, String wire) {
    byte[] bytes = bytes(wire);
    List<String> whole = read(reader.get(), bytes);
    for (int cut = 0; cut <= bytes.length; cut++) {
      assertEquals(whole, read(reader.get(), bytes, cut), "cut at byte " + cut);
    }
    int[] everywhere = new int[bytes.length];
    Arrays.setAll(everywhere, at -> at);
    assertEquals(whole, read(reader.get(), bytes, everywhere), "byte by byte");
    return whole;
  }

  static List<String> read(Http1 reader, byte[] wire, int... cuts) {
    Reading reading = new Reading(reader);
    int from = 0;
    for (int cut : cuts) {
      reading.take(Arrays.copyOfRange(wire, from, cut));
      from = cut;
    }
    reading.take(Arrays.copyOfRange(wire, from, wire.length));
    if (!reading.rest.isEmpty()) {
      reading.events.add("REST " + reading.rest);
    }
    return reading.events.stream().map(event -> event.replace("\r\n", "|")).toList();
  }

  private void take(byte[] piece) {
    Chunk in = Chunk.copyOf(piece);
    try {
      Http1.Event event = reader.next(in);
      while (event != null) {
        add(event, in);
        event = reader.next(in);
      }
      assertTrue(reader.isOver() || in.remaining() == 0, "stopped with bytes to read");
      byte[] left = new byte[broken ? 0 : in.remaining()];
      in.buffer.get(left);
      rest.append(show(left));
    } catch (HttpException breach) {
      assertTrue(reader.isOver());
      events.add(breach.status + " " + breach.getMessage());
      broken = true;
    }
  }

  private void add(Http1.Event event, Chunk in) {
    switch (event) {
      case HEAD -> events.add(reader.head().toString());
      case END -> events.add("END");
      case BODY -> {
        byte[] data = new byte[reader.bodyTo() - reader.bodyFrom()];
        assertTrue(data.length > 0, "an empty piece of a body");
        in.view(reader.bodyFrom(), reader.bodyTo()).get(data);
        boolean more = events.getLast().startsWith("BODY ");
        events.add(more ? events.removeLast() + show(data) : "BODY " + show(data));
      }
    }
  }

  private static String show(byte[] bytes) {
    return new String(bytes, ISO_8859_1);
  }
}
