package io.weft.net;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The [Poller] that runs everywhere: a `Selector`, with readiness turned into completions.
///
/// A read happens when its completion is taken, into one buffer that all connections share. A write
/// is tried at once; only what the kernel does not take waits for readiness. Interest in reading is
/// taken back only when bytes in fact arrive while reading is off, which is seldom.
///
/// A channel that throws has no error numbers, so nothing is tried again: what fails ends the one
/// connection, accepting pauses, and only a selector that cannot select ends the poller.
public final class Nio implements Poller {

  /// Buffers in one gathered write: with the pool's chunks, 1 MiB.
  private static final int GATHERED = 64;

  /// Connections accepted in one turn; the rest wait for the next, behind everybody's bytes.
  private static final int ACCEPTED_A_TURN = 64;

  private final Channels channels;
  private final Selector selector;
  private final Chunk readChunk;
  private final ByteBuffer[] gathered = new ByteBuffer[GATHERED];

  /// Sockets with a `CONNECTED`, `WROTE`, `FAILED` or `CLOSED` to tell, oldest first; see
  /// [Nio.Link#done].
  private final ArrayDeque<Link> done = new ArrayDeque<>();

  private SelectionKey[] ready = new SelectionKey[64];
  private int readyCount;
  private int readyAt;
  private int accepted;
  private final Consumer<SelectionKey> collect = this::collect;

  /// Whether to accept; a key that is ready already says nothing of it.
  private boolean accepting = true;

  /// What tells of connections; made when it is first needed, null if this system does not tell.
  private @Nullable TcpDiag diag;

  private boolean diagTried;

  /// Why it can go on no more, if that was seen outside [#poll].
  private @Nullable IOException failure;

  private @Nullable ServerSocketChannel server;
  private @Nullable SelectionKey serverKey;

  /// A channel and what is asked of it.
  private static final class Link extends Socket {
    final Channels channels;
    final SocketChannel channel;
    final SocketAddress remote;
    @Nullable SelectionKey key;

    /// What waits for the channel to become writable; null if no write does.
    @Nullable Outbox blocked;

    /// Whether reads are wanted.
    boolean reading = true;

    /// What [Nio#done] has to tell: bytes written, or one of the constants below; 0 for nothing.
    long done;

    /// Why it failed, while that is to be told.
    @Nullable IOException failure;

    /// Bytes written that were not told when it was closed.
    long wroteLast;

    static final long FAILED = -1;
    static final long CONNECTED = -2;
    static final long CLOSED = -3;
    static final long TOLD = -4;

    Link(Channels channels, SocketChannel channel, SocketAddress remote) {
      this.channels = channels;
      this.channel = channel;
      this.remote = remote;
    }

    @Override
    public SocketAddress remote() {
      return remote;
    }

    @Override
    public void discard() {
      closeQuietly(channels, channel);
    }

    SelectionKey key() {
      SelectionKey set = key;
      if (set == null) {
        throw new IllegalStateException("no loop has adopted this socket");
      }
      return set;
    }
  }

  /// @param readBytes what one connection's read brings at most
  /// @throws IOException if the system has no more selectors (file descriptors) to give
  public Nio(int readBytes) throws IOException {
    this(new Channels(), readBytes);
  }

  Nio(Channels channels, int readBytes) throws IOException {
    this.channels = channels;
    this.readChunk = Chunk.ofSize(readBytes);
    this.selector = channels.openSelector();
  }

  @Override
  public InetSocketAddress listen(InetSocketAddress address, int backlog) throws IOException {
    ServerSocketChannel channel = channels.openServer();
    try {
      channels.set(channel, StandardSocketOptions.SO_REUSEADDR, true);
      channels.nonBlocking(channel);
      channels.bind(channel, address, backlog);
      InetSocketAddress bound = channels.local(channel);
      serverKey = channels.register(channel, selector, SelectionKey.OP_ACCEPT, null);
      server = channel;
      accepting = true;
      return bound;
    } catch (IOException | RuntimeException e) {
      closeQuietly(channels, channel);
      throw e;
    }
  }

  @Override
  public void accepting(boolean on) {
    accepting = on;
    if (serverKey != null && serverKey.isValid()) {
      serverKey.interestOps(on ? SelectionKey.OP_ACCEPT : 0);
    }
  }

  @Override
  public void unlisten() {
    if (server != null) {
      closeQuietly(channels, server);
      // The port is free only when the selector has let go of the channel.
      try {
        channels.select(selector, collect, 0);
      } catch (IOException e) {
        failure = e; // the next poll tells
      }
    }
  }

