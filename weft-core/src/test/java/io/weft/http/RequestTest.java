package io.weft.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Chunk;
import io.weft.bytes.Holder;
import io.weft.bytes.Pool;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Requests, read at every split. `|` is CRLF.
final class RequestTest {

  private static Http1 reader() {
    return Http1.ofRequests(64, 256, 8, 100);
  }

  private static List<String> read(String wire) {
    return Reading.of(RequestTest::reader, wire);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1|Host: a||",
        "GET /a?c=d&e=%20{x}[y]^` HTTP/1.1|Host: a||",
        "OPTIONS /x HTTP/1.1|Host: a.b-c_d.example:8080||",
        "DELETE /x HTTP/1.1|Host: [::1]:80||",
        "OPTIONS * HTTP/1.1|Host: a||",
        "OPTIONS * HTTP/1.0||",
        "GET /?a=C:\\\\dir&b=100%&c=?\\\\ HTTP/1.1|Host: a||",
        "GET / HTTP/1.1|Host: a~b!$&'()*+,;=.%41:80||",
        "GET / HTTP/1.1|Host: a|Empty: |Odd.name!#$%&'*+-^_`~: x||",
        "GET / HTTP/1.1|Host: a|Value: a\tb  c \\200\\377 !~||",
        "GET / HTTP/1.0||",
      })
  void readsAHeadAsItIsWritten(String wire) {
    assertEquals(List.of(wire.translateEscapes(), "END"), read(wire));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      value = {
        "no blank before a value > GET / HTTP/1.1|Host:a|| > GET / HTTP/1.1|Host: a||",
        "blanks around a value > GET / HTTP/1.1|Host: \t a \t || > GET / HTTP/1.1|Host: a||",
        "only blanks > GET / HTTP/1.1|Host: a|X: \t || > GET / HTTP/1.1|Host: a|X: ||",
        "a CRLF before it, §2.2 > |GET / HTTP/1.1|Host: a|| > GET / HTTP/1.1|Host: a||",
        "§3.2.2 > GET http://B:81/x?y HTTP/1.1|Host: a|| > GET /x?y HTTP/1.1|Host: b:81||",
        "§3.2.2 > GET HTTPS://b HTTP/1.1|X: y|hOST: a|| > GET / HTTP/1.1|Host: b|X: y||",
        "§3.2.2 > GET http://b/ HTTP/1.0|X: y|| > GET / HTTP/1.0|Host: b|X: y||",
        "§3.2.2 > GET http://b?\\\\% HTTP/1.0|X: y|| > GET /?\\% HTTP/1.0|Host: b|X: y||",
      })
  void readsAHeadIntoItsOneForm(String what, String wire, String head) {
    assertEquals(List.of(head, "END"), read(wire), what);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      value = {
        "400 > RFC 9112 §2.2 > \\rG",
        "400 > RFC 9112 §3.1 > |\\r",
        "400 > RFC 9112 §2.2 > \\n",
        "400 > RFC 9112 §3.1 > \\040",
        "400 > RFC 9112 §3.1 > G\\000",
        "400 > RFC 9112 §3.1 > G\\200",
        "400 > RFC 9112 §3.1 > G(",
        "400 > RFC 9112 §3.1 > GET\\t",
        "400 > RFC 9112 §3.1 > \\026",
        "501 > RFC 9112 §3 > AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "501 > RFC 9110 §9.3.6 > CONNECT\\040",
        "400 > RFC 9112 §3.2.4 > OPTIONS */",
        "400 > RFC 9112 §3.2.4 > OPTIONS **",
        "400 > RFC 9112 §3.2 > OPTION *",
        "400 > RFC 9112 §3.2 > GET *",
        "400 > RFC 9112 §3.2 > GET \\040",
        "400 > RFC 9112 §3.2 > GET a",
        "400 > RFC 9112 §3.2 > GET /\\t",
        "400 > RFC 9112 §3.2 > GET /\\177",
        "400 > RFC 9112 §3.2 > GET /\\344",
        "400 > RFC 9112 §3.2 > GET /#",
        "400 > RFC 9112 §3.2 > GET /\\\\",
        "400 > RFC 9112 §3.2 > GET /?\"",
        "400 > RFC 9112 §3.2 > GET /?\\344",
        "400 > RFC 9112 §3.2 > GET /?a#",
        "400 > RFC 9112 §3.2 > GET /?\\000",
        "400 > RFC 9112 §3.2 > GET /a\\r",
        "400 > RFC 9112 §2.2 > GET /\\n",
        "400 > RFC 9112 §3.2.2 > GET hello\\040",
        "400 > RFC 9112 §3.2.2 > GET http:/a\\040",
        "400 > RFC 9112 §3.2.2 > GET http://\\040",
        "400 > RFC 9112 §3.2.2 > GET http://user:pass@a/\\040",
        "400 > RFC 9112 §3.2.2 > GET http://a/%2\\040",
        "400 > RFC 9112 §2.3 > GET / h",
        "400 > RFC 9112 §2.3 > GET / \\040",
        "400 > RFC 9112 §2.3 > GET / HTTP/x",
        "400 > RFC 9112 §2.3 > GET / HTTP/\\072",
        "400 > RFC 9112 §2.3 > GET / HTTP/1,",
        "400 > RFC 9112 §2.3 > GET / \\r",
        "400 > RFC 9112 §3 > GET / HTTP/1.1\\040",
        "400 > RFC 9112 §3 > GET / HTTP/1.10",
        "400 > RFC 9112 §2.2 > GET / HTTP/1.1\\n",
        "400 > RFC 9112 §2.2 > GET / HTTP/1.1\\rH",
        "505 > RFC 9110 §15.6.6 > GET / HTTP/2",
        "505 > RFC 9110 §15.6.6 > GET / HTTP/0",
        "505 > RFC 9110 §15.6.6 > GET / HTTP/1.2",
        "400 > RFC 9112 §5.2 > GET / HTTP/1.1|\\040",
        "400 > RFC 9112 §5.2 > GET / HTTP/1.1|Host: a|\\t",
        "400 > RFC 9110 §5.1 > GET / HTTP/1.1|:",
        "400 > RFC 9112 §5.1 > GET / HTTP/1.1|Host\\040",
        "400 > RFC 9112 §5.1 > GET / HTTP/1.1|Host\\t",
        "400 > RFC 9112 §5.1 > GET / HTTP/1.1|Ho(",
        "400 > RFC 9112 §5.1 > GET / HTTP/1.1|Host\\r",
        "400 > RFC 9112 §5.1 > GET / HTTP/1.1|\\000",
        "400 > RFC 9112 §2.2 > GET / HTTP/1.1|Host: a\\n",
        "400 > RFC 9112 §2.2 > GET / HTTP/1.1|Host: a\\rb",
        "400 > RFC 9110 §5.5 > GET / HTTP/1.1|Host: a\\000",
        "400 > RFC 9110 §5.5 > GET / HTTP/1.1|Host: \\001",
        "400 > RFC 9110 §5.5 > GET / HTTP/1.1|X: \\177",
        "400 > RFC 9112 §2.2 > GET / HTTP/1.1|Host: a|\\rb",
        "400 > RFC 9112 §2.2 > GET / HTTP/1.1|Host: a|\\n",
        "400 > RFC 9112 §3.2 > GET / HTTP/1.1||",
        "400 > RFC 9112 §3.2 > GET / HTTP/1.1|Host: a|host: a|",
        "400 > RFC 9112 §3.2 > GET / HTTP/1.1|Host: |",
        "400 > RFC 9112 §3.2 > GET / HTTP/1.1|Host: a, b|",
        "400 > RFC 9112 §3.2 > GET / HTTP/1.1|Host: a/b|",
        "400 > RFC 9112 §3.2 > GET / HTTP/1.0|Host: u@a|",
        "400 > RFC 9112 §6.3 > GET / HTTP/1.1|Content-Length: 5|Content-Length: 5|",
        "400 > RFC 9110 §8.6 > GET / HTTP/1.1|Content-Length: |",
        "400 > RFC 9110 §8.6 > GET / HTTP/1.1|Content-Length: +5|",
        "400 > RFC 9110 §8.6 > GET / HTTP/1.1|Content-Length: 0x5|",
        "400 > RFC 9110 §8.6 > GET / HTTP/1.1|Content-Length: 5, 5|",
        "400 > RFC 9110 §8.6 > GET / HTTP/1.1|Content-Length: -1|",
        "413 > RFC 9110 §15.5.14 > GET / HTTP/1.1|Content-Length: 101|",
        "413 > RFC 9110 §15.5.14 > GET / HTTP/1.1|Content-Length: 999999999999999999|",
        "413 > RFC 9110 §15.5.14 > GET / HTTP/1.1|Content-Length: 18446744073709551617|",
        "400 > RFC 9112 §6.1 > GET / HTTP/1.1|Content-Length: 5|Transfer-Encoding: chunked|",
        "400 > RFC 9112 §6.1 > GET / HTTP/1.1|Transfer-Encoding: chunked|Content-Length: 5|",
        "400 > RFC 9112 §7.1 > POST / HTTP/1.1|transfer-encoding: CHUNKED|Transfer-Encoding: x|",
        "400 > RFC 9112 §6.1 > GET / HTTP/1.0|Transfer-Encoding: chunked|",
        "501 > RFC 9112 §6.1 > GET / HTTP/1.1|Transfer-Encoding: gzip, chunked|",
        "501 > RFC 9112 §6.1 > GET / HTTP/1.1|Transfer-Encoding: chunked, chunked|",
        "501 > RFC 9112 §6.1 > GET / HTTP/1.1|Transfer-Encoding: identity|",
        "501 > RFC 9112 §6.1 > GET / HTTP/1.1|Transfer-Encoding: xchunked|",
        "501 > RFC 9112 §6.1 > GET / HTTP/1.1|Transfer-Encoding: \"chunked\"|",
        "501 > RFC 9112 §6.1 > GET / HTTP/1.1|Transfer-Encoding: |",
        "417 > RFC 9110 §10.1.1 > GET / HTTP/1.1|Expect: miracles|",
      })
  void refusesAnIllegalHeadAtItsFirstIllegalByte(int status, String section, String wire) {
    byte[] bytes = Reading.bytes(wire);
    byte[] before = Arrays.copyOf(bytes, bytes.length - 1);
    assertEquals(List.of(), Reading.read(reader(), before), "one byte before");
    List<String> events = read(wire);
    assertEquals(1, events.size(), events.toString());
    assertTrue(events.getFirst().startsWith(status + " "), events.getFirst());
    assertTrue(events.getFirst().endsWith("(" + section + ")"), events.getFirst());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      value = {
        "414, 64 bytes of request line > 414 > GET /%s HTTP/1.1 > 50",
        "414, in the version > 414 > GET /%s HTTP/1.1 > 50",
        "501, 32 bytes of method > 501 > %s / HTTP/1.1 > 32",
        "431, 256 bytes of head > 431 > GET / HTTP/1.1|Host: a|X: %s > 224",
        "431, 256 bytes of blanks too > 431 > GET / HTTP/1.1|Host: a|X:%sx > 224",
      })
  void crossesABoundByOne(String what, int status, String wire, int most) {
    char fill = wire.contains("%sx") ? ' ' : 'a';
    String within = wire.formatted(String.valueOf(fill).repeat(most)) + "|";
    String head = wire.startsWith("GET / ") ? within + "|" : within + "Host: a||";
    assertEquals("END", read(head).getLast(), what);
    String over =
        head.replaceFirst(
            String.valueOf(fill) + "{" + most + "}", String.valueOf(fill).repeat(most + 1));
    assertTrue(read(over).getFirst().startsWith(status + " "), read(over).toString());
  }

  @Test
  void crossesTheBoundOfHeadersByOne() {
    String eight = "GET / HTTP/1.1|Host: a" + "|X: y".repeat(7);
    assertEquals("END", read(eight + "||").getLast());
    assertEquals(List.of("431 over 8 headers (RFC 6585 §5)"), read(eight + "|X"));
  }

  @Test
  void readsOneRequestBehindAnother() {
    String first = "GET /1 HTTP/1.1|Host: a||";
    String second = "GET /2 HTTP/1.1|Host: a|Connection: x, Close ,y||";
    assertEquals(
        List.of(first, "END", second, "END", "REST GET /3"), read(first + second + "GET /3"));
  }

  @Test
  void leavesWhatStandsBehindAnUpgrade() throws HttpException {
    Chunk in = Chunk.copyOf(Reading.bytes("GET / HTTP/1.1|Host: a|Upgrade: websocket||\201\205"));
    Http1 reader = reader();
    assertEquals(Http1.Event.HEAD, reader.next(in));
    assertEquals(2, in.remaining(), "the first frame");
  }

  @Test
  void holdsNothingBetweenMessages() throws HttpException {
    Http1 reader = reader();
    assertTrue(reader.isIdle());
    assertThrows(IllegalStateException.class, reader::head);
    assertNull(reader.next(Chunk.copyOf(Reading.bytes("|G"))));
    assertFalse(reader.isIdle());
    Chunk in = Chunk.copyOf(Reading.bytes("ET / HTTP/1.1|Host: a||"));
    assertEquals(Http1.Event.HEAD, reader.next(in));
    assertFalse(reader.isIdle());
    assertTrue(reader.keepsAlive());
    assertFalse(reader.expectsContinue());
    assertEquals("/", reader.head().target());
    assertEquals(Http1.Event.END, reader.next(in));
    assertEquals("/", reader.head().target());
    assertNull(reader.next(in));
    assertTrue(reader.isIdle());
    assertThrows(IllegalStateException.class, reader::head);
    assertNull(reader.endOfStream());
    assertTrue(reader.isOver());
    assertNull(reader.endOfStream());
  }

  @Test
  void endsWithTheStream() throws HttpException {
    Http1 whole = reader();
    assertEquals(Http1.Event.HEAD, whole.next(Chunk.copyOf(Reading.bytes("GET / HTTP/1.0||"))));
    assertFalse(whole.keepsAlive());
    assertEquals(Http1.Event.END, whole.endOfStream());

    Http1 cut = reader();
    assertNull(cut.next(Chunk.copyOf(Reading.bytes("GET"))));
    assertEquals(400, assertThrows(HttpException.class, cut::endOfStream).status);

    Http1 cutInBody = reader();
    String post = "POST / HTTP/1.1|Host: a|Content-Length: 1||";
    assertEquals(Http1.Event.HEAD, cutInBody.next(Chunk.copyOf(Reading.bytes(post))));
    assertEquals(400, assertThrows(HttpException.class, cutInBody::endOfStream).status);
    assertTrue(cutInBody.isOver());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      value = {
        "true > POST / HTTP/1.1|Host: a|Expect: 100-Continue|Content-Length: 1||",
        "true > POST / HTTP/1.1|Host: a|Expect: 100-continue|Transfer-Encoding: chunked||",
        "false > POST / HTTP/1.1|Host: a|Expect: 100-continue|Content-Length: 0||",
        "false > POST / HTTP/1.0|Expect: 100-continue|Content-Length: 1||",
        "false > POST / HTTP/1.1|Host: a|Content-Length: 1||",
      })
  void knowsWhoWaitsForContinue(boolean waits, String wire) throws HttpException {
    Http1 reader = reader();
    assertEquals(Http1.Event.HEAD, reader.next(Chunk.copyOf(Reading.bytes(wire))));
    assertEquals(waits, reader.expectsContinue());
  }

  /// Half a head is charged for in the memory that it takes, and let go of when it is whole, or
  /// refused.
  @Test
  void chargesForHalfAHead() throws HttpException {
    var holder = new CountingHolder(2_000);
    Http1 reader = Http1.ofRequests(4_000, 8_000, 8, 100).chargedTo(holder);
    String begin = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    assertNull(reader.next(Chunk.copyOf(begin.getBytes(US_ASCII))));
    assertEquals(512, holder.held);
    assertNull(reader.next(Chunk.copyOf("x".repeat(900).getBytes(US_ASCII))));
    assertEquals(1024, holder.held);
    assertEquals(Http1.Event.HEAD, reader.next(Chunk.copyOf("\r\n\r\n".getBytes(US_ASCII))));
    assertEquals(0, holder.held);
    assertEquals(Http1.Event.END, reader.next(Chunk.copyOf(new byte[0])));
    Chunk large = Chunk.copyOf((begin + "x".repeat(3_000)).getBytes(US_ASCII));
    var refusal = assertThrows(HttpException.class, () -> reader.next(large));
    assertEquals(503, refusal.status);
    assertEquals(0, holder.held);
  }

  private static final class CountingHolder implements Holder {
    private final int most;
    private int held;

    CountingHolder(int most) {
      this.most = most;
    }

    @Override
    public Pool pool() {
      throw new AssertionError("a head comes from no pool");
    }

    @Override
    public boolean hold(int bytes) {
      if (held + bytes > most) {
        return false;
      }
      held += bytes;
      return true;
    }

    @Override
    public void letGo(int bytes) {
      held -= bytes;
    }
  }
}
