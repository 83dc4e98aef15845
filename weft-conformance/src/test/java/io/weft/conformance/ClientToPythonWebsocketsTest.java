package io.weft.conformance;

import java.nio.file.Path;
import java.util.List;

/// The client against the server of Python's `websockets`, as Debian packages it.
final class ClientToPythonWebsocketsTest extends ForeignServerTest {

  @Override
  ForeignServer start(Authority.Issued localhost, Authority.Issued elsewhere) throws Exception {
    Path script = Tools.module().resolve("src/test/python/server.py");
    List<String> command = List.of(Tools.python().toString(), script.toString());
    return new ScriptedServer("websockets", command, localhost, elsewhere);
  }
}
