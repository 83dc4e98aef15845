package io.weft.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AddressCountsTest {

  private static long key(String address) {
    return AddressCounts.key(InetAddress.ofLiteral(address));
  }

  @ParameterizedTest
  @CsvSource({
    "192.0.2.1, 192.0.2.1, true",
    "192.0.2.1, 192.0.2.2, false",
    "::ffff:192.0.2.1, 192.0.2.1, true",
    "2001:db8:1:2:3:4:5:6, 2001:db8:1:2::, true", // one /64
    "2001:db8:1:2::, 2001:db8:1:3::, false",
    "fe80::1, fe80::2, false", // of one link, and not of one machine
  })
  void takesAddressesOfOneSubscriberForOne(String one, String other, boolean same) {
    assertEquals(same, key(one) == key(other));
  }

  @Test
  void countsUpToAsManyAsThereMayBe() {
    AddressCounts counts = new AddressCounts(1);
    long one = key("192.0.2.1");
    assertTrue(counts.add(one, 2));
    assertTrue(counts.add(one, 2));
    assertFalse(counts.add(one, 2));
    assertTrue(counts.add(key("192.0.2.2"), 2));
    counts.remove(one);
    assertTrue(counts.add(one, 2));
    counts.remove(key("192.0.2.3")); // which is not there
    assertEquals(2, counts.size());
  }

  @Test
  void countsAsAMapWould() {
    for (long seed = 0; seed < 200; seed++) {
      var random = new SplittableRandom(seed);
      AddressCounts counts = new AddressCounts(random.nextLong());
      Map<Long, Integer> expected = new HashMap<>();
      List<Long> open = new ArrayList<>();
      int addresses = 1 << random.nextInt(12);
      for (int step = 0; step < 5_000; step++) {
        boolean grows = random.nextInt(step < 2_500 ? 3 : 4) < 2;
        if (grows) {
          long key = random.nextInt(addresses);
          boolean fits = expected.getOrDefault(key, 0) < 5;
          assertEquals(fits, counts.add(key, 5), "seed " + seed);
          if (fits) {
            expected.merge(key, 1, Integer::sum);
            open.add(key);
          }
        } else if (!open.isEmpty()) {
          long key = open.remove(random.nextInt(open.size()));
          counts.remove(key);
          expected.computeIfPresent(key, (k, count) -> count == 1 ? null : count - 1);
        }
        assertEquals(expected.size(), counts.size(), "seed " + seed);
      }
      open.forEach(counts::remove);
      assertEquals(0, counts.size(), "seed " + seed);
    }
  }
}
