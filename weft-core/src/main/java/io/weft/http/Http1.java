package io.weft.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.weft.bytes.Ascii;
import io.weft.bytes.Chunk;
import io.weft.bytes.Holder;
import io.weft.bytes.Outbox;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Reads HTTP/1.1 as it arrives, cut anywhere, and writes what is not a head (RFC 9112). One reader
/// serves one connection in one direction; it is pulled, so that whoever stops pulling stops
/// reading.
///
/// ```text
/// HEAD -> LENGTH ---------------------------------------------------> END -> HEAD
///      -> CHUNK_SIZE -> MORE_SIZE -> EXTENSION -> SIZE_LF -> CHUNK    ^
///             ^                                      |         |      |
///             `------ CHUNK_LF <- CHUNK_CR <---------|---------'      |
///                                                    `-> TRAILERS ----|
///      -> UNTIL_CLOSE (responses only) -- end of the stream ----------|
///      -- no body ----------------------------------------------------'
/// any  -- a breach, the end of the stream, END of the last message --> OVER
/// ```
///
/// Strict: nothing that two readers could take for two different messages is let through. So it
/// refuses a bare CR or LF (§2.2), folded lines (§5.2), a blank before a colon (§5.1), a second
/// Content-Length even if it is the same (§6.3), Content-Length beside Transfer-Encoding (§6.1), a
/// transfer coding other than `chunked` alone (§6.1, 501), a request without exactly one sound Host
/// (§3.2) and an expectation other than `100-continue` (RFC 9110 §10.1.1, 417). HTTP/1.0 is read,
/// but its connection is not kept alive and it may not be chunked. Trailers and the extensions of
/// chunks are bounded and dropped.
public final class Http1 {

  private static final byte[] LAST_CHUNK = "0\r\n\r\n".getBytes(US_ASCII);

  /// Room for a chunk's size in hexadecimal and a CRLF.
  private static final int CHUNK_SIZE_BYTES = Long.BYTES + 2;

  /// A Content-Length with more digits is over every bound.
  private static final int LENGTH_DIGITS = 18;

  private static final int HEXADECIMAL = 16;
  private static final int ABSENT = -1;

  private final boolean requests;
  private final HeadReader reader;
  private final int headBytes;
  private final long bodyBytes;

  private State state = State.HEAD;

  /// The message at hand, from its head to its end; else null.
  private @Nullable Head head;

  private int hosts;

  /// The value of Content-Length, or [#ABSENT].
  private long length = ABSENT;

  private boolean chunked;

  /// Whether the message at hand leaves the connection to another.
  private boolean alive;

  /// What the next final response answers.
  private Asked asked = Asked.FOR_CONTENT;

  /// Bytes still to come of a body with Content-Length, or of a chunk.
  private long left;

  /// Bytes of the body that are not announced yet, and may be.
  private long spare;

  /// Bytes of the body's chunks that are neither size nor data, and may yet come.
  private int spareExtension;

  /// Where in the extensions of a chunk it is, in [State#EXTENSION].
  private ChunkExtension extension = ChunkExtension.BLANKS;

  private int bodyFrom;
  private int bodyTo;

  /// What was read.
  public enum Event {
    /// A head is whole: [#head()].
    HEAD,
    /// A piece of the body is there: from [#bodyFrom()] to [#bodyTo()].
    BODY,
    /// The message is whole. The next may begin.
    END
  }

  /// What a request asked for, as far as its answer's body hangs on that (RFC 9112 §6.3).
  private enum Asked {
    FOR_CONTENT,
    FOR_HEAD,
    FOR_TUNNEL
  }

  private enum State {
    HEAD,
    LENGTH,
    CHUNK_SIZE,
    MORE_SIZE,
    EXTENSION,
    SIZE_LF,
    CHUNK,
    CHUNK_CR,
    CHUNK_LF,
    TRAILERS,
    UNTIL_CLOSE,
    END,
    OVER
  }

  private Http1(boolean requests, int startLineBytes, int headBytes, int headers, long bodyBytes) {
    this.requests = requests;
    this.reader = new HeadReader(requests, startLineBytes, headBytes, headers);
    this.headBytes = headBytes;
    this.bodyBytes = bodyBytes;
  }

  /// Makes a reader of requests, for a server.
  ///
  /// @param requestLineBytes what a request line may have, its CRLF left out; more is 414
  /// @param headBytes what a head may have in all; more is 431. Trailers may have as much again,
  ///   and so may the extensions of chunks
  /// @param headers how many header lines a head may have; more are 431
  /// @param bodyBytes what a body may have; more is 413
  public static Http1 ofRequests(int requestLineBytes, int headBytes, int headers, long bodyBytes) {
    return new Http1(true, requestLineBytes, headBytes, headers, bodyBytes);
  }

