package io.weft.ws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.weft.http.HttpException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The list of RFC 6455 §9.1.
final class ExtensionOfferTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      value = {
        "foo > [foo]",
        "foo, bar; baz=2 > [foo, bar; baz=2]",
        "deflate-stream > [deflate-stream]",
        "mux; max-channels=4; flow-control, deflate-stream > [mux; max-channels=4; flow-control, deflate-stream]",
        "private-extension > [private-extension]",
        "a;b;b=1;b > [a; b; b=1; b]",
        "a ; b = 1 ,\tc > [a; b=1, c]",
        ",, a , ,b, > [a, b]",
        "a;b=\"1\" > [a; b=1]",
        "a;b=\"\\1\\2\";c > [a; b=12; c]",
      })
  void readsAList(String value, String list) throws HttpException {
    assertEquals(list, ExtensionOffer.parse(value).toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        ",",
        ", ,",
        ";",
        "a;",
        "a;;b",
        "a;=b",
        "a;b=",
        "a;b=,c",
        "a b",
        "a;b c",
        "a;b=c d",
        "a=b",
        "a/b",
        "a;b=\"",
        "a;b=\"c",
        "a;b=\"c\\",
        "a;b=\"c\\\"",
        "a;b=\"\"",
        "a;b=\"c d\"",
        "a;b=\"c\"d",
        "a;b=\"c,d\"",
        "é",
        "a\0",
        "a;b=\"\0\"",
        "a,\0",
        "\0",
      })
  void refusesAMalformedList(String value) {
    assertEquals(400, assertThrows(HttpException.class, () -> ExtensionOffer.parse(value)).status);
  }

  @Test
  void refusesToWriteWhatCouldNotBeRead() {
    assertThrows(IllegalArgumentException.class, () -> new ExtensionOffer("a b", List.of()));
    assertThrows(IllegalArgumentException.class, () -> new ExtensionOffer.Param("", null));
    assertThrows(IllegalArgumentException.class, () -> new ExtensionOffer.Param("a", "b c"));
  }
}
