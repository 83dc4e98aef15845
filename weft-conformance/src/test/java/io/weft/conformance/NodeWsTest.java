package io.weft.conformance;

import java.nio.file.Files;
import java.nio.file.Path;
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
    Path node = Tools.node();
    Path home = Tools.module().resolve("src/test/node");
    Tools.need(
        Files.isDirectory(home.resolve("node_modules/ws")),
        "what `npm ci --ignore-scripts` installs in " + home);
    return List.of(node.toString(), home.resolve("client.mjs").toString());
  }
}
