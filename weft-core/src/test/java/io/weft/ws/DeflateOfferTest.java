package io.weft.ws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.weft.http.HttpException;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// RFC 7692 §5.1, §7.1: what a server answers to which offers, and which answers a client takes.
/// `pmd` stands for permessage-deflate, `s_nct`, `c_nct`, `s_bits` and `c_bits` for its parameters.
final class DeflateOfferTest {

  private static final String[][] SHORT = {
    {"pmd", "permessage-deflate"},
    {"s_nct", "server_no_context_takeover"},
    {"c_nct", "client_no_context_takeover"},
    {"s_bits", "server_max_window_bits"},
    {"c_bits", "client_max_window_bits"},
  };

  private static String written(String shorthand) {
    String text = shorthand;
    for (String[] pair : SHORT) {
      text = text.replace(pair[0], pair[1]);
    }
    return text;
  }

  private static String shorthand(@Nullable DeflateOffer agreed) {
    if (agreed == null) {
      return "none";
    }
    String text = agreed.element().toString();
    for (String[] pair : SHORT) {
      text = text.replace(pair[1], pair[0]);
    }
    return text;
  }

  /// `takeover 12 of 9`: with takeover, windows of 12 bits, able to compress with 9 and more.
  private static DeflateOffer.Terms terms(String text) {
    String[] words = text.split(" ", -1);
    return new DeflateOffer.Terms(
        words[0].equals("takeover"), Integer.parseInt(words[1]), Integer.parseInt(words[3]));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\u0001',
      value = {
        // Nothing to agree to
        "x-other                            | takeover 15 of 9 | none",
        "x-webkit-deflate-frame             | takeover 15 of 9 | none",
        "PMD                                | takeover 15 of 9 | none",
        // Context takeover
        "pmd                                | takeover 15 of 9 | pmd",
        "pmd                                | no 15 of 9       | pmd; s_nct; c_nct",
        "pmd; s_nct                         | takeover 15 of 9 | pmd; s_nct",
        "pmd; c_nct                         | takeover 15 of 9 | pmd; c_nct",
        "pmd; c_nct; s_nct                  | takeover 15 of 9 | pmd; s_nct; c_nct",
        "pmd; s_nct; c_nct                  | no 15 of 9       | pmd; s_nct; c_nct",
        // The server's window
        "pmd                                | takeover 12 of 9 | pmd; s_bits=12",
        "pmd; s_bits=10                     | takeover 12 of 9 | pmd; s_bits=10",
        "pmd; s_bits=15                     | takeover 12 of 9 | pmd; s_bits=12",
        "pmd; s_bits=15                     | takeover 15 of 9 | pmd; s_bits=15",
        "pmd; s_bits=9                      | takeover 15 of 9 | pmd; s_bits=9",
        "pmd; s_bits=8                      | takeover 15 of 9 | none",
        "pmd; s_bits=14                     | takeover 15 of 15| none",
        "pmd; s_bits=15                     | takeover 15 of 15| pmd; s_bits=15",
        // The client's
        "pmd; c_bits                        | takeover 15 of 9 | pmd",
        "pmd; c_bits                        | takeover 12 of 9 | pmd; s_bits=12; c_bits=12",
        "pmd; c_bits=10                     | takeover 12 of 9 | pmd; s_bits=12; c_bits=10",
        "pmd; c_bits=15                     | takeover 12 of 9 | pmd; s_bits=12; c_bits=12",
        "pmd; c_bits=8                      | takeover 15 of 15| pmd; c_bits=8",
        "pmd; c_bits=15                     | takeover 15 of 9 | pmd",
        // All of them, and quoted
        "pmd; s_nct; c_nct; s_bits=11; c_bits=12 | takeover 15 of 9 | pmd; s_nct; c_nct; s_bits=11; c_bits=12",
        "pmd; s_bits=\"10\"                 | takeover 15 of 9 | pmd; s_bits=10",
        "pmd ;c_bits = \"1\\0\"; s_nct      | takeover 15 of 9 | pmd; s_nct; c_bits=10",
        // Malformed: the next offer
        "pmd; s_bits                        | takeover 15 of 9 | none",
        "pmd; s_bits=7                      | takeover 15 of 9 | none",
        "pmd; s_bits=16                     | takeover 15 of 9 | none",
        "pmd; s_bits=010                    | takeover 15 of 9 | none",
        "pmd; s_bits=+10                    | takeover 15 of 9 | none",
        "pmd; s_bits=1e1                    | takeover 15 of 9 | none",
        "pmd; s_bits=99999999999999999999   | takeover 15 of 9 | none",
        "pmd; c_bits=7                      | takeover 15 of 9 | none",
        "pmd; c_bits=16                     | takeover 15 of 9 | none",
        "pmd; c_bits=09                     | takeover 15 of 9 | none",
        "pmd; c_bits=x                      | takeover 15 of 9 | none",
        "pmd; s_nct=true                    | takeover 15 of 9 | none",
        "pmd; c_nct=1                       | takeover 15 of 9 | none",
        "pmd; s_nct; s_nct                  | takeover 15 of 9 | none",
        "pmd; c_bits; c_bits=10             | takeover 15 of 9 | none",
        "pmd; s_bits=10; s_bits=10          | takeover 15 of 9 | none",
        "pmd; unknown                       | takeover 15 of 9 | none",
        "pmd; S_NCT                         | takeover 15 of 9 | none",
        // Several
        "pmd; s_bits=8, pmd; s_bits=9, pmd  | takeover 15 of 9 | pmd; s_bits=9",
        "pmd; unknown=1, x-other, pmd; s_nct| takeover 15 of 9 | pmd; s_nct",
        "x-other; s_bits=9, pmd             | takeover 15 of 9 | pmd",
        "pmd; s_bits=10, pmd                | no 15 of 15      | pmd; s_nct; c_nct",
        "pmd, pmd; s_nct                    | takeover 15 of 9 | pmd",
      })
  void answers(String offers, String terms, String answer) throws HttpException {
    List<ExtensionOffer> elements = ExtensionOffer.parse(written(offers));
    DeflateOffer agreed = DeflateOffer.accept(elements, terms(terms));
    assertEquals(answer, shorthand(agreed), offers);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "takeover 15 of 9  | pmd; c_bits",
        "takeover 12 of 9  | pmd; s_bits=12; c_bits=12, pmd; s_nct; c_bits=12, pmd; c_bits=12",
        "takeover 15 of 15 | pmd",
        "no 15 of 9        | pmd; s_nct; c_nct; c_bits",
        "no 12 of 9        | pmd; s_nct; c_nct; c_bits",
        "no 15 of 15       | pmd; s_nct; c_nct",
      })
  void offers(String terms, String offers) {
    assertEquals(offers, offered(terms(terms)));
  }

  private static String offered(DeflateOffer.Terms terms) {
    return DeflateOffer.offers(terms).stream()
        .map(DeflateOfferTest::shorthand)
        .collect(Collectors.joining(", "));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\u0001',
      value = {
        // offered: pmd; c_bits
        "takeover 15 of 9 | pmd                  | yes",
        "takeover 15 of 9 | pmd; s_nct; c_nct    | yes",
        "takeover 15 of 9 | pmd; s_bits=8        | yes",
        "takeover 15 of 9 | pmd; c_bits=8        | yes",
        "takeover 15 of 9 | pmd; c_bits=\"15\"   | yes",
        "takeover 15 of 9 | pmd; c_bits          | no",
        "takeover 15 of 9 | pmd; c_bits=7        | no",
        "takeover 15 of 9 | pmd; s_bits          | no",
        "takeover 15 of 9 | pmd; s_bits=010      | no",
        "takeover 15 of 9 | pmd; s_nct; s_nct    | no",
        "takeover 15 of 9 | pmd; s_nct=1         | no",
        "takeover 15 of 9 | pmd; unknown         | no",
        "takeover 15 of 9 | x-other              | no",
        // offered: pmd; s_bits=12; c_bits=12, pmd; s_nct; c_bits=12, pmd; c_bits=12
        "takeover 12 of 9 | pmd; s_bits=12       | yes",
        "takeover 12 of 9 | pmd; s_bits=9; c_bits=9 | yes",
        "takeover 12 of 9 | pmd; s_bits=13       | yes",
        "takeover 12 of 9 | pmd                  | yes",
        "takeover 12 of 9 | pmd; c_bits=13       | no",
        "takeover 12 of 9 | pmd; s_nct           | yes",
        "takeover 12 of 9 | pmd; s_nct; s_bits=15| yes",
        "takeover 12 of 9 | pmd; s_nct; c_bits=13| no",
        // offered: pmd
        "takeover 15 of 15| pmd; s_bits=10       | yes",
        "takeover 15 of 15| pmd; c_bits=15       | no",
        // offered: pmd; s_nct; c_nct; c_bits
        "no 15 of 9       | pmd; s_nct; c_nct    | yes",
        "no 15 of 9       | pmd; s_nct           | yes",
        "no 15 of 9       | pmd; c_nct           | no",
      })
  void verifies(String terms, String answer, String legal) throws HttpException {
    ExtensionOffer element = ExtensionOffer.parse(written(answer)).getFirst();
    List<DeflateOffer> offers = DeflateOffer.offers(terms(terms));
    DeflateOffer agreed = DeflateOffer.verify(element, offers);
    assertEquals(legal, agreed == null ? "no" : "yes", answer);
  }

  /// Whatever a client of ours offers, a server of ours answers so that the client takes it; and
  /// what both make of it is the same. Other offers get an answer, or none, and no exception.
  @Test
  void bothEndsAgree() {
    var random = new SplittableRandom(7);
    for (int n = 0; n < 5_000; n++) {
      DeflateOffer.Terms client = randomTerms(random);
      DeflateOffer.Terms server = randomTerms(random);
      List<DeflateOffer> offers = DeflateOffer.offers(client);
      List<ExtensionOffer> elements = offers.stream().map(DeflateOffer::element).toList();
      DeflateOffer answer = DeflateOffer.accept(elements, server);
      boolean possible = client.takeover() || server.windowBits() >= server.leastBits();
      assertEquals(possible, answer != null);
      DeflateOffer taken = DeflateOffer.verify(answer.element(), offers);
      assertEquals(answer, taken);
      assertEquals(
          answer.serverNoContextTakeover(),
          !(client.takeover() && server.takeover())
              || (server.leastBits() == 15 && client.windowBits() < 15));
    }
  }

  private static DeflateOffer.Terms randomTerms(SplittableRandom random) {
    int least = random.nextBoolean() ? 9 : 15;
    return new DeflateOffer.Terms(random.nextBoolean(), random.nextInt(least, 16), least);
  }

  @Test
  void takesAnyHeaderForAnAnswerOrNone() {
    String[] pieces = {
      "permessage-deflate",
      ";",
      ",",
      "=",
      "server_max_window_bits",
      "client_max_window_bits",
      "10",
      "8",
      "15",
      "\"9\"",
      " ",
      "server_no_context_takeover",
      "x",
      "client_no_context_takeover"
    };
    var random = new SplittableRandom(11);
    int agreed = 0;
    for (int n = 0; n < 50_000; n++) {
      var header = new StringBuilder("permessage-deflate");
      for (int count = random.nextInt(8); count > 0; count--) {
        header.append(pieces[random.nextInt(pieces.length)]);
      }
      DeflateOffer answer;
      try {
        answer = DeflateOffer.accept(ExtensionOffer.parse(header.toString()), randomTerms(random));
      } catch (HttpException malformed) {
        continue;
      }
      if (answer != null) {
        agreed++;
        assertNotNull(DeflateOffer.parse(answer.element()));
      }
    }
    assertEquals(true, agreed > 1000, agreed + " agreed");
    assertNull(DeflateOffer.accept(List.of(), randomTerms(random)));
  }
}
