package io.weft.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import io.weft.bytes.Pool;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Bodies of RFC 9112 §6 and §7, read at every split. `|` is CRLF.
final class BodyTest {

  private static final String HEAD = "POST / HTTP/1.1|Host: a|";
  private static final String SIZED = HEAD + "Content-Length: ";
  private static final String CHUNKED = HEAD + "Transfer-Encoding: chunked||";

  private static Http1 reader() {
    return Http1.ofRequests(64, 64, 8, 32);
  }

  private static List<String> read(String wire) {
    return Reading.of(BodyTest::reader, wire);
  }

  @Test
  void readsABodyOfAKnownLength() {
    String head = SIZED + "5||";
    assertEquals(List.of(head, "BODY hello", "END"), read(head + "hello"));
    String next = "GET / HTTP/1.1|Host: a||";
    assertEquals(List.of(head, "BODY hello", "END", next, "END"), read(head + "hello" + next));
    String empty = SIZED + "000||";
    assertEquals(List.of(empty, "END"), read(empty));
    String most = SIZED + "32||";
    assertEquals(List.of(most, "BODY " + "x".repeat(32), "END"), read(most + "x".repeat(32)));
    assertTrue(read(SIZED + "33||").getFirst().startsWith("413 "));
  }

  /// What is known of a body before it has come: as much as its length says, or a chunk's.
  @Test
  void announcesWhatComes() throws HttpException {
    Http1 sized = reader();
    assertEquals(Http1.Event.HEAD, sized.next(chunk(SIZED + "5||")));
    assertTrue(sized.hasBodyToCome());
    assertEquals(5, sized.announcedBytes());
    assertEquals(Http1.Event.BODY, sized.next(chunk("hel")));
    assertTrue(sized.isSized());
    assertEquals(2, sized.announcedBytes());
    assertEquals(Http1.Event.BODY, sized.next(chunk("lo")));
    assertTrue(sized.isSized());
    assertEquals(0, sized.announcedBytes());
    Http1 chunked = reader();
    assertEquals(Http1.Event.HEAD, chunked.next(chunk(CHUNKED)));
    assertTrue(chunked.hasBodyToCome());
    assertEquals(Http1.Event.BODY, chunked.next(chunk("5|hel")));
    assertFalse(chunked.isSized());
    assertEquals(2, chunked.announcedBytes());
    Http1 none = reader();
    assertEquals(Http1.Event.HEAD, none.next(chunk(HEAD + "|")));
    assertFalse(none.hasBodyToCome());
  }

