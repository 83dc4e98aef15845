package io.weft.http;

import io.weft.bytes.Ascii;
import io.weft.bytes.Holder;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Reads a start line and header lines byte by byte (RFC 9112 §2.2, §3, §4, §5), so that what is
/// illegal is refused at its first byte. What was read lies in the form in which a [Head] keeps it,
/// in memory that is there from the first byte to [#take] and grows with the bytes received.
///
/// ```text
/// request   START -> METHOD -> TARGET [-> QUERY] -> VERSION -----.
///             `- LEADING_LF -> RESTART -> METHOD                 |
/// response  START -> VERSION -> STATUS -> REASON -> START_LF <---'
///                                                      |
///            .----------- FIELD_LF <-----------.       |
///            v                                 |       |
///          FIELD -> NAME -> BLANKS -> VALUE ---'       |
///            |  ^--------------------------------------'
///            `----> END_LF -> START
/// ```
final class HeadReader {

  /// No method that anyone serves is as long; RFC 9112 §3 wants 501 for longer ones.
  private static final int METHOD_BYTES = 32;

  /// Most heads of browsers fit at once.
  private static final int FIRST_BYTES = 512;

  private static final String VERSION = "HTTP/1.1";
  private static final int MAJOR_AT = VERSION.indexOf('1');
  private static final int MINOR_AT = VERSION.lastIndexOf('1');
  private static final int STATUS_DIGITS = 3;
  private static final byte[] NOTHING = {};

  private final boolean requests;
  private final int startLineBytes;
  private final int headBytes;
  private final int headers;

  /// Who is charged for its memory; null for nobody.
  private @Nullable Holder holder;

  private State state = State.START;
  private byte[] bytes = NOTHING;
  private int length;

  /// Where in `bytes` the part being read begins: method, target, version, status or header name.
  private int partFrom;

  /// Where in `bytes` the value of the last header begins.
  private int valueFrom;

  /// Bytes of the peer since the head or the trailers began.
  private int taken;

  /// Header lines since then.
  private int fields;

  private boolean http11;

  /// What the request line named, if it was in absolute-form; else null.
  private @Nullable Url absolute;

  /// What was read.
  enum Line {
    /// A header line: [#isNamed], [#value].
    FIELD,
    /// The blank line: [#take].
    BLANK
  }

  private enum State {
    START,
    LEADING_LF,
    RESTART,
    METHOD,
    TARGET,
    QUERY,
    VERSION,
    STATUS,
    REASON,
    START_LF,
    FIELD,
    NAME,
    BLANKS,
    VALUE,
    FIELD_LF,
    END_LF
  }

  /// Makes a reader.
  ///
  /// @param requests whether it reads requests; otherwise responses
  /// @param startLineBytes what a start line may have without its CRLF
  /// @param headBytes what a head may have in all, and trailers as well
  /// @param headers how many header lines a head may have, and trailers as well
  HeadReader(boolean requests, int startLineBytes, int headBytes, int headers) {
    this.requests = requests;
    this.startLineBytes = startLineBytes;
    this.headBytes = headBytes;
    this.headers = headers;
  }

  /// Says who is charged for its memory, from the next byte on.
  void chargeTo(Holder whom) {
    holder = whom;
  }

  /// Reads on to the end of a header line; `in` moves past what was taken.
  ///
  /// @return the line, or null if `in` ends before it does
  @Nullable Line next(ByteBuffer in) throws HttpException {
    Line line = null;
    while (line == null && in.hasRemaining()) {
      if (++taken > headBytes) {
        throw new HttpException(431, "RFC 6585 §5", "over " + headBytes + " bytes of headers");
      }
      line = step(in.get() & 0xFF);
    }
    return line;
  }

  /// Whether not one byte of a head is held.
  boolean isIdle() {
    return length == 0;
  }

  /// Whether the start line says HTTP/1.1; otherwise it says HTTP/1.0.
  boolean isHttp11() {
    return http11;
  }

  /// Whether the header line just read has that name, whatever its case.
  boolean isNamed(String name) {
    int nameTo = valueFrom - Head.SEPARATOR.length();
    return Ascii.equalsIgnoringCase(bytes, partFrom, nameTo, name);
  }

  /// The value of the header line just read.
  String value() {
    return Head.text(bytes, valueFrom, length - Head.CRLF.length());
  }

  /// Takes the head whose blank line was just read, and makes ready for the next message.
  Head take() {
    Head head = new Head(Arrays.copyOf(bytes, length));
    Url url = absolute;
    forget();
    state = State.START;
    return url == null ? head : head.at(url);
  }

