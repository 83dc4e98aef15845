package io.weft.conformance;

/// The client against Undertow.
final class ClientToUndertowTest extends ForeignServerTest {

  @Override
  ForeignServer start(Authority.Issued localhost, Authority.Issued elsewhere) throws Exception {
    return new UndertowServer(localhost, elsewhere);
  }
}
