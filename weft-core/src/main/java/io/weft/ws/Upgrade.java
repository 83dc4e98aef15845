package io.weft.ws;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weft.bytes.Ascii;
import io.weft.bytes.Outbox;
import io.weft.http.Head;
import io.weft.http.HttpException;
import io.weft.http.Url;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The opening handshake of both sides (§4): a head in, a head or a refusal out. What a server
/// thinks of a request is one of the two records here.
///
/// ```text
/// server  judge(request) -> Refused  -> appendTo(out), close
///                        -> Accepted -> response(subprotocol, extensions, extra) -> frames
/// client  request(url, nonce, ...) -> verify(request, response) -> Agreed -> frames
/// ```
public sealed interface Upgrade {

  /// Whether a request asks to leave HTTP for WebSocket. One that does not is plain HTTP, for which
  /// a server may have another answer.
  static boolean isAsked(Head head) {
    return head.lists("Upgrade", "websocket") && head.lists("Connection", "Upgrade");
  }

  /// The headers that ask for the upgrade and for nothing else. Once they are judged they say
  /// nothing more: all but the key are the same in every request.
  List<String> ASKING =
      List.of("Upgrade", "Connection", "Sec-WebSocket-Version", "Sec-WebSocket-Key");

  /// Judges a client's request (§4.2.1).
  static Upgrade judge(Head request) {
    if (!request.isMethod("GET")) {
      return Refused.of(405, "A WebSocket begins with GET.", new Head.Field("Allow", "GET"));
    }
    if (!request.isHttp11()) {
      return Refused.of(505, "A WebSocket begins with HTTP/1.1.");
    }
    if (!isAsked(request)) {
      return Refused.of(400, "A WebSocket begins with Upgrade: websocket, Connection: Upgrade.");
    }
    if (hasBody(request)) {
      return Refused.of(400, "A WebSocket begins with a request that has no body.");
    }
    if (!"13".equals(only(request, "Sec-WebSocket-Version"))) {
      return Refused.ofVersion();
    }
    String key = only(request, "Sec-WebSocket-Key");
    if (key == null || !UpgradeKey.isSound(key)) {
      return Refused.of(400, "Sec-WebSocket-Key is not the Base64 text of 16 bytes, once.");
    }
    try {
      List<String> subprotocols = subprotocols(request);
      return new Accepted(UpgradeKey.accept(key), subprotocols, extensions(request));
    } catch (HttpException malformed) {
      return Refused.of(malformed.status, malformed.getMessage() + ".");
    }
  }

  /// It is no handshake: answer so and close the connection.
  ///
  /// @param status to answer with, 400 to 599
  /// @param headers that go with the status, `Connection: close` among them
  /// @param why a sentence for the body
  record Refused(int status, List<Head.Field> headers, String why) implements Upgrade {

    private static final Head.Field CLOSE = new Head.Field("Connection", "close");

    private static Refused of(int status, String why, Head.Field... headers) {
      List<Head.Field> all = new ArrayList<>(List.of(headers));
      all.add(CLOSE);
      return new Refused(status, List.copyOf(all), why);
    }

    /// A 426 names what to upgrade to (RFC 9110 §15.5.22), and the version it would take (§4.4).
    private static Refused ofVersion() {
      return of(
          426,
          "The version of WebSocket is 13.",
          new Head.Field("Sec-WebSocket-Version", "13"),
          new Head.Field("Upgrade", "websocket"),
          new Head.Field("Connection", "Upgrade"));
    }

    /// Appends the whole answer: the head and, as its body, the sentence.
    public void appendTo(Outbox out) {
      byte[] body = (why + "\n").getBytes(UTF_8);
      Head.Builder head = Head.response(status);
      headers.forEach(head::header);
      head.header("Content-Type", "text/plain; charset=utf-8");
      head.header("Content-Length", Integer.toString(body.length));
      head.build().appendTo(out);
      out.put(body, 0, body.length, 0);
    }
  }

