package io.weft.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.weft.bytes.Ascii;
import io.weft.bytes.Outbox;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/// The head of a request or a response: its start line and its headers, in order, looked up without
/// case (RFC 9112 §2.1). Immutable.
///
/// A connection keeps its request's head for life, so a head is one array and nothing else: the
/// bytes as they are sent, each header as `name: value` and CRLF. What is asked for is found by
/// walking the lines, and only an answer becomes a String. Bytes above 127 in a value are opaque
/// (RFC 9110 §5.5) and stand in Strings as the characters U+0080 to U+00FF.
///
/// ```text
/// GET /chat HTTP/1.1␍␊
/// Host: example.com␍␊
/// Upgrade: websocket␍␊
/// ␍␊
/// ```
public final class Head implements Iterable<Head.Field> {

  static final String CRLF = "\r\n";

  /// Between a header's name and its value.
  static final String SEPARATOR = ": ";

  private static final String HOST = "Host";

  /// What a response begins with; a request never does, since a token holds no slash.
  private static final String VERSION = "HTTP/1.1";

  /// Bytes of `HTTP/1.1`.
  private static final int VERSION_BYTES = VERSION.length();

  /// From where on a response's start line holds the three digits of its status.
  private static final int STATUS_FROM = VERSION_BYTES + 1;

  private static final int STATUS_TO = STATUS_FROM + 3;

  private final byte[] bytes;

  /// One header line.
  ///
  /// @param name as it was written; compare without case
  /// @param value without the blanks around it
  public record Field(String name, String value) {

    /// Judges a header that is to be sent: one that would break the head apart is none.
    ///
    /// @throws IllegalArgumentException unless the name is a token and the value visible
    ///   characters, blanks between them, U+00FF at most, or nothing (RFC 9110 §5.1, §5.5)
    public void requireLegal() {
      require(Ascii.isToken(name), "the header's name is not a token");
      require(
          value.chars().allMatch(Grammar::isFieldValue),
          "the value of " + name + " has an illegal character");
      require(value.equals(value.strip()), "the value of " + name + " has blanks around it");
    }
  }

  /// Takes bytes of the form above that have been judged already.
  Head(byte[] bytes) {
    this.bytes = bytes;
  }

  /// Begins a request of HTTP/1.1.
  ///
  /// @param method a token, `GET` for example
  /// @param target what follows it: a path and perhaps a query, percent-encoded
  /// @throws IllegalArgumentException if one of them cannot stand in a request line
  public static Builder request(String method, String target) {
    require(Ascii.isToken(method), "the method is not a token");
    require(!target.isEmpty(), "the target is empty");
    require(Grammar.isTarget(target), "the target has an illegal character");
    return new Builder(method + " " + target + " " + VERSION + CRLF);
  }

  /// Begins a response of HTTP/1.1 with the usual words for its status.
  ///
  /// @param status 100 to 599
  /// @throws IllegalArgumentException if the status is out of range
  public static Builder response(int status) {
    require(status >= 100 && status <= 599, "the status is not 100 to 599");
    return new Builder(VERSION + " " + status + " " + Status.reason(status) + CRLF);
  }

  /// Whether it is a request's head; otherwise it is a response's.
  public boolean isRequest() {
    int methodTo = Ascii.find(bytes, 0, bytes.length, ' ');
    return Ascii.find(bytes, 0, methodTo, '/') == methodTo;
  }

  /// The same request, its target reduced to path and query and its host taken from the URL that
  /// the target was, whatever the Host header said (RFC 9112 §3.2.2).
  Head at(Url url) {
    String startLine = method() + " " + url.target() + " " + version() + CRLF;
    Builder builder = new Builder(startLine).header(HOST, url.authority());
    for (Field field : this) {
      if (!field.name().equalsIgnoreCase(HOST)) {
        builder.header(field);
      }
    }
    return builder.build();
  }

  /// The same head without the headers of these names.
  public Head without(List<String> names) {
    byte[] left = bytes.clone();
    int size = firstField();
    for (int line = size; line < bytes.length; line = after(line)) {
      int from = line;
      if (names.stream().noneMatch(name -> isNamed(from, name))) {
        int length = after(line) - line;
        System.arraycopy(bytes, line, left, size, length);
        size += length;
      }
    }
    return new Head(Arrays.copyOf(left, size));
  }

  /// How many bytes it takes, sent or held.
  public int size() {
    return bytes.length;
  }

  /// The method of a request, in its own case.
  public String method() {
    return text(0, Ascii.find(bytes, 0, requestLineTo(), ' '));
  }

  /// Whether it is a request of the method `method`.
  public boolean isMethod(String method) {
    return Ascii.equals(bytes, 0, Ascii.find(bytes, 0, requestLineTo(), ' '), method);
  }

  /// The target of a request: an absolute path and perhaps a query, still percent-encoded.
  public String target() {
    int to = requestLineTo();
    return text(Ascii.find(bytes, 0, to, ' ') + 1, to - VERSION_BYTES - 1);
  }

  /// The version: `HTTP/1.1` or `HTTP/1.0`.
  public String version() {
    int from = isRequest() ? requestLineTo() - VERSION_BYTES : 0;
    return text(from, from + VERSION_BYTES);
  }

  /// Whether the version is 1.1; otherwise it is 1.0.
  public boolean isHttp11() {
    int to = isRequest() ? requestLineTo() : VERSION_BYTES;
    return bytes[to - 1] == '1';
  }