  @Override
  public void adopt(Socket socket) throws IOException {
    Link link = (Link) socket;
    try {
      channels.nonBlocking(link.channel);
      channels.set(link.channel, StandardSocketOptions.TCP_NODELAY, true);
      link.key = channels.register(link.channel, selector, SelectionKey.OP_READ, link);
    } catch (IOException | RuntimeException e) {
      link.discard();
      throw e;
    }
  }

  @Override
  public Socket connect(InetSocketAddress to) throws IOException {
    SocketChannel channel = channels.open();
    Link link = new Link(channels, channel, to);
    try {
      channels.nonBlocking(channel);
      channels.set(channel, StandardSocketOptions.TCP_NODELAY, true);
      SelectionKey key = channels.register(channel, selector, 0, link);
      link.key = key;
      boolean connected = channels.connect(channel, to);
      key.interestOps(connected ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT);
      link.done = connected ? Link.CONNECTED : 0;
    } catch (IOException e) {
      link.discard();
      link.done = Link.FAILED; // no way there, as a rule
      link.failure = e;
    } catch (RuntimeException e) {
      link.discard(); // no such address
      throw e;
    }
    if (link.done != 0) {
      done.add(link);
    }
    return link;
  }

  @Override
  public void reading(Socket socket, boolean on) {
    Link link = (Link) socket;
    if (link.reading == on) {
      return;
    }
    link.reading = on;
    if (on && link.key().isValid()) {
      link.key().interestOpsOr(SelectionKey.OP_READ);
    }
  }

  @Override
  public void write(Socket socket, Outbox outbox) {
    Link link = (Link) socket;
    assert link.done == 0 && link.blocked == null;
    if (!tryWrite(link, outbox)) {
      link.blocked = outbox;
      link.key().interestOpsOr(SelectionKey.OP_WRITE);
    } else {
      done.add(link);
    }
  }

  /// Writes once.
  ///
  /// @return whether [Link#done] has something to tell; false if the kernel took nothing
  private boolean tryWrite(Link link, Outbox outbox) {
    int count = outbox.gather(gathered);
    try {
      link.done = channels.write(link.channel, gathered, count);
    } catch (IOException e) {
      link.done = Link.FAILED;
      link.failure = e;
    }
    return link.done != 0;
  }

  @Override
  public void finish(Socket socket) {
    try {
      channels.shutdownOutput(((Link) socket).channel);
    } catch (IOException e) {
      // The connection is broken; a read will tell, or the time to close in is over.
    }
  }

  /// A channel says that it is writable when a third of a large send buffer is free, which over a
  /// slow link may take minutes. It takes bytes as soon as any are acknowledged; so where the
  /// system tells no more, that is seen by trying.
  @Override
  public void look(Socket socket, Tcp into) {
    Link link = (Link) socket;
    into.unknown();
    try {
      TcpDiag ask = diag();
      if (ask != null) {
        ask.look(channels.local(link.channel), (InetSocketAddress) link.remote, into);
      }
      if (!into.known) {
        into.mayHoldBytes = link.channel.getOption(StandardSocketOptions.SO_SNDBUF);
      }
    } catch (IOException e) {
      // It is closed, and whoever asked will hear.
    }
    Outbox blocked = link.blocked;
    if (blocked != null && tryWrite(link, blocked)) {
      link.blocked = null;
      link.key().interestOpsAnd(~SelectionKey.OP_WRITE);
      into.wrote = link.done > 0;
      done.add(link);
    }
  }

  private @Nullable TcpDiag diag() {
    if (!diagTried) {
      diagTried = true;
      diag = TcpDiag.open();
    }
    return diag;
  }

  @Override
  public void close(Socket socket) {
    Link link = (Link) socket;
    if (link.done > Link.CLOSED) {
      boolean queued = link.done != 0;
      link.wroteLast = Math.max(0, link.done);
      link.done = Link.CLOSED;
      link.blocked = null;
      closeQuietly(channels, link.channel);
      if (!queued) {
        done.add(link);
      }
    }
  }

  @Override
  public void wake() {
    selector.wakeup();
  }

  @Override
  public void poll(long waitNs) throws IOException {
    assert readyAt == readyCount : "completions were left untaken";
    Arrays.fill(ready, 0, readyCount, null);
    readyCount = 0;
    readyAt = 0;
    accepted = 0;
    if (failure != null) {
      throw failure;
    }
    boolean look = waitNs == 0 || !done.isEmpty();
    channels.select(selector, collect, look ? 0 : Math.ceilDiv(waitNs, 1_000_000L));
  }

