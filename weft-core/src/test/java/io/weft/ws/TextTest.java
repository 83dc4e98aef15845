package io.weft.ws;

import static io.weft.ws.Hearing.assertHears;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.weft.bytes.Chunk;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// §8.1: a text is UTF-8 over all its fragments, and fails at the first byte that cannot be.
final class TextTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "你好啊",
        "一边玩去",
        "找到女朋友了",
        "分手了",
        "κόσμε",
        "é",
        "\uD83D\uDE00",
        "a\0b",
        "\uFFFD\uFEFF"
      })
  void survivesAnyFragmentsAndCuts(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    assertHears("TEXT " + text, "81:" + Wire.hex(utf8));
    for (int cut = 0; cut <= utf8.length; cut++) {
      String head = Wire.hex(Arrays.copyOfRange(utf8, 0, cut));
      String tail = Wire.hex(Arrays.copyOfRange(utf8, cut, utf8.length));
      assertHears("PING 01 | TEXT " + text, "01:" + head + " 89:01 80:" + tail);
    }
  }

  /// The last byte of each is the first impossible one.
  @ParameterizedTest
  @CsvSource({
    "a byte that is never used, 61ff",
    "a stray continuation, 80",
    "an overlong NUL, c0",
    "an overlong slash, e080",
    "half a surrogate pair, 61eda0",
    "above U+10FFFF, f490",
    "a code point cut short by ASCII, cebae4bd61",
    "Autobahn 6.4.1, cebae1bdb9cf83cebcceb5f490",
    "a bad byte behind much ASCII, 6161616161616161616161616161616161616161616161616161616161616161ff",
  })
  void failsAtTheFirstImpossibleByteInsideAFrame(String what, String hex) throws ProtocolException {
    byte[] bad = Wire.hex(hex);
    byte[] whole = Arrays.copyOf(bad, bad.length + 20); // the frame goes on, and has not come
    for (Role role : Role.values()) {
      byte[] wire = Wire.frame(role.peer(), 0x81, whole);
      int goodBytes = wire.length - 20 - 1;
      Engine engine = Wire.engine(role);
      assertNull(engine.next(Chunk.copyOf(Arrays.copyOf(wire, goodBytes))), what);
      Chunk one = Chunk.copyOf(new byte[] {wire[goodBytes]});
      var breach = assertThrows(ProtocolException.class, () -> engine.next(one), what);
      assertEquals(CloseCode.INVALID_DATA, breach.closeCode, what);
    }
    assertHears("BREACH 1007", "81:" + hex + "616161");
    assertHears("TEXT a | BREACH 1007", "81:61 01:" + hex + " 80:61");
    assertHears("PING | BREACH 1007", "01:61 89: 80:" + hex);
  }

  @ParameterizedTest
  @CsvSource({
    "one byte of two, 81:c3",
    "two bytes of three, 81:61e4bd",
    "three bytes of four, 81:f09f98",
    "in the last fragment, 01:61 80:e4bd",
    "in the first of which nothing follows, 01:e4bd 80:",
  })
  void failsAtAnUnfinishedEnd(String what, String frames) {
    assertHears("BREACH 1007", frames);
  }

  @ParameterizedTest
  @ValueSource(strings = {"82:ff", "02:c0 80:80", "02:e4 00: 80:61"})
  void isNotWhatBinaryHasToBe(String frames) {
    assertHears("BINARY " + frames.replaceAll("[0-9a-f]+:| ", ""), frames);
  }
}
