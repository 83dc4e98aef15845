package io.weft.bench.peer;

import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import org.apache.catalina.Context;
import org.apache.catalina.servlets.DefaultServlet;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.websocket.server.WsSci;

/// Tomcat with the Jakarta WebSocket API: one poller thread, and one that runs the handlers.
final class TomcatPeer {

  private TomcatPeer() {}

  static Peer.Started start(Peer.Order order) throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(Files.createTempDirectory("weft-bench-tomcat").toString());
    tomcat.setPort(0);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    tomcat.getConnector().setProperty("maxThreads", "1");
    tomcat.getConnector().setProperty("minSpareThreads", "1");
    tomcat.getConnector().setProperty("maxConnections", "20000");
    Context context = tomcat.addContext("", null);
    context.addServletContainerInitializer(new WsSci(), null);
    context.addApplicationListener(Routes.class.getName());
    context.addParameter(
        "maxMessageBytes", Integer.toString(Math.max(8 << 10, order.maxMessageBytes())));
    Tomcat.addServlet(context, "default", new DefaultServlet()).addMapping("/");
    tomcat.start();
    return new Peer.Started(tomcat.getConnector().getLocalPort(), Tomcat.class);
  }

  /// Declares the two endpoints when the context starts.
  public static final class Routes implements ServletContextListener {

    @Override
    public void contextInitialized(ServletContextEvent event) {
      var context = event.getServletContext();
      ServerContainer container =
          (ServerContainer) context.getAttribute(ServerContainer.class.getName());
      int maxBytes = Integer.parseInt(context.getInitParameter("maxMessageBytes"));
      container.setDefaultMaxBinaryMessageBufferSize(maxBytes);
      container.setDefaultMaxTextMessageBufferSize(maxBytes);
      try {
        container.addEndpoint(ServerEndpointConfig.Builder.create(Echo.class, "/echo").build());
        container.addEndpoint(
            ServerEndpointConfig.Builder.create(Broadcast.class, "/broadcast").build());
      } catch (DeploymentException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static void send(Session to, ByteBuffer data) {
    try {
      to.getBasicRemote().sendBinary(data);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Sends each message back.
  public static final class Echo extends Endpoint {

    @Override
    public void onOpen(Session session, EndpointConfig config) {
      session.addMessageHandler(
          new MessageHandler.Whole<ByteBuffer>() {
            @Override
            public void onMessage(ByteBuffer data) {
              send(session, data);
            }
          });
      session.addMessageHandler(
          new MessageHandler.Whole<String>() {
            @Override
            public void onMessage(String text) {
              try {
                session.getBasicRemote().sendText(text);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            }
          });
    }
  }

  /// Sends each message to all open sessions of the endpoint.
  public static final class Broadcast extends Endpoint {

    @Override
    public void onOpen(Session session, EndpointConfig config) {
      session.addMessageHandler(
          new MessageHandler.Whole<ByteBuffer>() {
            @Override
            public void onMessage(ByteBuffer data) {
              for (Session member : session.getOpenSessions()) {
                send(member, data.duplicate());
              }
            }
          });
    }
  }
}
