package io.weft.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Messages know themselves again, and nothing else.
final class PayloadTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 8, 9, 16, 17, 100, 70_000})
  void aBinaryMessageIsKnownWholeAndByItsNumber(int bytes) {
    Payload payload = new Payload(bytes, false, 1);
    ByteBuffer echo = ByteBuffer.allocate(bytes).put(payload.binary(300)).flip();
    assertEquals(bytes, echo.remaining());
    assertTrue(payload.isBinary(300, echo));
    assertFalse(payload.isBinary(301, echo), "another number");
    assertFalse(payload.isBinary(300, echo.slice(0, bytes - 1)), "cut");
    assertFalse(
        payload.isBinary(300, ByteBuffer.allocate(bytes + 1).put(echo.duplicate()).clear()));
    for (int at : new int[] {0, bytes / 2, bytes - 1}) {
      ByteBuffer spoilt = ByteBuffer.allocate(bytes).put(echo.duplicate()).flip();
      spoilt.put(at, (byte) (spoilt.get(at) ^ 1));
      assertFalse(payload.isBinary(300, spoilt), "byte " + at);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 15, 16, 17, 100, 70_000})
  void aTextIsKnownWholeAndByItsNumber(int bytes) {
    Payload payload = new Payload(bytes, true, 1);
    String echo = payload.text(300);
    assertEquals(bytes, echo.length());
    assertTrue(payload.isText(300, echo));
    assertFalse(payload.isText(301, echo), "another number");
    assertFalse(payload.isText(300, echo.substring(1)), "cut");
    assertFalse(payload.isText(300, echo + "x"), "longer");
    for (int at : new int[] {0, bytes / 2, bytes - 1}) {
      String spoilt = echo.substring(0, at) + "#" + echo.substring(at + 1);
      assertFalse(payload.isText(300, spoilt), "character " + at);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void connectionsSendDifferentBytes(boolean text) {
    Payload one = new Payload(100, text, 1);
    Payload two = new Payload(100, text, 2);
    assertFalse(text ? two.isText(5, one.text(5)) : two.isBinary(5, one.binary(5)));
  }
}
