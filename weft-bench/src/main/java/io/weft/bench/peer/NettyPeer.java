package io.weft.bench.peer;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler.HandshakeComplete;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketServerCompressionHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;

/// Netty on one event loop, over each of its transports. It echoes frames as they come, without
/// putting fragments together, and flushes once a read, which is the least it can do.
final class NettyPeer {

  private NettyPeer() {}

  static Peer.Started nio(Peer.Order order) throws Exception {
    return start(NioIoHandler.newFactory(), NioServerSocketChannel.class, order, SslProvider.JDK);
  }

  static Peer.Started epoll(Peer.Order order) throws Exception {
    return start(
        EpollIoHandler.newFactory(), EpollServerSocketChannel.class, order, SslProvider.JDK);
  }

  /// Over epoll, with BoringSSL instead of the JDK's TLS.
  static Peer.Started tcnative(Peer.Order order) throws Exception {
    return start(
        EpollIoHandler.newFactory(), EpollServerSocketChannel.class, order, SslProvider.OPENSSL);
  }

  static Peer.Started uring(Peer.Order order) throws Exception {
    return start(
        IoUringIoHandler.newFactory(), IoUringServerSocketChannel.class, order, SslProvider.JDK);
  }

  private static Peer.Started start(
      IoHandlerFactory transport,
      Class<? extends ServerChannel> server,
      Peer.Order order,
      SslProvider provider)
      throws Exception {
    SslContext tls =
        order.keyStore() == null
            ? null
            : SslContextBuilder.forServer(order.keys()).sslProvider(provider).build();
    EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, transport);
    Broadcast broadcast = new Broadcast();
    Channel listening =
        new ServerBootstrap()
            .group(loop)
            .channel(server)
            .option(ChannelOption.SO_BACKLOG, 1024)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    if (tls != null) {
                      channel.pipeline().addLast(tls.newHandler(channel.alloc()));
                    }
                    channel
                        .pipeline()
                        .addLast(new HttpServerCodec(), new HttpObjectAggregator(64 << 10));
                    if (order.isDeflated()) {
                      channel.pipeline().addLast(new WebSocketServerCompressionHandler(1 << 20));
                    }
                    channel
                        .pipeline()
                        .addLast(
                            new WebSocketServerProtocolHandler(config(order)), new Echo(broadcast));
                  }
                })
            .bind("127.0.0.1", 0)
            .sync()
            .channel();
    return new Peer.Started(
        ((InetSocketAddress) listening.localAddress()).getPort(), WebSocketFrame.class);
  }

  private static WebSocketServerProtocolConfig config(Peer.Order order) {
    return WebSocketServerProtocolConfig.newBuilder()
        .websocketPath("/")
        .checkStartsWith(true)
        .maxFramePayloadLength(Math.max(64 << 10, order.maxMessageBytes()))
        .allowExtensions(order.isDeflated())
        .build();
  }

  /// Sends each frame back; or steps aside for a connection to `/broadcast`.
  private static final class Echo extends ChannelInboundHandlerAdapter {

    private final Broadcast broadcast;

    Echo(Broadcast broadcast) {
      this.broadcast = broadcast;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof HandshakeComplete done && done.requestUri().startsWith("/broadcast")) {
        broadcast.members.add(context.channel());
        context.pipeline().replace(this, "broadcast", broadcast);
      }
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // a void promise fires the exception
    public void channelRead(ChannelHandlerContext context, Object frame) {
      context.write(frame, context.voidPromise());
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      context.flush();
    }
  }

  /// Sends each frame to all members, by reference.
  @Sharable
  private static final class Broadcast extends ChannelInboundHandlerAdapter {

    final ChannelGroup members = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // a void promise fires the exception
    public void channelRead(ChannelHandlerContext context, Object frame) {
      members.writeAndFlush(frame, channel -> true, true);
    }
  }
}
