package io.weft.bench.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;

/// A load over channels of the JDK, for what costs a server more than it costs this.
abstract class ChannelLoad extends Load {

  final Selector selector = Selector.open();
  final ByteBuffer in = ByteBuffer.allocateDirect(256 << 10);

  ChannelLoad() throws IOException {}

  /// One connection.
  static class Line {
    final Wire wire;
    final SelectionKey key;

    /// What is not written yet of that which is under way.
    ByteBuffer out = ByteBuffer.allocate(0);

    /// Bytes that have come back of what is under way.
    int received;

    Line(Wire wire, Selector selector) throws IOException {
      this.wire = wire;
      this.key = wire.channel.register(selector, SelectionKey.OP_READ, this);
    }

    /// Writes what it can, and asks to be told when it can more.
    void write() throws IOException {
      wire.write(out);
      boolean waits = (key.interestOps() & SelectionKey.OP_WRITE) != 0;
      boolean isLeft = out.hasRemaining() || wire.isPending();
      if (isLeft && !waits) {
        key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
      } else if (!isLeft && waits) {
        key.interestOps(SelectionKey.OP_READ);
      }
    }
  }

  /// Something can be read or written.
  abstract void ready(SelectionKey key) throws IOException;

  @Override
  final void step(long nowNs) throws IOException {
    try {
      selector.select(this::check, 100);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private void check(SelectionKey key) {
    try {
      ready(key);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    for (SelectionKey key : selector.keys()) {
      key.channel().close();
    }
    selector.close();
  }
}
