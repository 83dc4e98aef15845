package io.weft;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Route.Credentials;
import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import io.weft.bytes.Pool;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What is said to a proxy and made of its answers, cut at every byte.
final class TunnelTest {

  private static final HexFormat HEX = HexFormat.of();

  /// A tunnel, fed by hand.
  static final class Fed {
    private final Tunnel tunnel;
    private final Outbox out = new Outbox(new Pool(Pool.CHUNK_BYTES, 1 << 20), 1 << 16, 1 << 16);
    private final StringBuilder said = new StringBuilder();
    boolean isThere;
    byte[] behind = {};

    Fed(Tunnel tunnel) {
      this.tunnel = tunnel;
      tunnel.begin(out);
      note();
    }

    /// Feeds a piece, unless the way is there.
    void feed(byte[] piece) throws Tunnel.Refusal {
      Chunk in = Chunk.copyOf(piece);
      isThere = tunnel.read(in, out);
      note();
      assertTrue(isThere || in.remaining() == 0, "stopped with bytes to read");
      behind = new byte[in.remaining()];
      in.buffer.get(behind);
    }

    private void note() {
      ByteBuffer[] waiting = new ByteBuffer[4];
      int count = out.gather(waiting);
      for (int at = 0; at < count; at++) {
        byte[] bytes = new byte[waiting[at].remaining()];
        waiting[at].get(bytes);
        said.append(said.isEmpty() ? "" : " ").append(HEX.formatHex(bytes));
      }
      out.clear();
    }
  }

  /// Plays `answers` whole, cut in two at every byte, and byte by byte.
  ///
  /// @return what was said, piece by piece, if the answers come one by one
  private static String plays(Supplier<Tunnel> tunnel, byte[] answers, byte[] behind)
      throws Tunnel.Refusal {
    byte[] all = Arrays.copyOf(answers, answers.length + behind.length);
    System.arraycopy(behind, 0, all, answers.length, behind.length);
    Fed bytes = new Fed(tunnel.get());
    for (int at = 0; at < answers.length; at++) {
      assertFalse(bytes.isThere, "there before byte " + at);
      bytes.feed(new byte[] {answers[at]});
    }
    assertTrue(bytes.isThere);
    String said = bytes.said.toString();
    for (int cut = 0; cut <= answers.length; cut++) {
      Fed fed = new Fed(tunnel.get());
      fed.feed(Arrays.copyOf(all, cut));
      if (!fed.isThere) {
        fed.feed(Arrays.copyOfRange(all, cut, all.length));
        assertEquals(HEX.formatHex(behind), HEX.formatHex(fed.behind), "cut at byte " + cut);
      }
      assertTrue(fed.isThere, "cut at byte " + cut);
      assertEquals(said.replace(" ", ""), fed.said.toString().replace(" ", ""), "cut at " + cut);
    }
    return said;
  }

  /// Plays an answer that is refused at its last byte, whatever the split.
  private static Tunnel.Refusal refuses(Supplier<Tunnel> tunnel, byte[] answer) throws Exception {
    Tunnel.Refusal refusal = null;
    for (int cut = 0; cut < answer.length; cut++) {
      Fed fed = new Fed(tunnel.get());
      fed.feed(Arrays.copyOf(answer, cut));
      assertFalse(fed.isThere);
      byte[] rest = Arrays.copyOfRange(answer, cut, answer.length);
      refusal = assertThrows(Tunnel.Refusal.class, () -> fed.feed(rest), "cut at byte " + cut);
    }
    assertNotNull(refusal);
    return refusal;
  }

  private static SocksTunnel socks(String host, @Nullable Credentials credentials) {
    return new SocksTunnel(host, 9001, credentials);
  }

  private static final Credentials ANN = new Credentials("ann", "sécret");

  @ParameterizedTest
  @CsvSource({
    // host, answers: method, reply; what is said: methods, request
    "a.example, 0500 050000017f0000010050, 050100 0501000309612e6578616d706c652329",
    "127.0.0.2, 0500 05000001000000000000, 050100 050100017f0000022329",
    "[::1], 0500 050000040000000000000000000000000000000100ff, 050100 05010004000000000000000000000000000000012329",
    "a, 0500 05000003036162630000, 050100 050100030161 2329",
    "a, 0500 0500ff03000000, 050100 0501000301612329",
    "127.1.2, 0500 05000001000000000000, 050100 050100017f0100022329",
  })
  void speaksSocks5(String host, String answers, String says) throws Exception {
    String said = plays(() -> socks(host, null), hex(answers), hex("8102" + "6869"));
    assertEquals(says.replace(" ", ""), said.replace(" ", ""));
  }

