package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What makes no sense is refused where it is given, by name.
@Timeout(60)
final class ArgumentsTest {

  private static final Map<Class<?>, Object> SENSE = new HashMap<>();

  static {
    SENSE.put(String.class, "x");
    SENSE.put(String[].class, new String[] {"x"});
    SENSE.put(int.class, 400);
    SENSE.put(boolean.class, true);
    SENSE.put(byte[].class, new byte[1]);
    SENSE.put(char[].class, new char[1]);
    SENSE.put(ByteBuffer.class, ByteBuffer.allocate(1));
    SENSE.put(Duration.class, Duration.ofSeconds(1));
    SENSE.put(Endpoint.class, new Endpoint() {});
    SENSE.put(Server.Handler.class, (Server.Handler) request -> Response.text(200, ""));
    SENSE.put(Conversation.Talk.class, (Conversation.Talk) ws -> {});
    SENSE.put(Consumer.class, (Consumer<Object>) any -> {});
    SENSE.put(Predicate.class, (Predicate<Object>) any -> true);
    SENSE.put(Limits.class, Limits.defaults());
    SENSE.put(Compression.class, Compression.on());
    SENSE.put(Compression.Mode.class, Compression.Mode.ON);
    SENSE.put(Compress.class, Compress.AUTO);
    SENSE.put(Message.class, new Message.Text("x"));
    SENSE.put(Response.class, Response.text(400, ""));
    SENSE.put(Reconnect.class, Reconnect.defaults());
    SENSE.put(Transport.class, Transport.NIO);
    SENSE.put(Tls.class, Tls.system());
    SENSE.put(Tls.ClientAuth.class, Tls.ClientAuth.NONE);
    SENSE.put(Path.class, Path.of("/none"));
  }

  @Test
  void namesWhatIsNull() throws Exception {
    SENSE.put(KeyStore.class, KeyStore.getInstance(KeyStore.getDefaultType()));
    SENSE.put(SSLContext.class, SSLContext.getDefault());
    Probe probe = new Probe();
    try (Server server =
            Server.at("127.0.0.1", 0).loops(1).closeAtShutdown(false).route("/", probe).start();
        Conversation talk = Client.connect("ws://127.0.0.1:" + server.port() + "/");
        Live live =
            Client.to("ws://127.0.0.1:" + server.port() + "/").stayConnected(new Endpoint() {})) {
      List<Object> things =
          List.of(
              server,
              Server.at("127.0.0.1", 0),
              Client.to("ws://a"),
              probe.awaitOpened(),
              talk,
              live,
              server.group("g"),
              talk.request(),
              Handshake.accept(),
              Response.text(200, ""),
              new HandshakeException(HandshakeException.Step.UPGRADING, "x"),
              Reconnect.defaults(),
              Tls.system(),
              Compression.on(),
              new Close(1000, "", Close.By.SELF));
      List<String> faults = new ArrayList<>();
      int tried = 0;
      for (Object thing : things) {
        for (Method method : thing.getClass().getDeclaredMethods()) {
          if (Modifier.isPublic(method.getModifiers())
              && !method.isSynthetic()
              && !method.getName().equals("equals")) {
            tried += tryNulls(thing, method, faults);
          }
        }
      }
      assertEquals(List.of(), faults);
      assertTrue(tried > 90, tried + " parameters were tried");
    }
  }

  private static int tryNulls(Object thing, Method method, List<String> faults) throws Exception {
    int tried = 0;
    Parameter[] parameters = method.getParameters();
    for (int at = 0; at < parameters.length; at++) {
      if (parameters[at].getType().isPrimitive()
          || parameters[at].getAnnotatedType().isAnnotationPresent(Nullable.class)) {
        continue;
      }
      tried++;
      Object[] arguments = new Object[parameters.length];
      for (int other = 0; other < parameters.length; other++) {
        arguments[other] = other == at ? null : SENSE.get(parameters[other].getType());
        assertTrue(other == at || arguments[other] != null, method + ": no sense of " + other);
      }
      String what = method.toGenericString() + ", parameter " + at + ": ";
      try {
        method.invoke(thing, arguments);
        faults.add(what + "accepted");
      } catch (InvocationTargetException thrown) {
        Throwable cause = thrown.getCause();
        boolean named =
            cause instanceof NullPointerException
                && String.valueOf(cause.getMessage()).matches("[a-zA-Z]+");
        if (!named) {
          faults.add(what + cause);
        }
      }
    }
    return tried;
  }

