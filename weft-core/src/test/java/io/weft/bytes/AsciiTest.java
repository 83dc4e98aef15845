package io.weft.bytes;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class AsciiTest {

  @Test
  void putsEachCharacterIntoItsClasses() {
    for (int character = 0; character < 0x300; character++) {
      String text = Character.toString(character);
      assertEquals(text.matches("[A-Za-z]"), Ascii.isLetter(character), text);
      assertEquals(text.matches("[0-9]"), Ascii.isDigit(character), text);
      boolean mark = text.matches("[-0-9A-Za-z!#$%&'*+.^_`|~]");
      assertEquals(mark, Ascii.isTokenMark(character), text);
      assertEquals(mark, Ascii.isToken(text), text);
      int digit = text.matches("[0-9A-Fa-f]") ? Integer.parseInt(text, 16) : -1;
      assertEquals(digit, Ascii.hexDigit(character), text);
      int lower = text.matches("[A-Z]") ? character + 32 : character;
      assertEquals(lower, Ascii.lower(character), text);
    }
    assertFalse(Ascii.isToken(""));
    assertFalse(Ascii.isToken("a b"));
  }

  @Test
  void comparesRangesOfBytes() {
    byte[] bytes = "x-Upgrade\u00e9".getBytes(ISO_8859_1);
    assertTrue(Ascii.equals(bytes, 2, 9, "Upgrade"));
    assertFalse(Ascii.equals(bytes, 2, 9, "upgrade"));
    assertFalse(Ascii.equals(bytes, 2, 8, "Upgrade"));
    assertTrue(Ascii.equals(bytes, 9, 10, "\u00e9"));
    assertTrue(Ascii.equalsIgnoringCase(bytes, 2, 9, "uPGRADE"));
    assertFalse(Ascii.equalsIgnoringCase(bytes, 2, 9, "upgrad3"));
    assertFalse(Ascii.equalsIgnoringCase(bytes, 1, 9, "upgrade"));
    assertFalse(Ascii.equalsIgnoringCase(bytes, 9, 10, "\u00c9"), "only ASCII has a case");
    assertFalse(Ascii.equalsIgnoringCase(new byte[] {'k'}, 0, 1, "\u212a"), "the Kelvin sign");
  }

  @Test
  void showsWhatStrangersWrite() {
    assertEquals("", Ascii.printable("", 5));
    assertEquals("déjà 李雷 😀", Ascii.printable("déjà 李雷 😀", 50));
    assertEquals("a\\u{a}b\\u{d}\\u{0}", Ascii.printable("a\nb\r\0", 50));
    assertEquals("\\u{202e}\\u{2028}\\u{200b}", Ascii.printable("\u202e\u2028\u200b", 50));
    assertEquals("\\u{d83d}x\\u{e000}", Ascii.printable("\ud83dx\ue000", 50));
    assertEquals("\\u{2029}\\u{378}", Ascii.printable("\u2029\u0378", 50));
    assertEquals("abc", Ascii.printable("abc", 3));
    assertEquals("abc…", Ascii.printable("abcd", 3));
    assertEquals("ab…", Ascii.printable("ab\n", 3));
    assertEquals("a…", Ascii.printable("a😀", 2), "no code point is cut");
  }

  @Test
  void findsACharacter() {
    byte[] bytes = "a:b:".getBytes(ISO_8859_1);
    assertEquals(1, Ascii.find(bytes, 0, 4, ':'));
    assertEquals(3, Ascii.find(bytes, 2, 4, ':'));
    assertEquals(3, Ascii.find(bytes, 2, 3, ':'));
    assertEquals(0, Ascii.find(bytes, 0, 0, 'a'));
  }
}