  /// It is a sound handshake. The application may still refuse it, or agree with [#response].
  ///
  /// @param accept the value of Sec-WebSocket-Accept
  /// @param subprotocols what the client offers, in its order of preference
  /// @param extensions what the client offers, in its order of preference
  record Accepted(String accept, List<String> subprotocols, List<ExtensionOffer> extensions)
      implements Upgrade {

    /// Makes the 101 (§4.2.2, step 5).
    ///
    /// @param subprotocol one of those offered, or null for none
    /// @param agreed extensions in the order they apply, each of a name that was offered
    /// @param extra headers of the application
    /// @throws IllegalArgumentException if something was not offered, or an extra header is illegal
    ///   or one that belongs to the handshake
    public Head response(
        @Nullable String subprotocol, List<ExtensionOffer> agreed, List<Head.Field> extra) {
      require(
          subprotocol == null || subprotocols.contains(subprotocol),
          "the client does not offer this subprotocol: " + subprotocol);
      for (ExtensionOffer extension : agreed) {
        require(
            isOffered(extension, extensions),
            "the client does not offer this extension: " + extension.name());
      }
      Head.Builder head = Head.response(101);
      head.header("Upgrade", "websocket");
      head.header("Connection", "Upgrade");
      head.header("Sec-WebSocket-Accept", accept);
      if (subprotocol != null) {
        head.header("Sec-WebSocket-Protocol", subprotocol);
      }
      putExtensions(head, agreed);
      putExtra(head, extra);
      return head.build();
    }
  }

  /// Makes a client's request (§4.1).
  ///
  /// @param url of scheme ws or wss
  /// @param nonce 16 bytes that nobody can foresee, fresh for each connection
  /// @param subprotocols to offer: tokens, no two the same, in order of preference
  /// @param extensions to offer, in order of preference
  /// @param origin of the page or script that asks, as a browser says it; else null
  /// @param extra headers of the application
  /// @throws IllegalArgumentException if one of them is not as said here, or an extra header is
  ///   illegal or one that belongs to the handshake
  static Head request(
      Url url,
      byte[] nonce,
      List<String> subprotocols,
      List<ExtensionOffer> extensions,
      @Nullable String origin,
      List<Head.Field> extra) {
    require(url.scheme().startsWith("ws"), "the URL's scheme is neither ws nor wss");
    require(nonce.length == UpgradeKey.NONCE_BYTES, "the nonce is not 16 bytes");
    require(subprotocols.stream().allMatch(Ascii::isToken), "a subprotocol is not a token");
    require(Set.copyOf(subprotocols).size() == subprotocols.size(), "a subprotocol is there twice");

    Head.Builder head = Head.request("GET", url.target());
    head.header("Host", url.authority());
    head.header("Upgrade", "websocket");
    head.header("Connection", "Upgrade");
    head.header("Sec-WebSocket-Key", UpgradeKey.of(nonce));
    head.header("Sec-WebSocket-Version", "13");
    if (origin != null) {
      head.header("Origin", origin);
    }
    if (!subprotocols.isEmpty()) {
      head.header("Sec-WebSocket-Protocol", String.join(", ", subprotocols));
    }
    putExtensions(head, extensions);
    putExtra(head, extra);
    return head.build();
  }

  /// What a client and a server agreed on.
  ///
  /// @param subprotocol one of those offered, or null for none
  /// @param extensions in the order they apply, each of a name that was offered
  record Agreed(@Nullable String subprotocol, List<ExtensionOffer> extensions) {}

  /// Verifies a server's answer (§4.1).
  ///
  /// @param request what [#request] made
  /// @param response what came back
  /// @throws UpgradeException if it does not agree to that request
  static Agreed verify(Head request, Head response) throws UpgradeException {
    String breach = breach(request, response);
    if (breach != null) {
      throw new UpgradeException(response, breach);
    }
    try {
      String subprotocol = agreedSubprotocol(request, response);
      List<ExtensionOffer> extensions = extensions(response);
      List<ExtensionOffer> offered = extensions(request);
      for (ExtensionOffer extension : extensions) {
        if (!isOffered(extension, offered)) {
          throw new UpgradeException(response, "the server chose an extension not offered");
        }
      }
      return new Agreed(subprotocol, extensions);
    } catch (HttpException malformed) {
      throw new UpgradeException(response, String.valueOf(malformed.getMessage()));
    }
  }

