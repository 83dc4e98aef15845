package io.weft.ws;

import io.weft.bytes.Ascii;
import io.weft.http.HttpException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One element of a Sec-WebSocket-Extensions header (§9.1): an extension as it is offered or agreed
/// to, such as `permessage-deflate; client_max_window_bits`.
///
/// @param name a token; compare as it is
/// @param params in order, duplicates and all: what may stand twice is the extension's own affair
public record ExtensionOffer(String name, List<Param> params) {

  /// A parameter of an extension.
  ///
  /// @param name a token; compare as it is
  /// @param value a token, unquoted; null if there is none
  public record Param(String name, @Nullable String value) {

    /// Refuses what could not be written.
    ///
    /// @throws IllegalArgumentException if one of the two is no token
    public Param {
      require(Ascii.isToken(name), "a parameter's name is not a token");
      require(value == null || Ascii.isToken(value), "a parameter's value is not a token");
    }
  }

  /// Refuses what could not be written.
  ///
  /// @throws IllegalArgumentException if the name is no token
  public ExtensionOffer {
    require(Ascii.isToken(name), "an extension's name is not a token");
    params = List.copyOf(params);
  }

  /// Reads a list: the values of all header lines with commas between. Of its elements some may be
  /// empty (RFC 9110 §5.6.1.2) but not all.
  ///
  /// @throws HttpException with status 400, if it is not of the form that §9.1 gives
  public static List<ExtensionOffer> parse(String value) throws HttpException {
    return new Parser(value).list();
  }

  /// The element as a header has it.
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(name);
    for (Param param : params) {
      text.append("; ").append(param.name());
      if (param.value() != null) {
        text.append('=').append(param.value());
      }
    }
    return text.toString();
  }

  private static void require(boolean legal, String otherwise) {
    if (!legal) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  /// Goes once over a header's value.
  private static final class Parser {

    /// What [#peek] sees behind the last character.
    private static final char END = '\0';

    private final String text;
    private int at;

    Parser(String text) {
      this.text = text;
    }

    List<ExtensionOffer> list() throws HttpException {
      List<ExtensionOffer> elements = new ArrayList<>();
      boolean more = true;
      while (more) {
        char next = peek();
        if (next != ',' && next != END) {
          elements.add(element());
        }
        more = skip(',');
      }
      if (elements.isEmpty() || at < text.length()) {
        throw malformed();
      }
      return elements;
    }

    private ExtensionOffer element() throws HttpException {
      String name = token();
      List<Param> params = new ArrayList<>();
      while (skip(';')) {
        String param = token();
        params.add(new Param(param, skip('=') ? value() : null));
      }
      return new ExtensionOffer(name, params);
    }

    /// A token, or a quoted string that is one when its quotes and backslashes are off.
    private String value() throws HttpException {
      if (peek() != '"') {
        return token();
      }
      StringBuilder value = new StringBuilder();
      at++;
      while (at < text.length() && text.charAt(at) != '"') {
        at += text.charAt(at) == '\\' ? 1 : 0;
        value.append(at < text.length() ? text.charAt(at++) : END);
      }
      at++;
      String unquoted = value.toString();
      if (at > text.length() || !Ascii.isToken(unquoted)) {
        throw malformed();
      }
      return unquoted;
    }

    private String token() throws HttpException {
      peek();
      int from = at;
      while (at < text.length() && Ascii.isTokenMark(text.charAt(at))) {
        at++;
      }
      if (at == from) {
        throw malformed();
      }
      return text.substring(from, at);
    }

    /// Passes over blanks and over `mark`, if it comes next.
    private boolean skip(char mark) {
      boolean there = peek() == mark;
      at += there ? 1 : 0;
      return there;
    }

    /// The next character that is no blank.
    private char peek() {
      while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
        at++;
      }
      return at < text.length() ? text.charAt(at) : END;
    }

    private static HttpException malformed() {
      return new HttpException(400, "RFC 6455 §9.1", "Sec-WebSocket-Extensions is malformed");
    }
  }
}
