package io.weft.conformance;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// The client of Python's `websockets`, as Debian packages it.
final class PythonWebsocketsTest {

  @TestFactory
  Stream<DynamicTest> talksToPythonWebsockets() {
    return ForeignClient.tests("websockets", PythonWebsocketsTest::command);
  }

  private static List<String> command() {
    Path script = Tools.module().resolve("src/test/python/client.py");
    return List.of(Tools.python().toString(), script.toString());
  }
}