  private static @Nullable String breach(Head request, Head response) {
    if (response.status() != 101) {
      return "the server answered " + response.status() + " instead of 101";
    }
    if (!response.isHttp11() || !isAsked(response)) {
      return "the server did not switch to WebSocket";
    }
    String accept = UpgradeKey.accept(String.valueOf(request.header("Sec-WebSocket-Key")));
    boolean proved = accept.equals(only(response, "Sec-WebSocket-Accept"));
    return proved ? null : "Sec-WebSocket-Accept does not answer the key";
  }

  private static @Nullable String agreedSubprotocol(Head request, Head response)
      throws HttpException, UpgradeException {
    if (!response.has("Sec-WebSocket-Protocol")) {
      return null;
    }
    String subprotocol = only(response, "Sec-WebSocket-Protocol");
    if (subprotocol == null || !subprotocols(request).contains(subprotocol)) {
      throw new UpgradeException(response, "the server chose a subprotocol not offered");
    }
    return subprotocol;
  }

  private static boolean hasBody(Head request) {
    boolean empty = !request.has("Content-Length") || "0".equals(only(request, "Content-Length"));
    return !empty || request.has("Transfer-Encoding");
  }

  /// The value of the only header of that name, or null if there is none, or more.
  private static @Nullable String only(Head head, String name) {
    return head.count(name) == 1 ? head.header(name) : null;
  }

  /// The elements of all Sec-WebSocket-Protocol headers (§11.3.4), the empty ones left out (RFC
  /// 9110 §5.6.1.2).
  private static List<String> subprotocols(Head head) throws HttpException {
    List<String> subprotocols = new ArrayList<>();
    for (String line : head.headers("Sec-WebSocket-Protocol")) {
      for (String element : line.split(",", -1)) {
        String subprotocol = element.strip();
        if (!subprotocol.isEmpty()) {
          subprotocols.add(subprotocol);
        }
      }
    }
    boolean none = subprotocols.isEmpty() && head.has("Sec-WebSocket-Protocol");
    boolean different = Set.copyOf(subprotocols).size() == subprotocols.size();
    if (none || !different || !subprotocols.stream().allMatch(Ascii::isToken)) {
      String breach = "Sec-WebSocket-Protocol is not a list of different tokens";
      throw new HttpException(400, "RFC 6455 §4.1", breach);
    }
    return List.copyOf(subprotocols);
  }

  /// The elements of all Sec-WebSocket-Extensions headers, which are one list (§11.3.2, RFC 9110
  /// §5.3).
  private static List<ExtensionOffer> extensions(Head head) throws HttpException {
    List<String> lines = head.headers("Sec-WebSocket-Extensions");
    return lines.isEmpty() ? List.of() : List.copyOf(ExtensionOffer.parse(String.join(",", lines)));
  }

  private static boolean isOffered(ExtensionOffer extension, List<ExtensionOffer> offered) {
    return offered.stream().anyMatch(offer -> offer.name().equals(extension.name()));
  }

  /// In one header, since some servers take no second (§11.3.2 allows both).
  private static void putExtensions(Head.Builder head, List<ExtensionOffer> extensions) {
    if (!extensions.isEmpty()) {
      List<String> elements = extensions.stream().map(ExtensionOffer::toString).toList();
      head.header("Sec-WebSocket-Extensions", String.join(", ", elements));
    }
  }

  private static void putExtra(Head.Builder head, List<Head.Field> extra) {
    for (Head.Field field : extra) {
      requireExtra(field);
      head.header(field);
    }
  }

  /// Judges a header that an application adds to a handshake, at either end.
  ///
  /// @throws IllegalArgumentException if it is illegal, or one that belongs to the handshake
  static void requireExtra(Head.Field field) {
    field.requireLegal();
    String name = field.name().toLowerCase(Locale.ROOT);
    boolean ours =
        switch (name) {
          case "host", "upgrade", "connection", "content-length", "transfer-encoding" -> true;
          default -> name.startsWith("sec-websocket-");
        };
    require(!ours, "this header belongs to the handshake: " + field.name());
  }

  private static void require(boolean legal, String otherwise) {
    if (!legal) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
