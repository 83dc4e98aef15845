package io.weft.conformance;

import java.nio.file.Path;
import java.util.List;

/// The client against the server of npm `ws`.
final class ClientToNpmWsTest extends ForeignServerTest {

  @Override
  ForeignServer start(Authority.Issued localhost, Authority.Issued elsewhere) throws Exception {
    Path script = Tools.nodeScript("peer.mjs");
    List<String> command = List.of(Tools.node().toString(), script.toString());
    return new ScriptedServer("ws", command, localhost, elsewhere);
  }
}
