package io.weft.ws;

import static org.junit.jupiter.api.Assertions.assertEquals;

/// What an engine has to find, however the bytes are cut: whole, byte by byte, cut once at every
/// byte, and cut twice at every two bytes if there are few.
final class Hearing {

  private static final int FEW_BYTES = 40;

  private Hearing() {}

  /// Frames such as `01:4865 80:6c6f`, to an engine of either role.
  static void assertHears(String events, String frames) {
    for (Role role : Role.values()) {
      assertHears(events, role, Wire.frames(role.peer(), frames));
    }
  }

  /// Bytes to an engine of one role.
  static void assertHears(String events, Role role, byte[] wire) {
    assertEquals(events, Wire.hear(Wire.engine(role), wire), role + " in one read");
    assertEquals(events, Wire.hearByteByByte(Wire.engine(role), wire), role + " byte by byte");
    for (int cut = 0; cut <= wire.length; cut++) {
      String where = role + " cut at byte " + cut;
      assertEquals(events, Wire.hear(Wire.engine(role), wire, cut), where);
      for (int next = cut; wire.length <= FEW_BYTES && next <= wire.length; next++) {
        String both = where + " and " + next;
        assertEquals(events, Wire.hear(Wire.engine(role), wire, cut, next), both);
      }
    }
  }
}