  private static Chunk chunk(String wire) {
    return Chunk.copyOf(wire.replace("|", "\r\n").getBytes(StandardCharsets.US_ASCII));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "5|hello|0||",
        "1|h|1|e|3|llo|0||",
        "2|he|03|llo|000||",
        "5;a|hello|0;b=c||",
        "5\t;a|hello|0 ;b||",
        "5 \t;a=\"b;c\\377\"; d|hello|0 ;a||",
        "5;a ;b = c ;\td\t=\t\"\" ; e=\"\\\\\"\\\\\\\\\"|hello|0;a=\"b\";c=d||",
        "5;a=b\t;c=\"d\" ;e=f;g|hello|0||",
        "5|hello|0|Trailer: x|Content-Length: 7|Host: b|Empty:||",
      })
  void readsChunks(String body) {
    String next = "GET / HTTP/1.1|Host: a||";
    assertEquals(List.of(CHUNKED, "BODY hello", "END", next, "END"), read(CHUNKED + body + next));
  }

  @Test
  void readsChunkSizesInEitherCase() {
    String data = "x".repeat(0x1A);
    assertEquals("BODY " + data, read(CHUNKED + "1a|" + data + "|0||").get(1));
    assertEquals("BODY " + data, read(CHUNKED + "1A|" + data + "|0||").get(1));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      value = {
        "a chunk without a size > \\r",
        "a chunk without a size > ;",
        "a chunk without a size > \\n",
        "a chunk without a size > -",
        "neither digit nor extension > 5x",
        "neither digit nor extension > 5\\n",
        "neither digit nor extension > 5\\000",
        "a bare CR behind a chunk's size > 5\\rh",
        "a bare CR behind a chunk's size > 5;a\\r\\r",
        "a chunk is longer than its size > 5|hello!",
        "a chunk is longer than its size > 5|hello\\n",
        "a bare CR behind a chunk > 5|hello\\r5",
      })
  void refusesIllegalChunks(String breach, String body) {
    List<String> events = read(CHUNKED + body);
    assertTrue(events.getLast().startsWith("400 " + breach), events.getLast());
    assertTrue(events.getLast().endsWith("(RFC 9112 §7.1)"), events.getLast());
    List<String> before = read(CHUNKED + body.replaceFirst("(\\\\\\w{1,3}|.)$", ""));
    assertTrue(!before.getLast().startsWith("400 "), "one byte before: " + before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\\040\\r",
        "\\0405",
        ";\\n",
        ";a\\000",
        ";\\r",
        "; \\r",
        ";;",
        ";=",
        ";\"",
        ";a=\\r",
        ";a= \\r",
        ";a=;",
        ";a==",
        ";a=\\n",
        ";a=b=",
        ";a=b\"",
        ";a \\r",
        ";a b",
        ";a \"",
        ";a=b \\r",
        ";a=b c",
        ";a=b =",
        ";a\"",
        ";a=\"\\r",
        ";a=\"b\\n",
        ";a=\"\\\\\\000",
        ";a=\"b\"c",
        ";a=\"b\"=",
        ";a=\"b\"\"",
        ";a=\"b\" \\r",
        ";a@",
        ";a=@",
        " =",
        " \"",
        ";\\377",
      })
  void refusesAMalformedExtensionAtItsFirstIllegalByte(String extension) {
    List<String> events = read(CHUNKED + "5" + extension);
    assertEquals(
        "400 a chunk's extension is malformed (RFC 9112 §7.1.1)", events.getLast(), extension);
    List<String> before = read(CHUNKED + "5" + extension.replaceFirst("(\\\\\\w{1,3}|.)$", ""));
    assertTrue(!before.getLast().startsWith("400 "), "one byte before: " + before);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      value = {
        "413 > 21",
        "413 > 1f|1234567890123456789012345678901|2",
        "413 > 7fffffffffffffff",
        "413 > ffffffffffffffffffff",
        "400 > 0|Trailer : x",
        "400 > 0|\\n",
        "431 > 0|A: 1|A: 2|A: 3|A: 4|A: 5|A: 6|A: 7|A: 8|A",
      })
  void crossesABoundOfABody(int status, String body) {
    List<String> events = read(CHUNKED + body);
    assertTrue(events.getLast().startsWith(status + " "), events.getLast());
  }

  @Test
  void crossesTheBoundsOfWhatIsDroppedByOne() {
    assertEquals("END", read(CHUNKED + "0;" + "x".repeat(63) + "||").getLast());
    String over = "413 extensions of chunks over 64 bytes (RFC 9112 §7.1.1)";
    assertEquals(over, read(CHUNKED + "0;" + "x".repeat(64) + "||").getLast());
    assertEquals(over, read(CHUNKED + "1;" + "x".repeat(60) + "|x|1;xxx").getLast());
    assertEquals("END", read(CHUNKED + "0".repeat(65) + "||").getLast());
    assertEquals(over, read(CHUNKED + "0".repeat(66) + "||").getLast());
    assertEquals("END", read(CHUNKED + "0|T: " + "x".repeat(57) + "||").getLast());
    assertTrue(read(CHUNKED + "0|T: " + "x".repeat(58) + "||").getLast().startsWith("431 "));
  }

  @Test
  void writesWhatItReads() {
    Outbox out = new Outbox(new Pool(1024, 1 << 20), 1 << 20, 1 << 20);
    Http1.putChunk(out, ByteBuffer.wrap("hello world, ".getBytes(ISO_8859_1)));
    Http1.putChunk(out, ByteBuffer.allocate(0));
    Http1.putChunk(out, ByteBuffer.wrap("again".getBytes(ISO_8859_1)));
    Http1.putLastChunk(out);
    String wire = Outboxes.text(out);
    assertEquals("d|hello world, |5|again|0||", wire.replace("\r\n", "|"));
    assertEquals("BODY hello world, again", read(CHUNKED + wire).get(1));
  }
}
