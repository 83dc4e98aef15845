package io.weft.net;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.NetworkChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What [Nio] asks of channels and selectors, a method each. Tests override them to have any call
/// fail, be short or be late.
class Channels {

  Selector openSelector() throws IOException {
    return Selector.open();
  }

  SocketChannel open() throws IOException {
    return SocketChannel.open();
  }

  ServerSocketChannel openServer() throws IOException {
    return ServerSocketChannel.open();
  }

  <T> void set(NetworkChannel channel, SocketOption<T> option, T value) throws IOException {
    channel.setOption(option, value);
  }

  void nonBlocking(SelectableChannel channel) throws IOException {
    channel.configureBlocking(false);
  }

  SelectionKey register(
      SelectableChannel channel, Selector selector, int ops, @Nullable Object attachment)
      throws IOException {
    return channel.register(selector, ops, attachment);
  }

  void bind(ServerSocketChannel channel, InetSocketAddress address, int backlog)
      throws IOException {
    channel.bind(address, backlog);
  }

  InetSocketAddress local(NetworkChannel channel) throws IOException {
    return (InetSocketAddress) channel.getLocalAddress();
  }

  SocketAddress remote(SocketChannel channel) throws IOException {
    return channel.getRemoteAddress();
  }

  /// Accepts a connection, or gives null if there is none.
  @Nullable SocketChannel accept(ServerSocketChannel channel) throws IOException {
    return channel.accept();
  }

  boolean connect(SocketChannel channel, InetSocketAddress to) throws IOException {
    return channel.connect(to);
  }

  boolean finishConnect(SocketChannel channel) throws IOException {
    return channel.finishConnect();
  }

  int read(SocketChannel channel, ByteBuffer into) throws IOException {
    return channel.read(into);
  }

  long write(SocketChannel channel, ByteBuffer[] from, int count) throws IOException {
    return count == 1 ? channel.write(from[0]) : channel.write(from, 0, count);
  }

  void shutdownOutput(SocketChannel channel) throws IOException {
    channel.shutdownOutput();
  }

  /// Has `ready` hear of each key that is ready.
  ///
  /// @param waitMs milliseconds to wait for one at most; 0 not to wait
  void select(Selector selector, Consumer<SelectionKey> ready, long waitMs) throws IOException {
    if (waitMs == 0) {
      selector.selectNow(ready);
    } else {
      selector.select(ready, waitMs);
    }
  }

  void close(Closeable what) throws IOException {
    what.close();
  }
}