  private void collect(SelectionKey key) {
    if (readyCount == ready.length) {
      ready = Arrays.copyOf(ready, 2 * readyCount);
    }
    ready[readyCount++] = key;
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // the key itself
  public boolean next(Completion into) {
    for (Link link = done.poll(); link != null; link = done.poll()) {
      if (tellDone(link, into)) {
        return true;
      }
    }
    while (readyAt < readyCount) {
      SelectionKey key = ready[readyAt];
      if (!key.isValid()) {
        readyAt++;
      } else if (key == serverKey) {
        if (accept(into)) {
          return true;
        }
      } else if (tellReady((Link) key.attachment(), key, into)) {
        return true;
      }
    }
    return false;
  }

  private boolean tellDone(Link link, Completion into) {
    long what = link.done;
    if (what == Link.CLOSED) {
      long wrote = link.wroteLast;
      if (wrote > 0) {
        link.wroteLast = 0;
        done.addFirst(link);
        return into.wrote(link, wrote);
      }
      link.done = Link.TOLD;
      return into.of(Completion.Kind.CLOSED, link);
    }
    link.done = 0;
    if (what == Link.CONNECTED) {
      return into.of(Completion.Kind.CONNECTED, link);
    }
    if (what == Link.FAILED) {
      IOException failure = link.failure;
      link.failure = null;
      return into.failed(link, failure == null ? new IOException("no reason given") : failure);
    }
    return into.wrote(link, what);
  }

  /// Does what a ready key allows, one completion a call: writes first, since they free memory.
  private boolean tellReady(Link link, SelectionKey key, Completion into) {
    int ops = key.readyOps();
    if ((ops & SelectionKey.OP_CONNECT) != 0) {
      readyAt++;
      return finishConnect(link, key, into);
    }
    Outbox blocked = link.blocked;
    if (blocked != null && (ops & SelectionKey.OP_WRITE) != 0) {
      link.blocked = null;
      key.interestOpsAnd(~SelectionKey.OP_WRITE);
      if (tryWrite(link, blocked)) {
        return tellDone(link, into);
      }
      link.blocked = blocked;
      key.interestOpsOr(SelectionKey.OP_WRITE);
    }
    readyAt++;
    if ((ops & SelectionKey.OP_READ) == 0) {
      return false;
    }
    if (!link.reading) {
      key.interestOpsAnd(~SelectionKey.OP_READ);
      return false;
    }
    return read(link, key, into);
  }

  private boolean finishConnect(Link link, SelectionKey key, Completion into) {
    try {
      if (!channels.finishConnect(link.channel)) {
        return false;
      }
    } catch (IOException e) {
      link.discard(); // as the channel has done itself, unless it never began
      return into.failed(link, e);
    }
    key.interestOps(SelectionKey.OP_READ);
    return into.of(Completion.Kind.CONNECTED, link);
  }

  private boolean read(Link link, SelectionKey key, Completion into) {
    int count;
    try {
      count = channels.read(link.channel, readChunk.buffer.clear());
    } catch (IOException e) {
      key.interestOpsAnd(~SelectionKey.OP_READ);
      return into.failed(link, e);
    }
    if (count < 0) {
      key.interestOpsAnd(~SelectionKey.OP_READ);
      return into.of(Completion.Kind.ENDED, link);
    }
    readChunk.buffer.flip();
    return count > 0 && into.read(link, readChunk);
  }

  private boolean accept(Completion into) {
    ServerSocketChannel from = server;
    if (from == null || !accepting || accepted == ACCEPTED_A_TURN) {
      readyAt++;
      return false;
    }
    SocketChannel channel;
    try {
      channel = channels.accept(from);
    } catch (IOException e) {
      readyAt++;
      accepting(false);
      return into.acceptFailed(e);
    }
    if (channel == null) {
      readyAt++;
      return false;
    }
    accepted++;
    try {
      Link link = new Link(channels, channel, channels.remote(channel));
      return into.of(Completion.Kind.ACCEPTED, link);
    } catch (IOException e) {
      closeQuietly(channels, channel); // it was gone before it could be asked for its address
      return false;
    }
  }

  @Override
  public void close() {
    if (selector.isOpen()) {
      for (SelectionKey key : selector.keys()) {
        closeQuietly(channels, key.channel());
      }
      closeQuietly(channels, selector);
    }
    if (diag != null) {
      diag.close();
      diag = null;
    }
  }

  private static void closeQuietly(Channels channels, Closeable what) {
    try {
      channels.close(what);
    } catch (IOException e) {
      // Closed is what it is; nobody waits for anything of it.
    }
  }
}