  /// Makes a reader of responses, for a client. The bounds are those of requests; every breach has
  /// status 502.
  public static Http1 ofResponses(int statusLineBytes, int headBytes, int headers, long bodyBytes) {
    return new Http1(false, statusLineBytes, headBytes, headers, bodyBytes);
  }

  /// Has `holder` charged for what it holds of a head that is not whole; nobody is unless told. If
  /// there is no memory for more of it, that is a breach with status 503.
  ///
  /// @return this
  public Http1 chargedTo(Holder holder) {
    reader.chargeTo(holder);
    return this;
  }

  /// Reads on to the next event.
  ///
  /// @param in bytes of the peer; its position moves past what was taken
  /// @return the event; or null if `in` was taken whole and more is needed, or if nothing more is
  ///   read on this connection ([#isOver()]) and `in` is as it was
  /// @throws HttpException if the peer broke HTTP or crossed a bound; then nothing more is read
  public @Nullable Event next(Chunk in) throws HttpException {
    try {
      return read(in.buffer);
    } catch (HttpException breach) {
      throw over(breach);
    }
  }

  /// Takes the end of the stream. Nothing more is read then.
  ///
  /// @return [Event#END] if it ends the body of a response, or null if no message was begun
  /// @throws HttpException if it cuts a message
  public @Nullable Event endOfStream() throws HttpException {
    boolean whole = state == State.UNTIL_CLOSE || state == State.END;
    if (!whole && !isIdle() && state != State.OVER) {
      throw over(new HttpException(400, "RFC 9112 §8", "the message is cut"));
    }
    state = State.OVER;
    return whole ? Event.END : null;
  }

  /// The head of the message at hand, from [Event#HEAD] to [Event#END], which both count.
  ///
  /// @throws IllegalStateException if there is none
  public Head head() {
    Head now = head;
    if (now == null) {
      throw new IllegalStateException("no message is at hand: wait for HEAD");
    }
    return now;
  }

  /// Where in the chunk the piece of the last [Event#BODY] begins; for [Chunk#view].
  public int bodyFrom() {
    return bodyFrom;
  }

  /// Where in the chunk the piece of the last [Event#BODY] ends.
  public int bodyTo() {
    return bodyTo;
  }

  /// Whether the request at hand has a body to come, and its sender waits for a `100 Continue`
  /// before it sends that: to be asked at [Event#HEAD]. To answer so, or with a final status and
  /// close, is up to the caller (RFC 9110 §10.1.1). HTTP/1.0 never waits.
  public boolean expectsContinue() {
    return hasBodyToCome() && head().isHttp11() && head().has("Expect");
  }

  /// Whether the message at hand has a body, of which nothing has come yet: to be asked at
  /// [Event#HEAD].
  public boolean hasBodyToCome() {
    return state == State.LENGTH || state == State.CHUNK_SIZE;
  }

  /// How many bytes more of the body are sure to come, as its length or that of a chunk says.
  public long announcedBytes() {
    return left;
  }

  /// Whether [#announcedBytes()] is all of the body that is left: it has a Content-Length.
  public boolean isSized() {
    return state == State.LENGTH || state == State.END;
  }

  /// Whether the connection may carry another message after the one at hand: HTTP/1.1, without
  /// `Connection: close`, and its end does not hang on the connection's (RFC 9112 §9.3).
  public boolean keepsAlive() {
    return alive;
  }

  /// Whether no message is begun. No memory is held then, but by an [#head()] not yet followed by
  /// another [#next].
  public boolean isIdle() {
    return state == State.HEAD && reader.isIdle();
  }

  /// Whether nothing more is read: after a refusal, the end of the stream, a message that does not
  /// keep the connection alive, or a 101 or the tunnel of a CONNECT, behind which another protocol
  /// begins.
  public boolean isOver() {
    return state == State.OVER;
  }

  /// Says that the next final response is to a HEAD request, and so has no body (RFC 9112 §6.3).
  public void answersHead() {
    asked = Asked.FOR_HEAD;
  }

  /// Says that the next final response is to a CONNECT request: if it is a 2xx, whatever stands
  /// behind its head is the tunnel's (RFC 9110 §9.3.6).
  public void answersConnect() {
    asked = Asked.FOR_TUNNEL;
  }

