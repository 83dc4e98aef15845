package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weft.Message;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What a person is shown.
final class ScreenTest {

  private final List<String> lines = new ArrayList<>();
  private final Screen plain = new Screen(lines::add, false);

  @Test
  void whatStrangersSentIsEscapedAndColoursAreOurs() {
    Screen colored = new Screen(lines::add, true);
    colored.came(new Message.Text("\u001b[31mred\r\n\tx"));
    plain.came(new Message.Text("\u001b[31mred"));
    assertEquals(
        List.of("\u001b[36m< \u001b[0m\\u001b[31mred\\u000d\n    \tx", "< \\u001b[31mred"), lines);
  }

  /// Persian parts letters with U+200C, a family is joined by U+200D; neither turns or hides
  /// anything. A name is quoted, since with one of them it would pass for another.
  @Test
  void joinersStayAndWhatReordersOrHidesIsEscaped() {
    plain.came(new Message.Text("می\u200cخواهم 👨\u200d👩\u200d👧"));
    plain.came(new Message.Text("a\u202eb\u200bc\u2066d\u00ade"));
    assertEquals(
        List.of("< می\u200cخواهم 👨\u200d👩\u200d👧", "< a\\u202eb\\u200bc\\u2066d\\u00ade"),
        lines);
    assertEquals("\"an\\u200dn\"", Escape.value("an\u200dn"));
  }

  @Test
  void binaryIsShownInHexOrBase64() {
    Message one = new Message.Binary(ByteBuffer.wrap(new byte[] {-1}));
    plain.came(one);
    plain.base64(true);
    plain.came(one);
    assertEquals(List.of("< [binary, 1 byte] ff", "< [binary, 1 byte] /w=="), lines);
  }

  @Test
  void theRestOfALongMessageIsCounted() {
    plain.came(new Message.Text("x".repeat(Screen.MAX_CHARS - 1) + "🧵y"));
    assertEquals(
        "< " + "x".repeat(Screen.MAX_CHARS - 1) + " … 3 characters more; /save FILE keeps them all",
        lines.getFirst());
    plain.came(new Message.Binary(ByteBuffer.allocate(Screen.MAX_BYTES + 7)));
    assertTrue(lines.getLast().endsWith("00 … 7 bytes more; /save FILE keeps them all"));
  }

  @Test
  void timesAndIndentationAreWhatIsAskedFor() {
    plain.times(true);
    plain.pretty(true);
    plain.came(new Message.Text("[1]"));
    assertTrue(
        lines.getFirst().matches("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} < \\[ 1 ]"), lines.toString());
    plain.tell("told");
    assertTrue(lines.getLast().endsWith(" told"));
  }
}
