package io.weft;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.weft.bytes.Chunk;
import io.weft.bytes.Outbox;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Asks a proxy that speaks SOCKS5 (RFC 1928), and shows user and password if told (RFC 1929).
///
/// ```text
///  METHOD ── 05 00 ─────────────────────────────> REPLY ── 05 00 00, an address ──> there
///    └────── 05 02 ──> AUTHENTICATION ── 01 00 ──────^
/// ```
///
/// No answer is longer than a reply with a name of 255 bytes, and what has come of one is kept
/// until it is whole.
final class SocksTunnel implements Tunnel {

  private static final int VERSION = 5;
  private static final int AUTHENTICATION_VERSION = 1;
  private static final int CONNECT = 1;
  private static final int SUCCEEDED = 0;
  private static final int MOST_BYTES = 255;

  private static final int NO_AUTHENTICATION = 0;
  private static final int USER_AND_PASSWORD = 2;
  private static final int NO_METHOD = 0xFF;

  private static final int IPV4 = 1;
  private static final int NAME = 3;
  private static final int IPV6 = 4;

  /// Bytes of a reply in front of its address, and of the port behind it.
  private static final int REPLY_HEAD_BYTES = 4;

  private static final int PORT_BYTES = 2;

  private enum State {
    METHOD,
    AUTHENTICATION,
    REPLY
  }

  private final String host;
  private final int port;
  private final Route.@Nullable Credentials credentials;

  private State state = State.METHOD;

  /// What has come of the answer at hand.
  private final ByteBuffer answer =
      ByteBuffer.allocate(REPLY_HEAD_BYTES + 1 + MOST_BYTES + PORT_BYTES);

  /// @param host of the server, in brackets if it is an IPv6 address
  SocksTunnel(String host, int port, Route.@Nullable Credentials credentials) {
    this.host = host;
    this.port = port;
    this.credentials = credentials;
  }

  /// @throws IllegalArgumentException if RFC 1929 has no form for them
  static void requireSpeakable(Route.Credentials credentials) {
    int user = credentials.user().getBytes(UTF_8).length;
    int password = credentials.password().getBytes(UTF_8).length;
    if (user < 1 || user > MOST_BYTES || password < 1 || password > MOST_BYTES) {
      throw new IllegalArgumentException(
          "a SOCKS5 proxy's user and password have 1 to 255 bytes each (RFC 1929 §2)");
    }
  }

  /// Which methods we offer (RFC 1928 §3).
  @Override
  public void begin(Outbox out) {
    if (credentials == null) {
      put(out, VERSION, 1, NO_AUTHENTICATION);
    } else {
      put(out, VERSION, 2, NO_AUTHENTICATION, USER_AND_PASSWORD);
    }
  }

  @Override
  public boolean read(Chunk in, Outbox out) throws Refusal {
    while (in.remaining() > 0) {
      answer.put(in.buffer.get());
      if (isWhole()) {
        State answered = state;
        switch (answered) {
          case METHOD -> methodCame(out);
          case AUTHENTICATION -> ask(out);
          case REPLY -> {
            return true;
          }
        }
        answer.clear();
      }
    }
    return false;
  }

  /// Judges what has come of an answer, byte by byte, and says whether it is all there.
  private boolean isWhole() throws Refusal {
    int last = answer.position() - 1;
    int value = at(last);
    return switch (last) {
      case 0 -> {
        int version = state == State.AUTHENTICATION ? AUTHENTICATION_VERSION : VERSION;
        require(
            value == version, "the proxy does not speak SOCKS5: its answer begins with ", value);
        yield false;
      }
      case 1 -> {
        switch (state) {
          case METHOD -> {}
          case AUTHENTICATION ->
              require(value == SUCCEEDED, "the proxy refuses the credentials with status ", value);
          case REPLY ->
              require(value == SUCCEEDED, "the proxy answered " + reason(value) + ", ", value);
        }
        yield state != State.REPLY;
      }
      default -> last >= REPLY_HEAD_BYTES && answer.position() == replyBytes();
    };
  }

  /// Bytes of the reply at hand, of which more than its head has come (§6).
  private int replyBytes() throws Refusal {
    int type = at(REPLY_HEAD_BYTES - 1);
    int addressBytes =
        switch (type) {
          case IPV4 -> 4;
          case NAME -> 1 + at(REPLY_HEAD_BYTES);
          case IPV6 -> 16;
          default -> 0;
        };
    require(addressBytes > 0, "the proxy answered with an address of type ", type);
    return REPLY_HEAD_BYTES + addressBytes + PORT_BYTES;
  }

  private int at(int index) {
    return answer.get(index) & 0xFF;
  }

  private void methodCame(Outbox out) throws Refusal {
    int method = at(1);
    if (method == NO_AUTHENTICATION) {
      ask(out);
      return;
    }
    Route.Credentials shown = credentials;
    if (method == NO_METHOD) {
      throw shown == null
          ? new Refusal("the proxy wants credentials", null, "")
          : Refusal.of("the proxy takes neither user and password nor none");
    }
    if (method != USER_AND_PASSWORD || shown == null) {
      throw Refusal.of("the proxy chose a method not offered, " + method);
    }
    byte[] user = shown.user().getBytes(UTF_8);
    byte[] password = shown.password().getBytes(UTF_8);
    put(out, AUTHENTICATION_VERSION, user.length);
    out.put(user, 0, user.length, 0);
    put(out, password.length);
    out.put(password, 0, password.length, 0);
    state = State.AUTHENTICATION;
  }

  /// The request (§4), with the address as it was given: a name is the proxy's to look up.
  private void ask(Outbox out) {
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    request.writeBytes(new byte[] {VERSION, CONNECT, 0});
    byte[] address = address();
    if (address != null) {
      request.write(address.length == 4 ? IPV4 : IPV6);
      request.writeBytes(address);
    } else {
      request.write(NAME);
      request.write(host.length());
      request.writeBytes(host.getBytes(ISO_8859_1));
    }
    request.write(port >> Byte.SIZE);
    request.write(port);
    out.put(request.toByteArray(), 0, request.size(), 0);
    state = State.REPLY;
  }

  /// The address that the host is, or null if it is a name.
  private byte @Nullable [] address() {
    try {
      String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
      return InetAddress.ofLiteral(bare).getAddress();
    } catch (IllegalArgumentException name) {
      return null;
    }
  }

  private static void put(Outbox out, int... values) {
    for (int value : values) {
      out.room(1).put((byte) value);
      out.wrote();
    }
  }

  private static void require(boolean sound, String otherwise, int value) throws Refusal {
    if (!sound) {
      throw Refusal.of(otherwise + value);
    }
  }

  /// What a reply says (§6).
  private static String reason(int reply) {
    return switch (reply) {
      case 1 -> "general failure";
      case 2 -> "connection not allowed by its rules";
      case 3 -> "network unreachable";
      case 4 -> "host unreachable";
      case 5 -> "connection refused";
      case 6 -> "TTL expired";
      case 7 -> "command not supported";
      case 8 -> "address type not supported";
      default -> "an unknown reply";
    };
  }
}