  /// Appends what is unread in `data`, and stays so, as one chunk of a chunked body, or nothing if
  /// nothing is.
  public static void putChunk(Outbox out, ByteBuffer data) {
    if (data.hasRemaining()) {
      String size = Integer.toHexString(data.remaining());
      out.room(CHUNK_SIZE_BYTES).put((size + Head.CRLF).getBytes(US_ASCII));
      out.wrote();
      out.put(data, data.position(), data.limit(), 0);
      out.put(LAST_CHUNK, 1, 3, 0);
    }
  }

  /// Appends the end of a chunked body, without trailers.
  public static void putLastChunk(Outbox out) {
    out.put(LAST_CHUNK, 0, LAST_CHUNK.length, 0);
  }

  private HttpException over(HttpException breach) {
    state = State.OVER;
    head = null;
    reader.forget();
    return requests ? breach : breach.ofServer();
  }

  private @Nullable Event read(ByteBuffer in) throws HttpException {
    if (state == State.END) {
      return end();
    }
    if (state == State.HEAD || state == State.OVER) {
      head = null;
    }
    Event event = null;
    while (event == null && state != State.OVER && in.hasRemaining()) {
      event =
          switch (state) {
            case HEAD -> head(in);
            case LENGTH, CHUNK -> sized(in);
            case UNTIL_CLOSE -> untilClose(in);
            case TRAILERS -> trailers(in);
            default -> chunkSize(in.get() & 0xFF);
          };
    }
    return event;
  }

  private @Nullable Event head(ByteBuffer in) throws HttpException {
    for (; ; ) {
      HeadReader.Line line = reader.next(in);
      if (line == null) {
        return null;
      }
      if (line == HeadReader.Line.BLANK) {
        begin();
        return Event.HEAD;
      }
      field();
    }
  }

  /// Judges the header lines that say where a message ends and whom it is for.
  private void field() throws HttpException {
    if (reader.isNamed("Content-Length")) {
      if (length != ABSENT) {
        throw new HttpException(400, "RFC 9112 §6.3", "Content-Length is there twice");
      }
      length = length(reader.value());
      if (requests) {
        requireLength();
      }
    } else if (reader.isNamed("Transfer-Encoding")) {
      transferEncoding();
    } else if (requests && reader.isNamed("Host")) {
      host();
    } else if (requests && reader.isNamed("Expect")) {
      if (!reader.value().equalsIgnoreCase("100-continue")) {
        throw new HttpException(417, "RFC 9110 §10.1.1", "an expectation other than 100-continue");
      }
    }
    if (chunked && length != ABSENT) {
      String breach = "Content-Length and Transfer-Encoding together";
      throw new HttpException(400, "RFC 9112 §6.1", breach);
    }
  }

  private static long length(String value) throws HttpException {
    if (value.isEmpty() || !value.chars().allMatch(Ascii::isDigit)) {
      throw new HttpException(400, "RFC 9110 §8.6", "Content-Length is not a number");
    }
    return value.length() > LENGTH_DIGITS ? Long.MAX_VALUE : Long.parseLong(value);
  }

  private void requireLength() throws HttpException {
    if (length > bodyBytes) {
      throw tooLong();
    }
  }

  private HttpException tooLong() {
    return new HttpException(413, "RFC 9110 §15.5.14", "the body is over " + bodyBytes + " bytes");
  }

  private void transferEncoding() throws HttpException {
    if (chunked) {
      throw new HttpException(400, "RFC 9112 §7.1", "Transfer-Encoding is there twice");
    }
    if (!reader.isHttp11()) {
      throw new HttpException(400, "RFC 9112 §6.1", "Transfer-Encoding in HTTP/1.0");
    }
    if (!reader.value().equalsIgnoreCase("chunked")) {
      throw new HttpException(501, "RFC 9112 §6.1", "a transfer coding other than chunked");
    }
    chunked = true;
  }

  private void host() throws HttpException {
    if (++hosts > 1) {
      throw new HttpException(400, "RFC 9112 §3.2", "Host is there twice");
    }
    String host = reader.value();
    try {
      Authority.parse(host, 0, host.length());
    } catch (Url.Malformed malformed) {
      throw new HttpException(400, "RFC 9112 §3.2", "Host: " + malformed.getMessage());
    }
  }

  /// Begins the message whose head is whole: where it ends is RFC 9112 §6.3.
  private void begin() throws HttpException {
    if (requests && reader.isHttp11() && hosts == 0) {
      throw new HttpException(400, "RFC 9112 §3.2", "Host is missing");
    }
    Head now = reader.take();
    head = now;
    alive = now.isHttp11() && !now.lists("Connection", "close");
    spare = bodyBytes;
    spareExtension = headBytes;
    state = requests ? sizedBody() : responseBody(now.status());
    hosts = 0;
    length = ABSENT;
    chunked = false;
  }

