package io.weft.bench.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/// Echoes of JSON with permessage-deflate (RFC 7692), over many connections, each waiting for its
/// echo before it sends again. Every message must come back compressed, and inflate to what was
/// sent, by `java.util.zip` and in the context that was agreed on; in how many frames is the
/// server's choice.
public final class DeflateLoad extends ChannelLoad {

  /// Different contents, so that an answer meant for another is noticed.
  private static final int VARIANTS = 4;

  private static final byte[] TAIL = {0, 0, (byte) 0xFF, (byte) 0xFF};

  private final List<DeflateLine> lines = new ArrayList<>();
  private final byte[] inflated = new byte[64 << 10];
  private int underWay;

  /// How many messages each connection sends; then it stops.
  private int most = Integer.MAX_VALUE;

  private long wireBytes;
  private long textBytes;

  /// A connection, and how far its answer has come.
  private static final class DeflateLine extends Line {
    final Deflated row;

    /// Null if nothing was agreed on, and messages go as they are.
    final @Nullable Inflater inflater;

    final boolean takeover;
    int number;
    boolean isIdle = true;
    long sinceNs;

    /// Of the frame that is coming.
    final ByteBuffer head = ByteBuffer.allocate(10);

    long payloadLeft;
    boolean inPayload;

    /// Whether a message has begun.
    boolean begun;

    DeflateLine(Wire wire, DeflateLoad load, int variant, int messageBytes) throws IOException {
      super(wire, load.selector);
      Deflated.Agreed agreed = Deflated.Agreed.of(wire.head);
      row = Deflated.of(messageBytes, variant, agreed);
      inflater = agreed.compressed() ? new Inflater(true) : null;
      takeover = agreed.serverTakeover();
    }
  }