  @Test
  void showsUserAndPasswordToSocks5() throws Exception {
    String request = "0501000301612329";
    String said = plays(() -> socks("a", ANN), hex("0502 0100 05000001000000000000"), hex("00"));
    assertEquals("05020002 0103616e6e0773c3a963726574 " + request, said);
    String without = plays(() -> socks("a", ANN), hex("0500 05000001000000000000"), hex("00"));
    assertEquals("05020002 " + request, without, "a proxy may do without");
    String longest = "x".repeat(255);
    Credentials both = new Credentials(longest, longest);
    String all = plays(() -> socks("a", both), hex("0502 0100 05000001000000000000"), hex(""));
    String x = "ff" + "78".repeat(255);
    assertEquals("05020002 01" + x + x + " " + request, all);
  }

  @ParameterizedTest
  @CsvSource({
    "48, does not speak SOCKS5: its answer begins with 72",
    "04, begins with 4",
    "0502, chose a method not offered; 2",
    "0501, chose a method not offered; 1",
    "05ff, the proxy wants credentials",
    "0500 00, begins with 0",
    "0500 0501, the proxy answered general failure; 1",
    "0500 0502, connection not allowed by its rules; 2",
    "0500 0503, network unreachable; 3",
    "0500 0504, host unreachable; 4",
    "0500 0505, connection refused; 5",
    "0500 0506, TTL expired; 6",
    "0500 0507, command not supported; 7",
    "0500 0508, address type not supported; 8",
    "0500 0509, an unknown reply; 9",
    "0500 0500000200, an address of type 2",
  })
  void tellsWhySocks5Refuses(String answers, String why) throws Exception {
    Tunnel.Refusal refusal = refuses(() -> socks("a", null), hex(answers));
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains(why.replace(';', ',')), message);
    assertNull(refusal.answer);
    assertEquals(answers.equals("05ff") ? "" : null, refusal.realm);
  }

  @ParameterizedTest
  @CsvSource({
    "0502 0101, refuses the credentials with status 1",
    "0502 05, begins with 5",
    "05ff, takes neither user and password nor none",
    "0501, chose a method not offered; 1",
  })
  void tellsWhySocks5RefusesCredentials(String answers, String why) throws Exception {
    Tunnel.Refusal refusal = refuses(() -> socks("a", ANN), hex(answers));
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains(why.replace(';', ',')), message);
    assertNull(refusal.realm);
  }

  private static HttpTunnel http(@Nullable Credentials credentials) {
    return new HttpTunnel("[::1]", 9001, credentials, Limits.defaults());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 Connection established||",
        "HTTP/1.0 200 OK|Server: x||",
        "HTTP/1.1 299 |Content-Length: 7||",
        "HTTP/1.1 204 |Transfer-Encoding: chunked||",
        "HTTP/1.1 100 Continue||HTTP/1.1 103 Hints|A: b||HTTP/1.1 200 OK|Connection: close||",
      })
  void asksByConnect(String answer) throws Exception {
    String said = plays(() -> http(null), wire(answer), wire("HTTP/1.1 101 x||"));
    assertEquals("CONNECT [::1]:9001 HTTP/1.1|Host: [::1]:9001||", text(said));
    String shown = text(plays(() -> http(ANN), wire(answer), wire("")));
    String basic = Base64.getEncoder().encodeToString("ann:sécret".getBytes(UTF_8));
    assertEquals(
        "CONNECT [::1]:9001 HTTP/1.1|Host: [::1]:9001|Proxy-Authorization: Basic " + basic + "||",
        shown);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      value = {
        "HTTP/1.1 403 Forbidden|Content-Length: 0|| > answered 403 Forbidden to CONNECT > 403 >",
        "HTTP/1.1 502 || > answered 502 to CONNECT > 502 >",
        "HTTP/1.1 101 Switching|| > answered 101 Switching to CONNECT > 101 >",
        "HTTP/1.1 302 Found|Location: http://b/|| > answered 302 Found to CONNECT > 302 >",
        "HTTP/1.1 407 No|| > answered 407 No to CONNECT > 407 >",
        "HTTP/1.1 407 No|Proxy-Authenticate: Digest realm=\"x\"|| > answered 407 > 407 >",
        "HTTP/1.1 407 No|Proxy-Authenticate: basic realm=\"at home\"|| > answered 407 > 407 > at home",
        "HTTP/1.1 407 No|Proxy-Authenticate: Basic|| > answered 407 > 407 > ''",
        "H2 > a malformed response > 0 >",
        "HTTP/1.1 200 OK|a b > a malformed response > 0 >",
      })
  void tellsWhyConnectIsRefused(String answer, String why, int status, @Nullable String realm)
      throws Exception {
    String bytes = answer.startsWith("H2") ? "H2" : answer.replaceAll("a b$", "a ");
    Tunnel.Refusal refusal = refuses(() -> http(null), wire(bytes));
    assertTrue(String.valueOf(refusal.getMessage()).contains(why), refusal.getMessage());
    assertEquals(status, refusal.answer == null ? 0 : refusal.answer.status());
    assertEquals(realm, refusal.realm);
    if (status == 407) {
      assertNull(refuses(() -> http(ANN), wire(bytes)).realm, "it was shown some");
    }
  }

  @Test
  void takesNoFloodOfInterimAnswers() throws Exception {
    byte[] flood = wire("HTTP/1.1 100 Continue||".repeat(9));
    Tunnel.Refusal refusal = refuses(() -> http(null), flood);
    assertEquals("over 8 interim responses of the proxy", refusal.getMessage());
    byte[] most = wire("HTTP/1.1 100 Continue||".repeat(8) + "HTTP/1.1 200 OK||");
    assertTrue(plays(() -> http(null), most, wire("")).startsWith("434f4e4e454354"));
  }

  @ParameterizedTest
  @CsvSource({
    "http://proxy, http://proxy:80, , ",
    "http://proxy:3128/, http://proxy:3128, , ",
    "HTTP://Proxy, http://proxy:80, , ",
    "socks5://10.0.0.1, socks5://10.0.0.1:1080, , ",
    "socks5h://[::1]:80, socks5://[::1]:80, , ",
    "http://ann:p%40ss%3A%E4%BD%A0@proxy:1, http://proxy:1, ann, p@ss:你",
    "http://ann@proxy:1, http://proxy:1, ann, ''",
    "http://a:b@c@proxy:1, http://proxy:1, a, b@c",
    "socks5://ann:x@proxy, socks5://proxy:1080, ann, x",
  })
  void readsTheUrlOfAProxy(
      String url, String name, @Nullable String user, @Nullable String password) {
    Route route = Route.parse(url);
    assertEquals(name, route.toString());
    Credentials credentials = route.credentials();
    assertEquals(user, credentials == null ? null : credentials.user());
    assertEquals(password, credentials == null ? null : credentials.password());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "proxy:3128",
        "https://proxy",
        "socks4://proxy",
        "http://",
        "http://@",
        "socks5:///",
        "http://s3cret@",
        "http://s3cret:s3cret@a b",
        "http://s3cret:s3cret@host:0",
        "http://s3cret:s3cr\u00e9t@proxy",
        "http://s3cret:%zz@proxy",
        "http://s3cret%3a:x@proxy",
        "http://s3cret:%0a@proxy",
        "socks5://s3cret@proxy",
        "socks5://:s3cret@proxy",
        "http://s3cret:x@proxy/path",
        "http://s3cret:x@proxy?q",
      })
  void refusesWhatIsNoUrlOfAProxy(String url) {
    var refused = assertThrows(IllegalArgumentException.class, () -> Route.parse(url));
    assertFalse(refused.toString().contains("s3cr"), refused.toString());
    assertNull(refused.getCause());
  }

  @Test
  void showsCredentialsToNobody() {
    Route route = Route.parse("http://ann:s3cret@proxy");
    assertFalse(String.valueOf(route.credentials()).contains("s3cret"));
    assertFalse(route.toString().contains("ann"));
  }

  private static byte[] hex(String hex) {
    return HEX.parseHex(hex.replace(" ", ""));
  }

  private static byte[] wire(String text) {
    return text.replace("|", "\r\n").getBytes(ISO_8859_1);
  }

  private static String text(String hex) {
    return new String(hex(hex), ISO_8859_1).replace("\r\n", "|");
  }
}
