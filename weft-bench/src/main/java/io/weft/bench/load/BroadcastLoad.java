package io.weft.bench.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.util.ArrayList;
import java.util.List;

/// One message to everybody at a time: the first connection sends it, and when every connection has
/// it, the first included, the next is sent. What is counted is deliveries; what is timed, from
/// sending until the last has it.
public final class BroadcastLoad extends ChannelLoad {

  private final ByteBuffer message;
  private final ByteBuffer delivery;
  private final int messageBytes;
  private final List<Line> lines = new ArrayList<>();
  private long sequence;
  private int served;
  private long sinceNs;

  /// Opens the connections.
  ///
  /// @param messageBytes 8 or more: each message begins with its number
  public BroadcastLoad(Target target, int connections, int messageBytes) throws IOException {
    this.messageBytes = messageBytes;
    this.message = Frames.burst(messageBytes, 1, 0, true);
    this.delivery = Frames.burst(messageBytes, 1, 0, false);
    this.served = connections;
    try {
      for (int n = 0; n < connections; n++) {
        lines.add(new Line(target.open(n), selector));
      }
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  @Override
  void begin() throws IOException {
    if (served == lines.size()) {
      publish();
    }
  }

  @Override
  boolean isSettled() {
    return served == lines.size();
  }

  private void publish() throws IOException {
    sequence++;
    served = 0;
    sinceNs = System.nanoTime();
    long key = (Frames.MASKING_KEY & 0xFFFF_FFFFL) << 32 | (Frames.MASKING_KEY & 0xFFFF_FFFFL);
    message.putLong(message.limit() - messageBytes, sequence ^ key);
    delivery.putLong(delivery.limit() - messageBytes, sequence);
    for (Line line : lines) {
      line.received = 0;
    }
    lines.getFirst().out = message.duplicate();
    lines.getFirst().write();
  }

  private void answerPings(Line line) throws IOException {
    while (Frames.isPing(in)) {
      line.wire.write(Frames.pong(in));
    }
  }

  private void receive(Line line) throws IOException {
    if (line.wire.read(in.clear()) < 0) {
      throw new IOException("the server closed a connection");
    }
    in.flip();
    boolean isBetween = line.received == 0 || line.received == delivery.limit();
    if (isBetween) {
      answerPings(line);
    }
    line.received = Frames.receive(in, line.received, delivery);
    if (line.received == delivery.limit()) {
      answerPings(line);
    }
    if (in.hasRemaining()) {
      throw new IOException("more came back than was sent");
    }
  }

  @Override
  void ready(SelectionKey key) throws IOException {
    Line line = (Line) key.attachment();
    if (key.isWritable()) {
      line.write();
    }
    if (!key.isReadable()) {
      return;
    }
    boolean hadIt = line.received == delivery.limit();
    receive(line);
    if (!hadIt && line.received == delivery.limit() && ++served == lines.size()) {
      count(lines.size(), System.nanoTime() - sinceNs);
      if (!settling) {
        publish();
      }
    }
  }
}