  /// Opens the connections.
  ///
  /// @param compresses whether permessage-deflate is offered, and must be agreed to
  public DeflateLoad(Target target, int connections, int messageBytes, boolean compresses)
      throws IOException {
    String offer = compresses ? "Sec-WebSocket-Extensions: " + Deflated.OFFER + "\r\n" : "";
    try {
      for (int n = 0; n < connections; n++) {
        DeflateLine line = new DeflateLine(target.open(n, offer), this, n % VARIANTS, messageBytes);
        lines.add(line);
        if (compresses != (line.inflater != null)) {
          throw new IOException("the server did not agree to " + Deflated.OFFER);
        }
      }
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /// Sends so many messages on each connection, waits for the echoes, and stands still.
  public void exchange(int messages) throws IOException {
    most = lines.getFirst().number + messages;
    settling = false;
    begin();
    settle();
  }

  /// Sends, on each connection, as many messages as there are that differ.
  public void exchangeRow() throws IOException {
    exchange(lines.getFirst().row.texts.size());
  }

  /// What came back since the last [#reset()], headers and all, for each byte of text.
  public double wireShare() {
    return textBytes == 0 ? 0 : wireBytes / (double) textBytes;
  }

  @Override
  public void reset() {
    super.reset();
    wireBytes = 0;
    textBytes = 0;
  }

  @Override
  void begin() throws IOException {
    long now = System.nanoTime();
    for (DeflateLine line : lines) {
      if (line.isIdle) {
        send(line, now);
      }
    }
  }

  @Override
  boolean isSettled() {
    return underWay == 0;
  }

  private void send(DeflateLine line, long nowNs) throws IOException {
    line.isIdle = false;
    line.sinceNs = nowNs;
    line.received = 0;
    line.out = line.row.frame(line.number);
    underWay++;
    line.write();
  }

  @Override
  void ready(SelectionKey key) throws IOException {
    DeflateLine line = (DeflateLine) key.attachment();
    if (key.isWritable()) {
      line.write();
    }
    if (!key.isReadable()) {
      return;
    }
    if (line.wire.read(in.clear()) < 0) {
      throw new IOException("the server closed a connection");
    }
    in.flip();
    while (in.hasRemaining()) {
      if (!line.inPayload) {
        header(line);
      }
      if (line.inPayload) {
        payload(line);
      }
    }
  }

  /// Reads what there is of a frame's header.
  private void header(DeflateLine line) throws IOException {
    ByteBuffer head = line.head;
    int bytes = 2;
    while (in.hasRemaining() && head.position() < bytes) {
      head.put(in.get());
      int length = head.position() < 2 ? 0 : head.get(1);
      bytes = length == 126 ? 4 : length == 127 ? 10 : 2;
    }
    if (head.position() < bytes) {
      return;
    }
    line.payloadLeft =
        bytes == 2 ? head.get(1) : bytes == 4 ? head.getShort(2) & 0xFFFF : head.getLong(2);
    line.inPayload = true;
    int first = head.get(0) & 0x7F;
    int awaited = line.begun ? 0 : line.inflater == null ? 0x01 : 0x41;
    if (first == (Frames.PING & 0x7F)) {
      throw new IOException("the server pings a connection that is not silent");
    }
    if (first != awaited || line.isIdle) {
      throw new IOException(
          String.format(Locale.ROOT, "a frame began with %x, not %x", first, awaited));
    }
    line.begun = true;
    wireBytes += bytes;
  }

  /// Reads what there is of its payload.
  private void payload(DeflateLine line) throws IOException {
    int step = (int) Math.min(line.payloadLeft, in.remaining());
    ByteBuffer piece = in.slice(in.position(), step);
    in.position(in.position() + step);
    line.payloadLeft -= step;
    wireBytes += step;
    if (line.inflater == null) {
      while (piece.hasRemaining()) {
        int some = Math.min(piece.remaining(), inflated.length);
        piece.get(inflated, 0, some);
        compare(line, some);
      }
    } else {
      line.inflater.setInput(piece);
      inflate(line, line.inflater);
    }
    if (line.payloadLeft == 0) {
      line.inPayload = false;
      boolean isLast = (line.head.get(0) & 0x80) != 0;
      line.head.clear();
      if (isLast) {
        end(line);
      }
    }
  }

  private void inflate(DeflateLine line, Inflater inflater) throws IOException {
    try {
      for (int some = inflater.inflate(inflated); some > 0; some = inflater.inflate(inflated)) {
        compare(line, some);
      }
    } catch (DataFormatException e) {
      throw new IOException("what came back does not inflate", e);
    }
  }

  /// Holds what was inflated against the next bytes of the text.
  private void compare(DeflateLine line, int bytes) throws IOException {
    byte[] text = line.row.text(line.number);
    int from = line.received;
    int to = from + bytes;
    if (to > text.length || !java.util.Arrays.equals(inflated, 0, bytes, text, from, to)) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "what came back is not what was sent: message %d, %d bytes from byte %d of %d",
              line.number,
              bytes,
              from,
              text.length));
    }
    line.received = to;
  }

  private void end(DeflateLine line) throws IOException {
    Inflater inflater = line.inflater;
    if (inflater != null) {
      inflater.setInput(TAIL);
      inflate(line, inflater);
      if (!line.takeover) {
        inflater.reset();
      }
    }
    int length = line.row.text(line.number).length;
    if (line.received != length) {
      throw new IOException(
          String.format(Locale.ROOT, "%d of %d bytes came back", line.received, length));
    }
    textBytes += length;
    line.begun = false;
    line.isIdle = true;
    line.number++;
    underWay--;
    long now = System.nanoTime();
    count(1, now - line.sinceNs);
    if (line.number < most && (!settling || most < Integer.MAX_VALUE)) {
      send(line, now);
    }
  }

  @Override
  public void close() throws IOException {
    super.close();
    for (DeflateLine line : lines) {
      if (line.inflater != null) {
        line.inflater.end();
      }
    }
  }
}
