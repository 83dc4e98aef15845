package io.weft.ws;

import io.weft.ws.ExtensionOffer.Param;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A sound permessage-deflate element (RFC 7692 §7.1), offered by a client or agreed to by a
/// server, and the rules by which one answers the other. All of it is headers in, decision out.
///
/// ```text
/// client  offers(terms) -> element()...          verify(answer, offers) -> agreed, or null: fail
/// server  accept(elements, terms) -> agreed.element(), or null: none
/// ```
///
/// @param serverNoContextTakeover whether the server begins each message anew (§7.1.1.1)
/// @param clientNoContextTakeover whether the client does (§7.1.1.2)
/// @param serverMaxWindowBits of the window that the server compresses with (§7.1.2.1): 8 to 15, or
///   0 if nothing is said
/// @param clientMaxWindowBits of the client's (§7.1.2.2): 8 to 15, 0 if nothing is said, or -1 in
///   an offer that leaves the number to the server
public record DeflateOffer(
    boolean serverNoContextTakeover,
    boolean clientNoContextTakeover,
    int serverMaxWindowBits,
    int clientMaxWindowBits) {

  /// The extension's registered name.
  public static final String NAME = "permessage-deflate";

  /// The largest window (§7.1.2), which is meant where nothing is said.
  public static final int MOST_BITS = 15;

  private static final String SERVER_NO_CONTEXT_TAKEOVER = "server_no_context_takeover";
  private static final String CLIENT_NO_CONTEXT_TAKEOVER = "client_no_context_takeover";
  private static final String SERVER_MAX_WINDOW_BITS = "server_max_window_bits";
  private static final String CLIENT_MAX_WINDOW_BITS = "client_max_window_bits";

  private static final int ABSENT = 0;
  private static final int ANY = -1;

  /// What one side wants.
  ///
  /// @param takeover whether messages may refer to those before, in both directions
  /// @param windowBits of the window it compresses with, and the most it wishes the peer to:
  ///   `leastBits` to 15
  /// @param leastBits of the smallest window that it can compress with: 9 to 15
  public record Terms(boolean takeover, int windowBits, int leastBits) {

    /// The same without context takeover.
    public Terms withoutTakeover() {
      return new Terms(false, windowBits, leastBits);
    }
  }

  /// Reads an element.
  ///
  /// @return null if it is another extension, or has a parameter that is unknown, is there twice,
  ///   or has a value that it may not have: such an element is as good as none (§7.1)
  public static @Nullable DeflateOffer parse(ExtensionOffer element) {
    if (!element.name().equals(NAME)) {
      return null;
    }
    boolean serverNo = false;
    boolean clientNo = false;
    int serverBits = ABSENT;
    int clientBits = ABSENT;
    List<String> seen = new ArrayList<>();
    for (Param param : element.params()) {
      String value = param.value();
      boolean sound = !seen.contains(param.name());
      switch (param.name()) {
        case SERVER_NO_CONTEXT_TAKEOVER -> {
          sound &= value == null;
          serverNo = true;
        }
        case CLIENT_NO_CONTEXT_TAKEOVER -> {
          sound &= value == null;
          clientNo = true;
        }
        case SERVER_MAX_WINDOW_BITS -> {
          serverBits = bits(value);
          sound &= serverBits > 0;
        }
        case CLIENT_MAX_WINDOW_BITS -> {
          clientBits = value == null ? ANY : bits(value);
          sound &= clientBits != ABSENT;
        }
        default -> sound = false;
      }
      if (!sound) {
        return null;
      }
      seen.add(param.name());
    }
    return new DeflateOffer(serverNo, clientNo, serverBits, clientBits);
  }

  /// 8 to 15, in decimal without a leading zero (§7.1.2); 0 if `value` is anything else.
  private static int bits(@Nullable String value) {
    for (int bits = 8; bits <= MOST_BITS; bits++) {
      if (Integer.toString(bits).equals(value)) {
        return bits;
      }
    }
    return ABSENT;
  }

  /// A server's answer to the first of a client's offers that it can fulfil (§5.1).
  ///
  /// A window below `terms.leastBits` cannot be promised, so that an offer that demands it is
  /// passed over.
  ///
  /// @param offers all elements of the request, of whatever extension, in order
  /// @return what it agrees to; null for no compression
  public static @Nullable DeflateOffer accept(List<ExtensionOffer> offers, Terms terms) {
    for (ExtensionOffer element : offers) {
      DeflateOffer offer = parse(element);
      if (offer != null && offer.serverBits() >= terms.leastBits) {
        return offer.answer(terms);
      }
    }
    return null;
  }

  private DeflateOffer answer(Terms terms) {
    int serverMost = Math.min(serverBits(), terms.windowBits);
    int clientMost = Math.min(clientBits(), terms.windowBits);
    boolean saysServer = serverMaxWindowBits != ABSENT || serverMost < MOST_BITS;
    boolean saysClient = clientMaxWindowBits != ABSENT && clientMost < MOST_BITS;
    return new DeflateOffer(
        serverNoContextTakeover || !terms.takeover,
        clientNoContextTakeover || !terms.takeover,
        saysServer ? serverMost : ABSENT,
        saysClient ? clientMost : ABSENT);
  }

  /// What a client offers, its favourite first.
  ///
  /// A server that does not know window sizes declines the first offer of a client that wants small
  /// ones; the second lets it compress without taking memory of the client for good. Some servers
  /// agree and pass over both wishes, which answers the third.
  public static List<DeflateOffer> offers(Terms terms) {
    int own = terms.leastBits == MOST_BITS ? ABSENT : ANY;
    if (!terms.takeover) {
      return List.of(new DeflateOffer(true, true, ABSENT, own));
    }
    if (terms.windowBits == MOST_BITS) {
      return List.of(new DeflateOffer(false, false, ABSENT, own));
    }
    int bits = terms.windowBits;
    return List.of(
        new DeflateOffer(false, false, bits, bits),
        new DeflateOffer(true, false, ABSENT, bits),
        new DeflateOffer(false, false, ABSENT, bits));
  }

  /// Judges a server's answer.
  ///
  /// @param offers what was offered
  /// @return what is agreed; null if it is no answer to any of the offers, so that the client has
  ///   to fail the connection (§7.1)
  public static @Nullable DeflateOffer verify(ExtensionOffer element, List<DeflateOffer> offers) {
    DeflateOffer answer = parse(element);
    boolean fits = answer != null && offers.stream().anyMatch(answer::answers);
    return fits ? answer : null;
  }

  private boolean answers(DeflateOffer offer) {
    boolean server =
        (serverNoContextTakeover || !offer.serverNoContextTakeover)
            && serverBits() <= offer.serverBits();
    boolean client =
        clientMaxWindowBits == ABSENT
            || (clientMaxWindowBits != ANY
                && offer.clientMaxWindowBits != ABSENT
                && clientMaxWindowBits <= offer.clientBits());
    return server && client;
  }

  /// The most that the server's window may have, in bits.
  int serverBits() {
    return serverMaxWindowBits == ABSENT ? MOST_BITS : serverMaxWindowBits;
  }

  /// The most that the client's window may have, in bits.
  int clientBits() {
    return clientMaxWindowBits > 0 ? clientMaxWindowBits : MOST_BITS;
  }

  /// The element as it stands in a header.
  public ExtensionOffer element() {
    List<Param> params = new ArrayList<>();
    if (serverNoContextTakeover) {
      params.add(new Param(SERVER_NO_CONTEXT_TAKEOVER, null));
    }
    if (clientNoContextTakeover) {
      params.add(new Param(CLIENT_NO_CONTEXT_TAKEOVER, null));
    }
    if (serverMaxWindowBits != ABSENT) {
      params.add(new Param(SERVER_MAX_WINDOW_BITS, Integer.toString(serverMaxWindowBits)));
    }
    if (clientMaxWindowBits != ABSENT) {
      String value = clientMaxWindowBits == ANY ? null : Integer.toString(clientMaxWindowBits);
      params.add(new Param(CLIENT_MAX_WINDOW_BITS, value));
    }
    return new ExtensionOffer(NAME, params);
  }
}