  /// Makes ready for the trailers of a chunked body, which have the form of header lines.
  void beginTrailers() {
    forget();
    state = State.FIELD;
  }

  /// Drops the header line just read.
  void dropLine() {
    length = 0;
  }

  /// Drops all and frees the memory.
  void forget() {
    if (holder != null) {
      holder.letGo(bytes.length);
    }
    bytes = NOTHING;
    length = 0;
    taken = 0;
    fields = 0;
    absolute = null;
    state = State.START;
  }

  private @Nullable Line step(int next) throws HttpException {
    switch (state) {
      case START, RESTART -> start(next);
      case LEADING_LF -> {
        lineFeed(next);
        state = State.RESTART;
      }
      case METHOD -> method(next);
      case TARGET, QUERY -> target(next);
      case VERSION -> version(next);
      case STATUS -> status(next);
      case REASON -> reason(next);
      case START_LF -> endLine(next, State.FIELD);
      case FIELD -> field(next);
      case NAME -> name(next);
      case BLANKS -> blanks(next);
      case VALUE -> value(next);
      case FIELD_LF -> {
        endLine(next, State.FIELD);
        return Line.FIELD;
      }
      default -> { // END_LF
        endLine(next, State.START);
        return Line.BLANK;
      }
    }
    return null;
  }

  /// One CRLF before a request line is passed over, as RFC 9112 §2.2 asks, for clients that send it
  /// after a body; never two, and never before a response.
  private void start(int next) throws HttpException {
    if (!requests) {
      begin(State.VERSION);
      version(next);
    } else if (next == '\r' && state == State.START) {
      state = State.LEADING_LF;
    } else {
      begin(State.METHOD);
      method(next);
    }
  }

  private void method(int next) throws HttpException {
    if (next == ' ' && length > 0) {
      if (Ascii.equals(bytes, 0, length, "CONNECT")) {
        throw new HttpException(501, "RFC 9110 §9.3.6", "CONNECT is for proxies");
      }
      put(next);
      begin(State.TARGET);
    } else if (!Ascii.isTokenMark(next)) {
      throw illegal(next, "in the method", "RFC 9112 §3.1");
    } else if (length == METHOD_BYTES) {
      throw new HttpException(501, "RFC 9112 §3", "the method is over " + METHOD_BYTES + " bytes");
    } else {
      put(next);
    }
  }

  private void target(int next) throws HttpException {
    if (next == ' ' && length > partFrom) {
      boolean isAbsolute = Ascii.lower(bytes[partFrom]) == 'h';
      absolute = isAbsolute ? url(Head.text(bytes, partFrom, length)) : null;
      put(next);
      begin(State.VERSION);
    } else if (!(state == State.QUERY ? Grammar.isQuery(next) : Grammar.isPath(next))) {
      throw illegal(next, "in the target", "RFC 9112 §3.2");
    } else {
      if (length == partFrom) {
        beginTarget(next);
      } else if (bytes[partFrom] == '*') {
        throw illegal(next, "behind the target *", "RFC 9112 §3.2.4");
      }
      putInStartLine(next);
      state = next == '?' ? State.QUERY : state;
    }
  }

  /// A target is a path, a URL of http, or, of OPTIONS alone, `*`: the server as a whole.
  private void beginTarget(int next) throws HttpException {
    boolean ofServer = next == '*' && Ascii.equals(bytes, 0, length, "OPTIONS ");
    if (next != '/' && Ascii.lower(next) != 'h' && !ofServer) {
      String breach = "the target is neither a path nor a URL of http";
      throw new HttpException(400, "RFC 9112 §3.2", breach);
    }
  }

  private static Url url(String target) throws HttpException {
    try {
      return Url.parse(target);
    } catch (Url.Malformed malformed) {
      throw new HttpException(400, "RFC 9112 §3.2.2", "the target: " + malformed.getMessage());
    }
  }

  private void version(int next) throws HttpException {
    int at = length - partFrom;
    if (at == VERSION.length()) {
      http11 = bytes[length - 1] == '1';
      endVersion(next);
    } else if (at == MAJOR_AT || at == MINOR_AT) {
      if (!Ascii.isDigit(next)) {
        throw illegal(next, "in the version", "RFC 9112 §2.3");
      }
      if (next != '1' && (next != '0' || at == MAJOR_AT)) {
        String breach = "the version is neither HTTP/1.1 nor HTTP/1.0";
        throw new HttpException(505, "RFC 9110 §15.6.6", breach);
      }
      putInStartLine(next);
    } else if (next == VERSION.charAt(at)) {
      putInStartLine(next);
    } else {
      throw illegal(next, "in the version", "RFC 9112 §2.3");
    }
  }

