package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AddressRangeTest {

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.255.0.1, true",
    "10.0.0.0/8, 11.0.0.1, false",
    "192.168.4.0/22, 192.168.7.255, true",
    "192.168.4.0/22, 192.168.8.0, false",
    "192.168.4.7, 192.168.4.7, true",
    "192.168.4.7, 192.168.4.6, false",
    "0.0.0.0/0, 8.8.8.8, true",
    "0.0.0.0/0, ::1, false",
    "::/0, 2001:db8::1, true",
    "fd00::/8, fdab::1, true",
    "fd00::/8, fc00::1, false",
    "2001:db8::/33, 2001:db8:7fff::1, true",
    "2001:db8::/33, 2001:db8:8000::1, false",
    "10.0.0.0/8, ::ffff:10.1.2.3, true", // which Java takes for the IPv4 address it is
  })
  void holdsAddresses(String range, String address, boolean has) {
    assertEquals(has, AddressRange.parse(range).has(InetAddress.ofLiteral(address)));
  }

  @ParameterizedTest
  @CsvSource({
    "localhost, no range of addresses",
    "10.0.0.0/33, more than the 32 bits",
    "::/129, more than the 128 bits",
    "10.0.0.0/, no number of bits",
    "10.0.0.0/-1, no number of bits",
    "/8, no range of addresses",
  })
  void saysWhyItIsNone(String range, String why) {
    String said =
        assertThrows(IllegalArgumentException.class, () -> AddressRange.parse(range)).getMessage();
    assertTrue(said.contains(why) && said.contains(range), said);
  }
}
