package io.weft.conformance;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// The client of npm `ws`, as installed by `npm ci` in `src/test/node`.
final class NodeWsTest {

  @TestFactory
  Stream<DynamicTest> talksToNpmWs() {
    return ForeignClient.tests("ws", NodeWsTest::command);
  }

  private static List<String> command() {
    return List.of(Tools.node().toString(), Tools.nodeScript("client.mjs").toString());
  }
}