  private void endVersion(int next) throws HttpException {
    if (requests) {
      carriageReturn(next, State.START_LF, "after the version", "RFC 9112 §3");
    } else {
      blank(next, "after the version");
      begin(State.STATUS);
    }
  }

  private void status(int next) throws HttpException {
    int at = length - partFrom;
    if (at == STATUS_DIGITS) {
      blank(next, "after the status");
      begin(State.REASON);
    } else if (Ascii.isDigit(next) && (at > 0 || (next >= '1' && next <= '5'))) {
      put(next);
    } else {
      throw illegal(next, "in the status", "RFC 9110 §15");
    }
  }

  /// The blank behind the status is there even if no reason is (RFC 9112 §4).
  private void blank(int next, String where) throws HttpException {
    if (next != ' ') {
      throw illegal(next, where, "RFC 9112 §4");
    }
    put(next);
  }

  private void reason(int next) throws HttpException {
    if (Grammar.isFieldValue(next)) {
      putInStartLine(next);
    } else {
      carriageReturn(next, State.START_LF, "in the reason", "RFC 9112 §4");
    }
  }

  private void field(int next) throws HttpException {
    switch (next) {
      case '\r' -> {
        put(next);
        state = State.END_LF;
      }
      case ' ', '\t' -> throw new HttpException(400, "RFC 9112 §5.2", "a header line is folded");
      case ':' -> throw new HttpException(400, "RFC 9110 §5.1", "a header has no name");
      default -> {
        if (++fields > headers) {
          throw new HttpException(431, "RFC 6585 §5", "over " + headers + " headers");
        }
        begin(State.NAME);
        name(next);
      }
    }
  }

  private void name(int next) throws HttpException {
    if (next == ':') {
      put(':');
      put(' ');
      valueFrom = length;
      state = State.BLANKS;
    } else if (Ascii.isTokenMark(next)) {
      put(next);
    } else {
      throw illegal(next, "in a header's name", "RFC 9112 §5.1");
    }
  }

  private void blanks(int next) throws HttpException {
    if (!isBlank(next)) {
      state = State.VALUE;
      value(next);
    }
  }

  private void value(int next) throws HttpException {
    if (Grammar.isFieldValue(next)) {
      put(next);
    } else {
      while (isBlank(bytes[length - 1]) && length > valueFrom) {
        length--;
      }
      carriageReturn(next, State.FIELD_LF, "in a header's value", "RFC 9110 §5.5");
    }
  }

  private void carriageReturn(int next, State then, String where, String section)
      throws HttpException {
    if (next != '\r') {
      throw illegal(next, where, section);
    }
    put(next);
    state = then;
  }

  private void endLine(int next, State then) throws HttpException {
    lineFeed(next);
    put(next);
    state = then;
  }

  private static void lineFeed(int next) throws HttpException {
    if (next != '\n') {
      throw new HttpException(400, "RFC 9112 §2.2", "a bare CR");
    }
  }

  private void putInStartLine(int next) throws HttpException {
    if (length >= startLineBytes) {
      String breach = "the start line is over " + startLineBytes + " bytes";
      throw new HttpException(414, "RFC 9112 §3", breach);
    }
    put(next);
  }

  private void put(int next) throws HttpException {
    if (length == bytes.length) {
      grow(Math.max(FIRST_BYTES, 2 * length));
    }
    bytes[length++] = (byte) next;
  }

  private void grow(int size) throws HttpException {
    if (holder != null) {
      if (!holder.hold(size)) {
        String breach = "no memory for more of a head: all that was received is at its bound";
        throw new HttpException(503, "RFC 9110 §15.6.4", breach);
      }
      holder.letGo(bytes.length);
    }
    bytes = Arrays.copyOf(bytes, size);
  }

  private void begin(State part) {
    partFrom = length;
    state = part;
  }

  private static boolean isBlank(int next) {
    return next == ' ' || next == '\t';
  }

  private static HttpException illegal(int next, String where, String section) {
    if (next == '\n') {
      return new HttpException(400, "RFC 9112 §2.2", "a bare LF " + where);
    }
    String what =
        switch (next) {
          case 0 -> "NUL";
          case '\r' -> "CR";
          case ' ', '\t' -> "a blank";
          default -> String.format(Locale.ROOT, "byte 0x%02x", next);
        };
    return new HttpException(400, section, what + " " + where);
  }
}