  @Test
  void namesWhatIsNullInLists() {
    Server.Builder server = Server.at("127.0.0.1", 0);
    Client client = Client.to("ws://a");
    String[] none = {null};
    assertEquals("allowed", nullPointer(() -> server.origins(none)));
    assertEquals("names", nullPointer(() -> server.subprotocols(none)));
    assertEquals("names", nullPointer(() -> client.subprotocols(none)));
    assertEquals("headers", nullPointer(() -> client.sensitive(none)));
    assertEquals("versions", nullPointer(() -> Tls.system().protocols(none)));
    assertEquals("text", nullPointer(() -> new Message.Text(null)));
    assertEquals("data", nullPointer(() -> new Message.Binary(null)));
    assertEquals("reason", nullPointer(() -> new Close(1000, null, Close.By.SELF)));
    assertEquals("by", nullPointer(() -> new Close(1000, "", null)));
    assertEquals("pongTimeout", nullPointer(() -> Limits.builder().pongTimeout(null).build()));
  }

  private static String nullPointer(org.junit.jupiter.api.function.Executable call) {
    return assertThrows(NullPointerException.class, call).getMessage();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/*            | wildcards",
        "/**           | wildcards",
        "/files/*.txt  | wildcards",
        "/a/**/b       | wildcards",
        "/user/:id     | {id}",
        "/caf%C3%A9    | decoded",
        "/a/../b       | dot segments",
        "/a/./b        | dot segments",
      })
  void refusesRoutesThatMeanSomethingElsewhere(String path, String why) {
    Server.Builder server = Server.at("127.0.0.1", 0);
    for (org.junit.jupiter.api.function.Executable call :
        List.<org.junit.jupiter.api.function.Executable>of(
            () -> server.route(path, new Endpoint() {}),
            () -> server.converse(path, ws -> {}),
            () -> server.http(path, request -> Response.text(200, "")))) {
      String message = assertThrows(IllegalArgumentException.class, call).getMessage();
      assertTrue(message.contains(why) && message.contains(path), message);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT-1S", "PT-0.000000001S", "PT-2562047788015215H"})
  void refusesToWaitLessThanNotAtAll(Duration wait) throws Exception {
    Probe probe = new Probe();
    try (Server server =
            Server.at("127.0.0.1", 0).loops(1).closeAtShutdown(false).route("/", probe).start();
        Conversation talk = Client.connect("ws://127.0.0.1:" + server.port() + "/")) {
      assertThrows(IllegalArgumentException.class, () -> talk.receive(wait));
      assertInstanceOf(
          java.util.concurrent.TimeoutException.class,
          assertThrows(Exception.class, () -> talk.receive(Duration.ZERO)));
      String message =
          assertThrows(IllegalArgumentException.class, () -> server.close(wait)).getMessage();
      assertTrue(message.contains("wait is " + wait), message);
      talk.send("still here");
      assertEquals(new Message.Text("still here"), talk.receive(Probe.WAIT));
      try (Live live = Client.to("ws://a.invalid").stayConnected(probe)) {
        assertThrows(IllegalArgumentException.class, () -> live.send(new Message.Text("x"), wait));
      }
    }
  }

  @Test
  void refusesAbsurdNumbersOfLoops() {
    Server.Builder server = Server.at("127.0.0.1", 0);
    for (int count : new int[] {-1, 0, 1_025, Integer.MAX_VALUE}) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> server.loops(count)).getMessage();
      assertTrue(message.contains("" + count), message);
    }
  }
}
