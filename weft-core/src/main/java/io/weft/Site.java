package io.weft;

import java.util.List;
import java.util.Set;

/// What a server decides handshakes and requests by.
///
/// @param core what its connections share
/// @param routes what stands at which path
/// @param subprotocols spoken, the favourite first
/// @param origins whose pages may connect, beside the server's own
record Site(Core core, Routes routes, List<String> subprotocols, Set<String> origins) {}
