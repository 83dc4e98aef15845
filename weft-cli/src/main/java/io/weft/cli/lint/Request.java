package io.weft.cli.lint;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;

/// An opening handshake (RFC 6455 §4.1): sound as it is made, and then spoilt in one point.
final class Request {

  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

  private String method = "GET";
  private String resource;
  private String version = "HTTP/1.1";
  private String endOfLine = "\r\n";
  private final List<String> lines = new ArrayList<>();
  private byte[] behind = {};
  private final String key;

  Request(Target target) {
    this.resource = target.resource();
    byte[] nonce = new byte[16];
    ThreadLocalRandom.current().nextBytes(nonce);
    this.key = Base64.getEncoder().encodeToString(nonce);
    add("Host", target.authority());
    add("Upgrade", "websocket");
    add("Connection", "Upgrade");
    add("Sec-WebSocket-Key", key);
    add("Sec-WebSocket-Version", "13");
    String origin = target.origin();
    if (origin != null) {
      add("Origin", origin);
    }
    if (!target.subprotocols().isEmpty()) {
      add("Sec-WebSocket-Protocol", String.join(", ", target.subprotocols()));
    }
    target.headers().forEach(this::own);
  }

  /// Adds a header that the user gives. Host and Origin stand once, so theirs takes the place of
  /// ours.
  private void own(String header) {
    String name = header.substring(0, Math.max(0, header.indexOf(':')));
    if (name.equalsIgnoreCase("Host") || name.equalsIgnoreCase("Origin")) {
      drop(name);
    }
    line(header);
  }

  Request method(String other) {
    method = other;
    return this;
  }

  Request resource(String other) {
    resource = other;
    return this;
  }

  Request version(String other) {
    version = other;
    return this;
  }

  Request endOfLine(String other) {
    endOfLine = other;
    return this;
  }

  /// Bytes right behind the blank line.
  Request behind(byte[] bytes) {
    behind = bytes;
    return this;
  }

  Request drop(String name) {
    String prefix = name.toLowerCase(Locale.ROOT) + ":";
    lines.removeIf(line -> line.toLowerCase(Locale.ROOT).startsWith(prefix));
    return this;
  }

  Request add(String name, String value) {
    return line(name + ": " + value);
  }

  /// Puts a header in place of all of that name.
  Request set(String name, String value) {
    return drop(name).add(name, value);
  }

  /// Adds a line as it is, perhaps one that is no header.
  Request line(String raw) {
    lines.add(raw);
    return this;
  }

  /// Writes every header name in another case.
  Request otherCase() {
    lines.replaceAll(line -> {
      StringBuilder other = new StringBuilder(line);
      for (int at = 0; at < line.indexOf(':'); at++) {
        char c = line.charAt(at);
        other.setCharAt(at, at % 2 == 0 ? Character.toLowerCase(c) : Character.toUpperCase(c));
      }
      return other.toString();
    });
    return this;
  }

  /// Puts no blank, or many, between a header's name and its value, and behind it.
  Request otherBlanks() {
    lines.replaceAll(line -> {
      int colon = line.indexOf(':');
      String value = line.substring(colon + 1).strip();
      boolean bare = line.length() % 2 == 0;
      return line.substring(0, colon + 1) + (bare ? value : " \t " + value + " \t");
    });
    return this;
  }

  String key() {
    return key;
  }

  /// What a server answers this key with (§4.2.2).
  static String accept(String key) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-1").digest((key + GUID).getBytes(ISO_8859_1));
      return Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-1", e);
    }
  }

  byte[] bytes() {
    StringBuilder head = new StringBuilder();
    head.append(method).append(' ').append(resource).append(' ').append(version);
    head.append(endOfLine);
    lines.forEach(line -> head.append(line).append(endOfLine));
    head.append(endOfLine);
    byte[] bytes = head.toString().getBytes(ISO_8859_1);
    byte[] all = Arrays.copyOf(bytes, bytes.length + behind.length);
    System.arraycopy(behind, 0, all, bytes.length, behind.length);
    return all;
  }
}
