package io.weft.bench.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/// Connections that come and go: each connects, shakes hands, sends a Close, waits for the answer
/// and for the server to end the stream (RFC 6455 §7.1.1), and the next takes its place.
public final class ChurnLoad extends ChannelLoad {

  private static final byte[] CLOSE = {(byte) 0x88, (byte) 0x82, 0, 0, 0, 0, 0x03, (byte) 0xE8};

  private final Target target;
  private final byte[] handshake;
  private int number;
  private final int atOnce;
  private int visiting;

  /// Where a connection is.
  private enum Step {
    CONNECTING,
    SHAKING_HANDS,
    CLOSING,
    ENDING
  }

  private static final class Visit {
    Step step = Step.CONNECTING;
    final long sinceNs = System.nanoTime();
    final byte[] read = new byte[1024];
    int length;
  }

  /// Prepares for it.
  ///
  /// @param atOnce how many connections are at some step at any time
  public ChurnLoad(Target target, int atOnce) throws IOException {
    this.target = target;
    this.atOnce = atOnce;
    this.handshake = target.handshake();
  }

  @Override
  void begin() throws IOException {
    while (visiting < atOnce) {
      next();
    }
  }

  @Override
  boolean isSettled() {
    return visiting == 0;
  }

  private void next() throws IOException {
    visiting++;
    SocketChannel channel = target.channel(number++);
    channel.configureBlocking(false);
    SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT, new Visit());
    if (channel.connect(target.address())) {
      connected(key);
    }
  }

  private void connected(SelectionKey key) throws IOException {
    ((SocketChannel) key.channel()).write(ByteBuffer.wrap(handshake));
    ((Visit) key.attachment()).step = Step.SHAKING_HANDS;
    key.interestOps(SelectionKey.OP_READ);
  }

  @Override
  void ready(SelectionKey key) throws IOException {
    SocketChannel channel = (SocketChannel) key.channel();
    Visit visit = (Visit) key.attachment();
    if (visit.step == Step.CONNECTING) {
      channel.finishConnect();
      connected(key);
      return;
    }
    int read = channel.read(in.clear());
    if (read < 0) {
      end(channel, visit);
      return;
    }
    in.flip().get(visit.read, visit.length, read);
    visit.length += read;
    if (visit.step == Step.SHAKING_HANDS && Target.endsHead(visit.read, visit.length)) {
      Target.checkHead(new String(visit.read, 0, visit.length, StandardCharsets.US_ASCII));
      channel.write(ByteBuffer.wrap(CLOSE));
      visit.step = Step.CLOSING;
      visit.length = 0;
    } else if (visit.step == Step.CLOSING && visit.length >= 4) {
      if (visit.read[0] != CLOSE[0] || visit.read[2] != CLOSE[6] || visit.read[3] != CLOSE[7]) {
        throw new IOException("the Close was not answered by the same");
      }
      visit.step = Step.ENDING;
    }
  }

  private void end(SocketChannel channel, Visit visit) throws IOException {
    if (visit.step != Step.ENDING) {
      throw new IOException("the server ended a connection while " + visit.step);
    }
    channel.close();
    visiting--;
    count(1, System.nanoTime() - visit.sinceNs);
    if (!settling) {
      next();
    }
  }
}
