package io.weft.ws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// §7.4: which codes may stand in a Close frame, and what they are called.
final class CloseCodeTest {

  @ParameterizedTest
  @ValueSource(ints = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})
  void allowsTheRegisteredCodes(int code) {
    assertTrue(CloseCode.isLegalOnWire(code));
    assertFalse(CloseCode.name(code).equals("unassigned"));
  }

  @ParameterizedTest
  @ValueSource(ints = {3000, 3999, 4000, 4999})
  void allowsTheCodesOfLibrariesAndApplications(int code) {
    assertTrue(CloseCode.isLegalOnWire(code));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535})
  void refusesTheOthers(int code) {
    assertFalse(CloseCode.isLegalOnWire(code));
  }

  @ParameterizedTest
  @CsvSource({
    "1000, normal closure",
    "1005, no status",
    "1006, abnormal closure",
    "1015, TLS handshake failed",
    "1016, unassigned",
    "3999, unassigned",
    "4000, private use",
    "4999, private use",
    "5000, unassigned",
  })
  void namesACode(int code, String name) {
    assertEquals(name, CloseCode.name(code));
  }

  @Test
  void namesEveryConstantDifferently() {
    long names =
        IntStream.rangeClosed(1000, 1015)
            .filter(code -> code != 1004)
            .mapToObj(CloseCode::name)
            .distinct()
            .count();
    assertEquals(15, names);
  }
}
