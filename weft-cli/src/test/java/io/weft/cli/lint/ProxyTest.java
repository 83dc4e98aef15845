package io.weft.cli.lint;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Tls;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The way through a proxy, as bytes on the wire; the proxy is a script.
@Timeout(60)
final class ProxyTest {

  private ServerSocket listener;

  @BeforeEach
  void listen() throws Exception {
    listener = new ServerSocket();
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  @AfterEach
  void close() throws Exception {
    listener.close();
  }

  /// A proxy that reads what it expects, and says its part, in turn; and then `hello`.
  ///
  /// @param script pairs of what is to come and what is answered, in hex
  /// @return what came, if something else did
  private CompletableFuture<String> proxy(String... script) {
    return CompletableFuture.supplyAsync(() -> {
      try (Socket client = listener.accept()) {
        InputStream in = client.getInputStream();
        for (int at = 0; at < script.length; at += 2) {
          byte[] expected = HexFormat.of().parseHex(script[at]);
          byte[] came = in.readNBytes(expected.length);
          if (!HexFormat.of().formatHex(came).equals(script[at])) {
            return HexFormat.of().formatHex(came) + " for " + script[at];
          }
          client.getOutputStream().write(HexFormat.of().parseHex(script[at + 1]));
        }
        client.getOutputStream().write("hello".getBytes(UTF_8));
        client.shutdownOutput();
        in.readAllBytes();
        return "";
      } catch (IOException e) {
        return e.toString();
      }
    });
  }

  private static String hex(String text) {
    return HexFormat.of().formatHex(text.getBytes(ISO_8859_1));
  }

  private String open(String url, String target) throws Exception {
    Proxy proxy = Proxy.parse(url.replace("HERE", "127.0.0.1:" + listener.getLocalPort()));
    Target by = Target.of(target).within(Duration.ofSeconds(10)).by(Tls.system(), proxy);
    try (Dialer dialer = new Dialer(by);
        Wire wire = dialer.open()) {
      StringBuilder said = new StringBuilder();
      for (int next = wire.read(); next >= 0; next = wire.read()) {
        said.append((char) next);
      }
      return said.toString();
    }
  }

  @Test
  void asksAnHttpProxyByConnect() throws Exception {
    var proxy =
        proxy(
            hex("CONNECT far.invalid:80 HTTP/1.1\r\nHost: far.invalid:80\r\n\r\n"),
            hex("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"));
    assertEquals("hello", open("http://HERE", "ws://far.invalid/echo"));
    assertEquals("", proxy.get());
  }

  @Test
  void saysToAnHttpProxyWhoItIs() throws Exception {
    var proxy =
        proxy(
            hex("CONNECT [::1]:8080 HTTP/1.1\r\nHost: [::1]:8080\r\n")
                + hex("Proxy-Authorization: Basic YW5uOnA6cQ==\r\n\r\n"),
            hex("HTTP/1.0 200\r\n\r\n"));
    assertEquals("hello", open("http://ann:p%3Aq@HERE/", "ws://[::1]:8080/echo"));
    assertEquals("", proxy.get());
  }

  @Test
  void asksASocksProxyAndLeavesTheNameToIt() throws Exception {
    var proxy =
        proxy(
            "050100",
            "0500",
            "050100030b" + hex("far.invalid") + "0050",
            "05000003" + "04" + hex("host") + "1f90");
    assertEquals("hello", open("socks5://HERE", "ws://far.invalid/echo"));
    assertEquals("", proxy.get());
  }

  @ParameterizedTest
  @CsvSource({
    "ws://10.1.2.3:9000/, 05010001 0a010203 2328",
    "ws://[2001:db8::1]/, 05010004 20010db8000000000000000000000001 0050"
  })
  void saysToASocksProxyWhoItIsAndAddressesAsTheyAre(String target, String request)
      throws Exception {
    var proxy =
        proxy(
            "05020002",
            "0502",
            "0103" + hex("ann") + "04" + hex("pa+q"),
            "0100",
            request.replace(" ", ""),
            "05000001 7f000001 1f90".replace(" ", ""));
    assertEquals("hello", open("socks5h://ann:pa+q@HERE", target));
    assertEquals("", proxy.get());
  }

  @ParameterizedTest
  @CsvSource({
    "http, 485454502f312e3120343037204e6f0d0a0d0a, it answers CONNECT with: HTTP/1.1 407 No",
    "http, 485454502f32, it ended the connection",
    "socks5, 04, it does not speak SOCKS5: its answer begins with 4",
    "socks5, 05ff, 'it wants a user and a password, or something else'",
    "socks5, 050005050001, it cannot connect to the target: SOCKS5 reply 5"
  })
  void saysWhatTheProxyAnswers(String scheme, String answer, String why) {
    Thread.ofVirtual()
        .start(() -> {
          try (Socket client = listener.accept()) {
            client.getOutputStream().write(HexFormat.of().parseHex(answer));
            client.shutdownOutput();
            client.getInputStream().readAllBytes();
          } catch (IOException e) {
            assert e.getMessage() != null;
          }
        });
    var thrown = assertThrows(IOException.class, () -> open(scheme + "://HERE", "ws://x.invalid/"));
    assertEquals(
        "through the proxy %s://127.0.0.1:%d: %s".formatted(scheme, listener.getLocalPort(), why),
        thrown.getMessage());
  }

  @Test
  void readsNoMoreThanAHead() {
    Thread.ofVirtual()
        .start(() -> {
          try (Socket client = listener.accept()) {
            while (true) {
              client.getOutputStream().write(new byte[1024]);
            }
          } catch (IOException e) {
            assert e.getMessage() != null;
          }
        });
    var thrown = assertThrows(IOException.class, () -> open("http://HERE", "ws://x.invalid/"));
    assertTrue(thrown.getMessage().endsWith("is over 16384 bytes"), thrown.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"https://h", "h:3128", "socks4://h", "http://", "http:// h", "://"})
  void refusesWhatIsNoUrlOfAProxy(String url) {
    assertThrows(IllegalArgumentException.class, () -> Proxy.parse(url));
  }

  @Test
  void hidesThePassword() {
    String shown = Proxy.parse("http://ann:secret@[::1]:1").toString();
    assertEquals("the proxy http://[::1]:1", shown);
    assertFalse(shown.contains("secret"));
  }

  @Test
  void withoutAnyToldOfThereIsNone() {
    assertNull(Proxy.ofJvm(URI.create("ws://localhost:8080/")));
  }
}