  /// The status of a response, 100 to 599.
  public int status() {
    requireKind(!isRequest(), "a request has no status");
    int status = 0;
    for (int at = STATUS_FROM; at < STATUS_TO; at++) {
      status = 10 * status + bytes[at] - '0';
    }
    return status;
  }

  /// The words behind the status of a response, perhaps none.
  public String reason() {
    requireKind(!isRequest(), "a request has no reason");
    return text(STATUS_TO + 1, lineTo(0));
  }

  /// The value of the first header of that name, or null if there is none.
  public @Nullable String header(String name) {
    int line = find(name, firstField());
    return line == bytes.length ? null : value(line, name);
  }

  /// The values of all headers of that name, in order.
  public List<String> headers(String name) {
    List<String> values = new ArrayList<>();
    for (int line = find(name, firstField()); line < bytes.length; line = find(name, after(line))) {
      values.add(value(line, name));
    }
    return values;
  }

  /// How many headers have that name.
  public int count(String name) {
    int count = 0;
    for (int line = find(name, firstField()); line < bytes.length; line = find(name, after(line))) {
      count++;
    }
    return count;
  }

  /// Whether a header of that name is there.
  public boolean has(String name) {
    return find(name, firstField()) < bytes.length;
  }

  /// Whether `token` is an element of the comma-separated list that the headers of that name make
  /// up together (RFC 9110 §5.6.1), whatever its case. For lists of tokens: a comma inside a quoted
  /// string would part it too.
  public boolean lists(String name, String token) {
    for (int line = find(name, firstField()); line < bytes.length; line = find(name, after(line))) {
      int to = lineTo(line);
      int from = valueFrom(line, name);
      while (from < to) {
        int comma = Ascii.find(bytes, from, to, ',');
        int first = from;
        int last = comma;
        while (first < last && isBlank(bytes[first])) {
          first++;
        }
        while (last > first && isBlank(bytes[last - 1])) {
          last--;
        }
        if (Ascii.equalsIgnoringCase(bytes, first, last, token)) {
          return true;
        }
        from = comma + 1;
      }
    }
    return false;
  }

  /// The headers in order, each line by itself.
  @Override
  public Iterator<Field> iterator() {
    return new Iterator<>() {
      private int line = firstField();

      @Override
      public boolean hasNext() {
        return line < fieldsTo();
      }

      @Override
      public Field next() {
        if (!hasNext()) {
          throw new NoSuchElementException("past the last header");
        }
        int colon = Ascii.find(bytes, line, bytes.length, ':');
        String name = text(line, colon);
        Field field = new Field(name, value(line, name));
        line = after(line);
        return field;
      }
    };
  }

  /// Bytes it is sent as, blank line and all.
  public int bytes() {
    return bytes.length;
  }

  /// Appends it to what waits to be sent, blank line and all.
  public void appendTo(Outbox out) {
    out.put(bytes, 0, bytes.length, 0);
  }

  /// Whether the other has the same bytes.
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Head head && Arrays.equals(bytes, head.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /// The head as it is sent. It may hold secrets (cookies, for one): not for a log.
  @Override
  public String toString() {
    return text(0, bytes.length);
  }

  private int requestLineTo() {
    requireKind(isRequest(), "a response has no request line");
    return lineTo(0);
  }

  /// Where the line that begins at `line` ends, its CRLF left out.
  private int lineTo(int line) {
    return Ascii.find(bytes, line, bytes.length, '\r');
  }

  /// Where the line behind the one at `line` begins.
  private int after(int line) {
    return lineTo(line) + CRLF.length();
  }

  private int firstField() {
    return after(0);
  }

  /// Where the blank line begins.
  private int fieldsTo() {
    return bytes.length - CRLF.length();
  }

  /// The first line of that name from `line` on, or the end of the bytes.
  private int find(String name, int line) {
    int at = line;
    while (at < fieldsTo()) {
      if (isNamed(at, name)) {
        return at;
      }
      at = after(at);
    }
    return bytes.length;
  }

  private boolean isNamed(int line, String name) {
    int nameTo = line + name.length();
    return nameTo < fieldsTo()
        && bytes[nameTo] == ':'
        && Ascii.equalsIgnoringCase(bytes, line, nameTo, name);
  }

  private int valueFrom(int line, String name) {
    return line + name.length() + SEPARATOR.length();
  }

  private String value(int line, String name) {
    return text(valueFrom(line, name), lineTo(line));
  }

  private String text(int from, int to) {
    return text(bytes, from, to);
  }

  static String text(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, ISO_8859_1);
  }

  private static boolean isBlank(byte character) {
    return character == ' ' || character == '\t';
  }

  private static void requireKind(boolean fits, String otherwise) {
    if (!fits) {
      throw new IllegalStateException(otherwise);
    }
  }

  private static void require(boolean legal, String otherwise) {
    if (!legal) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  /// A head in the making, for what we send.
  public static final class Builder {

    private final StringBuilder text;

    private Builder(String startLine) {
      this.text = new StringBuilder(startLine);
    }

    /// Adds a header behind those that are there.
    ///
    /// @return this
    /// @throws IllegalArgumentException if it may not be sent, as of [Field#requireLegal]
    public Builder header(String name, String value) {
      return header(new Field(name, value));
    }

    /// Adds a header as [#header(String, String)] does.
    ///
    /// @return this
    public Builder header(Field field) {
      field.requireLegal();
      text.append(field.name()).append(SEPARATOR).append(field.value()).append(CRLF);
      return this;
    }

    /// Ends the head with its blank line. The builder may go on.
    public Head build() {
      return new Head((text + CRLF).getBytes(ISO_8859_1));
    }
  }
}
