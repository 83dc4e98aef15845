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

/// Channels whose calls fail, are short or are late as [Faults] say.
final class FaultyChannels extends Channels {

  private final Faults faults;

  /// Whether a call may fail so that the selector cannot go on.
  private final boolean fatal;

  FaultyChannels(Faults faults, boolean fatal) {
    this.faults = faults;
    this.fatal = fatal;
  }

  private void maySay(String no) throws IOException {
    if (faults.strikes()) {
      throw new IOException(no);
    }
  }

  @Override
  Selector openSelector() throws IOException {
    maySay("Too many open files");
    return super.openSelector();
  }

  @Override
  SocketChannel open() throws IOException {
    maySay("Too many open files");
    return super.open();
  }

  @Override
  ServerSocketChannel openServer() throws IOException {
    maySay("Too many open files in system");
    return super.openServer();
  }

  @Override
  <T> void set(NetworkChannel channel, SocketOption<T> option, T value) throws IOException {
    maySay("Invalid argument");
    super.set(channel, option, value);
  }

  @Override
  void nonBlocking(SelectableChannel channel) throws IOException {
    maySay("Bad file descriptor");
    super.nonBlocking(channel);
  }

  @Override
  SelectionKey register(
      SelectableChannel channel, Selector selector, int ops, @Nullable Object attachment)
      throws IOException {
    maySay("Cannot allocate memory");
    return super.register(channel, selector, ops, attachment);
  }

  @Override
  void bind(ServerSocketChannel channel, InetSocketAddress address, int backlog)
      throws IOException {
    maySay("Address already in use");
    super.bind(channel, address, backlog);
  }

  @Override
  InetSocketAddress local(NetworkChannel channel) throws IOException {
    maySay("No buffer space available");
    return super.local(channel);
  }

  @Override
  SocketAddress remote(SocketChannel channel) throws IOException {
    maySay("Transport endpoint is not connected");
    return super.remote(channel);
  }

  @Override
  @Nullable SocketChannel accept(ServerSocketChannel channel) throws IOException {
    if (faults.strikes()) {
      if (faults.below(2) == 0) {
        return null;
      }
      throw new IOException("Too many open files");
    }
    return super.accept(channel);
  }

  @Override
  boolean connect(SocketChannel channel, InetSocketAddress to) throws IOException {
    maySay("Cannot assign requested address");
    return super.connect(channel, to);
  }

  @Override
  boolean finishConnect(SocketChannel channel) throws IOException {
    if (faults.strikes()) {
      if (faults.below(2) == 0) {
        return false;
      }
      throw new IOException("Connection timed out");
    }
    return super.finishConnect(channel);
  }

  @Override
  int read(SocketChannel channel, ByteBuffer into) throws IOException {
    if (!faults.strikes()) {
      return super.read(channel, into);
    }
    return switch (faults.below(3)) {
      case 0 -> throw new IOException("Connection reset by peer");
      case 1 -> 0;
      default -> {
        int limit = into.limit();
        into.limit(into.position() + 1 + faults.below(into.remaining()));
        int read = super.read(channel, into);
        into.limit(limit);
        yield read;
      }
    };
  }

  @Override
  long write(SocketChannel channel, ByteBuffer[] from, int count) throws IOException {
    if (!faults.strikes()) {
      return super.write(channel, from, count);
    }
    return switch (faults.below(3)) {
      case 0 -> throw new IOException("Broken pipe");
      case 1 -> 0;
      default -> {
        from[0].limit(from[0].position() + 1 + faults.below(from[0].remaining()));
        yield super.write(channel, from, 1);
      }
    };
  }

  @Override
  void shutdownOutput(SocketChannel channel) throws IOException {
    maySay("Transport endpoint is not connected");
    super.shutdownOutput(channel);
  }

  @Override
  void select(Selector selector, Consumer<SelectionKey> ready, long waitMs) throws IOException {
    if (faults.strikes()) {
      if (fatal && faults.below(2) == 0) {
        throw new IOException("Cannot allocate memory");
      }
      return; // late: nothing is ready yet
    }
    super.select(selector, ready, waitMs);
  }

  @Override
  void close(Closeable what) throws IOException {
    super.close(what);
    maySay("Input/output error");
  }
}