  private State sizedBody() {
    if (chunked) {
      return beginChunk();
    }
    left = length;
    return length > 0 ? State.LENGTH : State.END;
  }

  private State responseBody(int status) throws HttpException {
    boolean interim = status < 200;
    boolean tunnel = asked == Asked.FOR_TUNNEL && !interim && status < 300;
    boolean toHead = asked == Asked.FOR_HEAD;
    boolean bodiless = interim || tunnel || toHead || status == 204 || status == 304;
    if (interim) {
      alive = status != 101;
    } else {
      alive = alive && !tunnel;
      asked = Asked.FOR_CONTENT;
    }
    if (bodiless) {
      return State.END;
    }
    if (!chunked && length == ABSENT) {
      alive = false;
      return State.UNTIL_CLOSE;
    }
    requireLength();
    return sizedBody();
  }

  private Event end() {
    state = alive ? State.HEAD : State.OVER;
    return Event.END;
  }

  private Event sized(ByteBuffer in) {
    Event event = body(in, left);
    left -= bodyTo - bodyFrom;
    if (left == 0) {
      state = state == State.LENGTH ? State.END : State.CHUNK_CR;
    }
    return event;
  }

  /// Takes at most `most` bytes of the body.
  private Event body(ByteBuffer in, long most) {
    bodyFrom = in.position();
    bodyTo = bodyFrom + (int) Math.min(most, in.remaining());
    in.position(bodyTo);
    return Event.BODY;
  }

  private Event untilClose(ByteBuffer in) throws HttpException {
    if (spare == 0) {
      throw tooLong();
    }
    Event event = body(in, spare);
    spare -= bodyTo - bodyFrom;
    return event;
  }

  private State beginChunk() {
    left = 0;
    return State.CHUNK_SIZE;
  }

  /// Reads what stands between the data of two chunks (RFC 9112 §7.1).
  private @Nullable Event chunkSize(int next) throws HttpException {
    switch (state) {
      case CHUNK_SIZE, MORE_SIZE -> sizeDigit(next);
      case EXTENSION -> extension(next);
      case SIZE_LF -> {
        require(next == '\n', "a bare CR behind a chunk's size");
        if (left == 0) {
          reader.beginTrailers();
        }
        spare -= left;
        state = left == 0 ? State.TRAILERS : State.CHUNK;
      }
      case CHUNK_CR -> {
        require(next == '\r', "a chunk is longer than its size");
        state = State.CHUNK_LF;
      }
      default -> {
        require(next == '\n', "a bare CR behind a chunk");
        state = beginChunk();
      }
    }
    return null;
  }

  private void sizeDigit(int next) throws HttpException {
    int digit = Ascii.hexDigit(next);
    if (digit < 0) {
      require(state == State.MORE_SIZE, "a chunk without a size");
      beginExtension(next);
      return;
    }
    if (state == State.MORE_SIZE && left == 0) {
      countExtension(); // a leading zero
    }
    if (left > Math.floorDiv(spare - digit, HEXADECIMAL)) {
      throw tooLong();
    }
    left = HEXADECIMAL * left + digit;
    state = State.MORE_SIZE;
  }

  private void beginExtension(int next) throws HttpException {
    if (next == '\r') {
      state = State.SIZE_LF;
      return;
    }
    boolean blank = next == ' ' || next == '\t';
    require(blank || next == ';', "neither digit nor extension in a chunk's size");
    countExtension();
    extension = blank ? ChunkExtension.BLANKS : ChunkExtension.NAMELESS;
    state = State.EXTENSION;
  }

  private void extension(int next) throws HttpException {
    extension = extension.next(next);
    if (extension == ChunkExtension.END) {
      state = State.SIZE_LF;
    } else {
      countExtension();
    }
  }

  private void countExtension() throws HttpException {
    if (--spareExtension < 0) {
      String breach = "extensions of chunks over " + headBytes + " bytes";
      throw new HttpException(413, "RFC 9112 §7.1.1", breach);
    }
  }

  private @Nullable Event trailers(ByteBuffer in) throws HttpException {
    HeadReader.Line line = reader.next(in);
    while (line == HeadReader.Line.FIELD) {
      reader.dropLine();
      line = reader.next(in);
    }
    if (line == null) {
      return null;
    }
    reader.forget();
    return end();
  }

  private static void require(boolean legal, String breach) throws HttpException {
    if (!legal) {
      throw new HttpException(400, "RFC 9112 §7.1", breach);
    }
  }
}
