package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Arrays;
import java.util.HexFormat;

/// Any bytes of a proxy are a way, a refusal, or too few, whatever the split. The inputs in
/// `TunnelFuzzInputs` are read with every test run; `JAZZER_FUZZ=1` looks for more.
final class TunnelFuzz {

  private static final Route.Credentials SHOWN = new Route.Credentials("ann", "secret");

  /// The first byte says how the proxy is spoken to and where its bytes are cut.
  @FuzzTest(maxDuration = "5m")
  void read(byte[] input) {
    if (input.length == 0) {
      return;
    }
    byte[] wire = Arrays.copyOfRange(input, 1, input.length);
    int cut = Math.min((input[0] & 0xFF) >> 2, wire.length);
    assertEquals(hear(input[0], wire, wire.length), hear(input[0], wire, cut), "cut at " + cut);
  }

  private static String hear(int how, byte[] wire, int cut) {
    Route.Credentials credentials = (how & 2) == 0 ? null : SHOWN;
    Tunnel tunnel =
        (how & 1) == 0
            ? new SocksTunnel("a.example", 9001, credentials)
            : new HttpTunnel("a.example", 9001, credentials, Limits.defaults());
    TunnelTest.Fed fed = new TunnelTest.Fed(tunnel);
    try {
      fed.feed(Arrays.copyOf(wire, cut));
      if (!fed.isThere) {
        fed.feed(Arrays.copyOfRange(wire, cut, wire.length));
        return fed.isThere + " " + HexFormat.of().formatHex(fed.behind);
      }
      byte[] later = Arrays.copyOfRange(wire, cut, wire.length);
      return "true " + HexFormat.of().formatHex(fed.behind) + HexFormat.of().formatHex(later);
    } catch (Tunnel.Refusal refusal) {
      return refusal.getMessage() + " for " + refusal.realm;
    }
  }
}
