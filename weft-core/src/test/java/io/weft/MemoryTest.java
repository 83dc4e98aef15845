package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// Who holds memory, how much of it is counted, and who pays when there is no more.
final class MemoryTest {

  private static final int GIB = 1 << 30;

  /// Two messages of 1 GiB do not fit together, and what does not fit takes no room.
  @Test
  void promisesNoMoreThanTheMarksTogether() throws Exception {
    try (Rig rig = Rig.with(limits -> limits.outboxHardBytes(GIB))) {
      rig.keep(rig.open());
      Outgoing out = rig.endpoint.awaitOpened().stage();
      assertTrue(out.promise(GIB) >= GIB);
      assertEquals(-1, out.promise(GIB));
      assertEquals(-1, out.promise(1_000));
      assertTrue(out.bufferedBytes() >= GIB);
    }
  }
}
