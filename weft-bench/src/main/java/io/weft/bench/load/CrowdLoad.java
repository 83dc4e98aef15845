package io.weft.bench.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.util.ArrayList;
import java.util.List;

/// Several connections that each send a message to everybody, at the same time: a talker sends its
/// next when every connection has its last, itself included. They are the first ones, and a server
/// with several loops deals them out among these. What is counted is deliveries; what is timed,
/// from sending until the last has it.
public final class CrowdLoad extends ChannelLoad {

  private final int messageBytes;
  private final List<Hearer> hearers = new ArrayList<>();
  private final Talker[] talkers;

  /// What follows the number of the talker in a delivery.
  private final ByteBuffer tail;

  /// A connection.
  private static final class Hearer extends Line {
    /// The frame that is arriving.
    final ByteBuffer frame;

    Hearer(Wire wire, java.nio.channels.Selector selector, int frameBytes) throws IOException {
      super(wire, selector);
      frame = ByteBuffer.allocate(frameBytes);
    }
  }

  /// One that sends.
  private static final class Talker {
    final ByteBuffer message;

    /// How many connections have it.
    int served;

    long sinceNs;

    Talker(ByteBuffer message) {
      this.message = message;
    }
  }

  /// Opens the connections.
  ///
  /// @param messageBytes 8 or more: each message begins with the number of its talker
  public CrowdLoad(Target target, int connections, int messageBytes, int talking)
      throws IOException {
    this.messageBytes = messageBytes;
    ByteBuffer delivery = Frames.burst(messageBytes, 1, 0, false);
    this.tail = delivery.slice(delivery.limit() - messageBytes + Long.BYTES, messageBytes - 8);
    this.talkers = new Talker[talking];
    long key = (Frames.MASKING_KEY & 0xFFFF_FFFFL) << 32 | (Frames.MASKING_KEY & 0xFFFF_FFFFL);
    for (int n = 0; n < talking; n++) {
      ByteBuffer message = Frames.burst(messageBytes, 1, 0, true);
      message.putLong(message.limit() - messageBytes, n ^ key);
      talkers[n] = new Talker(message);
      talkers[n].served = connections;
    }
    try {
      for (int n = 0; n < connections; n++) {
        hearers.add(new Hearer(target.open(n), selector, delivery.limit()));
      }
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  @Override
  void begin() throws IOException {
    for (int n = 0; n < talkers.length; n++) {
      if (talkers[n].served == hearers.size()) {
        publish(n);
      }
    }
  }

  @Override
  boolean isSettled() {
    for (Talker talker : talkers) {
      if (talker.served < hearers.size()) {
        return false;
      }
    }
    return true;
  }

  private void publish(int number) throws IOException {
    Talker talker = talkers[number];
    talker.served = 0;
    talker.sinceNs = System.nanoTime();
    hearers.get(number).out = talker.message.duplicate();
    hearers.get(number).write();
  }

  @Override
  void ready(SelectionKey key) throws IOException {
    Hearer hearer = (Hearer) key.attachment();
    if (key.isWritable()) {
      hearer.write();
    }
    if (!key.isReadable()) {
      return;
    }
    if (hearer.wire.read(in.clear()) < 0) {
      throw new IOException("the server closed a connection");
    }
    in.flip();
    while (in.hasRemaining()) {
      ByteBuffer frame = hearer.frame;
      if (frame.position() == 0 && Frames.isPing(in)) {
        hearer.wire.write(Frames.pong(in));
        continue;
      }
      int step = Math.min(in.remaining(), frame.remaining());
      frame.put(in.slice(in.position(), step));
      in.position(in.position() + step);
      if (!frame.hasRemaining()) {
        heard(frame.flip());
        frame.clear();
      }
    }
  }

  private void heard(ByteBuffer frame) throws IOException {
    int payload = frame.limit() - messageBytes;
    long number = frame.getLong(payload);
    boolean isWhole = frame.slice(payload + Long.BYTES, messageBytes - Long.BYTES).equals(tail);
    if (!isWhole || number < 0 || number >= talkers.length) {
      throw new IOException("what came is not what was sent");
    }
    Talker talker = talkers[(int) number];
    if (++talker.served == hearers.size()) {
      count(hearers.size(), System.nanoTime() - talker.sinceNs);
      if (!settling) {
        publish((int) number);
      }
    }
  }
}
